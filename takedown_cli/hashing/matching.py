"""Decides whether a list of fingerprints catches a copy: the distance of two hashes, and the nearest of many.

It uses the published rule: PDQ matches within 31 of 256 bits at quality 50 or more, digests only if they are equal. A
platform may do something else: it chooses which list it uses, how it reads a file, and how it acts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY, Fingerprint, Hashed, Media
from takedown_cli.core.variants import PREVIEW, UPRIGHT, shows_picture_itself

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from takedown_cli.protocol.bundle.document import Item

#: The two readings of a picture that platforms' software has; a video's frames are only ever read in full.
METHODS: Final = ("full", "512nn")
#: The method of a reading beside them: turned or mirrored, as a negative, a picture inside, flat bars or white signs
#: over it filled, or zoomed, moved and tilted a little.
TURNED: Final = "turned"
NEGATIVE: Final = "negative"
INSIDE: Final = "inside"
FILLED: Final = "filled"
REFRAMED: Final = "reframed"
#: What a platform can read beside them, if it looks for pictures inside pictures: ``hashing.readings`` makes these.
FURTHER: Final = (TURNED, NEGATIVE, INSIDE, FILLED, REFRAMED)
#: Kinds that match only when equal.
EXACT: Final = ("sha256", "md5", "sha1")


def distance(one: str, other: str) -> int:
    """Return the Hamming distance in bits of two hexadecimal hashes of one length."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


@dataclass(frozen=True, slots=True)
class Listed:
    """A fingerprint on a list; ``item`` is the number of the picture or video it stands for, from 1."""

    item: int
    media: Media
    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Match:
    """The nearest fingerprint on the list to one ``reading`` of a copy, ``distance`` bits away (0 to 256)."""

    listed: Listed
    reading: Fingerprint
    distance: int

    @property
    def caught(self) -> bool:
        """Whether it is near enough: 31 bits or fewer."""
        return self.distance <= MATCH_DISTANCE


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a list matches one copy.

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
        """The best match: an equal digest, or else the nearest reading. None when nothing could be compared."""
        if self.exact is not None:
            return self.exact
        return min(filter(None, self.readings.values()), key=lambda match: match.distance, default=None)

    @property
    def caught(self) -> bool:
        """Whether at least one way of reading finds the copy."""
        return self.nearest is not None and self.nearest.caught

    @property
    def everywhere(self) -> bool:
        """Whether each of ``METHODS`` that there is finds it."""
        matches = [match for method, match in self.readings.items() if method in METHODS]
        return self.exact is not None or (bool(matches) and all(m is not None and m.caught for m in matches))


def readings(copy: Hashed) -> list[Fingerprint]:
    """Return the hashes that platforms would compute for a copy: PDQ of the upright picture or frame, by both methods.

    If both methods give the same value, it is there twice. Further readings follow, if the copy was read for them.
    """
    found: list[Fingerprint] = []
    for item in copy.fingerprints:
        if item.kind == "pdq" and item.method in FURTHER:
            found.append(item)
        elif item.kind == "pdq":
            labels = (f"{item.method}/{item.variant}", *item.also)
            found += [
                Fingerprint("pdq", item.value, method, UPRIGHT, item.quality, item.frame, item.timestamp)
                for method in METHODS
                if {f"{method}/{UPRIGHT}", f"{method}/{PREVIEW}"} & {*labels}
            ]
    return found


class HashList:
    """Fingerprints to compare copies with. Kinds that no platform compares by distance or equality are left out."""

    def __init__(self, listed: Iterable[Listed]) -> None:
        # If two are equally near, the first one is named: the picture itself rather than a predicted copy of it.
        ordered = sorted(listed, key=lambda entry: not shows_picture_itself(entry.fingerprint.variant))
        self._pdq = [entry for entry in ordered if entry.fingerprint.kind == "pdq"]
        self._exact: dict[tuple[Media, str, str], Listed] = {}
        for entry in ordered:
            if entry.fingerprint.kind in EXACT:
                self._exact.setdefault((entry.media, entry.fingerprint.kind, entry.fingerprint.value), entry)
        self._matrix: npt.NDArray[np.uint64] | None = None

    @classmethod
    def of_items(cls, items: Iterable[Item]) -> Self:
        """Return the list of these items of a bundle, numbered from 1."""
        from takedown_cli.protocol.bundle.document import as_fingerprint

        return cls(
            Listed(number, Media(item.media), as_fingerprint(sent))
            for number, item in enumerate(items, start=1)
            for sent in item.fingerprints
        )

    @classmethod
    def of_files(cls, files: Iterable[Hashed], *, exact: bool = False) -> Self:
        """Return the list that a bundle of these files would give, numbered from 1 in their order.

        With ``exact`` MD5 and SHA-256 of pictures are on it too.
        """
        from takedown_cli.protocol.bundle.document import as_fingerprint, items_of

        return cls(
            Listed(number, Media(item.media), as_fingerprint(sent))
            for number, file in enumerate(files, start=1)
            for item in items_of(file, "unsure", exact=exact)
            for sent in item.fingerprints
        )

    def __len__(self) -> int:
        return len(self._pdq) + len(self._exact)

    def judge(self, copy: Hashed) -> Verdict:
        """Compare a copy with the list."""
        candidates = readings(copy)
        good = [candidate for candidate in candidates if (candidate.quality or 0) >= MIN_QUALITY]
        found = self.nearest(good)
        best: dict[str, Match | None] = {candidate.method or "": None for candidate in candidates}
        for match in found:
            method = match.reading.method or ""
            known = best[method]
            if known is None or match.distance < known.distance:
                best[method] = match
        frames = {candidate.frame for candidate in good if candidate.frame is not None}
        caught = {match.reading.frame for match in found if match.caught and match.reading.frame is not None}
        equal = (
            Match(listed, item, 0)
            for item in copy.fingerprints
            if (listed := self._exact.get((copy.media, item.kind, item.value)))
        )
        return Verdict(next(equal, None), best, len(frames), len(caught))

    def nearest(self, candidates: Sequence[Fingerprint]) -> list[Match]:
        """Return the nearest PDQ on the list to each of these, in their order; nothing when the list has none."""
        if not self._pdq or not candidates:
            return []
        import numpy as np  # only here: one distance needs no arrays

        if self._matrix is None:
            self._matrix = _value_rows([entry.fingerprint for entry in self._pdq])
        found = []
        for candidate, row in zip(candidates, _value_rows(candidates), strict=True):
            bits = np.bitwise_count(self._matrix ^ row).sum(axis=1, dtype=np.uint16)
            at = int(bits.argmin())
            found.append(Match(self._pdq[at], candidate, int(bits[at])))
        return found


def _value_rows(fingerprints: Sequence[Fingerprint]) -> npt.NDArray[np.uint64]:
    """Return the values of PDQ fingerprints, N x 4."""
    import numpy as np

    data = bytes.fromhex("".join(item.value for item in fingerprints))
    return np.frombuffer(data, np.uint64).reshape(len(fingerprints), 4)
