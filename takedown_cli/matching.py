"""Whether a list of fingerprints catches a copy: the distance of hashes, and the nearest of many.

It guarantees the published rule: PDQ within 31 of 256 bits at quality 50 or more, digests only when they are equal.
It must never say that a platform will act: which list it reads, how it reads a file and what it then does is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from takedown_cli.model import MATCH_DISTANCE, MIN_QUALITY, Fingerprint, Hashed, Media

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

#: The two readings of a picture that platforms' software has; a video's frames are only ever read in full.
METHODS: Final = ("full", "512nn")
#: Kinds that match only when equal.
EXACT: Final = ("sha256", "md5", "sha1")
_UPRIGHT: Final = "upright"
_PLAIN: Final = (_UPRIGHT, "raw", "on-white", "on-black")


def distance(one: str, other: str) -> int:
    """Hamming distance in bits of two hexadecimal hashes of one length."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


@dataclass(frozen=True, slots=True)
class Listed:
    """A fingerprint on a list; ``item`` is the number of the picture or video it stands for, from 1."""

    item: int
    media: Media
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest on the list to one ``reading`` of a copy, ``distance`` bits away (0 to 256)."""

    listed: Listed
    reading: Fingerprint
    distance: int

    @property
    def caught(self) -> bool:
        return self.distance <= MATCH_DISTANCE


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a list says of one copy.

    ``exact`` is an equal digest. ``readings`` has, for each way that platforms read this copy, the nearest on the list,
    or None where that reading is too poor to be matched. ``frames`` counts those of a video or animation that are good
    enough, ``frames_caught`` those of them that are near enough.
    """

    exact: Match | None
    readings: dict[str, Match | None]
    frames: int = 0
    frames_caught: int = 0

    @property
    def nearest(self) -> Match | None:
        """The best of all: an equal digest, or else the nearest reading. None when nothing could be compared."""
        if self.exact is not None:
            return self.exact
        return min(filter(None, self.readings.values()), key=lambda match: match.distance, default=None)

    @property
    def caught(self) -> bool:
        """Whether at least one way of reading finds the copy."""
        return self.nearest is not None and self.nearest.caught

    @property
    def everywhere(self) -> bool:
        """Whether each way of reading finds it."""
        matches = self.readings.values()
        return self.exact is not None or (bool(matches) and all(m is not None and m.caught for m in matches))


def readings(copy: Hashed) -> list[Fingerprint]:
    """What platforms would compute of a copy: PDQ of the upright picture or frame, by either method, good or poor.

    One value that both methods gave is there twice.
    """
    found: list[Fingerprint] = []
    for item in copy.fingerprints:
        if item.kind == "pdq":
            labels = (f"{item.method}/{item.variant}", *item.also)
            found += [
                Fingerprint("pdq", item.value, method, _UPRIGHT, item.quality, item.frame, item.timestamp)
                for method in METHODS
                if f"{method}/{_UPRIGHT}" in labels
            ]
    return found


class HashList:
    """Fingerprints to compare copies with. Kinds that no platform compares by distance or equality are left out."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        # Of equally near ones the first is named: the picture as it is, rather than a derivation of it.
        ordered = sorted(listed, key=lambda one: one.fingerprint.variant not in _PLAIN)
        self._pdq = [one for one in ordered if one.fingerprint.kind == "pdq"]
        self._exact: dict[tuple[Media, str, str], Listed] = {}
        for one in ordered:
            if one.fingerprint.kind in EXACT:
                self._exact.setdefault((one.media, one.fingerprint.kind, one.fingerprint.value), one)
        self._matrix: npt.NDArray[np.uint64] | None = None

    def __len__(self) -> int:
        return len(self._pdq) + len(self._exact)

    def judge(self, copy: Hashed) -> Verdict:
        """Compare a copy with the list."""
        candidates = readings(copy)
        good = [one for one in candidates if (one.quality or 0) >= MIN_QUALITY]
        found = self.nearest(good)
        best: dict[str, Match | None] = {one.method or "": None for one in candidates}
        for match in found:
            method = match.reading.method or ""
            known = best[method]
            if known is None or match.distance < known.distance:
                best[method] = match
        frames = {one.frame for one in good if one.frame is not None}
        caught = {match.reading.frame for match in found if match.caught and match.reading.frame is not None}
        return Verdict(self._equal(copy), best, len(frames), len(caught))

    def nearest(self, candidates: Sequence[Fingerprint]) -> list[Match]:
        """The nearest PDQ on the list to each of these, in their order; nothing when the list has none."""
        if not self._pdq or not candidates:
            return []
        import numpy as np  # only here: telling one distance needs no arrays

        if self._matrix is None:
            self._matrix = _words([one.fingerprint for one in self._pdq])
        found = []
        for candidate, row in zip(candidates, _words(candidates), strict=True):
            bits = np.bitwise_count(self._matrix ^ row).sum(axis=1, dtype=np.uint16)
            at = int(bits.argmin())
            found.append(Match(self._pdq[at], candidate, int(bits[at])))
        return found

    def _equal(self, copy: Hashed) -> Match | None:
        for item in copy.fingerprints:
            listed = self._exact.get((copy.media, item.kind, item.value))
            if listed is not None:
                return Match(listed, item, 0)
        return None


def _words(fingerprints: Sequence[Fingerprint]) -> npt.NDArray[np.uint64]:
    """The values of PDQ fingerprints, N x 4."""
    import numpy as np

    data = bytes.fromhex("".join(item.value for item in fingerprints))
    return np.frombuffer(data, np.uint64).reshape(len(fingerprints), 4)
