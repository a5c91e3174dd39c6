"""Frames of real clips: which, when, which way up, and what broken or hostile files give."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.stream import Disposition

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.decode import video
from takedown_cli.hashing.decode.video import decode_ahead
from takedown_cli.hashing.decoded import End, Frame
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.quick_pdq import quick_pdq
from takedown_cli.hashing.matching import distance
from tests.hashing.decode.video_clips import clip, decode_plainly, pan, picture, read
from tests.waiting import PATIENCE

H264 = clip(150, group=150, b_frames=2)


class TestWhichFrames:
    @pytest.mark.parametrize("group", [10, 60, 150])
    @pytest.mark.parametrize("b_frames", [0, 3])
    def test_gaps_are_two_seconds_at_most_and_frames_are_what_a_full_decode_gives(
        self, group: int, b_frames: int
    ) -> None:
        data = clip(150, group=group, b_frames=b_frames)
        frames, end = read(data)
        times = [frame.timestamp for frame in frames]
        assert times[0] == 0
        assert times == sorted(times)
        assert max(np.diff([*times, end.duration or 0])) <= 2.0 + 1e-6
        everything = decode_plainly(data)
        for frame in frames:
            assert np.array_equal(frame.pixels, everything[frame.index])

    def test_keyframes_only(self) -> None:
        frames, end = read(clip(100, group=30), "keyframes")
        assert [frame.index for frame in frames] == [0, 30, 60, 90]
        assert end == End(duration=4.0)

    def test_reference_frames_and_times(self) -> None:
        frames, _ = read(H264, "vpdq")
        assert [(frame.index, frame.timestamp) for frame in frames] == [(n, n / 25) for n in range(0, 150, 25)]
        everything = decode_plainly(H264)
        for frame in frames:
            assert np.array_equal(frame.pixels, everything[frame.index])

    def test_rate_is_cut_not_rounded(self) -> None:
        frames, _ = read(clip(40, rate=12, codec="mpeg4", container="matroska"), "vpdq")
        assert [frame.index for frame in frames] == [0, 12, 24, 36]

    def test_every_frame(self) -> None:
        frames, _ = read(clip(40, b_frames=3), "every")
        assert [frame.index for frame in frames] == list(range(40))

    def test_times_count_from_the_first_frame(self) -> None:
        frames, end = read(clip(60, first=500, group=20), "keyframes")
        assert [frame.timestamp for frame in frames] == pytest.approx([0, 0.8, 1.6])
        assert end.duration == pytest.approx(2.4)

    def test_the_limit_spreads_and_says_so(self) -> None:
        frames, end = read(clip(200, group=5), "keyframes", Limits(video_frames=4))
        assert len(frames) == 4
        assert frames[-1].timestamp > 5
        assert end.partial is Reason.FRAME_LIMIT


class TestBetweenKeyFrames:
    """What moves is looked at; the frames that come of it are the ones that a full decode gives."""

    @pytest.mark.parametrize(
        ("group", "b_frames", "container", "codec"),
        [(30, 0, "mp4", "libx264"), (100, 3, "mp4", "libx264"), (30, 2, "mov", "libx264"), (1, 0, "mp4", "libx264"),
         (50, 0, "webm", "libvpx-vp9"), (25, 2, "mpegts", "mpeg2video"), (40, 2, "matroska", "mpeg4")],
    )  # fmt: skip
    def test_every_frame_is_near_one_of_them(self, group: int, b_frames: int, container: str, codec: str) -> None:
        data = clip(150, group=group, b_frames=b_frames, container=container, codec=codec, draw=pan)
        frames, end = read(data, quick_hash=quick_pdq)
        assert end.partial is None
        numbers = [frame.index for frame in frames]
        assert len(set(numbers)) == len(numbers)
        times = sorted(frame.timestamp for frame in frames)
        assert max(np.diff([*times, end.duration or 0])) <= 2.0 + 1e-6
        everything = decode_plainly(data)
        for frame in frames:
            whole = everything[frame.index]
            if frame.pixels.ndim == 3:
                assert np.array_equal(frame.pixels, whole)
            else:
                grey = (frame.pixels.astype(float) - 16 * (frame.contrast > 1)) * frame.contrast
                assert abs(grey - whole @ (0.299, 0.587, 0.114)).mean() < 2, "the same frame, as luma"
        listed = [pdq.hash_full(everything[number]).value for number in numbers]
        values = [pdq.hash_full(whole).value for whole in everything]
        nearest = [min(distance(value, other) for other in listed) for value in values]
        # Where the camera begins to hurry, a few frames are over before that is known.
        assert np.percentile(nearest, 90) <= 28
        assert max(nearest) <= 48

    def test_a_clip_that_does_not_move_costs_its_key_frames(self) -> None:
        frames, _ = read(clip(100, group=20, still=True), quick_hash=quick_pdq)
        assert [frame.index for frame in frames] == [0, 20, 40, 60, 80]

    def test_a_long_group_that_does_not_move_is_seen_each_second(self) -> None:
        frames, _ = read(clip(150, group=150, still=True), quick_hash=quick_pdq)
        assert frames[0].index == 0
        assert 5 <= len(frames) <= 8

    def test_the_limit_on_pixels_leaves_the_gaps_closed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("takedown_cli.hashing.decode.video_between.MOST_PIXELS", 0)
        data = clip(250, group=125, b_frames=2)
        frames, end = read(data, quick_hash=quick_pdq)
        times = sorted(frame.timestamp for frame in frames)
        assert max(np.diff([*times, end.duration or 0])) <= 2.0 + 1e-6
        assert len(frames) < 30
        assert end.partial is None

    def test_frames_of_ten_bits_are_compared_as_well(self) -> None:
        frames, _ = read(clip(60, group=60, pixels="yuv420p10le"), quick_hash=quick_pdq)
        assert len(frames) > 4
        assert all(frame.contrast == 1.0 for frame in frames)


@pytest.mark.parametrize(
    ("container", "codec", "pixels", "size"),
    [
        ("mp4", "mpeg4", "yuv420p", (160, 120)),
        ("mov", "libx264", "yuv444p", (161, 121)),
        ("mov", "prores_ks", "yuv422p10le", (160, 120)),
        ("3gp", "h263", "yuv420p", (176, 144)),
        ("matroska", "libx264", "yuv420p10le", (160, 120)),
        ("webm", "libvpx", "yuv420p", (161, 121)),
        ("webm", "libvpx-vp9", "yuv420p", (160, 120)),
        ("avi", "mpeg4", "yuv420p", (160, 120)),
        ("avi", "mjpeg", "yuvj420p", (160, 120)),
        ("mpeg", "mpeg1video", "yuv420p", (160, 120)),
        ("mpegts", "mpeg2video", "yuv420p", (160, 120)),
        ("mpeg2video", "mpeg2video", "yuv420p", (160, 120)),
    ],
)
def test_containers_codecs_and_pixel_formats(container: str, codec: str, pixels: str, size: tuple[int, int]) -> None:
    data = clip(30, container=container, codec=codec, pixels=pixels, size=size)
    frames, end = read(data, "vpdq")
    assert [frame.index for frame in frames] == [0, 25]
    assert end.partial is None
    for frame in frames:
        assert frame.pixels.shape == (size[1], size[0], 3)
        difference = frame.pixels.astype(int) - picture(frame.index, size)
        assert abs(difference).mean() < 16, "the picture that went in, coded and colour-converted"


def test_avi_with_reordered_frames_is_counted_as_shown() -> None:
    data = clip(60, container="avi", b_frames=3, group=60)
    frames, _ = read(data, "vpdq")
    everything = decode_plainly(data)
    assert [frame.index for frame in frames] == [0, 25, 50]
    for frame in frames:
        assert np.array_equal(frame.pixels, everything[frame.index])


@pytest.mark.parametrize(("degrees", "orientation"), [(0, 1), (90, 8), (180, 3), (-90, 6)])
def test_display_matrix(degrees: int, orientation: int) -> None:
    frames, _ = read(clip(5, degrees=degrees), "keyframes")
    assert [frame.orientation for frame in frames] == [orientation]
    assert frames[0].pixels.shape == (120, 160, 3), "as stored"


class TestBroken:
    def test_a_truncated_file_gives_its_good_frames(self) -> None:
        whole = clip(100, container="matroska", group=10)
        frames, end = read(whole[: len(whole) // 2], "keyframes")
        assert 3 <= len(frames) <= 6
        assert end.partial is Reason.TRUNCATED

    def test_a_truncated_mp4_too(self) -> None:
        whole = clip(100, group=10)
        moov = whole.index(b"moov") - 4
        early = whole[:32] + whole[moov:] + whole[32:moov]
        assert early[:4] == whole[:4]
        # The index first, as phones' exports have it; chunk offsets move by the length of the index.
        early = _moved(early, len(whole) - moov)
        frames, end = read(early, "keyframes")
        assert len(frames) == 10
        assert end.partial is None
        frames, end = read(early[: len(early) // 2], "keyframes")
        assert 3 <= len(frames) <= 6
        assert end.partial is Reason.TRUNCATED

    def test_a_hole_in_the_middle_leaves_the_rest(self) -> None:
        data = bytearray(clip(100, group=10, codec="mpeg4"))
        at = len(data) // 2
        data[at : at + 4000] = bytes(4000)
        frames, _ = read(bytes(data), "keyframes")
        assert len(frames) >= 8

    @pytest.mark.parametrize("size", [0, 1, 100, 5000])
    def test_no_frame_is_a_failure(self, size: int) -> None:
        assert read(H264[:size])[1].failed in {Reason.DAMAGED, Reason.NO_FRAMES}

    def test_sound_without_a_picture(self) -> None:
        target = io.BytesIO()
        with av.open(target, "w", format="mp4") as output:
            stream = output.add_stream("aac", rate=8000, layout="mono")
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            sound.sample_rate = 8000
            output.mux(stream.encode(sound))
            output.mux(stream.encode(None))
        assert read(target.getvalue())[1].failed is Reason.NOT_MEDIA

    def test_a_stream_that_fails_while_it_is_read(self) -> None:
        class Stick(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                if self.tell() > len(H264) // 3:
                    raise OSError(5, "pulled out")
                return super().read(size)

        *frames, end = video.decode_frames(Stick(H264), len(H264), "gaps", Limits())
        assert isinstance(end, End)
        assert not frames
        assert end.failed is Reason.READ_ERROR

    @pytest.mark.parametrize("position", range(12))
    def test_noise_never_escapes(self, position: int) -> None:
        data = bytearray(H264)
        noise = np.random.default_rng(position)
        step = len(data) // 12
        for at in noise.integers(position * step, (position + 1) * step, 60):
            data[at] = noise.integers(256)
        read(bytes(data))


_WATCHED = """
import io, sys
from takedown_cli.hashing.decode import video
from takedown_cli.hashing.decoded import Frame
from takedown_cli.hashing.matching import distance
from takedown_cli.core.model import Limits

