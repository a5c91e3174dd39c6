"""Turns a bundle's fingerprints into the signals of the feeds: those that platforms can match.

Only kinds of hashes with a feed are kept. All others are dropped before anything is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from takedown_cli.core.model import MIN_QUALITY
from takedown_cli.core.variants import COPY_KINDS, CopyKind, kind_of_copy, shows_picture_itself
from takedown_cli.protocol.bundle.document import BundleFingerprint, Item
from takedown_cli.protocol.bundle.item_limits import keep_within_limits
from takedown_cli.protocol.wire import Copies

#: Digests are matched per media kind; PDQ of a frame matches as the picture it is.
SIGNALS: Final = ("pdq", "image-md5", "image-sha1", "video-md5", "video-sha1")

#: Set bits of a PDQ. The bits compare with the median, so a picture with detail has 128 of 256; a value outside this
#: range is degenerate or was invented, and would match what it should not.
POPCOUNT: Final = range(124, 133)

#: Bits of the classes that participants subscribe to: the picture or video as it was; a predicted copy of a kind that
#: this version does not know, or that was listed before kinds were distinguished; then a pair for each known kind.
IMAGE, OTHER_IMAGE, VIDEO, OTHER_VIDEO = 1, 2, 4, 8
_FIRST_KIND: Final = 4
_BITS: Final[dict[CopyKind, tuple[int, int]]] = {
    kind: (1 << _FIRST_KIND + 2 * n, 2 << _FIRST_KIND + 2 * n) for n, kind in enumerate(COPY_KINDS)
}
EVERY_IMAGE: Final = IMAGE | OTHER_IMAGE | sum(image for image, _ in _BITS.values())
EVERY_VIDEO: Final = VIDEO | OTHER_VIDEO | sum(video for _, video in _BITS.values())
EVERY_CLASS: Final = EVERY_IMAGE | EVERY_VIDEO


def classes_for(media: str, kinds: Iterable[Copies] = ("all",)) -> int:
    """Return the class bits for ``image``, ``video`` or ``all``: the original, and copies of these kinds."""
    wanted = {"image": EVERY_IMAGE, "video": EVERY_VIDEO}.get(media, EVERY_CLASS)
    return wanted & (IMAGE | VIDEO | predicted(kinds))


def predicted(kinds: Iterable[Copies]) -> int:
    """Return the class bits of predicted copies of these kinds, of pictures and of videos."""
    return sum(EVERY_CLASS & ~(IMAGE | VIDEO) if kind == "all" else sum(_BITS[kind]) for kind in {*kinds})


def kinds_in(classes: int) -> list[Copies]:
    """Return the kinds of predicted copies in these class bits, in the form that ``classes_for`` takes."""
    if classes & (OTHER_IMAGE | OTHER_VIDEO):
        return ["all"]
    return [kind for kind, bits in _BITS.items() if classes & sum(bits)]


@dataclass(frozen=True, slots=True)
class Signal:
    """A hash on a list: its kind, its bytes, and its class bits."""

    name: str
    value: bytes
    classes: int


def signals_of(item: Item) -> list[Signal]:
    """Return the signals of one item, each value once, in the item's order; none if nothing can be listed.

    There are no more than the limits of an item allow (``item_limits``).
    """
    found: dict[tuple[str, bytes], int] = {}
    good = [each for each in item.fingerprints if _name(item.media, each) is not None and _good(each)]
    for fingerprint in keep_within_limits(item.media, good):
        key = (_name(item.media, fingerprint) or "", bytes.fromhex(fingerprint.value))
        found[key] = found.get(key, 0) | _class(item.media, fingerprint)
    return [Signal(name, value, classes) for (name, value), classes in found.items()]


def _name(media: str, fingerprint: BundleFingerprint) -> str | None:
    if fingerprint.kind == "pdq":
        return "pdq"
    name = f"{media}-{fingerprint.kind}"
    return name if name in SIGNALS else None


def _class(media: str, fingerprint: BundleFingerprint) -> int:
    place = 0 if media == "image" else 1
    if shows_picture_itself(fingerprint.variant):
        return (IMAGE, VIDEO)[place]
    kind = kind_of_copy(fingerprint.variant or "")
    return (_BITS[kind] if kind else (OTHER_IMAGE, OTHER_VIDEO))[place]


def _good(fingerprint: BundleFingerprint) -> bool:
    """Return True for digests, and for PDQ with the quality that platforms require and a plausible balance of bits."""
    if fingerprint.kind != "pdq":
        return True
    good = fingerprint.quality is not None and fingerprint.quality >= MIN_QUALITY
    return good and plausible("pdq", bytes.fromhex(fingerprint.value))


def plausible(signal: str, value: bytes) -> bool:
    """Return whether a real picture can have this value."""
    return signal != "pdq" or int.from_bytes(value, "big").bit_count() in POPCOUNT
