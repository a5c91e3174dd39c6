"""``takedown hash``: the report, the bundle, the exit codes, without and with a terminal."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest

from takedown_cli.protocol.bundle.file import open_signed
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.documents import published, validator
from tests.cli.runner import in_terminal, run
from tests.protocol.bundle.factory import signed_card

terminal = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


def test_the_report_has_every_file_once_and_the_sums_agree(photos: Path, tmp_path: Path) -> None:
    ended = run("hash", "photos", "--json", cwd=tmp_path)
    report = ended.document()
    published(ended.out)
    assert ended.code == 3
    assert (report["schema"], report["version"]) == ("takedown.hash", 1)
    assert report["bundle"] is None
    assert report["case_number"] is None
    rows = {row["path"]: row for row in report["files"]}
    assert len(rows) == len(report["files"]) == 5
    assert set(rows) == {os.path.join("photos", path.name) for path in photos.iterdir()}  # noqa: PTH118
    summary = report["summary"]
    assert summary["files"] == summary["hashed"] + summary["partial"] + summary["skipped"] + summary["failed"] == 5
    assert (summary["hashed"], summary["skipped"], summary["failed"], summary["weak"]) == (3, 1, 1, 1)
    assert summary["reasons"] == {"damaged": 1, "not-media": 1, "blank": 1}
    damaged = rows[os.path.join("photos", "damaged.jpg")]  # noqa: PTH118
    assert (damaged["outcome"], damaged["reason"]) == ("failed", "damaged")
    assert damaged["detail"].endswith(".")
    assert b"beach" not in ended.err


def test_a_fingerprint_row_is_as_documented(good: Path, tmp_path: Path) -> None:
    (row,) = run("hash", good, "--json", "--copies", "none", cwd=tmp_path).document()["files"]
    assert (row["outcome"], row["media"], row["format"]) == ("hashed", "image", "JPEG")
    assert (row["width"], row["height"]) == (320, 240)
    kinds = {fingerprint["kind"] for fingerprint in row["fingerprints"]}
    assert kinds == {"sha256", "md5", "pdq"}
    pdq = next(f for f in row["fingerprints"] if f["kind"] == "pdq" and f["method"] == "full")
    assert pdq["variant"] == "upright"
    assert 0 <= pdq["quality"] <= 100
    assert len(pdq["value"]) == 64


def test_jsonl_streams_a_row_a_file_then_the_summary(photos: Path, tmp_path: Path) -> None:
    ended = run("hash", photos, "--jsonl", cwd=tmp_path)
    *rows, last = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 3
    assert len(rows) == 5
    for row in rows:
        validator("takedown.hash.file.v1").validate(row)
    assert last["schema"] == "takedown.hash.summary"
    assert last["summary"]["files"] == 5


def test_without_a_terminal_the_declaration_is_the_careful_one_and_says_so(good: Path, tmp_path: Path) -> None:
    ended = run("hash", good, "-o", "x.tdb", "--json", cwd=tmp_path)
    report = ended.document()
    assert ended.code == 0
    assert report["bundle"] == "x.tdb"
    bundle = open_signed((tmp_path / "x.tdb").read_bytes()).bundle
    assert bundle.declaration.behalf == "self"
    assert {item.age for item in bundle.items} == {"unsure"}
    assert "under-18 list" in ended.said
    case = CaseNumber.parse(report["case_number"])
    assert bundle.case.lookup_id == case.lookup_id()
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "x.tdb").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "x.tdb"]


def test_the_case_number_is_on_stdout_once_and_nowhere_else(good: Path, tmp_path: Path) -> None:
    ended = run("hash", good, "-o", "x.tdb", "--age", "adult", "--for", "self", cwd=tmp_path)
    (line,) = ended.out.decode().splitlines()
    number = line.removeprefix("Case number: ")
    CaseNumber.parse(number)
    assert number not in ended.said
    assert number.encode() not in (tmp_path / "x.tdb").read_bytes()
    assert "Note:" not in ended.said
    assert "private" in ended.said


def test_nothing_of_the_name_of_a_file_is_in_the_bundle(good: Path, tmp_path: Path) -> None:
    (good / "beach.jpg").rename(good / "Lena at the beach.jpg")
    run("hash", good, "-o", "x.tdb", cwd=tmp_path)
    opened = open_signed((tmp_path / "x.tdb").read_bytes())
    for word in (b"Lena", b"beach", b"good", os.fsencode(tmp_path)):
        assert word not in opened.payload


def test_adding_to_a_case_shows_no_number(good: Path, tmp_path: Path) -> None:
    case = CaseNumber.draw()
    ended = run("hash", good, "-o", "x.tdb", "--case", "-", "--json", cwd=tmp_path, stdin=f"{case}\n".encode())
    assert ended.document()["case_number"] is None
    bundle = open_signed((tmp_path / "x.tdb").read_bytes()).bundle
    assert bundle.adds
    assert bundle.case.lookup_id == case.lookup_id()


def test_a_mistyped_case_number_is_caught_before_any_work(good: Path, tmp_path: Path) -> None:
    ended = run("hash", good, "-o", "x.tdb", "--case", "-", "--json", cwd=tmp_path, stdin=b"7K3M-9QWX-AAAA\n")
    assert (ended.code, ended.document()["id"]) == (2, "case-number")
    assert not (tmp_path / "x.tdb").exists()


def test_a_case_number_among_the_arguments_is_refused(good: Path, tmp_path: Path) -> None:
    case = str(CaseNumber.draw())
    ended = run("hash", good, "-o", "x.tdb", "--case", case, cwd=tmp_path)
    assert ended.code == 2
    assert "history" in ended.said
    assert case not in ended.said


def test_equal_pictures_case_and_nonce_give_equal_bytes(good: Path, tmp_path: Path) -> None:
    number = tmp_path / "number.txt"
    number.write_text(f"{CaseNumber.draw()}\n")
    options = ("--case", number, "--nonce", "ab" * 16, "--age", "adult", "--for", "self")
    run("hash", "good", "-o", "one.tdb", *options, cwd=tmp_path)
    (good / "beach.jpg").rename(good / "party.jpg")
    os.utime(good / "party.jpg", (1, 1))
    run("hash", good, "-o", "two.tdb", *options, cwd=tmp_path, env={"TZ": "Asia/Tokyo", "LC_ALL": "C"})
    assert (tmp_path / "one.tdb").read_bytes() == (tmp_path / "two.tdb").read_bytes()


def test_a_mixed_folder_can_be_split(tmp_path: Path, photos: Path) -> None:
    ended = run(
        "hash", "photos", "-o", "x.tdb", "--for", "self", "--age", "adult",
        "--under-18", photos / "party.jpg", cwd=tmp_path,
    )  # fmt: skip
    assert ended.code == 3
    bundle = open_signed((tmp_path / "x.tdb").read_bytes()).bundle
    assert sorted(item.age for item in bundle.items) == ["adult", "under-18"]


def test_a_split_alone_names_what_is_walked(tmp_path: Path, photos: Path) -> None:
    ended = run(
        "hash", "-o", "x.tdb", "--for", "self", "--json",
        "--under-18", photos / "party.jpg", "--adult", photos / "beach.jpg", cwd=tmp_path,
    )  # fmt: skip
    assert ended.code == 0
    assert ended.document()["summary"]["files"] == 2
    assert "Note:" not in ended.said


def test_acting_for_another_needs_an_authority(good: Path, tmp_path: Path) -> None:
    options = ("hash", good, "-o", "x.tdb", "--age", "adult", "--for")
    assert run(*options, "other", cwd=tmp_path).code == 2
    assert run(*options, "other", "--authority", "permission", cwd=tmp_path).code == 0
    declaration = open_signed((tmp_path / "x.tdb").read_bytes()).bundle.declaration
    assert (declaration.behalf, declaration.authority) == ("other", "permission")
    assert run(*options, "child", "--force", cwd=tmp_path).code == 0
    declaration = open_signed((tmp_path / "x.tdb").read_bytes()).bundle.declaration
    assert (declaration.behalf, declaration.authority) == ("child", "parent-or-guardian")


def test_nothing_to_protect_is_exit_4_with_the_report_and_no_bundle(tmp_path: Path, photos: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("hash", "empty", cwd=tmp_path).code == 4
    ended = run("hash", photos / "notes.txt", "-o", "x.tdb", "--json", cwd=tmp_path)
    assert ended.code == 4
    assert ended.document()["summary"]["files"] == 1
    assert not (tmp_path / "x.tdb").exists()
    blank = run("hash", photos / "blank.png", "-o", "x.tdb", cwd=tmp_path)
    assert blank.code == 4
    assert "cannot be protected this way" in blank.said
    assert not (tmp_path / "x.tdb").exists()


def test_a_path_that_does_not_exist_is_named_before_anything_is_hashed(tmp_path: Path, good: Path) -> None:
    ended = run("hash", good, "nowhere.jpg", "-o", "case.tdb", "--age", "adult", "--for", "self", cwd=tmp_path)
    assert ended.code == 2
    assert "'nowhere.jpg' (argument 2)" in ended.said
    assert not (tmp_path / "case.tdb").exists()


def test_a_listed_file_that_is_gone_is_an_outcome(tmp_path: Path, good: Path) -> None:
    names = f"nowhere.jpg\n{good}\n".encode()
    ended = run("hash", "--files-from", "-", "--json", cwd=tmp_path, stdin=names)
    assert ended.code == 3
    assert ended.document()["summary"]["reasons"] == {"missing": 1}


def test_the_summary_groups_repeats(photos: Path, tmp_path: Path) -> None:
    for number in range(3):
        (photos / f"more{number}.txt").write_text("text")
    said = run("hash", photos, cwd=tmp_path).said
    assert "8 files" in said
    assert "1 file could not be read: 1 damaged." in said
    assert "4 files skipped: 4 not pictures or videos." in said


def test_quiet_says_nothing(good: Path, tmp_path: Path) -> None:
    ended = run("hash", good, "-q", cwd=tmp_path)
    assert (ended.code, ended.out, ended.err) == (0, b"", b"")


def test_the_bundle_being_replaced_is_not_walked(good: Path, tmp_path: Path) -> None:
    assert run("hash", ".", "-o", "case.tdb", "--json", cwd=good).document()["summary"]["files"] == 1
    again = run("hash", ".", "-o", "case.tdb", "--json", "--force", cwd=good)
    assert (again.code, again.document()["summary"]["files"]) == (0, 1)


def test_an_existing_bundle_stays(good: Path, tmp_path: Path) -> None:
    (tmp_path / "x.tdb").write_bytes(b"precious")
    ended = run("hash", good, "-o", "x.tdb", "--json", cwd=tmp_path)
    assert (ended.code, ended.document()["id"]) == (2, "output")
    assert (tmp_path / "x.tdb").read_bytes() == b"precious"


def test_the_bundle_can_go_to_stdout(good: Path, tmp_path: Path) -> None:
    ended = run("hash", good, "-o", "-", cwd=tmp_path)
    assert ended.code == 0
    number = next(line for line in ended.said.splitlines() if line.startswith("Case number: "))
    case = CaseNumber.parse(number.removeprefix("Case number: "))
    assert open_signed(ended.out).bundle.case.lookup_id == case.lookup_id()


def test_with_a_card_the_bundle_is_sealed(good: Path, tmp_path: Path) -> None:
    (tmp_path / "card").write_bytes(signed_card())
    ended = run("hash", good, "-o", "x.tdb", "--intake-card", "card", "--json", cwd=tmp_path)
    assert ended.code == 0
    number = ended.document()["case_number"].encode()
    closed = run("inspect", "x.tdb", "--json", cwd=tmp_path).document()
    assert (closed["sealed"], closed["valid"], closed["items"]) == (True, None, None)
    assert closed["audience"]["origin"] == "https://intake.example"
    opened = run("inspect", "x.tdb", "--json", "--case", "-", cwd=tmp_path, stdin=number).document()
    assert (opened["valid"], len(opened["items"])) == (True, 1)
    wrong = run("inspect", "x.tdb", "--case", "-", cwd=tmp_path, stdin=str(CaseNumber.draw()).encode())
    assert wrong.code == 5


def test_a_card_of_another_intake_is_refused(good: Path, tmp_path: Path) -> None:
    (tmp_path / "card").write_bytes(signed_card())
    ended = run("hash", good, "-o", "x.tdb", "--intake-card", "card", "--intake", "https://other.example", cwd=tmp_path)
    assert ended.code == 6
    assert not (tmp_path / "x.tdb").exists()


@pytest.mark.parametrize("null", [True, False])
def test_names_from_stdin(good: Path, tmp_path: Path, null: bool) -> None:
    end = b"\0" if null else b"\n"
    names = end.join([b"good/beach.jpg", b"", b"good/missing.jpg"]) + end
    options = ["--null"] if null else []
    ended = run("hash", "--files-from", "-", *options, "--json", cwd=tmp_path, stdin=names)
    assert [row["path"] for row in ended.document()["files"]] == ["good/beach.jpg", "good/missing.jpg"]


@terminal
def test_on_a_terminal_two_questions_are_asked(good: Path, tmp_path: Path) -> None:
    code, screen = in_terminal(
        "hash",
        good,
        "-o",
        "x.tdb",
        cwd=tmp_path,
        answers=[("Your answer", "2\r"), ("Your answer", "1\r")],
    )
    assert code == 0
    bundle = open_signed((tmp_path / "x.tdb").read_bytes()).bundle
    assert bundle.declaration.behalf == "child"
    assert {item.age for item in bundle.items} == {"under-18"}
    assert "Case number: " in screen
    assert "beach.jpg" not in screen


@terminal
@pytest.mark.parametrize("typed", ["nonsense\r", "\x04"])
def test_no_answer_is_exit_8_and_no_bundle(good: Path, tmp_path: Path, typed: str) -> None:
    code, _ = in_terminal("hash", good, "-o", "x.tdb", cwd=tmp_path, answers=[("Your answer", typed)] * 3)
    assert code == 8
    assert not (tmp_path / "x.tdb").exists()


@terminal
def test_a_terminal_is_left_as_it_was(good: Path, tmp_path: Path) -> None:
    _, screen = in_terminal("hash", good, "--no-color", cwd=tmp_path)
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h")
    assert "1 can be protected" in screen


def test_shared_media(shared: Path, tmp_path: Path) -> None:
    ended = run("hash", shared / "media", "-o", "x.tdb", "--json", cwd=tmp_path)
    report = ended.document()
    assert ended.code == 0
    assert report["summary"]["hashed"] == report["summary"]["files"] == 16


def test_any_sidecar_beside_the_pictures_made_exit_code_3(good: Path, tmp_path: Path) -> None:
    for name, content in {
        ".DS_Store": b"\0\0\0\1Bud1\0\0\x10\0" + bytes(200), "IMG_1.AAE": b'<?xml version="1.0"?><plist/>',
        "beach.jpg.supplemental-metadata.json": b'{"title": "beach.jpg"}', "beach.xmp": b"<x:xmpmeta/>",
        "Thumbs.db": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        "desktop.ini": "\ufeff[.ShellClassInfo]\r\n".encode("utf-16-le"), "voice.opus": b"OggS\0\2" + bytes(60),
    }.items():  # fmt: skip
        (good / name).write_bytes(content)
    ended = run("hash", "good", "--json", cwd=tmp_path)
    assert ended.document()["summary"]["reasons"] == {"not-media": 7}
    assert ended.code == 0
    (good / "nothing.jpg").touch()
    assert run("hash", "good", cwd=tmp_path).code == 3
    (good / "beach.jpg").unlink()
    assert run("hash", "good", cwd=tmp_path).code == 4
