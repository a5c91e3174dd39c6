"""Videos are matched with clips by their share of frames: exactly, and however the video was trimmed or turned."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.core.model import Hashed
from takedown_cli.core.variants import shows_picture_itself
from takedown_cli.fixtures.clip import FRAMES_PER_SECOND, clip
from takedown_cli.hashing.matching import distance
from takedown_cli.platform.clips import ClipIndex, ClipRule, VideoFrame, video_frames
from takedown_cli.platform.upload import UploadReader
from tests.intake.person import balanced

ANY = ClipRule(0, 0)


def film(name: object, frames: int) -> list[str]:
    return [balanced((name, n)) for n in range(frames)]


def asked(*values: str) -> list[VideoFrame]:
    return [VideoFrame((value,), float(second)) for second, value in enumerate(values)]


def changed(value: str, bits: int) -> str:
    """A PDQ that many bits away."""
    return f"{int(value, 16) ^ (1 << bits) - 1:064x}"


def test_the_shares_of_both_and_the_place_are_counted() -> None:
    one, other = film("one", 10), film("other", 4)
    index = ClipIndex([(one, "one"), (other, "other")])
    [match] = index.search(asked(balanced("else"), changed(one[2], 31), one[3], changed(one[4], 32)), ANY)
    assert (match.entry, match.video_share, match.clip_share, match.distance) == ("one", 50, 20, 0)
    assert (match.begin, match.end) == (1, 2)
    found = index.search(asked(*one[:5], *other), ANY)
    assert [(each.entry, round(each.video_share), each.clip_share) for each in found] == [
        ("one", 56, 50), ("other", 44, 100),
    ]  # fmt: skip


def test_a_rule_asks_for_both_shares_and_for_a_distance() -> None:
    frames = film("rule", 10)
    index = ClipIndex([(frames, 1)])
    half = asked(*frames[:3], *film("something else", 3))
    assert index.search(half, ClipRule(50, 30))
    assert not index.search(half, ClipRule(51, 30))
    assert not index.search(half, ClipRule(50, 31))
    far = asked(*(changed(frame, 20) for frame in frames))
    assert index.search(far, ClipRule(100, 100, 20))
    assert not index.search(far, ClipRule(0, 0, 19))


def test_an_intro_in_common_is_no_match_unless_it_is_half_of_a_video() -> None:
    intro = film("intro of a studio", 4)
    listed = [[*intro, *film(("listed", number), 6)] for number in range(3)]
    index = ClipIndex((frames, number) for number, frames in enumerate(listed))
    assert index.search(asked(*intro, *film("a stranger", 5)), ClipRule()) == []
    assert len(index.search(asked(*intro, *film("a short stranger", 4)), ClipRule())) == 3
    found = index.search(asked(*listed[0][2:]), ClipRule())
    assert [match.entry for match in found] == [0], "a trimmed copy is one of its own clip alone"


def test_a_frame_counts_once_by_whichever_reading() -> None:
    frames = film("readings", 2)
    [match] = ClipIndex([(frames, 1)]).search([VideoFrame((*frames, balanced("turned")))], ANY)
    assert (match.video_share, match.clip_share) == (100, 100)
    [match] = ClipIndex([([*frames, frames[0]], 1)]).search(asked(frames[0], frames[0]), ANY)
    assert (match.video_share, match.clip_share) == (100, 50), "a value that is there twice is one frame"


def test_it_is_exact_against_comparing_every_frame() -> None:
    rng = np.random.default_rng(5)
    base = [int.from_bytes(rng.bytes(32), "big") for _ in range(40)]

    def near(most: int) -> str:
        value = base[int(rng.integers(len(base)))]
        for bit in rng.choice(256, int(rng.integers(most)), replace=False):
            value ^= 1 << int(bit)
        return f"{value:064x}"

    clips = {number: [near(24) for _ in range(int(rng.integers(2, 30)))] for number in range(60)}
    index = ClipIndex((frames, number) for number, frames in clips.items())
    for _ in range(20):
        video = [near(24) for _ in range(12)]
        expected = {}
        for number, frames in clips.items():
            near_frames = [sum(distance(one, other) <= 31 for other in {*frames}) for one in video]
            of_clip = sum(any(distance(one, other) <= 31 for one in video) for other in {*frames})
            if of_clip:
                expected[number] = (100 * sum(map(bool, near_frames)) / 12, 100 * of_clip / len({*frames}))
        found = {match.entry: (match.video_share, match.clip_share) for match in index.search(asked(*video), ANY)}
        assert found == expected


def test_it_grows_shrinks_and_is_stored() -> None:
    one, other = film("kept", 3), film("gone", 3)
    index = ClipIndex()
    assert index.search(asked(*one), ANY) == []
    index.add(one, "kept")
    index.add(other, "gone")
    index.add(one, "same frames")
    assert index.remove(other, "gone")
    assert not index.remove(other, "gone")
    assert not index.remove(other, "kept"), "its frames are others"
    assert not index.remove([], "kept")
    stored = pickle.loads(pickle.dumps(index))
    for each in (index, stored):
        assert len(each) == 2
        assert {match.entry for match in each.search(asked(*one), ANY)} == {"kept", "same frames"}
        assert each.search(asked(*other), ANY) == []
    with pytest.raises(ValueError, match="no frames"):
        index.add([], "nothing")


@pytest.mark.parametrize("wrong", [(101, 5, 31), (50, -1, 31), (50, 5, 32), (float("nan"), 5, 31)])
def test_a_rule_that_is_none_is_refused(wrong: tuple[float, float, int]) -> None:
    with pytest.raises(ConfigError):
        ClipRule(*wrong)


# ---------------------------------------------------------------------------------------------------------- real media


def rewrite(source: Path, copy: Path, change: Callable[[np.ndarray], np.ndarray], begin: float, end: float) -> bytes:
    """A copy of a part of a clip (seconds), smaller and re-encoded, with key frames as far apart as the clip has them.

    The scenes of the clip drift so fast that frames half a second apart are not alike.
    """
    with av.open(str(source)) as read, av.open(str(copy), "w") as container:
        track = container.add_stream("mpeg4", rate=FRAMES_PER_SECOND)
        track.width, track.height, track.pix_fmt, track.bit_rate = 240, 180, "yuv420p", 400_000
        track.codec_context.gop_size = 2 * FRAMES_PER_SECOND
        for number, frame in enumerate(read.decode(video=0)):
            if begin * FRAMES_PER_SECOND <= number < end * FRAMES_PER_SECOND:
                pixels = change(frame.reformat(240, 180, format="rgb24").to_ndarray())
                container.mux(track.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")))
        container.mux(track.encode(None))
    return copy.read_bytes()


def listed(reader: UploadReader, data: bytes) -> list[str]:
    """What the intake lists of a video: its frames as they were."""
    outcome = reader.read(data)
    assert isinstance(outcome, Hashed)
    items = (item for item in outcome.fingerprints if item.kind == "pdq" and item.method in {"full", "512nn"})
    return [item.value for item in items if shows_picture_itself(item.variant)]


def test_a_trimmed_turned_and_smaller_copy_of_a_real_video_matches_and_another_video_does_not(tmp_path: Path) -> None:
    reader, original = UploadReader(), tmp_path / "original.mp4"
    clip(original, 7, seconds=16)
    clip(tmp_path / "other.mp4", 8, seconds=8)
    index = ClipIndex([(listed(reader, original.read_bytes()), "clip")])
    for name, change, begin, end, least in (
        ("smaller", lambda pixels: pixels, 0, 16, 80),
        ("trimmed", lambda pixels: pixels, 6, 10, 15),
        ("mirrored", lambda pixels: pixels[:, ::-1], 0, 16, 80),
        ("mirrored and trimmed", lambda pixels: pixels[:, ::-1], 4, 12, 35),
    ):
        outcome = reader.read(rewrite(original, tmp_path / f"{name}.mp4", change, begin, end))
        assert isinstance(outcome, Hashed), name
        [match] = index.search(video_frames(outcome), ClipRule())
        assert match.video_share >= 80, name
        assert match.clip_share >= least, name
    other = reader.read((tmp_path / "other.mp4").read_bytes())
    assert isinstance(other, Hashed)
    assert index.search(video_frames(other), ANY) == []
    reader.close()
