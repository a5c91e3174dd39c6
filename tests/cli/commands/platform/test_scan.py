"""``takedown platform scan`` finds what people repost, says by which record and reading, and survives being killed."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from takedown_cli import fixtures
from takedown_cli.fixtures.clip import smaller_clip
from tests.cli.commands.platform.conftest import Operator
from tests.cli.documents import published, validator
from tests.cli.runner import Ended, run, start
from tests.hashing.cluster.machines import with_its_children
from tests.interop import photos
from tests.waiting import PATIENCE


def lines_of(ended: Ended) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The files by name, and the summary; each as its schema says."""
    *files, last = ended.out.splitlines()
    rows = [json.loads(line) for line in files]
    for row in rows:
        validator("takedown.platform.scan.file.v1").validate(row)
    return {Path(row["path"]).name: row for row in rows}, published(last)


@pytest.fixture
def site(operator: Operator) -> Operator:
    """It has joined, and there is a folder of uploads of which nothing is listed."""
    operator.join()
    uploads = operator.folder / "uploads"
    uploads.mkdir()
    photos.picture(90).save(uploads / "other.png")
    return operator


def test_reposts_are_found_and_each_says_how(site: Operator) -> None:
    uploads = site.folder / "uploads"
    image = photos.picture(91)
    image.save(site.folder / "original.png")
    photos.reposts_of(image, uploads)
    person = site.report(site.folder / "original.png")
    site("platform pull site")
    files, last = lines_of(site("platform scan site uploads --jsonl", 10))
    assert {name for name, row in files.items() if row["matches"]} == {
        "upright.jpg", "mirrored.jpg", "framed.jpg", "chat.jpg",
    }  # fmt: skip
    assert (last["matched"], last["records"], last["unread"], last["summary"]["files"]) == (4, 1, 0, 5)
    found = {name: row["matches"][0] for name, row in files.items() if row["matches"]}
    assert len({match["id"] for match in found.values()}) == 1
    assert found["upright.jpg"]["reading"] in {"full", "512nn"}
    assert (found["mirrored.jpg"]["reading"], found["mirrored.jpg"]["variant"]) == ("turned", "flipy")
    assert found["chat.jpg"]["reading"] == "inside"
    for match in found.values():
        assert match["distance"] <= 31
        assert (match["list"], match["tier"], match["classes"]) == ("under-18", "provisional", ["original"])
    person.withdraw()
    site("platform pull site")
    files, last = lines_of(site("platform scan site uploads --jsonl"))
    assert (last["matched"], last["records"]) == (0, 0)
    assert not any(row["matches"] for row in files.values())


def test_without_readings_a_picture_is_found_only_as_it_is(site: Operator) -> None:
    image = photos.picture(96)
    image.save(site.folder / "original.png")
    photos.reposts_of(image, site.folder / "uploads")
    site.report(site.folder / "original.png")
    site("platform pull site")
    files, _ = lines_of(site("platform scan site uploads --jsonl --readings none --resume journal", 10))
    assert {name for name, row in files.items() if row["matches"]} == {"upright.jpg"}
    _, last = lines_of(site("platform scan site uploads --jsonl --resume journal", 10))
    assert last["matched"] == 4, "what was read less does not stand for what is read more"
    assert "all, none" in site("platform scan site uploads --readings some", 2).said


def test_videos_are_found_by_their_frames_and_by_the_very_file(site: Operator) -> None:
    clip = site.folder / "uploads" / "clip.mp4"
    fixtures.clip(clip, 92, seconds=3.0)
    site.report(clip)
    shutil.copy(clip, site.folder / "uploads" / "longer.mp4")
    with (site.folder / "uploads" / "longer.mp4").open("ab") as stream:
        stream.write(b"\0\0\0\x10free12345678")
    site("platform pull site")
    files, _ = lines_of(site("platform scan site uploads --jsonl", 10))
    assert [row["matches"] != [] for _, row in sorted(files.items())] == [True, True, False]
    assert "equal" in {match["reading"] for match in files["clip.mp4"]["matches"]}
    readings = {match["reading"] for match in files["longer.mp4"]["matches"]}
    assert readings <= {"full", "512nn"}
    assert all(match["frames"] >= 1 for match in files["longer.mp4"]["matches"])


