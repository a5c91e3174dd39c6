"""The frames of a video that are worth hashing, as values.

It guarantees an end value after the frames, whatever the file holds, and that no file is decoded past its limits.
It must never turn, crop or scale a frame, nor let a foreign exception out.
"""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import BinaryIO, Final

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame as AvFrame
from av.video.stream import VideoStream

from takedown_cli.decode import video_between, video_index, video_plan
from takedown_cli.decode.video_frame import Pixels, timed
from takedown_cli.decode.video_open import Guarded, choose_stream, ends_early, open_container, orientation
from takedown_cli.decode.video_plan import LOOK, REFERENCE, SKIP, Index, Plan
from takedown_cli.model import Limits
from takedown_cli.reasons import Reason

#: As ``model.Recipe`` explains them; ``vpdq`` are the reference's frames.
MODES: Final = ("gaps", "keyframes", "vpdq", "every")
#: Seconds from one frame to the next in vPDQ, as threatexchange and HMA call it.
SECONDS_PER_HASH: Final = 1.0
#: ``every`` looks at this many frames for each that may be kept, because most are like their neighbours.
STILLS_PER_KEPT: Final = 16
#: The same for the frames chosen between key frames.
CHOSEN_PER_KEPT: Final = 4
#: H x W luma (uint8) to 256 bits that tell how far frames of one clip lie apart.
Sketch = Callable[[npt.NDArray[np.uint8]], int]
Source = tuple[InputContainer, VideoStream]
# Codecs whose frames that refer both ways can be left out while the others come out the same; of others, only those
# that nobody refers to.
_LAYERED = frozenset({"h264", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4", "msmpeg4v2", "h263"})
# The parent ends the process at the limit itself; stopping before that keeps the frames.
_OWN_SHARE = 0.8
# Seconds between frames that are not key frames, where the file's times cannot be planned with.
_BLIND_STEP = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One frame as stored: ``index`` counts shown frames from 0, ``timestamp`` is in seconds from the first one,
    ``orientation`` (Exif, 1 to 8) makes it upright.

    ``pixels`` is H x W x 3 RGB, uint8; of a frame between key frames in ``gaps`` it may be H x W, its luma, which times
    ``contrast`` has the range that RGB has.
    """

    index: int
    timestamp: float
    pixels: npt.NDArray[np.uint8]
    orientation: int
    contrast: float = 1.0


@dataclass(frozen=True, slots=True)
class End:
    """What to know after the last frame: seconds of the whole video, what is missing, or why no frame came."""

    duration: float | None = None
    partial: Reason | None = None
    failed: Reason | None = None


def frames(
    stream: BinaryIO, size: int, mode: str, limits: Limits, sketch: Sketch | None = None
) -> Generator[Frame | End]:
    """Frames of the video behind ``stream`` (open, seekable, ``size`` bytes) for one of ``MODES``, then one ``End``.

    They come in order of showing; in ``gaps`` with a ``sketch``, key frames come first and then those in between that
    are unlike them, as many as it takes for every frame to be near one of them.

    ``End.failed`` is set exactly when no frame came: one of ``reasons.FAILED``, or ``UNSUPPORTED`` when no allowed
    demuxer or decoder fits. ``End.partial`` is one of ``reasons.PARTIAL``.
    """
    guard = Guarded(stream, time.monotonic() + limits.video_seconds * _OWN_SHARE)
    reader = _Reader(guard, mode, limits, sketch)
    came = False
    try:
        for frame in reader.run():
            came = True
            yield frame
        if came and ends_early(stream, size):
            reader.note(Reason.TRUNCATED)
    except Exception as error:  # PyAV raises nearly anything, PermissionError and KeyError among it
        reader.note(_reason(error, guard))
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


def _reason(error: Exception, guard: Guarded) -> Reason:
    if guard.late:
        return Reason.TOO_SLOW
    if guard.broken:
        return Reason.READ_ERROR
    return Reason.TOO_MUCH_MEMORY if isinstance(error, MemoryError) else Reason.DAMAGED


class _Reader:
    """One reading of one file: opened, indexed, planned, decoded."""

    def __init__(self, guard: Guarded, mode: str, limits: Limits, sketch: Sketch | None) -> None:
        self._guard, self._mode, self._limits, self._sketch = guard, mode, limits, sketch
        self._limit = max(1, limits.video_frames * (STILLS_PER_KEPT if mode == "every" else 1))
        self._container: InputContainer | None = None
        self._pixels = Pixels()
        self._pace = video_between.Pace()
        self._began = time.monotonic()
        self.duration: float | None = None
        self.problem: Reason | None = None
        self.limited = False
        #: Numbers of the frames that came.
        self._came: set[int] = set()

    def note(self, reason: Reason) -> None:
        """Keep the first thing that went wrong; a passed deadline explains whatever came before it."""
        if self.problem is None or reason is Reason.TOO_SLOW:
            self.problem = reason

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
            self._container = None

    def run(self) -> Iterator[Frame]:
        opened = self._open()
        if opened is None:
            return
        container, stream = opened
        found = video_index.Packets(stream)
        for packet in self._packets(container, stream):
            found.add(packet)
        if found.short:
            self.note(Reason.TRUNCATED)
        self.duration = found.duration
        # The reference's rate: AVStream.avg_frame_rate, or r_frame_rate where that is unknown. What the times tell is
        # the former's meaning, and the latter may be that of the fields.
        rate = float(stream.average_rate or found.rate or stream.base_rate or 0)
        every = max(1, int(SECONDS_PER_HASH * rate))
        # AVI has no times of showing: with reordered frames its packets cannot tell which frame is the n-th.
        reordered = container.format.name == "avi" and stream.codec_context.has_b_frames
        index = None if reordered and self._mode == "vpdq" else found.index()
        if index is not None:
            plan = video_plan.make(index, self._mode, every, self._limit)
            self.limited = plan.limited
            opened = yield from self._by_plan(opened, found, index, plan, rate)
            if self._mode != "vpdq" or self._late or self._came.issuperset(plan.frames.values()):
                return
            # A frame that did not come was not counted by the reference either: what follows it has other numbers.
        if len(found):
            (_, stream), packets = self._again(opened, found)
            yield from self._in_order(stream, packets, len(found), every, rate)

    def _by_plan(
        self, source: Source, found: video_index.Packets, index: Index, plan: Plan, rate: float
    ) -> Generator[Frame, None, Source]:
        """What the plan wants, and where that does not come, what does. Returns the source as it was opened last."""
        if self._mode == "gaps" and self._sketch is not None and not plan.limited:
            source = yield from self._looked(source, found, index, plan, self._sketch)
        else:
            source, packets = self._again(source, found)
            yield from self._planned(self._decoded(source[1], packets, index, plan), index, plan, rate)
        if self._mode in ("gaps", "keyframes") and not self._late:
            holes = video_plan.holes(index, plan, self._came)
            if holes:
                yield from self._closed(source, found, index, plan, holes)
        return source

    def _open(self) -> Source | None:
        try:
            self._container = open_container(self._guard, self._limits)
        except av.FFmpegError as error:
            # A demuxer off the list is EINVAL; what no demuxer knows is invalid data.
            if error.errno == errno.EINVAL and not (self._guard.late or self._guard.broken):
                self.note(Reason.UNSUPPORTED)
                return None
            raise
        stream = choose_stream(self._container, self._limits, first=self._mode == "vpdq")
        if isinstance(stream, Reason):
            self.note(stream)
            return None
        return self._container, stream

    def _packets(self, container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
        """The packets up to the first that cannot be read, which is noted."""
        try:
            yield from video_index.read(container, stream, self._guard)
        except Exception as error:
            self.note(_reason(error, self._guard))

    def _again(self, source: Source, found: video_index.Packets) -> tuple[Source, Iterator[Packet[VideoStream]]]:
        """The packets once more. Seeking is quick; opening anew helps where that does not lead to the first one."""
        container, stream = source
        stream.codec_context.flush_buffers()  # one that was drained takes nothing more otherwise
        first = found.head[1] if found.head[1] is not None else found.head[0]
        if first is not None and container.format.name.startswith(("mov", "matroska", "avi")):
            with suppress(av.FFmpegError):  # where no key frame is at or before the first packet
                container.seek(first, stream=stream)
            packets = self._packets(container, stream)
            head = next(packets, None)
            if head is not None and (head.pts, head.dts) == found.head:
                return source, chain([head], packets)
        self.close()
        opened = self._open()
        return (source, iter(())) if opened is None else (opened, self._packets(*opened))

    def _planned(self, decoded: Iterable[AvFrame], index: Index, plan: Plan, rate: float) -> Iterator[Frame]:
        """The wanted frames; for ``vpdq`` only up to one that does not come."""
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
                yield self._frame(frame, number, when)

    def _closed(
        self, source: Source, found: video_index.Packets, index: Index, plan: Plan, holes: list[tuple[int, int]]
    ) -> Iterator[Frame]:
        """Frames where wanted ones did not come, because what was taken for a key frame was not one to a decoder that
        starts there: decoded without a break from the last one that came."""
        line = video_plan.timeline(index)
        shown = index.pts[line.order]
        second = video_plan.between(index, replace(plan, frames={}), holes)
        self._pace = video_between.Pace()
        (_, stream), packets = self._again(source, found)
        ranked = (
            (int(np.searchsorted(shown, frame.pts)), frame)
            for frame in self._decoded(stream, packets, index, second)
            if frame.pts is not None
        )
        known = ((rank, float(line.times[rank]), frame) for rank, frame in ranked if rank < len(shown))
        yield from self._sampled(known, max(_BLIND_STEP, float(line.times[-1]) / self._limit))

    def _looked(
        self, source: Source, found: video_index.Packets, index: Index, plan: Plan, sketch: Sketch
    ) -> Generator[Frame, None, Source]:
        """Key frames first; then, of the stretches between that move or are long, what the key frames do not show.

        Returns the source as it was opened last.
        """
        line = video_plan.timeline(index)
        shown = index.pts[line.order]
        sketches: dict[int, int] = {}
        first = video_plan.anchors(index, plan)
        source, packets = self._again(source, found)
        for frame in self._decoded(source[1], packets, index, first):
            number = None if frame.pts is None else first.frames.get(frame.pts)
            if number is not None and number not in sketches:
                sketches[number] = sketch(self._pixels.luma(frame)[0])
                yield self._frame(frame, number, float(line.times[number]))
        looked = video_between.stretches(line.times, sketches, source[1].width * source[1].height)
        second = video_plan.between(index, plan, looked)
        if not second.action.any():
            return source
        choice: video_between.Choice[AvFrame] = video_between.Choice(
            looked, line.times, sketches, CHOSEN_PER_KEPT * self._limit
        )
        self._pace = choice.pace
        source, packets = self._again(source, found)
        for frame in self._decoded(source[1], packets, index, second):
            rank = -1 if frame.pts is None else int(np.searchsorted(shown, frame.pts))
            if not 0 <= rank < len(shown) or shown[rank] != frame.pts or rank in sketches:
                continue
            if frame.pts in second.frames:
                yield self._frame(frame, rank, float(line.times[rank]))
            elif choice.due(rank):
                for number, chosen in choice.add(rank, sketch(self._pixels.luma(frame)[0]), frame):
                    yield self._luma_frame(chosen, number, float(line.times[number]))
        for number, chosen in choice.end():
            yield self._luma_frame(chosen, number, float(line.times[number]))
        return source

    def _decoded(
        self, stream: VideoStream, packets: Iterable[Packet[VideoStream]], index: Index, plan: Plan
    ) -> Iterator[AvFrame]:
        """What the decoder gives for the packets of the plan, which may be more than it wants."""
        last = int(np.flatnonzero(plan.action)[-1])
        layered = stream.codec_context.name in _LAYERED
        hurry = False
        for at, packet in enumerate(packets):
            if at > last:
                break
            if plan.fresh[at]:
                yield from self._decode(stream, None)
                stream.codec_context.flush_buffers()
                hurry = self._behind(at / (last + 1))
            action = plan.action[at]
            if action == SKIP:
                continue
            if hurry and not index.key[at]:
                self.note(Reason.TOO_SLOW)
                continue
            # A frame that nobody refers to and nobody wants need not be decoded; the others come out the same.
            if action == LOOK and self._pace.calm and layered:
                stream.codec_context.skip_frame = "BIDIR"
            elif action == REFERENCE or (action == LOOK and not self._pace.wild):
                stream.codec_context.skip_frame = "NONREF"
            else:
                stream.codec_context.skip_frame = "DEFAULT"
            yield from self._decode(stream, packet)
        yield from self._decode(stream, None)

    def _in_order(
        self, stream: VideoStream, packets: Iterable[Packet[VideoStream]], expected: int, every: int, rate: float
    ) -> Iterator[Frame]:
        """Everything decoded and counted, as the reference does: for files whose packets do not tell their times."""
        step = every if self._mode == "vpdq" else 1
        if expected > self._limit * step:
            step *= -(-expected // (self._limit * step))
            self.limited = step > 1 and self._mode in ("vpdq", "every")
        seconds = 1 / rate if rate else 0.0
        stream.codec_context.skip_frame = "DEFAULT"
        frames = enumerate(frame for packet in chain(packets, [None]) for frame in self._decode(stream, packet))
        if self._mode in ("vpdq", "every"):
            for number, frame in frames:
                if number % step == 0 and number not in self._came:
                    yield self._frame(frame, number, number * seconds)
        else:
            whole = self.duration or expected * seconds
            yield from self._sampled(
                timed(frames, float(stream.time_base or 0), seconds), max(_BLIND_STEP, whole / self._limit)
            )
        if self.duration is None and rate:
            self.duration = expected / rate

    def _sampled(self, frames: Iterable[tuple[int, float, AvFrame]], step: float) -> Iterator[Frame]:
        """Of frames in order, with their numbers and times (seconds): one each ``step``, and those unlike the one
        before where stills are looked for."""
        last = -step
        centre = 0
        for number, when, frame in frames:
            look = self._sketch is not None and len(self._came) < CHOSEN_PER_KEPT * self._limit
            seen = self._sketch(self._pixels.luma(frame)[0]) if look and self._sketch is not None else centre
            known = number in self._came
            if known or when - last >= step - 1e-9 or not video_between.near(centre, seen):
                last, centre = when, seen
                if not known:
                    yield self._frame(frame, number, when)

    def _decode(self, stream: VideoStream, packet: Packet[VideoStream] | None) -> list[AvFrame]:
        """What comes out of the decoder for one packet, or for the end (None). A damaged packet gives nothing."""
        self._guard.check()
        try:
            return stream.codec_context.decode(packet)
        except MemoryError:
            raise
        except Exception:
            self.note(Reason.DAMAGED)
            return []

    @property
    def _late(self) -> bool:
        """Whether frames were left out on purpose, for lack of time."""
        return self.problem is Reason.TOO_SLOW

    def _frame(self, frame: AvFrame, index: int, timestamp: float) -> Frame:
        self._came.add(index)
        return Frame(index, timestamp, self._pixels.rgb(frame), orientation(frame))

    def _luma_frame(self, frame: AvFrame, index: int, timestamp: float) -> Frame:
        # A third of the work, and a bit or two from the exact hash: what these frames are chosen by allows for it.
        self._came.add(index)
        luma, contrast = self._pixels.luma(frame)
        return Frame(index, timestamp, luma, orientation(frame), contrast)

    def _behind(self, progress: float) -> bool:
        """True when the time will not do for the rest at this pace, so that key frames have to."""
        used = (time.monotonic() - self._began) / max(1e-9, self._limits.video_seconds * _OWN_SHARE)
        return used > 0.5 and used > progress
