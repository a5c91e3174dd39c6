"""Which of the frames between two key frames are worth hashing, told by quick sketches while they are decoded.

It guarantees that every frame it is shown lies within ``RADIUS`` bits of a chosen one or of the key frame before.
It must never hold more than one frame, nor compute a hash.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from takedown_cli.decode.video_plan import GAP

T = TypeVar("T")

#: Bits by their sketches between a frame and the one that stands for it. Matching allows 31: the rest is for what a
#: sketch does not tell (a few bits) and for what happens to a still of that frame (0 to 12).
RADIUS: Final = 22
#: Key frames closer than this need nothing between.
NEAR: Final = 26
#: Pixels decoded between key frames at most, spread over the video: of 1080 lines, about five minutes.
MOST_PIXELS: Final = 20_000_000_000
#: Stretches are looked at as long as no more than this share of it is spent ahead of time.
AHEAD: Final = 1 / 16
#: A frame is chosen at least this often (seconds), whatever the sketches say; the next key frame is never far beyond.
PAUSE: Final = 1.0
# What moves no more than the first in so many seconds is calm, and frames that refer both ways tell nothing new; what
# moves more than the second is wild, and every frame counts.
_CALM_BITS, _WILD_BITS, _MOMENT = 14, 22, 0.09
#: Seconds between sketches of a calm scene.
_RARELY = 0.06


def stretches(times: npt.NDArray[np.float64], sketches: Mapping[int, int], pixels: int) -> list[tuple[int, int]]:
    """Which stretches between neighbouring key frames to decode whole: those that are long, and those that move.

    ``times`` (seconds) by rank, ``sketches`` by the ranks of the key frames, ``pixels`` of one frame. Each stretch is
    the rank of its first frame and that of the one that ends it, which may be the number of frames there are.
    """
    ranks = sorted(sketches)
    span, spent = float(times[-1]) or 1.0, 0
    chosen: list[tuple[int, int]] = []
    moved = True
    for start, stop in zip(ranks, [*ranks[1:], len(times)], strict=True):
        # What follows the last key frame is taken to go on as it went before.
        if stop < len(times):
            moved = (sketches[start] ^ sketches[stop]).bit_count() > NEAR
        long = times[min(stop, len(times) - 1)] - times[start] > GAP
        if (long or moved) and stop - start > 1 and spent <= MOST_PIXELS * (times[start] / span + AHEAD):
            chosen.append((start, stop))
            spent += (stop - start) * pixels
    return chosen


class Pace:
    """How quickly a clip changes now, from the sketches of its last frames."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, int]] = deque()
        # Until something is known, every frame counts.
        self.calm, self.wild = False, True

    def due(self, when: float) -> bool:
        """Whether the frame at ``when`` (seconds) needs a sketch."""
        return not self.calm or not self._past or not 0 <= when - self._past[-1][0] < _RARELY

    def saw(self, when: float, sketch: int) -> None:
        """Take note of a sketch; times rise, and a step back begins anew."""
        if self._past and when <= self._past[-1][0]:
            self._past.clear()
        while len(self._past) > 1 and when - self._past[1][0] >= _MOMENT:
            self._past.popleft()
        self._past.append((when, sketch))
        moved = (self._past[0][1] ^ sketch).bit_count()
        self.calm, self.wild = moved <= _CALM_BITS, moved > _WILD_BITS


class Between(Generic[T]):
    """The choice for one stretch, which opens with a key frame: its sketch, when it is shown (seconds), and the sketch
    of the next one (None at the end of the video)."""

    def __init__(self, first: int, since: float, last: int | None) -> None:
        self._centre, self._since, self._last = first, since, last
        self._open: list[int] = []
        self._held: tuple[int, float, T] | None = None

    def add(self, sketch: int, when: float, frame: T) -> list[T]:
        """The frames that are chosen now that this one is known, in their order: none, an earlier one, it, or both."""
        chosen = []
        if not all(near(sketch, known) for known in self._open):
            # What is held is near to all that are open: it settles them.
            chosen += self._choose()
        pause = when - self._since >= PAUSE
        if self._open or not near(sketch, self._centre):
            self._open.append(sketch)
            self._held = (sketch, when, frame)
            if pause:
                chosen += self._choose()
        elif pause:
            # Only so that no gap is too wide: what stands for the frames after it is still the centre.
            self._since = when
            chosen.append(frame)
        return chosen

    def end(self) -> list[T]:
        """What is still to be chosen when the next key frame is met: nothing where that one stands for the rest."""
        if self._last is not None and all(near(self._last, known) for known in self._open):
            return []
        return self._choose()

    def _choose(self) -> list[T]:
        if self._held is None:
            return []
        self._centre, self._since, frame = self._held
        self._open, self._held = [], None
        return [frame]


def near(one: int, other: int) -> bool:
    """Whether one frame can stand for the other, by their sketches."""
    return (one ^ other).bit_count() <= RADIUS


class Choice(Generic[T]):
    """The choice for all stretches of a clip, given as for ``stretches``: at most ``most`` frames, spread over it."""

    def __init__(
        self, looked: list[tuple[int, int]], times: npt.NDArray[np.float64], sketches: Mapping[int, int], most: int
    ) -> None:
        self.pace = Pace()
        self._looked, self._times, self._sketches, self._most = looked, times, sketches, most
        self._starts = [start for start, _ in looked]
        self._at = -1
        self._between: Between[tuple[int, T]] | None = None
        self._chosen = 0

    def due(self, rank: int) -> bool:
        """Whether the frame of this rank is in a stretch and needs a sketch."""
        at = bisect_right(self._starts, rank) - 1
        return at >= 0 and rank < self._looked[at][1] and self.pace.due(float(self._times[rank]))

    def add(self, rank: int, sketch: int, frame: T) -> list[tuple[int, T]]:
        """The frames that are chosen now that this one, which was due, is known; each with its rank."""
        when = float(self._times[rank])
        self.pace.saw(when, sketch)
        at = bisect_right(self._starts, rank) - 1
        chosen: list[tuple[int, T]] = []
        if at != self._at or self._between is None:
            chosen = self.end()
            start, stop = self._looked[at]
            self._at = at
            self._between = Between(self._sketches[start], float(self._times[start]), self._sketches.get(stop))
        share = when / (float(self._times[-1]) or 1.0)
        if self._chosen > self._most * (share + AHEAD):
            sketch = self._sketches[self._starts[at]]
        added = self._between.add(sketch, when, (rank, frame))
        self._chosen += len(added)
        return chosen + added

    def end(self) -> list[tuple[int, T]]:
        """What is still to be chosen when no more frames come."""
        return [] if self._between is None else self._between.end()