def test_copies_of_a_video_are_found_by_their_share_of_frames(site: Operator) -> None:
    uploads = site.folder / "uploads"
    original = site.folder / "original.mp4"
    fixtures.clip(original, 97, seconds=8.0)
    smaller_clip(original, uploads / "smaller.mp4", (240, 180))
    fixtures.clip(uploads / "another.mp4", 98, seconds=4.0)
    person = site.report(original)
    site.join("--force --clips")
    assert published(site("platform pull site --json").out)["clips"] >= 1
    files, last = lines_of(site("platform scan site uploads --jsonl", 10))
    [match] = [match for match in files["smaller.mp4"]["matches"] if match["reading"] == "clip"]
    assert match["video_share"] >= 50
    assert 0 <= match["begin"] < match["end"] <= 8
    assert files["another.mp4"]["matches"] == []
    assert last["matched"] == 1
    verdict = json.dumps({"id": match["id"], "verdict": "Blocked"})
    (site.folder / "decided.jsonl").write_text(verdict + "\n")
    assert published(site("platform feedback site decided.jsonl --json").out)["met"] >= 1
    files, _ = lines_of(site("platform scan site uploads --jsonl --video-share 100 --clip-share 100", 10))
    assert "clip" not in {match["reading"] for match in files["smaller.mp4"]["matches"]} or match["video_share"] == 100
    site("platform scan site uploads --video-share 101", 2)
    person.withdraw()
    site("platform pull site")
    files, _ = lines_of(site("platform scan site uploads --jsonl"))
    assert files["smaller.mp4"]["matches"] == []


def test_each_outcome_of_a_scan_has_its_exit_code(site: Operator) -> None:
    uploads = site.folder / "uploads"
    site("platform pull site")
    assert "0 of 1 file match" in site("platform scan site uploads").out.decode()
    (uploads / "notes.txt").write_text("no picture\n")
    Image.new("RGB", (300, 300), (90, 90, 90)).save(uploads / "blank.png")
    assert "too little detail" in site("platform scan site uploads").said
    (uploads / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 400)
    ended = site("platform scan site uploads --jsonl", 3)
    files, last = lines_of(ended)
    assert (files["damaged.jpg"]["outcome"], files["damaged.jpg"]["matches"]) == ("failed", [])
    assert files["damaged.jpg"]["reason"] == "damaged"
    assert last["unread"] == 1
    assert "damaged.jpg" not in ended.said
    photos.picture(95).save(uploads / "listed.png")
    site.report(uploads / "listed.png")
    site("platform pull site")
    ended = site("platform scan site uploads --json", 10)
    assert published(ended.out)["matched"] == 1
    shown = site("platform scan site uploads --show-paths", 10)
    assert "listed.png" in shown.out.decode()
    assert "other.png" not in shown.out.decode()


def test_a_list_that_may_not_be_used_is_refused(site: Operator) -> None:
    assert "platform pull" in site("platform scan site uploads", 5).said
    site("platform pull site")
    site("platform scan site uploads")
    with closing(sqlite3.connect(site.folder / "site" / "list.db")) as database:
        database.execute("UPDATE state SET made = made - 9 * 86400")
        database.commit()
    said = site("platform scan site uploads", 7).said
    assert "9 days old" in said
    assert "platform pull" in said
    site("platform scan site nowhere", 2)


def test_killed_and_resumed_it_has_the_same_lines(site: Operator) -> None:
    folder = site.folder / "many"
    folder.mkdir()
    listed = photos.copy_of(photos.picture(93), site.folder / "listed.jpg")
    other = photos.copy_of(photos.picture(94), site.folder / "other.jpg")
    for number in range(160):
        data = (listed if number % 8 == 0 else other).read_bytes()
        (folder / f"{number:03}.jpg").write_bytes(data + number.to_bytes(2, "big"))
    person = site.report(listed)
    site("platform pull site")
    arguments = ("platform", "scan", "site", folder.name, "--jsonl", "-q", "--resume", "journal")
    process = start(*arguments, cwd=site.folder)
    assert process.stdout is not None
    for _ in range(80):
        assert process.stdout.readline()
    with_its_children(process)
    process.communicate(timeout=PATIENCE)
    whole = _scan(site, folder)
    resumed = _scan(site, folder, "--resume", "journal")
    assert resumed.out.splitlines()[:-1] == whole.out.splitlines()[:-1]
    assert len(resumed.out.splitlines()) == 161
    said = resumed.said
    assert "Continuing. The journal already has " in said
    assert 0 < int(said.split("already has ")[1].split()[0]) <= 160
    assert sum(bool(json.loads(line)["matches"]) for line in whole.out.splitlines()[:-1]) == 20
    person.withdraw()
    site("platform pull site")
    again = _scan(site, folder, "--resume", "journal", code=0)
    assert "160 files" in again.said
    assert published(again.out.splitlines()[-1])["matched"] == 0, "a journal has hashes, and no verdict"


def _scan(site: Operator, folder: Path, *options: str, code: int = 10) -> Ended:
    ended = run("platform", "scan", "site", folder.name, "--jsonl", *options, cwd=site.folder)
    assert ended.code == code, ended.said
    return ended


def test_a_journal_belongs_to_its_folder_and_to_scans(site: Operator) -> None:
    site("platform pull site")
    site("platform scan site uploads --resume journal")
    site(f"platform join another --intake {site.intake.address} --token-file token")
    site("platform pull another")
    assert "another platform's folder" in site("platform scan another uploads --resume journal", 2).said
