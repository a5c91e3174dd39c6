"""The PDQ fingerprints of one decoded picture: both readings, upright, as stored, as misread, on a ground, and turned.

It guarantees that one value is listed once, under its first derivation, with the others named beside it.
It must never decode, nor decide which copies are worth predicting beyond flips and quarter turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint import dihedral, ground, pdq, tent
from takedown_cli.fingerprint.pdq import PdqReading
from takedown_cli.fingerprint.tent import Turn
from takedown_cli.model import MIN_QUALITY, Fingerprint
from takedown_cli.reasons import Reason

#: A picture whose 64 x 64 luma spans less than this (of 255) is one plain area.
_PLAIN = 8.0
#: A side under this holds less than one pixel for each of PDQ's 64 samples.
_TINY = tent.SIDE


class PictureLike(Protocol):
    """A picture as stored; the fields are those of ``decode.image.Picture``."""

    @property
    def stored(self) -> npt.NDArray[np.uint8]: ...
    @property
    def orientation(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def misread(self) -> npt.NDArray[np.uint8] | None: ...
    @property
    def alpha(self) -> npt.NDArray[np.uint8] | None: ...
    @property
    def index(self) -> int | None: ...
    @property
    def timestamp(self) -> float | None: ...
    @property
    def shrink(self) -> int: ...


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """The fingerprints of one picture, and why no platform can match them (None when one can).

    ``base`` is what its copies are predicted from: the stored pixels, or those on a ground where these show nothing.
    """

    base: npt.NDArray[np.uint8]
    fingerprints: tuple[Fingerprint, ...]
    quality: int
    weak: Reason | None


def fingerprint(picture: PictureLike, *, flips: bool) -> Still:
    """``flips``: the seven turned and mirrored copies too. A scaled picture has no ``512nn`` reading."""
    turn = tent.TURNS[picture.orientation]
    upright = _readings(picture, turn)
    items = [_item(picture, reading, method, "upright") for method, reading in upright.items()]
    if turn != tent.AS_STORED:
        raw = _readings(picture, tent.AS_STORED)
        items += [_item(picture, reading, method, "raw") for method, reading in raw.items()]
    if picture.misread is not None:
        # HMA ignores orientation as well, so its reading is of the pixels as stored.
        items.append(_item(picture, pdq.read_full(picture.misread), pdq.FULL, "hma"))
    base, full = picture.stored, upright[pdq.FULL]
    for variant, laid in _on_grounds(picture):
        readings = pdq.read_both(laid, turn)
        items += [_item(picture, reading, method, variant) for method, reading in readings.items()]
        # What lies under the transparency may be nothing at all: then the first that can be matched stands for it.
        if full.quality < MIN_QUALITY <= readings[pdq.FULL].quality:
            base, full = laid, readings[pdq.FULL]
    if flips:
        turned = full.dihedral()
        items += [
            Fingerprint("pdq", turned[name], pdq.FULL, name, full.quality, picture.index, picture.timestamp)
            for name in dihedral.NAMES[1:]
        ]
    return Still(base, tuple(merged(items)), full.quality, _weakness(full, picture))


def merged(items: Iterable[Fingerprint]) -> Iterator[Fingerprint]:
    """The items without repeated values; the first of each carries the derivations of the others, each once."""
    first: dict[tuple[str, str], Fingerprint] = {}
    for item in items:
        key = (item.kind, item.value)
        known = first.setdefault(key, item)
        label = _label(item)
        if known is not item and label not in (_label(known), *known.also):
            first[key] = replace(known, also=(*known.also, label))
    yield from first.values()


def _label(item: Fingerprint) -> str:
    return f"{item.method or item.kind}/{item.variant}"


def _readings(picture: PictureLike, turn: Turn) -> dict[str, PdqReading]:
    if picture.shrink == 1:
        return pdq.read_both(picture.stored, turn)
    size = (picture.height, picture.width)
    return {pdq.FULL: pdq.read_block(tent.reduce(picture.stored, turn, full=size, shrink=picture.shrink))}


def _on_grounds(picture: PictureLike) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    if picture.alpha is not None:
        for variant, level in ground.GROUNDS.items():
            yield variant, ground.laid(picture.stored, picture.alpha, level)


def _item(picture: PictureLike, reading: PdqReading, method: str, variant: str) -> Fingerprint:
    return Fingerprint("pdq", reading.value, method, variant, reading.quality, picture.index, picture.timestamp)


def _weakness(reading: PdqReading, picture: PictureLike) -> Reason | None:
    if reading.quality >= MIN_QUALITY:
        return None
    if min(picture.height, picture.width) < _TINY:
        return Reason.TINY
    return Reason.BLANK if float(np.ptp(reading.block)) < _PLAIN else Reason.LOW_QUALITY
