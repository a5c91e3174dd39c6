"""Matches a video with the clips of a list by the share of its frames: re-encoded, trimmed, turned or mirrored.

One frame alone says little: a title card may be in many videos. So a clip matches if enough of the video's frames match
frames of the clip, and enough of the clip's frames match frames of the video.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from takedown_cli.core.errors import ConfigError
from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY, Fingerprint, Hashed, Media
from takedown_cli.hashing.matching import METHODS, readings
from takedown_cli.platform.index import PdqIndex

#: Frames of a video that are asked for at most, evenly spread: a film has thousands.
MOST_ASKED: Final = 600


@dataclass(frozen=True, slots=True)
class ClipRule:
    """When a video matches a clip: per cent of the video's frames, per cent of the clip's, and bits per frame.

    Raises ConfigError for a share that is not 0 to 100, and for a distance that is not 0 to 31.
    """

    video_share: float = 50
    clip_share: float = 5
    distance: int = MATCH_DISTANCE

    def __post_init__(self) -> None:
        for name, share in (("video", self.video_share), ("clip", self.clip_share)):
            if not 0 <= share <= 100:
                raise ConfigError(f"The share of the {name}'s frames must be 0 to 100 per cent, not {share:g}.")
        if not 0 <= self.distance <= MATCH_DISTANCE:
            raise ConfigError(f"The distance of two frames must be 0 to {MATCH_DISTANCE}, not {self.distance}.")

    def is_met(self, match: ClipMatch) -> bool:
        """Return whether a match with at least one frame is one by this rule."""
        return match.video_share >= self.video_share and match.clip_share >= self.clip_share


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """A frame of a video, by all PDQs under which it is looked up; ``second`` is where it is in the video."""

    values: tuple[str, ...]
    second: float | None = None


@dataclass(frozen=True, slots=True)
class ClipMatch:
    """A clip with frames that match frames of a video.

    The shares are per cent of the video's and of the clip's frames. ``distance`` is that of the nearest two frames.
    ``frames`` counts the video's frames that match; the first and last of them are at ``begin`` and ``end`` (seconds),
    if that is known.
    """

    entry: Any
    video_share: float
    clip_share: float
    distance: int
    frames: int
    begin: float | None
    end: float | None


class ClipIndex:
    """Clips with an entry each, such as an id. It is exact: every two frames within 31 bits are found.

    It grows and shrinks in place, and is stored by pickle. One that is asked while it changes may miss what changes.
    """

    def __init__(self, entries: Iterable[tuple[Sequence[str], Any]] = ()) -> None:
        self._frames = PdqIndex()
        #: The clip of each frame, by the frame's number.
        self._clip_of = array("L")
        #: The entry of each clip, the number of its first frame, and how many it has.
        self._clips: dict[int, tuple[Any, int, int]] = {}
        self._next = 0
        for frames, entry in entries:
            self.add(frames, entry)

    def __len__(self) -> int:
        return len(self._clips)

    def add(self, frames: Sequence[str], entry: Any) -> None:
        """Add a clip. Raise ValueError for a frame that is no PDQ, and for a clip without any."""
        values = list(dict.fromkeys(frames))
        if not values:
            raise ValueError("a clip with no frames")
        first, clip = len(self._clip_of), self._next
        self._frames.add_all((value, first + n) for n, value in enumerate(values))
        self._clip_of.extend([clip] * len(values))
        self._clips[clip] = (entry, first, len(values))
        self._next += 1

    def remove(self, frames: Sequence[str], entry: Any) -> bool:
        """Remove a clip. Return whether it was there."""
        values = list(dict.fromkeys(frames))
        for hit in self._frames.search(values[:1]) if values else ():
            clip = self._clip_of[hit.entry]
            if hit.distance == 0 and self._clips.get(clip) == (entry, hit.entry, len(values)):
                for n, value in enumerate(values):
                    self._frames.remove(value, hit.entry + n)
                del self._clips[clip]
                return True
        return False

    def search(self, video: Sequence[VideoFrame], rule: ClipRule) -> list[ClipMatch]:
        """Return the clips that a video matches, those with most of its frames first. Raise ValueError for no PDQ."""
        asked: dict[str, set[int]] = {}
        for number, frame in enumerate(video):
            for value in frame.values:
                asked.setdefault(value, set()).add(number)
        values = list(asked)
        found: dict[int, _Found] = {}
        for hit in self._frames.search(values) if values else ():
            clip = self._clip_of[hit.entry]
            if hit.distance <= rule.distance and clip in self._clips:
                met = found.setdefault(clip, _Found(set(), set()))
                met.of_video |= asked[values[hit.number]]
                met.of_clip.add(hit.entry)
                met.distance = min(met.distance, hit.distance)
        matches = (self._match(video, clip, met) for clip, met in found.items())
        return sorted(filter(rule.is_met, matches), key=lambda match: (-match.video_share, -match.clip_share))

    def _match(self, video: Sequence[VideoFrame], clip: int, met: _Found) -> ClipMatch:
        entry, _, frames = self._clips[clip]
        seconds = [second for number in met.of_video if (second := video[number].second) is not None]
        return ClipMatch(
            entry,
            100 * len(met.of_video) / len(video),
            100 * len(met.of_clip) / frames,
            met.distance,
            len(met.of_video),
            min(seconds, default=None),
            max(seconds, default=None),
        )


@dataclass(slots=True)
class _Found:
    """The frames of a video and of one clip that match, by their numbers."""

    of_video: set[int]
    of_clip: set[int]
    distance: int = MATCH_DISTANCE


def video_frames(outcome: Hashed) -> list[VideoFrame]:
    """Return the frames of a video that are good enough to match, in order, evenly spread if there are many.

    A frame is looked up as it is, in its eight turns, and by what it shows inside, if the video was read for that.
    """
    if outcome.media is not Media.VIDEO:
        return []
    frames: dict[int, list[Fingerprint]] = {}
    for reading in readings(outcome):
        if reading.frame is not None and (reading.quality or 0) >= MIN_QUALITY:
            frames.setdefault(reading.frame, []).append(reading)
    # Of frames that look like the one before there are turned readings only: they say nothing more.
    numbers = sorted(number for number, found in frames.items() if any(one.method in METHODS for one in found))
    step = max(1, math.ceil(len(numbers) / MOST_ASKED))
    return [
        VideoFrame(tuple(dict.fromkeys(one.value for one in frames[number])), frames[number][0].timestamp)
        for number in numbers[::step]
    ]
