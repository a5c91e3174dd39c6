"""A file matches the records that are near to one of its readings, unless that shows a picture of the negative list."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from takedown_cli.core.model import Fingerprint, Hashed, Media
from takedown_cli.intake.messages.deny_list import RADIUS
from takedown_cli.platform.local_list import ListState, LocalList
from takedown_cli.platform.match import ListMatcher, RecordMatch
from takedown_cli.protocol.feed import ActiveClip, ActiveRecord, FeedList, SignalName
from tests.intake.person import balanced

LISTED, MD5 = balanced("listed"), "ab" * 16


def flipped(value: str, bits: Iterable[int]) -> str:
    """The PDQ with these bits changed."""
    return f"{int(value, 16) ^ sum(1 << bit for bit in bits):064x}"


def picture(*values: str, md5: str = "00" * 16) -> Hashed:
    readings = (Fingerprint("pdq", value, "full", "upright", 100) for value in values)
    return Hashed(Path("x"), 1, Media.IMAGE, "PNG", 640, 480, (Fingerprint("md5", md5), *readings))


def video(*values: str, md5: str = "00" * 16) -> Hashed:
    frames = (Fingerprint("pdq", value, "full", "upright", 100, number) for number, value in enumerate(values))
    return Hashed(Path("x"), 1, Media.VIDEO, "mp4", 640, 480, (Fingerprint("md5", md5), *frames))


def make_list(path: Path, *records: tuple[FeedList, SignalName, str]) -> None:
    """Records are a name of a list, a signal and a value."""
    with LocalList(path, make=True) as local, local.changing(afresh=True) as writer:
        writer.apply(
            ActiveRecord(
                id=f"{number:032x}", state="active", list=name, tier="confirmed", signal=signal, value=value,
                media=("image", "video"), classes=("original",), distance=31 if signal == "pdq" else 0,
            )
            for number, (name, signal, value) in enumerate(records)
        )  # fmt: skip
        writer.finish(ListState("source", "cursor", 0, 0))


def find(folder: Path, outcome: Hashed, *negative: str) -> list[RecordMatch]:
    """What a list with ``LISTED`` and a video's ``MD5`` says of a file, and a negative list with these values."""
    make_list(folder / "list.db", ("adult", "pdq", LISTED), ("adult", "video-md5", MD5))
    make_list(folder / "negative.db", *(("negative", "pdq", value) for value in negative))
    with LocalList(folder / "list.db") as local, LocalList(folder / "negative.db") as denied:
        return ListMatcher(local, denied).find(outcome)


def test_what_is_near_to_a_listed_picture_matches(tmp_path: Path) -> None:
    [match] = find(tmp_path, picture(flipped(LISTED, range(31))))
    assert (match.distance, match.negative) == (31, False)
    assert find(tmp_path, picture(flipped(LISTED, range(32)))) == []


@pytest.mark.parametrize(("apart", "negative"), [(0, True), (RADIUS, True), (RADIUS + 1, False)])
def test_a_reading_near_to_a_picture_of_the_negative_list_is_no_match(
    tmp_path: Path, apart: int, negative: bool
) -> None:
    shown = flipped(LISTED, range(5))
    [match] = find(tmp_path, picture(shown), flipped(shown, range(100, 100 + apart)))
    assert (match.distance, match.negative) == (5, negative)


def test_a_collage_of_a_poster_and_a_listed_picture_matches(tmp_path: Path) -> None:
    """The poster beside it takes nothing away from the listed picture."""
    poster = balanced("a poster")
    [match] = find(tmp_path, picture(poster, flipped(LISTED, range(9))), poster)
    assert (match.distance, match.negative) == (9, False)


def test_a_worse_reading_matches_although_the_best_one_shows_the_negative_list(tmp_path: Path) -> None:
    best, worse = flipped(LISTED, range(2)), flipped(LISTED, range(100, 120))
    near = flipped(best, range(180, 180 + RADIUS))
    [match] = find(tmp_path, picture(best, worse), near)
    assert (match.distance, match.negative) == (20, False)


def test_frames_that_show_the_negative_list_do_not_count(tmp_path: Path) -> None:
    first, second, third = LISTED, flipped(LISTED, range(9)), flipped(LISTED, range(100, 110))
    near = flipped(first, range(180, 180 + RADIUS))
    [match] = find(tmp_path, video(first, second, third), near)
    assert (match.distance, match.frames, match.negative) == (9, 2, False)
    [match] = find(tmp_path, video(first), near)
    assert (match.frames, match.negative) == (1, True)


def test_an_equal_file_matches_whatever_the_negative_list_has(tmp_path: Path) -> None:
    matches = find(tmp_path, video(LISTED, md5=MD5), LISTED)
    assert [(match.reading, match.negative) for match in matches] == [("equal", False), ("full", True)]


# --------------------------------------------------------------------------------------------------------------- clips

CLIP = tuple(balanced(("frame of a listed clip", number)) for number in range(6))


def find_clip(folder: Path, outcome: Hashed, *negative: str) -> list[RecordMatch]:
    """What a list with the clip ``CLIP`` says of a file, and a negative list with these values."""
    make_list(folder / "clips.db", ("adult", "pdq", CLIP[0]))
    make_list(folder / "negative.db", *(("negative", "pdq", value) for value in negative))
    with LocalList(folder / "clips.db") as local, LocalList(folder / "negative.db") as denied:
        with local.changing(afresh=False) as writer:
            writer.apply_clips(
                [ActiveClip(id="c1" * 16, state="active", list="adult", tier="confirmed", frames=CLIP, distance=31)]
            )
        return [match for match in ListMatcher(local, denied).find(outcome) if match.reading == "clip"]


def test_a_video_matches_a_clip_by_its_share_of_frames(tmp_path: Path) -> None:
    others = [balanced(("another frame", number)) for number in range(20)]
    [match] = find_clip(tmp_path, video(*CLIP[:3], others[0]))
    assert (match.id, match.distance, match.frames, match.negative) == ("c1" * 16, 0, 3, False)
    assert match.shares is not None
    assert (match.shares.video_share, match.shares.clip_share) == (75, 50)
    assert find_clip(tmp_path, video(CLIP[0], *others)) == []
    assert find_clip(tmp_path, picture(*CLIP)) == [], "a picture has no share of frames"


def test_frames_of_the_negative_list_are_no_match_of_a_clip(tmp_path: Path) -> None:
    other = balanced("an ordinary frame")
    [match] = find_clip(tmp_path, video(*CLIP[:4], other), CLIP[0])
    assert match.shares is not None
    assert (match.negative, match.frames, match.shares.video_share) == (False, 3, 60)
    [match] = find_clip(tmp_path, video(*CLIP[:2], other), *CLIP[:2])
    assert match.negative
