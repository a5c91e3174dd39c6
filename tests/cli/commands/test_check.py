"""``takedown check``: real copies against real fingerprints, in words, as JSON and as an exit code."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image, ImageOps

from takedown_cli import fixtures
from takedown_cli.cli.app import run as run_here
from takedown_cli.core.model import Fingerprint, Hashed, Recipe
from takedown_cli.hashing.pipeline import outcomes
from takedown_cli.protocol.bundle.document import item_of
from takedown_cli.protocol.bundle.file import encode_bundle, payload_of
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.documents import published
from tests.cli.runner import run
from tests.protocol.bundle.factory import DECLARATION, card, item

CASE = CaseNumber.parse("0" * 24)


@dataclass(frozen=True)
class Scene:
    """Folders and files of one little case: two pictures and a clip."""

    originals: Path
    copies: Path
    plain: Path
    sealed: Path
    number: Path


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    home = tmp_path_factory.mktemp("scene")
    originals, copies = home / "originals", home / "copies"
    originals.mkdir()
    copies.mkdir()
    for seed in (1, 2):
        fixtures.picture(seed, (900, 700)).save(originals / f"beach{seed}.jpg", quality=92)
    fixtures.clip(originals / "party.mp4", 3)
    _copies(originals, copies)
    hashed = [o for o in outcomes([originals], Recipe(), workers=1) if isinstance(o, Hashed)]
    items = [item for one in hashed if (item := item_of(one, "adult")) is not None]
    made = Scene(originals, copies, home / "x.tdb", home / "sealed.tdb", home / "number")
    for path, intake in ((made.plain, None), (made.sealed, card())):
        path.write_bytes(
            encode_bundle(payload_of(items, CASE, DECLARATION, day="2026-01-02", card=intake), CASE, intake)
        )
    made.number.write_text(str(CASE))
    return made


def _copies(originals: Path, copies: Path) -> None:
    fixtures.reencode(originals / "beach1.jpg", copies / "smaller.jpg")
    with Image.open(originals / "beach2.jpg") as picture:
        ImageOps.mirror(picture).save(copies / "mirrored.png")
    fixtures.picture(9, (800, 600)).save(copies / "other.png")
    Image.new("RGB", (300, 300), (9, 9, 9)).save(copies / "blank.png")
    (copies / "damaged.jpg").write_bytes((originals / "beach1.jpg").read_bytes()[:30] + b"\0" * 500)
    (copies / "same.mp4").write_bytes((originals / "party.mp4").read_bytes())
    with av.open(str(originals / "party.mp4")) as clip:
        frames = list(clip.decode(video=0))
    for name, number in (("still.jpg", 20), ("between.jpg", 27)):
        Image.fromarray(frames[number].to_ndarray(format="rgb24")).save(copies / name, quality=90)
    _slower(originals / "party.mp4", copies / "recoded.mp4")


def _slower(source: Path, target: Path) -> None:
    """The clip encoded again, at a quarter of the rate of bits and another size."""
    with av.open(str(source)) as opened, av.open(str(target), "w") as written:
        track = written.add_stream("mpeg4", rate=10)
        track.width, track.height, track.pix_fmt, track.bit_rate = 240, 180, "yuv420p", 500_000
        for frame in opened.decode(video=0):
            written.mux(track.encode(frame.reformat(240, 180)))
        written.mux(track.encode(None))


def _check(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = run_here(["check", *map(str, arguments), "--json", "-q", "--workers", "1"])
    out = capsys.readouterr().out
    return code, published(out)


def _words(*arguments: str | Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run_here(["check", *map(str, arguments), "--workers", "1"])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_smaller_copy_is_caught(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _check(scene.plain, "--copy", scene.copies / "smaller.jpg", capsys=capsys)
    assert code == 0
    assert found["summary"] == {"copies": 1, "caught": 1, "missed": 0, "unreadable": 0}
    (row,) = found["copies"]
    assert (row["caught"], row["everywhere"], row["match"]["variant"]) == (True, True, "upright")
    assert row["distance"] == min(reading["distance"] for reading in row["readings"]) <= 31
    assert [reading["method"] for reading in row["readings"]] == ["full", "512nn"]


def test_a_mirrored_copy_is_caught_by_a_predicted_one(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    mirrored = scene.copies / "mirrored.png"
    code, found = _check(scene.plain, mirrored, capsys=capsys)
    assert code == 0
    assert found["copies"][0]["match"]["variant"] == "flipy"
    code, found = _check(scene.originals, "--copies", "none", "--copy", mirrored, capsys=capsys)
    assert code == 3
    assert found["copies"][0]["caught"] is False
    assert found["copies"][0]["distance"] > 31


def test_copies_all_means_every_class(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Image.open(scene.originals / "beach2.jpg") as picture:
        framed = Image.new("RGB", (1080, 2340))
        fitted = picture.resize((1080, 840))
    framed.paste(fitted, (0, (2340 - 840) // 2))
    framed.save(tmp_path / "phone.png")
    copies = (tmp_path / "phone.png", scene.copies / "mirrored.png")
    code, found = _check(scene.originals, "--copies", "all", "--copy", *copies, capsys=capsys)
    assert code == 0
    assert found["copies"][0]["match"]["variant"] not in {"upright", "flipy"}
    assert found["copies"][1]["match"]["variant"] == "flipy"
    assert _check(scene.originals, "--copy", copies[0], capsys=capsys)[0] == 3


def test_another_picture_is_a_no_with_the_nearest_distance(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _words(scene.plain, scene.copies / "other.png", capsys=capsys)
    assert code == 3
    assert out.startswith("Copy 1: no. The nearest is ")
    assert "31 or fewer would match" in out


def test_a_video_is_caught_as_the_very_file_and_by_its_frames(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _check(scene.plain, scene.copies / "same.mp4", scene.copies / "recoded.mp4", capsys=capsys)
    assert code == 0
    same, recoded = found["copies"]
    assert (same["match"]["kind"], same["distance"]) == ("md5", 0)
    assert (recoded["match"]["kind"], recoded["match"]["media"]) == ("pdq", "video")
    assert recoded["frames"] == 4  # one a second
    assert 2 <= recoded["frames_caught"] <= 4
    _, out, _ = _words(scene.plain, scene.copies / "recoded.mp4", capsys=capsys)
    assert "Platforms that only compare the MD5 of whole videos would not find it." in out


def test_a_still_of_a_clip_is_caught_at_its_place(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = _check(scene.plain, scene.copies / "still.jpg", capsys=capsys)
    assert code == 0
    assert found["copies"][0]["match"]["timestamp"] == 2.0


def test_stills_hash_every_frame_of_a_clip(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    clip, between = scene.originals / "party.mp4", scene.copies / "between.jpg"
    code, few = _check(clip, "--copy", between, "--video", "keyframes", capsys=capsys)
    assert code == 3
    code, many = _check(clip, "--copy", between, "--video", "every", capsys=capsys)
    assert code == 0
    assert abs(many["copies"][0]["match"]["timestamp"] - 2.7) < 0.25
    assert many["against"]["fingerprints"] > few["against"]["fingerprints"]


def test_copies_that_cannot_be_judged_say_why(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    (scene.copies / "nowhere.jpg").symlink_to("gone.jpg")
    names = ("blank.png", "damaged.jpg", "nowhere.jpg", "smaller.jpg")
    code, found = _check(scene.plain, *(scene.copies / name for name in names), capsys=capsys)
    assert code == 3
    assert found["summary"] == {"copies": 4, "caught": 1, "missed": 1, "unreadable": 2}
    said = [(row["caught"], row.get("reason"), row["distance"] is None) for row in found["copies"]]
    assert said == [(False, "blank", True), (None, "damaged", True), (None, "missing", True), (True, None, False)]
    _, out, _ = _words(scene.plain, scene.copies / "blank.png", scene.copies / "damaged.jpg", capsys=capsys)
    sentences, _, table = out.partition("\n\n")
    assert [line.split()[:3] for line in table.splitlines()[1:3]] == [["1", "no", "It"], ["2", "not", "read"]]
    assert sentences.splitlines() == [
        "Copy 1: no. It is one plain area, which platforms cannot distinguish from any other.",
        "Copy 2: could not be read. The file is damaged and could not be decoded.",
    ]


def test_neither_hashes_nor_names_are_shown(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    for more in ((), ("--json",)):
        _, out, err = _words(scene.originals, "--copy", scene.copies, *more, capsys=capsys)
        for name in ("beach", "party", "smaller", str(scene.copies.parent)):
            assert name not in out + err
        assert not any(len(word.strip('",')) in {32, 64} for word in out.split())
    _, out, _ = _words(scene.originals, "--copy", scene.copies / "smaller.jpg", "--show-paths", capsys=capsys)
    assert "smaller.jpg" in out
    assert "beach1.jpg" in out


def test_it_says_how_to_learn_which_copy_is_which(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    hint = "--show-paths names the files"
    assert hint in _words(scene.originals, "--copy", scene.copies, capsys=capsys)[2]
    assert hint not in _words(scene.originals, "--copy", scene.copies, "--show-paths", capsys=capsys)[2]
    assert hint not in _words(scene.originals, "--copy", scene.copies / "smaller.jpg", capsys=capsys)[2]


def test_it_says_what_to_do_about_a_copy_that_would_be_missed(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    hint = "hash or submit it together with the original"
    assert hint in _words(scene.plain, scene.copies / "other.png", capsys=capsys)[2]
    for name in ("smaller.jpg", "blank.png", "damaged.jpg"):
        assert hint not in _words(scene.plain, scene.copies / name, capsys=capsys)[2]


def test_it_says_that_platforms_may_differ(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    _, _, err = _words(scene.plain, scene.copies / "smaller.jpg", capsys=capsys)
    assert "1 of 1 copy would be caught." in err
    assert "another threshold" in err


def test_a_sealed_bundle_needs_its_number(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    copy = scene.copies / "smaller.jpg"
    assert _check(scene.sealed, copy, capsys=capsys)[0] == 5
    assert _check(scene.sealed, copy, "--case", scene.number, capsys=capsys)[0] == 0
    ended = run("check", scene.sealed, "--case", "-", "--copy", copy, cwd=scene.copies, stdin=str(CASE).encode())
    assert ended.code == 0
    assert ended.out.startswith(b"Copy 1: yes. ")


def test_a_copy_among_the_originals_is_no_original(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(scene.originals / "beach1.jpg", tmp_path / "a.jpg")
    shutil.copy(scene.copies / "other.png", tmp_path / "b.png")
    code, found = _check(tmp_path, "--copy", tmp_path / "b.png", capsys=capsys)
    assert code == 3
    assert found["against"]["items"] == 1
    assert found["copies"][0]["distance"] > 31


def test_an_original_among_the_copies_is_no_copy(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(scene.originals / "beach1.jpg", tmp_path / "a.jpg")
    shutil.copy(scene.copies / "other.png", tmp_path / "b.png")
    code, found = _check(tmp_path / "a.jpg", "--copy", tmp_path, capsys=capsys)
    assert code == 3
    assert found["against"]["items"] == 1
    assert [copy["caught"] for copy in found["copies"]] == [False]
    code, found = _check(tmp_path / "a.jpg", "--copy", tmp_path / "b.png", tmp_path / "a.jpg", capsys=capsys)
    assert code == 4


def test_a_digest_of_a_picture_counts_only_with_exact(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    original, copy = scene.originals / "beach1.jpg", scene.copies / "copied.jpg"
    shutil.copy(original, copy)
    kinds = [
        _check(original, "--copies", "none", *more, "--copy", copy, capsys=capsys)[1]["copies"][0]["match"]["kind"]
        for more in ((), ("--exact",))
    ]
    copy.unlink()
    assert kinds[0] == "pdq"
    assert kinds[1] in {"md5", "sha256"}


def test_nothing_to_compare_with_is_exit_4(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _check(scene.copies / "blank.png", "--copy", scene.copies / "other.png", capsys=capsys)[0] == 4
    only = payload_of([item(Fingerprint("phash", "0" * 16, None, "upright"))], CASE, DECLARATION, day="2026-01-02")
    (tmp_path / "x.tdb").write_bytes(encode_bundle(only, CASE))
    assert _check(tmp_path / "x.tdb", scene.copies / "other.png", capsys=capsys)[0] == 4
    (tmp_path / "empty").mkdir()
    assert _check(scene.plain, tmp_path / "empty", capsys=capsys)[0] == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["x.tdb"],
        ["originals"],
        ["x.tdb", "sealed.tdb", "--copy", "copies"],
        ["originals", "x.tdb", "--copy", "copies"],
        ["originals", "--case", "number", "--copy", "copies"],
        ["mistyped", "--copy", "copies"],
        ["mistyped.tdb", "--copy", "copies"],
        ["--copy", "copies"],
    ],
)
def test_what_makes_no_sense_is_exit_2(
    scene: Scene, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(scene.plain.parent)
    assert run_here(["check", *arguments, "-q"]) == 2
    assert str(scene.plain.parent) not in capsys.readouterr().err


def test_readings_find_the_picture_inside_a_screen(
    scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Image.open(scene.originals / "beach1.jpg") as picture:
        screen = Image.new("RGB", (1080, 2100), (240, 240, 240))
        screen.paste(picture.resize((720, 560)), (300, 300))
        screen.save(tmp_path / "chat.png")
        ImageOps.invert(picture).save(tmp_path / "negative.png")
    copies = (tmp_path / "chat.png", tmp_path / "negative.png", scene.copies / "other.png")
    code, found = _check(scene.originals, "--copy", *copies, "--readings", capsys=capsys)
    assert code == 3
    chat, negative, other = found["copies"]
    assert (chat["caught"], chat["everywhere"], negative["caught"], other["caught"]) == (True, False, True, False)
    assert [row["method"] for row in chat["readings"] if row["caught"]] == ["inside"]
    code, found = _check(scene.originals, "--copy", *copies, capsys=capsys)
    assert found["summary"]["caught"] == 0
    assert [row["method"] for row in found["copies"][0]["readings"]] == ["full", "512nn"]


def test_readings_are_explained_in_words(scene: Scene, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Image.open(scene.originals / "beach1.jpg") as picture:
        ImageOps.expand(picture, (200, 20, 90, 300), (9, 9, 9)).save(tmp_path / "framed.png")
    code, out, _ = _words(scene.originals, "--copy", tmp_path / "framed.png", "--readings", capsys=capsys)
    assert code == 0
    assert "yes, by platforms that read pictures that are inside a picture too" in out
