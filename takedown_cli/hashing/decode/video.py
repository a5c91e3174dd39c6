"""Reads the frames of a video that are worth hashing, as values.

After the frames there is always an end value, even for a damaged file. No file is decoded beyond its limits.
"""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import BinaryIO, Final, TypeVar

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.decode import video_between, video_plan
from takedown_cli.hashing.decode.video_alpha import AlphaStream
from takedown_cli.hashing.decode.video_frame import Converter, read_orientation, time_frames
from takedown_cli.hashing.decode.video_index import PacketList
from takedown_cli.hashing.decode.video_open import GuardedStream, choose_stream, ends_early, open_container
from takedown_cli.hashing.decode.video_plan import LOOK, REFERENCE, SKIP, Index, Plan
from takedown_cli.hashing.decoded import End, Frame, Pixels

#: As ``model.Recipe`` explains them; ``vpdq`` are the reference's frames.
MODES: Final = ("gaps", "keyframes", "vpdq", "every")
#: Seconds from one frame to the next in vPDQ, as threatexchange and HMA call it.
SECONDS_PER_HASH: Final = 1.0
#: ``every`` looks at this many frames for each that may be kept, because most are like their neighbours.
STILLS_PER_KEPT: Final = 16
#: The same for the frames chosen between key frames.
CHOSEN_PER_KEPT: Final = 4
#: H x W luma (uint8) to 256 bits by which frames of one clip are compared.
QuickHash = Callable[[Pixels], int]
T = TypeVar("T")
# Codecs whose frames that refer both ways can be left out while the others come out the same; of others, only those
# that nobody refers to.
_LAYERED = frozenset({"h264", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4", "msmpeg4v2", "h263"})
# The parent ends the process at the limit itself; stopping before that keeps the frames.
_OWN_SHARE = 0.8
# Seconds between frames that are not key frames, where the file's times cannot be planned with.
_BLIND_STEP = 0.5
#: Share of the time that the key frames take, where what is between them is looked at afterwards.
_KEYS_SHARE: Final = 0.25


def decode_frames(
    stream: BinaryIO,
    size: int,
    mode: str,
    limits: Limits,
    quick_hash: QuickHash | None = None,
    on_progress: Callable[[float, float], object] | None = None,
) -> Generator[Frame | End]:
    """Yield frames of the video behind ``stream`` (seekable, ``size`` bytes) for one of ``MODES``, then one ``End``.

    They come in order of showing; in ``gaps`` with a ``quick_hash``, key frames come first and then those in between
    that are unlike them, as many as it takes for every frame to be near one of them.

    ``End.failed`` is set exactly when no frame came: one of ``reasons.FAILED``, ``UNSUPPORTED`` when no allowed
    demuxer or decoder fits, or ``NOT_MEDIA`` for sound. ``End.partial`` is one of ``reasons.PARTIAL``.

    ``on_progress`` is called for every packet with the seconds that are done, which never get fewer, and the duration;
    of a video whose duration is unknown, never.
    """
    guard = GuardedStream(stream, time.monotonic() + limits.video_seconds * _OWN_SHARE)
    reader = _Reader(guard, mode, limits, quick_hash, on_progress)
    came = False
    try:
        for frame in reader.read_frames():
            came = True
            yield frame
        if came and ends_early(stream, size):
            reader.note_problem(Reason.TRUNCATED)
    except Exception as error:  # PyAV raises nearly anything, PermissionError and KeyError among it
        reader.note_problem(_reason(error, guard))
    finally:
        reader.close()
    if not came:
        none = reader.problem is None or reader.problem is Reason.TRUNCATED
        yield End(reader.duration, failed=Reason.NO_FRAMES if none else reader.problem)
    elif reader.problem is Reason.TOO_SLOW:
        yield End(reader.duration, Reason.TIME_LIMIT)
    elif reader.problem is not None:
        yield End(reader.duration, Reason.TRUNCATED)
    else:
        yield End(reader.duration, Reason.FRAME_LIMIT if reader.limited else None)


def decode_ahead(values: Generator[T]) -> Generator[T]:
    """Yield what ``values`` yields (never None), each made in a thread while the one before is used; then close it.

    It is never more than one value ahead: frames are large.
    """
    try:
        with ThreadPoolExecutor(1) as thread:
            try:
                coming = thread.submit(next, values, None)
            except RuntimeError:  # no thread to be had: the same without
                yield from values
                return
            while (value := coming.result()) is not None:
                coming = thread.submit(next, values, None)
                yield value
    finally:
        values.close()


def _reason(error: Exception, guard: GuardedStream) -> Reason:
    if guard.late:
        return Reason.TOO_SLOW
    if guard.broken:
        return Reason.READ_ERROR
    return Reason.TOO_MUCH_MEMORY if isinstance(error, MemoryError) else Reason.DAMAGED


class _Reader:
    """One pass over one file: opened, indexed, planned, decoded."""

    _stream: VideoStream
    _packets: PacketList

    def __init__(
        self,
        guard: GuardedStream,
        mode: str,
        limits: Limits,
        quick_hash: QuickHash | None,
        on_progress: Callable[[float, float], object] | None,
    ) -> None:
        self._guard, self._mode, self._limits, self._quick_hash = guard, mode, limits, quick_hash
        self._limit = max(1, limits.video_frames * (STILLS_PER_KEPT if mode == "every" else 1))
        self._container: InputContainer | None = None
        self._converter = Converter()
        self._alpha: AlphaStream | None = None
        self._pace = video_between.Pace()
        self._began = time.monotonic()
        self.duration: float | None = None
        self.problem: Reason | None = None
        self.limited = False
        #: Numbers of the frames that came out.
        self._came: set[int] = set()
        self._on_progress = on_progress
        self._done = 0.0
        #: Where the present pass begins and ends, as shares of the whole work.
        self._span = (0.0, 1.0)

    def _note_progress(self, share: float) -> None:
        """Say how far it is, given the share of the present pass that is done."""
        if self._on_progress is not None and self.duration:
            start, stop = self._span
            self._done = max(self._done, start + (stop - start) * min(1.0, share))
            self._on_progress(self._done * self.duration, self.duration)

    def note_problem(self, reason: Reason) -> None:
        """Keep the first problem. If the deadline has passed, that replaces every other problem."""
        if self.problem is None or reason is Reason.TOO_SLOW:
            self.problem = reason

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def read_frames(self) -> Iterator[Frame]:
        container = self._open()
        if container is None:
            return
        stream = self._stream
        self._packets = packets = PacketList(stream)
        for packet in self._read_packets(container):
            packets.add(packet)
        if packets.is_truncated:
            self.note_problem(Reason.TRUNCATED)
        self.duration = packets.duration
        # The reference's rate: AVStream.avg_frame_rate, or r_frame_rate where that is unknown. The rate by the times
        # means the same as the former, and the latter may be that of the fields.
        rate = float(stream.average_rate or packets.rate or stream.base_rate or 0)
        every = max(1, int(SECONDS_PER_HASH * rate))
        # AVI has no times of showing: with reordered frames its packets do not show which frame is the n-th.
        reordered = container.format.name == "avi" and stream.codec_context.has_b_frames
        index = None if reordered and self._mode == "vpdq" else packets.make_index()
        if index is not None:
            plan = video_plan.plan_packets(index, self._mode, every, self._limit)
            self.limited = plan.limited
            yield from self._follow_plan(index, plan, rate)
            if self._mode != "vpdq" or self._late or self._came.issuperset(plan.frames.values()):
                return
            # A frame that did not come was not counted by the reference either: what follows it has other numbers.
        if len(packets):
            yield from self._decode_in_order(every, rate)

    def _follow_plan(self, index: Index, plan: Plan, rate: float) -> Iterator[Frame]:
        """Yield the frames that the plan wants, or other frames where those do not come."""
        if self._mode == "gaps" and self._quick_hash is not None and not plan.limited:
            yield from self._add_stills(index, plan, self._quick_hash)
        else:
            yield from self._pick_planned(self._decode_plan(index, plan), index, plan, rate)
        if self._mode in ("gaps", "keyframes") and not self._late:
            holes = video_plan.find_holes(index, plan, self._came)
            if holes:
                yield from self._close_holes(index, plan, holes)

    def _open(self) -> InputContainer | None:
        """Open the container and choose the stream; return None, with the problem noted, where there is none."""
        try:
            self._container = open_container(self._guard, self._limits)
        except av.FFmpegError as error:
            # A demuxer off the list is EINVAL; what no demuxer knows is invalid data.
            if error.errno == errno.EINVAL and not (self._guard.late or self._guard.broken):
                self.note_problem(Reason.UNSUPPORTED)
                return None
            raise
        stream = choose_stream(self._container, self._limits, first=self._mode == "vpdq")
        if isinstance(stream, Reason):
            self.note_problem(stream)
            return None
        self._stream = stream
        return self._container

    def _read_packets(self, container: InputContainer) -> Iterator[Packet[VideoStream]]:
        """Yield the packets up to the first that cannot be read, which is noted."""
        try:
            for packet in container.demux(self._stream):
                self._guard.check()
                if packet.size:  # the one at the end is empty
                    yield packet
        except Exception as error:
            self.note_problem(_reason(error, self._guard))

    def _rewind(self) -> Iterator[Packet[VideoStream]]:
        """Return the packets once more. What they say of transparency is decoded as they are taken."""
        packets = self._rewind_packets()
        self._alpha = AlphaStream(self._stream)
        return map(self._alpha.take_note, packets)

    def _rewind_packets(self) -> Iterator[Packet[VideoStream]]:
        """Return the packets, by seeking or, where that does not lead to the first one, by opening anew."""
        container, stream, head = self._container, self._stream, self._packets.head
        stream.codec_context.flush_buffers()  # one that was drained takes nothing more otherwise
        first = head[1] if head[1] is not None else head[0]
        if container and first is not None and container.format.name.startswith(("mov", "matroska", "avi")):
            with suppress(av.FFmpegError):  # where no key frame is at or before the first packet
                container.seek(first, stream=stream)
            packets = self._read_packets(container)
            packet = next(packets, None)
            if packet is not None and (packet.pts, packet.dts) == head:
                return chain([packet], packets)
        self.close()
        container = self._open()
        return iter(()) if container is None else self._read_packets(container)

    def _pick_planned(self, decoded: Iterable[AvFrame], index: Index, plan: Plan, rate: float) -> Iterator[Frame]:
        """Yield the wanted frames; for ``vpdq`` only up to one that does not come."""
        origin = int(index.pts[index.shown].min())
        waiting = deque(plan.frames.items())
        for frame in decoded:
            if frame.pts is None:
                continue
            while waiting and waiting[0][0] < frame.pts:
                waiting.popleft()
                if self._mode == "vpdq" and not self._late:
                    return
            if waiting and waiting[0][0] == frame.pts:
                number = waiting.popleft()[1]
                when = number / rate if self._mode == "vpdq" else (frame.pts - origin) * index.seconds
                yield self._make_frame(frame, number, when)

    def _close_holes(self, index: Index, plan: Plan, holes: list[tuple[int, int]]) -> Iterator[Frame]:
        """Yield frames where wanted ones did not come, decoded without a break from the last one that came.

        They did not come because what was taken for a key frame was not one to a decoder that starts there.
        """
        line = video_plan.sort_by_time(index)
        shown = index.pts[line.order]
        second = video_plan.plan_stretches(index, replace(plan, frames={}), holes)
        self._pace = video_between.Pace()
        ranked = (
            (int(np.searchsorted(shown, frame.pts)), frame)
            for frame in self._decode_plan(index, second)
            if frame.pts is not None
        )
        known = ((rank, float(line.times[rank]), frame) for rank, frame in ranked if rank < len(shown))
        yield from self._sample_frames(known, max(_BLIND_STEP, float(line.times[-1]) / self._limit))

    def _add_stills(self, index: Index, plan: Plan, quick_hash: QuickHash) -> Iterator[Frame]:
        """Yield key frames; then, of the stretches between that move or are long, what the key frames do not show."""
        line = video_plan.sort_by_time(index)
        shown = index.pts[line.order]
        hashes: dict[int, int] = {}
        first = video_plan.plan_anchors(index, plan)
        self._span = (0.0, _KEYS_SHARE)
        for frame in self._decode_plan(index, first):
            number = None if frame.pts is None else first.frames.get(frame.pts)
            if number is not None and number not in hashes:
                hashes[number] = quick_hash(self._converter.to_luma(frame)[0])
                yield self._make_frame(frame, number, float(line.times[number]))
        looked = video_between.choose_stretches(line.times, hashes, self._stream.width * self._stream.height)
        second = video_plan.plan_stretches(index, plan, looked)
        if not second.action.any():
            return
        choice: video_between.Choice[tuple[AvFrame, Pixels | None]] = video_between.Choice(
            looked, line.times, hashes, CHOSEN_PER_KEPT * self._limit
        )
        self._pace = choice.pace
        self._span = (_KEYS_SHARE, 1.0)
        for frame in self._decode_plan(index, second):
            rank = -1 if frame.pts is None else int(np.searchsorted(shown, frame.pts))
            if not 0 <= rank < len(shown) or shown[rank] != frame.pts or rank in hashes:
                continue
            if frame.pts in second.frames:
                yield self._make_frame(frame, rank, float(line.times[rank]))
            elif choice.due(rank):
                held = frame, self._read_alpha(frame)
                for number, chosen in choice.add(rank, quick_hash(self._converter.to_luma(frame)[0]), held):
                    yield self._make_luma_frame(*chosen, number, float(line.times[number]))
        for number, chosen in choice.end():
            yield self._make_luma_frame(*chosen, number, float(line.times[number]))

    def _decode_plan(self, index: Index, plan: Plan) -> Iterator[AvFrame]:
        """Yield what the decoder gives for the packets of the plan, which may be more than it wants."""
        packets = self._rewind()
        decoder = self._stream.codec_context
        last = int(np.flatnonzero(plan.action)[-1])
        layered = decoder.name in _LAYERED
        hurry = False
        for at, packet in enumerate(packets):
            if at > last:
                break
            self._note_progress(at / (last + 1))
            if plan.fresh[at]:
                yield from self._decode(None)
                decoder.flush_buffers()
                # Too little time is left at this pace: key frames alone have to do for the rest.
                used = (time.monotonic() - self._began) / max(1e-9, self._limits.video_seconds * _OWN_SHARE)
                hurry = used > 0.5 and used > at / (last + 1)
            action = plan.action[at]
            if action == SKIP:
                continue
            if hurry and not index.key[at]:
                self.note_problem(Reason.TOO_SLOW)
                continue
            # A frame that nobody refers to and nobody wants need not be decoded; the others come out the same.
            if action == LOOK and self._pace.calm and layered:
                decoder.skip_frame = "BIDIR"
            elif action == REFERENCE or (action == LOOK and not self._pace.wild):
                decoder.skip_frame = "NONREF"
            else:
                decoder.skip_frame = "DEFAULT"
            yield from self._decode(packet)
        yield from self._decode(None)

    def _decode_in_order(self, every: int, rate: float) -> Iterator[Frame]:
        """Decode and count everything, as the reference does: for files whose packets have no usable times."""
        packets, stream, expected = self._rewind(), self._stream, len(self._packets)
        step = every if self._mode == "vpdq" else 1
        if expected > self._limit * step:
            step *= -(-expected // (self._limit * step))
            self.limited = step > 1 and self._mode in ("vpdq", "every")
        seconds = 1 / rate if rate else 0.0
        stream.codec_context.skip_frame = "DEFAULT"
        counted = self._note_each(chain(packets, [None]), expected)
        frames = enumerate(frame for packet in counted for frame in self._decode(packet))
        if self._mode in ("vpdq", "every"):
            for number, frame in frames:
                if number % step == 0 and number not in self._came:
                    yield self._make_frame(frame, number, number * seconds)
        else:
            whole = self.duration or expected * seconds
            yield from self._sample_frames(
                time_frames(frames, float(stream.time_base or 0), seconds), max(_BLIND_STEP, whole / self._limit)
            )
        if self.duration is None and rate:
            self.duration = expected / rate

    def _note_each(self, packets: Iterable[T], expected: int) -> Iterator[T]:
        for at, packet in enumerate(packets):
            self._note_progress(at / expected)
            yield packet

    def _sample_frames(self, frames: Iterable[tuple[int, float, AvFrame]], step: float) -> Iterator[Frame]:
        """Yield of frames in order one each ``step`` seconds, and where stills are wanted those unlike the last one."""
        last = -step
        centre = 0
        for number, when, frame in frames:
            seen = centre
            if self._quick_hash is not None and len(self._came) < CHOSEN_PER_KEPT * self._limit:
                seen = self._quick_hash(self._converter.to_luma(frame)[0])
            known = number in self._came
            if known or when - last >= step - 1e-9 or not video_between.are_near(centre, seen):
                last, centre = when, seen
                if not known:
                    yield self._make_frame(frame, number, when)

    def _decode(self, packet: Packet[VideoStream] | None) -> list[AvFrame]:
        """Return what comes out for one packet, or for the end (None). A damaged packet gives nothing."""
        self._guard.check()
        try:
            return self._stream.codec_context.decode(packet)
        except MemoryError:
            raise
        except Exception:
            self.note_problem(Reason.DAMAGED)
            return []

    @property
    def _late(self) -> bool:
        """Whether frames were left out on purpose, for lack of time."""
        return self.problem is Reason.TOO_SLOW

    def _make_frame(self, frame: AvFrame, index: int, timestamp: float) -> Frame:
        return self._make_rgb_frame(frame, self._read_alpha(frame), index, timestamp)

    def _make_rgb_frame(self, frame: AvFrame, alpha: Pixels | None, index: int, timestamp: float) -> Frame:
        self._came.add(index)
        rgb = self._converter.to_rgb(frame)
        return Frame(index, timestamp, rgb, read_orientation(frame), alpha=alpha)

    def _read_alpha(self, frame: AvFrame) -> Pixels | None:
        """Return how transparent a frame is that was decoded just now; None if all of it is opaque."""
        alpha = self._converter.to_alpha(frame)
        if alpha is None and self._alpha is not None:
            alpha = self._alpha.read_alpha(frame)
        return None if alpha is None or int(alpha.min(initial=255)) == 255 else alpha

    def _make_luma_frame(self, frame: AvFrame, alpha: Pixels | None, index: int, timestamp: float) -> Frame:
        if alpha is not None:
            return self._make_rgb_frame(frame, alpha, index, timestamp)
        # A third of the work, and a bit or two from the exact hash: what these frames are chosen by allows for it.
        self._came.add(index)
        luma, contrast = self._converter.to_luma(frame)
        return Frame(index, timestamp, luma, read_orientation(frame), contrast)
