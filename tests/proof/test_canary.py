"""Rung 6: what is written in the files, and what they are called, comes out nowhere."""

from __future__ import annotations

from pathlib import Path

from takedown_cli.protocol.bundle.file import open_signed
from tests.proof import marked
from tests.proof.capture import Capture, plaintext
from tests.proof.household import Household

MARK = b"Kanarienvogel1998"


def places(house: Household) -> bytes:
    """All that is on the household's disk, names and contents, except the pictures themselves."""
    found = b""
    for path in sorted(house.folder.rglob("*")):
        if house.work / "photos" in (path, *path.parents):
            continue
        found += str(path.relative_to(house.folder)).encode() + b"\n"
        found += path.read_bytes() if path.is_file() else b""
    return found


def test_marks_are_in_no_output_no_bundle_no_traffic_and_no_place(house: Household, intake: Capture) -> None:
    marked.write_all(house.work / "photos", MARK)
    listing = [str(path) for path in (house.work / "photos").iterdir()]
    assert len(listing) == 8
    said = []
    for options in ((), ("-v",), ("-o", "x.tdb", "--exact"), ("--debug",)):
        ended = house("hash", "photos", "--age", "adult", "--for", "self", *options)
        assert ended.code in {0, 3}, ended.err
        said += [ended.out, ended.err]
    sent = house("submit", "photos", "--yes", "--age", "adult", "--for", "self", "--intake", intake.address)
    assert sent.code in {0, 3}, sent.err
    said += [sent.out, sent.err]
    opened = open_signed((house.work / "x.tdb").read_bytes())
    traffic = b"".join(str(request[:3]).encode() + request[3] for request in intake.requests)
    everything = b"\n".join([*said, places(house), traffic, opened.payload, plaintext(intake.bodies[0])])
    assert len(opened.bundle.items) >= 6
    for form in (MARK, MARK.hex().encode(), MARK.lower(), MARK[:8]):
        assert form not in everything


def test_marks_are_not_even_in_the_report_but_for_the_names(house: Household) -> None:
    (house.work / "a.jpg").write_bytes(marked.jpeg(1, MARK))
    ended = house("hash", "a.jpg", "--json")
    assert ended.code == 0
    assert MARK not in ended.out + ended.err


def test_a_failed_file_says_nothing_of_itself(house: Household) -> None:
    photos = house.work / "photos"
    marked.write_all(photos, MARK)
    for path in photos.iterdir():
        data = path.read_bytes()
        at = data.index(MARK)
        Path(path).write_bytes(data[: at + len(MARK)] + b"\xff" * 40)
    for options in ((), ("--debug", "-v"), ("--jsonl", "--progress", "json")):
        ended = house("hash", "photos", *options)
        assert ended.code in {3, 4}
        assert MARK not in ended.err
        assert MARK not in ended.out or options
