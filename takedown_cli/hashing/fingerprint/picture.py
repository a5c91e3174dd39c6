"""The PDQ fingerprints of one picture: both methods, upright, as stored, as misread, on a background, and turned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from takedown_cli.core.model import MIN_QUALITY, Fingerprint
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import AS_SHOWN, CUT, shows_picture_itself
from takedown_cli.hashing.decoded import AS_STORED, ORIENTATIONS, Orientation, Picture, Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.pdq import PdqHash
from takedown_cli.hashing.fingerprint.pdq_downsample import SIDE, downsample

#: Variant → grey level of the background. When platforms save a transparent picture as JPEG, they put it on one of
#: these backgrounds. Nobody can know which one.
BACKGROUNDS = {"on-white": 255, "on-black": 0}
#: Rows laid on a background at a time.
_ROWS = 64


@dataclass(frozen=True, slots=True, eq=False)
class PictureFingerprints:
    """The fingerprints of one picture, and why no platform can match them (None when one can).

    ``base`` are the pixels from which copies are predicted: the stored ones, or, if these show nothing, those on a
    background, and ``full`` is their upright hash.
    """

    base: Pixels
    full: PdqHash
    fingerprints: tuple[Fingerprint, ...]
    weak: Reason | None


def fingerprint_picture(picture: Picture, *, flips: bool) -> PictureFingerprints:
    """Return the fingerprints of a picture, with ``flips`` those of its seven turned and mirrored copies too.

    A scaled picture has no ``512nn`` method.
    """
    found: list[Fingerprint] = []

    def add(hashes: dict[str, PdqHash], variant: str) -> None:
        for method, pdq_hash in hashes.items():
            found.append(
                Fingerprint("pdq", pdq_hash.value, method, variant, pdq_hash.quality, picture.index, picture.timestamp)
            )

    orientation = ORIENTATIONS[picture.orientation]
    upright = _hash_stored(picture, orientation)
    if picture.variant == CUT:
        # A part of the picture is listed like any other crop of it: once, as a person sees it.
        upright = {pdq.FULL: upright[pdq.FULL]}
        orientation, flips = AS_STORED, False
    add(upright, picture.variant)
    if orientation != AS_STORED:
        add(_hash_stored(picture, AS_STORED), "raw")
    if picture.misread is not None:
        # HMA ignores orientation as well, so its hash is of the pixels as stored.
        add({pdq.FULL: pdq.hash_full(picture.misread)}, "hma")
    if picture.shown is not None:
        add(pdq.hash_both(picture.shown, orientation), AS_SHOWN)
    base, full = picture.stored, upright[pdq.FULL]
    for variant, level in BACKGROUNDS.items():
        if picture.alpha is None:
            break
        flattened = lay_on_background(picture.stored, picture.alpha, level)
        hashes = pdq.hash_both(flattened, orientation)
        add(hashes, variant)
        # What lies under the transparency may be nothing at all: then the first that can be matched stands for it.
        if full.quality < MIN_QUALITY <= hashes[pdq.FULL].quality:
            base, full = flattened, hashes[pdq.FULL]
    if flips:
        found += [
            Fingerprint("pdq", value, pdq.FULL, name, full.quality, picture.index, picture.timestamp)
            for name, value in list(full.dihedral_values().items())[1:]
        ]
    weak = None
    if full.quality < MIN_QUALITY:
        # A side under 64 pixels holds less than one pixel for each of PDQ's samples.
        tiny = min(picture.height, picture.width) < SIDE
        weak = Reason.TINY if tiny else Reason.BLANK if full.is_plain else Reason.LOW_QUALITY
    return PictureFingerprints(base, full, merge_equal_values(found), weak)


def merge_equal_values(fingerprints: Iterable[Fingerprint]) -> tuple[Fingerprint, ...]:
    """Return the fingerprints with each value once, with the best quality it has; it names the variants of the others.

    The one that stays shows the picture itself, where one does, and is of the best quality; else it is the first.
    """
    best: dict[tuple[str, str], Fingerprint] = {}
    for fingerprint in fingerprints:
        key = (fingerprint.kind, fingerprint.value)
        known = best.setdefault(key, fingerprint)
        if known is fingerprint:
            continue
        kept, other = (fingerprint, known) if _rank(fingerprint) > _rank(known) else (known, fingerprint)
        labels = dict.fromkeys((*kept.also, _label(other), *other.also))
        quality = max((each.quality for each in (kept, other) if each.quality is not None), default=None)
        also = tuple(label for label in labels if label != _label(kept))
        best[key] = replace(kept, quality=quality, also=also)
    return tuple(best.values())


def _rank(fingerprint: Fingerprint) -> tuple[bool, int]:
    return shows_picture_itself(fingerprint.variant), fingerprint.quality or 0


def _label(fingerprint: Fingerprint) -> str:
    return f"{fingerprint.method or fingerprint.kind}/{fingerprint.variant}"


def _hash_stored(picture: Picture, orientation: Orientation) -> dict[str, PdqHash]:
    if picture.shrink == 1:
        return pdq.hash_both(picture.stored, orientation)
    size = (picture.height, picture.width)
    return {pdq.FULL: pdq.hash_block(downsample(picture.stored, orientation, full=size, shrink=picture.shrink))}


def lay_on_background(pixels: Pixels, alpha: Pixels, level: int) -> Pixels:
    """Return ``pixels`` (H x W grey, or R, G, B first) over a plain background: H x W or H x W x 3.

    ``alpha``: H x W, from 0 (clear) to 255 (opaque). ``level``: grey of the background, 0 to 255. The bytes are those
    that Pillow's paste gives.
    """
    colours = pixels if pixels.ndim == 2 else pixels[:, :, :3]
    result = np.empty(colours.shape, np.uint8)
    for top in range(0, len(colours), _ROWS):
        over = alpha[top : top + _ROWS].astype(np.uint16)
        if colours.ndim == 3:
            over = over[:, :, None]
        # 255 times 255 at most: the sum and its rounded 255th fit into 16 bits.
        mixed = colours[top : top + _ROWS] * over + np.uint16(level) * (np.uint16(255) - over) + np.uint16(128)
        result[top : top + _ROWS] = ((mixed >> 8) + mixed) >> 8
    return result