data = open(sys.argv[1], "rb").read()
seen = []
sys.addaudithook(lambda name, args: seen.append((name, args)) if name in ("open", "import", "socket.connect") else None)
count = sum(isinstance(value, Frame) for value in video.decode_frames(io.BytesIO(data), len(data), "gaps", Limits()))
done, seen[:] = list(seen), []
assert not done, done
print(count)
"""


class TestHostile:
    @pytest.mark.parametrize(
        "text",
        [
            "ffconcat version 1.0\nfile '{path}'\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n",
            "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile://{path}\n#EXT-X-ENDLIST\n",
            (
                '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet>'
                '<Representation id="1" mimeType="video/mp4"><BaseURL>{path}</BaseURL></Representation></AdaptationSet>'
                "</Period></MPD>"
            ),
            "1\n00:00:01,000 --> 00:00:02,000\nhello\n",
            "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
        ],
        ids=["concat", "hls", "hls-file", "dash", "subtitles", "sdp"],
    )
    def test_playlists_open_nothing(self, tmp_path: Path, text: str) -> None:
        real = tmp_path / "real.mp4"
        real.write_bytes(H264)
        frames, end = read(text.format(path=real).encode())
        assert not frames
        assert end.failed in {Reason.UNSUPPORTED, Reason.DAMAGED}

    def test_nothing_is_opened_or_imported_once_the_modules_are_loaded(self, tmp_path: Path) -> None:
        """A locked-down process can do neither; sound and subtitles beside the picture need modules of their own."""
        file = tmp_path / "clip.mkv"
        with av.open(io.BytesIO(H264), "r") as source, av.open(str(file), "w", format="matroska") as output:
            video_out = output.add_stream_from_template(source.streams.video[0])
            sound = output.add_stream("aac", rate=8000, layout="mono")
            for packet in source.demux(video=0):
                if packet.size:
                    packet.stream = video_out
                    output.mux(packet)
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.sample_rate = 8000
            output.mux(sound.encode(silence))
            output.mux(sound.encode(None))
        ended = subprocess.run(
            [sys.executable, "-c", _WATCHED, str(file)], capture_output=True, text=True, check=False, timeout=120
        )
        assert ended.stdout.strip().isdigit(), ended.stderr
        assert int(ended.stdout) > 3

    def test_a_decoder_off_the_list(self) -> None:
        data = clip(5, container="matroska", codec="ffv1")
        assert read(data)[1].failed is Reason.UNSUPPORTED

    def test_a_container_off_the_list(self) -> None:
        data = clip(5, container="nut", codec="mpeg4")
        assert read(data)[1].failed is Reason.UNSUPPORTED

    def test_too_many_pixels(self) -> None:
        assert read(H264, limits=Limits(pixels=160 * 120 - 1))[1].failed is Reason.TOO_MANY_PIXELS
        assert read(H264, limits=Limits(pixels=160 * 120))[1].failed is None

    @pytest.mark.parametrize("container", ["matroska", "avi", "mpegts"])
    def test_a_giant_is_not_called_damaged(self, container: str) -> None:
        data = clip(2, container=container, codec="mpeg4", size=(1600, 800))
        assert read(data, limits=Limits(pixels=1_000_000))[1].failed is Reason.TOO_MANY_PIXELS

    def test_time_is_over_before_the_first_frame(self) -> None:
        assert read(H264, limits=Limits(video_seconds=0.0))[1].failed is Reason.TOO_SLOW

    def test_time_is_over_in_the_middle(self) -> None:
        limits = Limits(video_seconds=3600.0)
        values = video.decode_frames(io.BytesIO(H264), len(H264), "every", limits)
        kept = [next(values)]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("takedown_cli.hashing.decode.video_open.time.monotonic", lambda: 1e12)
            kept.extend(values)
        assert isinstance(kept[0], Frame)
        assert kept[-1] == End(duration=6.0, partial=Reason.TIME_LIMIT)


def test_every_clip_of_the_corpus(shared: Path) -> None:
    """Full range, 10 and 12 bits, 4:4:4, odd sizes, HDR, other starts, a first key frame that is not shown."""
    clips = [
        p for p in sorted((shared / "corpus/video").iterdir()) if p.suffix in {".mp4", ".mkv", ".webm", ".avi", ".mpg"}
    ]
    assert len(clips) > 30
    for path in clips:
        data = path.read_bytes()
        for mode in ("gaps", "vpdq"):
            frames, end = read(data, mode)
            assert frames, path.name
            assert end.partial is None, path.name
            times = [frame.timestamp for frame in frames]
            assert times[0] == 0, path.name
            assert max(np.diff([*times, end.duration or 0])) <= 2.0 + 1e-6, path.name


def test_a_first_key_frame_that_is_not_shown(shared: Path) -> None:
    frames, _ = read((shared / "corpus/video/discard_first_keyframe.mp4").read_bytes(), "every")
    assert len(frames) == 25
    assert frames[0].index == 0


def _moved(data: bytes, by: int) -> bytes:
    """``data`` with every chunk offset (ISO/IEC 14496-12, 8.7.5) raised."""
    changed = bytearray(data)
    at = changed.index(b"stco") + 8
    for entry in range(int.from_bytes(changed[at : at + 4], "big")):
        place = slice(at + 4 + 4 * entry, at + 8 + 4 * entry)
        changed[place] = (int.from_bytes(changed[place], "big") + by).to_bytes(4, "big")
    return bytes(changed)


class _Source:
    """A generator that notes where it ran, how far it got, and whether it was closed."""

    def __init__(self, count: int, fails_at: int | None = None) -> None:
        self.count, self.fails_at = count, fails_at
        self.made = 0
        self.threads: set[int] = set()
        self.closed = threading.Event()

    def run(self) -> Generator[int]:
        try:
            for number in range(self.count):
                self.threads.add(threading.get_ident())
                if number == self.fails_at:
                    raise MemoryError
                self.made += 1
                yield number
        finally:
            self.closed.set()


def test_values_decoded_ahead_come_in_order_from_one_other_thread_that_ends() -> None:
    before, source = threading.active_count(), _Source(50)
    assert list(decode_ahead(source.run())) == list(range(50))
    assert len(source.threads) == 1
    assert threading.get_ident() not in source.threads
    assert source.closed.is_set()
    assert threading.active_count() == before


def test_an_error_while_decoding_ahead_comes_where_it_happened() -> None:
    source = _Source(9, fails_at=4)
    values = decode_ahead(source.run())
    assert [next(values) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(MemoryError):
        next(values)
    assert source.closed.is_set()


def test_decoding_ahead_makes_one_value_and_no_more() -> None:
    source = _Source(9)
    values = decode_ahead(source.run())
    assert next(values) == 0
    until = time.monotonic() + PATIENCE
    while source.made < 2 and time.monotonic() < until:
        time.sleep(0.001)
    time.sleep(0.05)
    assert source.made == 2


def test_closing_decode_ahead_early_leaves_nothing_running() -> None:
    before, source = threading.active_count(), _Source(9)
    values = decode_ahead(source.run())
    assert next(values) == 0
    values.close()
    assert source.closed.is_set()
    assert threading.active_count() == before


def test_without_threads_decoding_ahead_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    source = _Source(5)
    assert list(decode_ahead(source.run())) == list(range(5))
    assert source.threads == {threading.get_ident()}


def sound(container: str, codec: str, *, cover: bool = False) -> bytes:
    """A second of a tone, with or without a cover picture."""
    stream = io.BytesIO()
    with av.open(stream, "w", format=container) as target:
        track = target.add_stream(codec, rate=48000)
        assert isinstance(track, AudioStream)
        track.layout = "mono"
        shown = target.add_stream("mjpeg", rate=1) if cover else None
        if shown is not None:
            shown.width, shown.height, shown.pix_fmt = 160, 120, "yuvj420p"
            shown.disposition = Disposition.attached_pic
        size = track.codec_context.frame_size or 1024
        for number in range(20):
            tone = np.sin(np.arange(size) / 7 + number).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(tone, "fltp", "mono")
            frame.sample_rate, frame.pts = 48000, number * size
            target.mux(track.encode(frame))
        target.mux(track.encode())
        if shown is not None:
            target.mux(shown.encode(av.VideoFrame.from_ndarray(picture(1), format="rgb24")))
            target.mux(shown.encode())
    return stream.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "cover"),
    [
        ("mp4", "aac", False),
        ("mp4", "aac", True),
        ("webm", "libopus", False),
        ("3gp", "aac", False),
        ("mpegts", "aac", False),
    ],
)
def test_a_voice_recording_was_a_video_that_is_not_protected(container: str, codec: str, cover: bool) -> None:
    frames, end = read(sound(container, codec, cover=cover))
    assert (frames, end.failed) == ([], Reason.NOT_MEDIA)


def test_streams_that_were_joined_are_not_cut() -> None:
    first, second = (clip(12, container="mpegts", first=number) for number in (0, 40))
    frames, end = read(first + second)
    assert end.partial is None
    whole = len(read(first)[0]) + len(read(second)[0])
    assert len(frames) >= whole - 1
