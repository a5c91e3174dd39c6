"""Chooses the frames between two key frames that are worth hashing, by quick hashes during decoding.

Every frame is within ``RADIUS`` bits of a chosen frame or of the key frame before it. Only one frame is kept at a time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from typing import Final, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.decode.video_plan import GAP

T = TypeVar("T")

#: Bits by quick hashes between a frame and the one that stands for it. Matching allows 31: the rest is for the error of
#: a quick hash (a few bits) and for what happens to a still of that frame (0 to 12).
RADIUS: Final = 22
#: Key frames closer than this need nothing between.
NEAR: Final = 26
#: Pixels decoded between key frames at most, spread over the video: of 1080 lines, about five minutes.
MOST_PIXELS: Final = 20_000_000_000
#: Stretches are looked at as long as no more than this share of it is spent ahead of time.
AHEAD: Final = 1 / 16
#: A frame is chosen at least this often (seconds), whatever the hashes are; the next key frame is never far beyond.
PAUSE: Final = 1.0
# A clip that moves at most the first number of bits in a moment (seconds) is calm, and frames that refer both ways show
# nothing new. One that moves more than the second is wild, and every frame counts.
_CALM_BITS, _WILD_BITS, _MOMENT = 14, 22, 0.09
#: Seconds between quick hashes of a calm scene.
_RARELY = 0.06


def choose_stretches(times: npt.NDArray[np.float64], hashes: Mapping[int, int], pixels: int) -> list[tuple[int, int]]:
    """Return which stretches between neighbouring key frames to decode whole: long ones, and those that move.

    ``times`` (seconds) by rank, ``hashes`` by the ranks of the key frames, ``pixels`` of one frame. Each stretch is
    the rank of its first frame and of the one that ends it, which may be the number of frames there are.
    """
    ranks = sorted(hashes)
    span, spent = float(times[-1]) or 1.0, 0
    chosen: list[tuple[int, int]] = []
    moved = True
    for start, stop in zip(ranks, [*ranks[1:], len(times)], strict=True):
        # What follows the last key frame is taken to go on as it went before.
        if stop < len(times):
            moved = (hashes[start] ^ hashes[stop]).bit_count() > NEAR
        long = times[min(stop, len(times) - 1)] - times[start] > GAP
        if (long or moved) and stop - start > 1 and spent <= MOST_PIXELS * (times[start] / span + AHEAD):
            chosen.append((start, stop))
            spent += (stop - start) * pixels
    return chosen


class Pace:
    """How quickly a clip changes now, from the quick hashes of its last frames."""

    def __init__(self) -> None:
        self._past: deque[tuple[float, int]] = deque()
        # Until something is known, every frame counts.
        self.calm, self.wild = False, True

    def due(self, when: float) -> bool:
        """Return whether the frame at ``when`` (seconds) needs a quick hash."""
        return not self.calm or not self._past or not 0 <= when - self._past[-1][0] < _RARELY

    def note(self, when: float, quick_hash: int) -> None:
        """Take note of a quick hash; times rise, and a step back begins anew."""
        if self._past and when <= self._past[-1][0]:
            self._past.clear()
        while len(self._past) > 1 and when - self._past[1][0] >= _MOMENT:
            self._past.popleft()
        self._past.append((when, quick_hash))
        moved = (self._past[0][1] ^ quick_hash).bit_count()
        self.calm, self.wild = moved <= _CALM_BITS, moved > _WILD_BITS


class StretchChoice(Generic[T]):
    """The choice for one stretch, which opens with a key frame.

    ``first`` is that one's quick hash, ``since`` when it is shown (seconds), ``last`` the quick hash of the next key
    frame (None at the end of the video).
    """

    def __init__(self, first: int, since: float, last: int | None) -> None:
        self._centre, self._since, self._last = first, since, last
        # ``open``: quick hashes of frames that nothing chosen stands for yet. ``held``: the newest frame that can stand
        # for all of them, which waits in case the next one still can.
        self._open: list[int] = []
        self._held: tuple[int, float, T] | None = None

    def add(self, quick_hash: int, when: float, frame: T) -> list[T]:
        """Return the frames chosen now that this one is known, in order: none, an earlier one, it, or both."""
        chosen = []
        if not all(are_near(quick_hash, known) for known in self._open):
            # What is held is near to all that are open: it settles them.
            chosen += self._choose()
        pause = when - self._since >= PAUSE
        if self._open or not are_near(quick_hash, self._centre):
            self._open.append(quick_hash)
            self._held = (quick_hash, when, frame)
            if pause:
                chosen += self._choose()
        elif pause:
            # Only so that no gap is too wide: what stands for the frames after it is still the centre.
            self._since = when
            chosen.append(frame)
        return chosen

    def end(self) -> list[T]:
        """Return what is still to be chosen at the next key frame: nothing where that one stands for the rest."""
        if self._last is not None and all(are_near(self._last, known) for known in self._open):
            return []
        return self._choose()

    def _choose(self) -> list[T]:
        if self._held is None:
            return []
        self._centre, self._since, frame = self._held
        self._open, self._held = [], None
        return [frame]


def are_near(one: int, other: int) -> bool:
    """Return whether one frame can stand for the other, by their quick hashes."""
    return (one ^ other).bit_count() <= RADIUS


class Choice(Generic[T]):
    """The choice for all stretches of a clip, as ``choose_stretches`` gave them: at most ``most`` frames."""

    def __init__(
        self, looked: list[tuple[int, int]], times: npt.NDArray[np.float64], hashes: Mapping[int, int], most: int
    ) -> None:
        self.pace = Pace()
        self._looked, self._times, self._hashes, self._most = looked, times, hashes, most
        self._starts = [start for start, _ in looked]
        self._at = -1
        self._between: StretchChoice[tuple[int, T]] | None = None
        self._chosen = 0

    def due(self, rank: int) -> bool:
        """Return whether the frame of this rank is in a stretch and needs a quick hash."""
        at = bisect_right(self._starts, rank) - 1
        return at >= 0 and rank < self._looked[at][1] and self.pace.due(float(self._times[rank]))

    def add(self, rank: int, quick_hash: int, frame: T) -> list[tuple[int, T]]:
        """Return the frames chosen now that this one, which was due, is known; each with its rank."""
        when = float(self._times[rank])
        self.pace.note(when, quick_hash)
        at = bisect_right(self._starts, rank) - 1
        chosen: list[tuple[int, T]] = []
        if at != self._at or self._between is None:
            chosen = self.end()
            start, stop = self._looked[at]
            self._at = at
            self._between = StretchChoice(self._hashes[start], float(self._times[start]), self._hashes.get(stop))
        share = when / (float(self._times[-1]) or 1.0)
        if self._chosen > self._most * (share + AHEAD):
            # More was chosen than the part of the clip so far may have: count it as its key frame, hashed already.
            quick_hash = self._hashes[self._starts[at]]
        added = self._between.add(quick_hash, when, (rank, frame))
        self._chosen += len(added)
        return chosen + added

    def end(self) -> list[tuple[int, T]]:
        """Return what is still to be chosen when no more frames come."""
        return [] if self._between is None else self._between.end()
