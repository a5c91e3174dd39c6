"""The fingerprints of a video: PDQ of its frames, as image fingerprints with a place in time.

It guarantees the reference's values and places in ``vpdq`` mode, elsewhere a list without near-identical neighbours.
It must never decode, nor choose which frames are looked at.

Source: facebook/ThreatExchange, ``vpdq/cpp/hashing`` (which value, which timestamp).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint import dihedral, pdq, still, tent, vpdq_copies
from takedown_cli.matching import distance
from takedown_cli.model import MERGE_DISTANCE, MIN_QUALITY, Fingerprint
from takedown_cli.reasons import Reason

#: The squeezed reading (``512nn``) is computed for frames with a longer side than this, and rides along where it is
#: further than ``NEAREST_DISTANCE`` from the full one. Footage of 720 lines has it 3 to 5 bits away on average, 10 at
#: worst, well inside the 31 that match, while computing it costs three times the full reading and may double the list.
NEAREST_FROM: Final = 1280
NEAREST_DISTANCE: Final = 8
#: Turned and mirrored copies are listed for at most this many frames, evenly spread: 7 more fingerprints each.
FLIPPED_FRAMES: Final = 32
# A frame whose 64 x 64 luma spans less than this (of 255) is one plain area.
_PLAIN: Final = 8.0
_MIRRORS: Final = dihedral.NAMES[1:]


class FrameLike(Protocol):
    """A frame as stored; the fields are those of ``decode.video.Frame``."""

    @property
    def index(self) -> int: ...
    @property
    def timestamp(self) -> float: ...
    @property
    def pixels(self) -> npt.NDArray[np.uint8]: ...
    @property
    def orientation(self) -> int: ...
    @property
    def contrast(self) -> float: ...


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What is kept of one frame: upright, as stored (None when the same), squeezed (None when small), DCT block."""

    index: int
    timestamp: float
    quality: int
    upright: str
    raw: str | None
    nearest: str | None
    nearest_quality: int
    coefficients: tent.Doubles
    span: float
    """Difference between the brightest and the darkest of the 64 x 64 luma, 0 to 255."""
    small: npt.NDArray[np.uint8] | None = None
    """Upright luma to predict copies from (see ``vpdq_copies``), where it was asked for."""


def read(frame: FrameLike, *, copied: bool = False) -> Reading:
    """The hashes of one frame. Milliseconds for HD; of the pixels, ``small`` is kept if copies are to be predicted."""
    turn = tent.TURNS[frame.orientation]
    full = _read_full(frame, turn)
    squeezed = pdq.read_nearest(frame.pixels, turn) if max(frame.pixels.shape) > NEAREST_FROM else None
    return Reading(
        frame.index,
        frame.timestamp,
        full.quality,
        full.value,
        None if turn == tent.AS_STORED else _read_full(frame, tent.AS_STORED).value,
        None if squeezed is None else squeezed.value,
        0 if squeezed is None else squeezed.quality,
        full.coefficients,
        float(np.ptp(full.block)),
        vpdq_copies.small(frame.pixels, turn, frame.contrast) if copied else None,
    )


def _read_full(frame: FrameLike, turn: tent.Turn) -> pdq.PdqReading:
    if frame.pixels.ndim == 3 or min(frame.pixels.shape) < pdq.MIN_SIDE:
        return pdq.read_frame(frame.pixels, turn)
    return pdq.read_block(tent.reduce(frame.pixels, turn) * frame.contrast)


def reference_fingerprints(readings: Iterable[Reading]) -> list[Fingerprint]:
    """The reference's list, every frame of it. It hashes frames as stored, so a turned one gives ``raw`` as well."""
    found: list[Fingerprint] = []
    for reading in readings:
        found.append(_one(reading, reading.upright, "upright"))
        if reading.raw is not None:
            found.append(_one(reading, reading.raw, "raw"))
    return found


def worthwhile(readings: Sequence[Reading]) -> list[Reading]:
    """The frames worth listing: good enough to match (or the best, if none is), near-identical neighbours merged."""
    good = [reading for reading in readings if reading.quality >= MIN_QUALITY]
    if not good and readings:
        good = [max(readings, key=lambda reading: reading.quality)]
    return merged(good)


def fingerprints(readings: Sequence[Reading], *, flips: bool) -> list[Fingerprint]:
    """Fingerprints of these frames, in the same order. Of equal values of one frame the first names the others.

    ``flips`` adds the seven turned copies of up to ``FLIPPED_FRAMES`` frames.
    """
    flipped = {reading.index for reading in spread(readings, FLIPPED_FRAMES)} if flips else set()
    return [item for reading in readings for item in _of_frame(reading, flip=reading.index in flipped)]


def weakness(readings: Sequence[Reading], width: int, height: int) -> Reason | None:
    """Why no frame of a video of this size can be matched (one of ``reasons.TOO_POOR``), None if one can."""
    if any(reading.quality >= MIN_QUALITY for reading in readings):
        return None
    if min(width, height) < tent.SIDE:
        return Reason.TINY
    return Reason.LOW_QUALITY if any(reading.span >= _PLAIN for reading in readings) else Reason.BLANK


def merged(readings: Iterable[Reading]) -> list[Reading]:
    """The readings without those within ``MERGE_DISTANCE`` of the last one kept."""
    kept: list[Reading] = []
    for reading in readings:
        if not kept or distance(kept[-1].upright, reading.upright) > MERGE_DISTANCE:
            kept.append(reading)
    return kept


def spread(readings: Sequence[Reading], limit: int) -> list[Reading]:
    """At most ``limit`` of the readings, evenly spread, the first one among them."""
    if len(readings) <= limit:
        return list(readings)
    return [readings[at * len(readings) // limit] for at in range(limit)]


def thinned(readings: Sequence[Reading], limit: int) -> list[Reading]:
    """At most ``limit`` of the readings (in order): those left out are, one by one, where the next are closest."""
    kept = list(readings)
    times = np.array([reading.timestamp for reading in kept])
    while len(kept) > max(limit, 2):
        at = 1 + int((times[2:] - times[:-2]).argmin())
        times = np.delete(times, at)
        del kept[at]
    return kept[:limit]


def _of_frame(reading: Reading, *, flip: bool) -> list[Fingerprint]:
    items = [_one(reading, reading.upright, "upright")]
    if reading.nearest is not None and distance(reading.nearest, reading.upright) > NEAREST_DISTANCE:
        items.append(_one(reading, reading.nearest, "upright", pdq.NEAREST, reading.nearest_quality))
    if reading.raw is not None:
        items.append(_one(reading, reading.raw, "raw"))
    if flip:
        turned = pdq.hashes(dihedral.turned(reading.coefficients))
        items.extend(_one(reading, value, name) for value, name in zip(turned[1:], _MIRRORS, strict=True))
    return list(still.merged(items))


def _one(reading: Reading, value: str, variant: str, method: str = pdq.FULL, quality: int | None = None) -> Fingerprint:
    shown = reading.quality if quality is None else quality
    return Fingerprint("pdq", value, method, variant, shown, reading.index, reading.timestamp)
