"""What of an item platforms can match on: from a bundle's fingerprints to the signals of the feeds.

It guarantees that only kinds with a feed are kept; all others are dropped before anything is stored.
It must never judge who sent an item.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from takedown_cli.bundle.document import BundleFingerprint, Item
from takedown_cli.model import MIN_QUALITY
from takedown_cli.wire import Copies, Kind

#: Digests are matched per media kind; PDQ of a frame matches as the picture it is.
SIGNALS: Final = ("pdq", "image-md5", "image-sha1", "video-md5", "video-sha1")

#: Derivations that show the picture as it was; every other variant predicts a copy that somebody may make.
AS_IT_WAS: Final = frozenset({"upright", "raw", "on-white", "on-black"})

#: Set bits of a PDQ. The bits compare with the median, so a picture with detail has 128 of 256; a value outside this
#: range is degenerate or was invented, and would match what it should not.
POPCOUNT: Final = range(124, 133)

#: Bits of the classes that participants subscribe to: the picture or video as it was; a predicted copy of a kind that
#: this version does not know, or that was listed before kinds were told apart; then a pair for each known kind.
IMAGE, OTHER_IMAGE, VIDEO, OTHER_VIDEO = 1, 2, 4, 8
_FIRST_KIND: Final = 4
#: Kind of predicted copies → how the names of its derivations begin.
KINDS: Final[dict[Kind, tuple[str, ...]]] = {
    "flips": ("rotate", "flip"),
    "screens": ("screen:",),
    "crops": ("crop:",),
    "borders": ("border:",),
    "captions": ("caption:",),
    "tilts": ("tilt:",),
}
_BITS: Final[dict[Kind, tuple[int, int]]] = {
    kind: (1 << _FIRST_KIND + 2 * n, 2 << _FIRST_KIND + 2 * n) for n, kind in enumerate(KINDS)
}
EVERY_IMAGE: Final = IMAGE | OTHER_IMAGE | sum(image for image, _ in _BITS.values())
EVERY_VIDEO: Final = VIDEO | OTHER_VIDEO | sum(video for _, video in _BITS.values())
EVERY_CLASS: Final = EVERY_IMAGE | EVERY_VIDEO


def classes_for(media: str, kinds: Iterable[Copies] = ("all",)) -> int:
    """Class bits for ``image``, ``video`` or ``all``: as it was, and copies of these kinds."""
    wanted = {"image": EVERY_IMAGE, "video": EVERY_VIDEO}.get(media, EVERY_CLASS)
    return wanted & (IMAGE | VIDEO | predicted(kinds))


def predicted(kinds: Iterable[Copies]) -> int:
    """Class bits of the predicted copies of these kinds, of pictures and of videos."""
    return sum(EVERY_CLASS & ~(IMAGE | VIDEO) if kind == "all" else sum(_BITS[kind]) for kind in {*kinds})


def kinds_in(classes: int) -> list[Copies]:
    """The kinds of predicted copies that class bits hold, as ``classes_for`` takes them."""
    if classes & (OTHER_IMAGE | OTHER_VIDEO):
        return ["all"]
    return [kind for kind, bits in _BITS.items() if classes & sum(bits)]


@dataclass(frozen=True, slots=True)
class Signal:
    """A hash as it is listed: which kind, its bytes, and its class bits."""

    name: str
    value: bytes
    classes: int


def list_of(age: str) -> str:
    """The list an item belongs to. Who is not sure is protected as a child."""
    return "adult" if age == "adult" else "under-18"


def signals_of(item: Item) -> list[Signal]:
    """The signals of one item, each value once, in the order of the item; none when nothing of it can be listed."""
    found: dict[tuple[str, bytes], int] = {}
    for fingerprint in item.fingerprints:
        name = _name(item.media, fingerprint)
        if name is None or not _good(fingerprint):
            continue
        key = (name, bytes.fromhex(fingerprint.value))
        found[key] = found.get(key, 0) | _class(item.media, fingerprint)
    return [Signal(name, value, classes) for (name, value), classes in found.items()]


def _name(media: str, fingerprint: BundleFingerprint) -> str | None:
    if fingerprint.kind == "pdq":
        return "pdq"
    name = f"{media}-{fingerprint.kind}"
    return name if name in SIGNALS else None


def _class(media: str, fingerprint: BundleFingerprint) -> int:
    place = 0 if media == "image" else 1
    if fingerprint.variant is None or fingerprint.variant in AS_IT_WAS:
        return (IMAGE, VIDEO)[place]
    for kind, beginnings in KINDS.items():
        if fingerprint.variant.startswith(beginnings):
            return _BITS[kind][place]
    return (OTHER_IMAGE, OTHER_VIDEO)[place]


def _good(fingerprint: BundleFingerprint) -> bool:
    """PDQ only with the quality that platforms ask for and a plausible balance of bits; digests always."""
    if fingerprint.kind != "pdq":
        return True
    good = fingerprint.quality is not None and fingerprint.quality >= MIN_QUALITY
    return good and plausible("pdq", bytes.fromhex(fingerprint.value))


def plausible(signal: str, value: bytes) -> bool:
    """Whether a value can be that of a real picture."""
    return signal != "pdq" or int.from_bytes(value, "big").bit_count() in POPCOUNT
