"""Finds the records of a local list that a file matches: by PDQ in every reading of it, by digest where it is equal,
and a video by its share of the frames of a clip.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from takedown_cli.core.model import MIN_QUALITY, Fingerprint, Hashed, Media
from takedown_cli.hashing.matching import FURTHER, readings
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.platform.clips import ClipIndex, ClipRule, VideoFrame, video_frames
from takedown_cli.platform.index import PdqIndex
from takedown_cli.protocol.feed import SignalName

if TYPE_CHECKING:
    from takedown_cli.platform.local_list import Kind, LocalList

_PDQ: Final[SignalName] = "pdq"
#: A match by a digest is by no reading of the picture: the file itself is equal.
EQUAL: Final = "equal"
#: A match by the share of a video's frames.
SHARE: Final = "clip"
#: Records that are loaded at once.
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Shares:
    """Per cent of a video's and of a clip's frames that match, and where the video's first and last ones are (seconds).

    Both are rounded to one place.
    """

    video_share: float
    clip_share: float
    begin: float | None
    end: float | None


@dataclass(frozen=True, slots=True)
class RecordMatch:
    """A record that a file matches, ``distance`` bits away by its nearest ``reading``, which has no variant as it is.

    ``frames`` counts the frames of a video that match this record; None for a picture, and for a digest. ``shares`` are
    those of a clip. ``negative``: the file shows a picture of the negative list there, so this is no match.
    """

    id: str
    kind: Kind
    distance: int
    reading: str
    variant: str | None
    frames: int | None
    negative: bool = False
    shares: Shares | None = None


class ListMatcher:
    """A local list in memory: the PDQs in an index, each with the place of its record, and the digests in a table.

    The lists are read once, and may be closed and pulled anew afterwards. ``negative`` is the negative list: what is as
    near to one of its pictures as the intake lists nothing is no match. ``rule`` says when a video matches a clip.
    """

    def __init__(self, local: LocalList, negative: LocalList | None = None, rule: ClipRule | None = None) -> None:
        self._rule = rule or ClipRule()
        self._negative = DenyList([value for _, value, _ in negative.rows()] if negative is not None else [])
        with local.reading():
            self._kinds = local.kinds()
            count = local.count()
            #: Id and kind of each record, by its place.
            self._ids = np.empty(count, "V16")
            self._kind_of = np.empty(count, np.uint32)
            self._index = PdqIndex()
            self._digests: dict[tuple[str, bytes], list[int]] = {}
            self._load(local.rows(), count)
            #: The entries are id and kind.
            self._clips = ClipIndex((_split(frames), (key, kind)) for key, frames, kind in local.clips())

    def _load(self, rows: Iterator[tuple[bytes, bytes, int]], count: int) -> None:
        pdq = {number for number, kind in self._kinds.items() if kind.signal == _PDQ}
        self._index.reserve(2 * count)  # a back catalogue is asked for with tens of readings a picture
        begin = 0
        while chunk := list(islice(rows, _CHUNK)):
            places = range(begin, begin + len(chunk))
            self._ids[begin : places.stop] = np.frombuffer(b"".join(key for key, _, _ in chunk), "V16")
            self._kind_of[begin : places.stop] = [kind for _, _, kind in chunk]
            mine = [(value, place) for place, (_, value, kind) in zip(places, chunk, strict=True) if kind in pdq]
            raw = b"".join(value for value, _ in mine)
            words = np.frombuffer(raw, ">u8").astype(np.uint64).reshape(len(mine), 4)
            self._index.add_words(words, [place for _, place in mine])
            for place, (_, value, kind) in zip(places, chunk, strict=True):
                if kind not in pdq:
                    self._digests.setdefault((self._kinds[kind].signal, value), []).append(place)
            begin = places.stop

    def __len__(self) -> int:
        return len(self._ids)

    def find(self, outcome: Hashed) -> list[RecordMatch]:
        """Return each record that a file matches, once, the nearest first, and those that are no match last.

        A clip inside a picture counts too.
        """
        found: dict[int, RecordMatch] = {}
        for part in outcome.parts():
            for place, match in (*self._find_equal(part), *self._find_near(part)):
                if place not in found or _rank(match) < _rank(found[place]):
                    found[place] = match
        return sorted([*found.values(), *self._find_clips(outcome)], key=_rank)

    def _find_equal(self, part: Hashed) -> Iterator[tuple[int, RecordMatch]]:
        for item in part.fingerprints:
            for place in self._digests.get((f"{part.media}-{item.kind}", bytes.fromhex(item.value)), ()):
                yield place, self._match(place, 0, EQUAL, None, None)

    def _find_near(self, part: Hashed) -> Iterator[tuple[int, RecordMatch]]:
        """Yield the records near to any reading: all of them are asked for together, each value once."""
        asked: dict[str, list[Fingerprint]] = {}
        for reading in readings(part):
            if (reading.quality or 0) >= MIN_QUALITY:
                asked.setdefault(reading.value, []).append(reading)
        values = list(asked)
        hits = self._index.search(values) if values else []
        negative = self._find_negative({values[hit.number] for hit in hits}) if hits else set()
        # By record, and by whether the reading shows a picture of the negative list.
        nearest: dict[tuple[int, bool], tuple[int, Fingerprint]] = {}
        frames: dict[tuple[int, bool], set[int | None]] = {}
        for hit in hits:
            place = int(hit.entry)
            if hit.distance > self._kinds[int(self._kind_of[place])].distance:
                continue
            same, key = asked[values[hit.number]], (place, values[hit.number] in negative)
            frames.setdefault(key, set()).update(reading.frame for reading in same)
            if key not in nearest or hit.distance < nearest[key][0]:
                nearest[key] = hit.distance, same[0]
        for (place, denied), (distance, reading) in nearest.items():
            variant = reading.variant if reading.method in FURTHER else None
            count = len(frames[place, denied]) if part.media is Media.VIDEO else None
            yield place, self._match(place, distance, reading.method or "", variant, count, negative=denied)

    def _find_clips(self, outcome: Hashed) -> Iterator[RecordMatch]:
        """Yield the clips that a video matches. Frames that show a picture of the negative list are no match."""
        for part in outcome.parts() if len(self._clips) else ():
            video = video_frames(part)
            found = self._clips.search(video, self._rule) if video else []
            left = {match.entry: match for match in found}
            if found and len(self._negative):
                denied = self._find_negative({value for frame in video for value in frame.values})
                shown = [
                    VideoFrame(tuple(value for value in frame.values if value not in denied), frame.second)
                    for frame in video
                ]
                left = {match.entry: match for match in self._clips.search(shown, self._rule)}
            for match in found:
                key, kind = match.entry
                best = left.get(match.entry, match)
                shares = Shares(round(best.video_share, 1), round(best.clip_share, 1), best.begin, best.end)
                yield RecordMatch(
                    key.hex(),
                    self._kinds[kind],
                    best.distance,
                    SHARE,
                    None,
                    best.frames,
                    match.entry not in left,
                    shares,
                )

    def _find_negative(self, values: set[str]) -> set[str]:
        ordered = sorted(values)
        near = self._negative.find_near([bytes.fromhex(value) for value in ordered])
        return {value for value, denied in zip(ordered, near, strict=True) if denied}

    def _match(
        self, place: int, distance: int, reading: str, variant: str | None, frames: int | None, *,
        negative: bool = False,
    ) -> RecordMatch:  # fmt: skip
        kind = self._kinds[int(self._kind_of[place])]
        return RecordMatch(self._ids[place].tobytes().hex(), kind, distance, reading, variant, frames, negative)


def _split(frames: bytes) -> list[str]:
    return [frames[begin : begin + 32].hex() for begin in range(0, len(frames), 32)]


def _rank(match: RecordMatch) -> tuple[bool, int, str]:
    return match.negative, match.distance, match.id
