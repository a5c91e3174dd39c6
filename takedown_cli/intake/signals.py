"""What of an item platforms can match on: from a bundle's fingerprints to the signals of the feeds.

It guarantees that only kinds with a feed are kept; all others are dropped before anything is stored.
It must never judge who sent an item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from takedown_cli.bundle.document import BundleFingerprint, Item
from takedown_cli.model import MIN_QUALITY

#: Digests are matched per media kind; PDQ of a frame matches as the picture it is.
SIGNALS: Final = ("pdq", "image-md5", "image-sha1", "video-md5", "video-sha1")

#: Derivations that show the picture as it was; every other variant predicts a copy that somebody may make.
AS_IT_WAS: Final = frozenset({None, "upright", "raw"})

#: Set bits of a PDQ. The bits compare with the median, so a picture with detail has 128 of 256; a value outside this
#: range is degenerate or was invented, and would match what it should not.
POPCOUNT: Final = range(124, 133)

#: Bits of the classes that participants subscribe to.
IMAGE, PREDICTED_IMAGE, VIDEO, PREDICTED_VIDEO = 1, 2, 4, 8
EVERY_CLASS: Final = IMAGE | PREDICTED_IMAGE | VIDEO | PREDICTED_VIDEO


def classes_for(media: str, *, predicted: bool) -> int:
    """Class bits for ``image``, ``video`` or ``all``, with or without hashes of predicted copies."""
    wanted = {"image": IMAGE | PREDICTED_IMAGE, "video": VIDEO | PREDICTED_VIDEO}.get(media, EVERY_CLASS)
    return wanted if predicted else wanted & (IMAGE | VIDEO)


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
    as_it_was = fingerprint.variant in AS_IT_WAS
    if media == "image":
        return IMAGE if as_it_was else PREDICTED_IMAGE
    return VIDEO if as_it_was else PREDICTED_VIDEO


def _good(fingerprint: BundleFingerprint) -> bool:
    """PDQ only with the quality that platforms ask for and a plausible balance of bits; digests always."""
    if fingerprint.kind != "pdq":
        return True
    good = fingerprint.quality is not None and fingerprint.quality >= MIN_QUALITY
    return good and plausible("pdq", bytes.fromhex(fingerprint.value))


def plausible(signal: str, value: bytes) -> bool:
    """Whether a value can be that of a real picture."""
    return signal != "pdq" or int.from_bytes(value, "big").bit_count() in POPCOUNT
