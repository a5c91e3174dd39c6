"""Clips as they are met: of whatever coding, cut anywhere, every mode gives the frames that a plain decode gives."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.decode.video_frame import Converter
from takedown_cli.hashing.fingerprint import pdq, pdq_reference
from takedown_cli.hashing.fingerprint.quick_pdq import quick_pdq
from takedown_cli.hashing.matching import distance
from tests.hashing.decode import video_zoo
from tests.hashing.decode.video_clips import decode_plainly, read


@pytest.mark.parametrize("name", video_zoo.NAMES)
def test_the_references_frames_are_those_of_a_plain_decode(name: str) -> None:
    data = video_zoo.made(name)
    frames, end = read(data, "vpdq")
    everything = decode_plainly(data)
    assert end.partial is None
    step = frames[1].index if len(frames) > 1 else len(everything)
    assert [frame.index for frame in frames] == list(range(0, len(everything), step))
    for frame in frames:
        assert np.array_equal(frame.pixels, everything[frame.index])


@pytest.mark.parametrize("name", video_zoo.NAMES)
def test_no_gap_is_wider_than_two_seconds(name: str) -> None:
    frames, end = read(video_zoo.made(name))
    assert end.partial is None
    times = sorted(frame.timestamp for frame in frames)
    # Seconds to the last frame; to the end there is what that one lasts besides.
    slowest = 2.05 if name != "one in two seconds" else 4.0
    assert times[0] <= 0.5
    assert max(np.diff([*times, end.duration or 0])) <= slowest + 1e-6
    assert len({frame.index for frame in frames}) == len(frames)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["intra refresh", "few times", "open groups, cut", "no key frame first"])
def test_stills_are_caught_where_the_packets_do_not_tell_what_to_decode(name: str) -> None:
    data = video_zoo.made(name)
    listed = [pdq.hash_full(decode_plainly(data)[frame.index]).value for frame in read(data, quick_hash=quick_pdq)[0]]
    stills = [pdq.hash_full(pixels) for pixels in decode_plainly(data)]
    near = [min(distance(still.value, value) for value in listed) for still in stills if still.quality >= 50]
    assert np.mean(np.array(near) <= 31) >= 0.97


def test_the_times_give_the_frame_rate_where_the_file_counts_fields() -> None:
    assert [frame.index for frame in read(video_zoo.made("fields told as frames"), "vpdq")[0]] == [0, 25, 50, 75]


def test_refreshed_groups_are_decoded_without_a_break() -> None:
    frames, _ = read(video_zoo.made("intra refresh"), "vpdq")
    assert [frame.index for frame in frames] == [0, 25, 50, 75, 100, 125]
    assert len(read(video_zoo.made("intra refresh"), "keyframes")[0]) > 6


def test_a_holed_avi_is_whole_and_a_cut_one_is_not() -> None:
    data = video_zoo.made("gaps in the times")
    assert read(data)[1].partial is None
    frames, end = read(data[: len(data) * 2 // 3])
    assert frames
    assert end.partial is Reason.TRUNCATED


@pytest.mark.parametrize("name", ["two tracks", "two tracks mkv"])
def test_of_two_tracks_the_shown_one_is_hashed_and_the_first_by_the_reference(name: str) -> None:
    data = video_zoo.made(name)
    assert read(data)[0][0].pixels.shape == (120, 160, 3)
    assert read(data, "vpdq")[0][0].pixels.shape == (64, 96, 3)


def test_only_the_pixel_format_says_that_the_range_is_full() -> None:
    # The same bytes under both flags: the reference calls swscale without looking at them.
    with av.open(io.BytesIO(video_zoo.made("told ITU709")), "r") as container:
        frame = next(iter(container.decode(video=0)))
    usual = Converter().to_rgb(frame).copy()
    frame.color_range = ColorRange.JPEG
    assert np.array_equal(Converter().to_rgb(frame), usual)


@pytest.mark.parametrize("size", [(16, 16), (8, 300), (40, 33)])
def test_a_small_frame_is_hashed_in_single_precision(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (*size, 3), np.uint8)
    settled = pdq.hash_full(pixels, single=True)
    block = pdq_reference.downsample(pixels, single=True)
    assert settled.value == pdq.hex_values(pdq_reference.transform_block(block, pdq._DCT)[None])[0]


def test_the_limits_hold_where_the_packets_do_not_tell_what_to_decode() -> None:
    for name in ("few times", "no key frame first", "intra refresh"):
        frames, _ = read(video_zoo.made(name), limits=Limits(video_frames=4))
        assert len(frames) <= 8
        assert max(frame.timestamp for frame in frames) > 2.5
