"""The signal types: one that sees through the repost, and one that matches a video by its share of frames."""

import re
import typing as t
from dataclasses import dataclass

from threatexchange.content_type.photo import PhotoContent
from threatexchange.content_type.video import VideoContent
from threatexchange.signal_type import index as tx_index
from threatexchange.signal_type import signal_base
from threatexchange.signal_type.pdq.signal import PdqSignal

from takedown_cli.core.model import MATCH_DISTANCE, Hashed
from takedown_cli.hashing.matching import distance
from takedown_cli.platform.clips import ClipIndex, ClipMatch, ClipRule, VideoFrame, video_frames
from takedown_cli.platform.index import PdqIndex
from takedown_cli.platform.upload import UploadReader, pdq_readings

_uploads: t.Final = UploadReader()


class PdqReadingsIndex(tx_index.SignalTypeIndex):
    """Finds every PDQ within 31 bits of any reading of an upload. It grows and shrinks in place."""

    def __init__(self, entries: t.Iterable[tuple[str, t.Any]] = ()) -> None:
        super().__init__()
        self._index = PdqIndex(entries)

    def __len__(self) -> int:
        return len(self._index)

    def query(self, query: str) -> list[tx_index.IndexMatchUntyped]:
        """Return each entry that a reading matches, once, with its smallest distance, the nearest first."""
        nearest: dict[t.Any, tuple[int, t.Any]] = {}
        for hit in self._index.search(_split(query)):
            name = hit.entry if isinstance(hit.entry, int | str) else id(hit.entry)
            if name not in nearest or hit.distance < nearest[name][0]:
                nearest[name] = hit.distance, hit.entry
        return [
            tx_index.IndexMatchUntyped(tx_index.SignalSimilarityInfoWithIntDistance(apart), entry)
            for apart, entry in sorted(nearest.values(), key=lambda one: one[0])
        ]

    def add(self, signal_str: str, entry: t.Any) -> None:
        self._index.add(signal_str, entry)

    def add_all(self, entries: t.Iterable[tuple[str, t.Any]]) -> None:
        self._index.add_all(entries)

    def remove(self, signal_str: str, entry: t.Any) -> bool:
        """Remove an entry. Return whether it was there."""
        return self._index.remove(signal_str, entry)


def _split(joined: str) -> list[str]:
    return joined.split(",") if joined else []


class PdqReadingsSignal(signal_base.SimpleSignalType, signal_base.BytesHasher):
    """All readings of an upload, as PDQs with commas between them: turned, negative, inside, bars filled, reframed.

    What is stored in a bank is a single PDQ, as in the signal type ``pdq``.
    """

    @classmethod
    def get_name(cls) -> str:
        return "pdq_readings"

    @classmethod
    def get_content_types(cls) -> list[t.Any]:
        return [PhotoContent]

    @classmethod
    def get_index_cls(cls) -> type[PdqReadingsIndex]:
        return PdqReadingsIndex

    @classmethod
    def validate_signal_str(cls, signal_str: str) -> str:
        return ",".join(PdqSignal.validate_signal_str(one.strip()) for one in signal_str.split(","))

    @classmethod
    def compare_hash(cls, hash1: str, hash2: str) -> signal_base.SignalComparisonResult:
        apart = min((distance(one, other) for one in _split(hash1) for other in _split(hash2)), default=256)
        return signal_base.SignalComparisonResult.from_simple_dist(apart, MATCH_DISTANCE)

    @classmethod
    def hash_from_bytes(cls, bytes_: bytes) -> str:
        """Return the readings of a picture; nothing for what is no picture or too poor to be matched."""
        return ",".join(reading.value for reading in pdq_readings(_uploads.read(bytes_)))

    @staticmethod
    def get_examples() -> list[str]:
        return t.cast("list[str]", PdqSignal.get_examples())


@dataclass
class ClipSimilarity(tx_index.SignalSimilarityInfo):
    """The shares of a video's and of a clip's frames that match, in per cent."""

    video_share: float
    clip_share: float

    def pretty_str(self) -> str:
        return f"{self.video_share:.0f}%[{self.clip_share:.0f}%]"

    def __lt__(self, other: t.Any) -> bool:
        if isinstance(other, ClipSimilarity):
            return (self.video_share, self.clip_share) > (other.video_share, other.clip_share)
        return False


def _similarity(match: ClipMatch) -> ClipSimilarity:
    return ClipSimilarity(match.video_share, match.clip_share)


class PdqClipIndex(tx_index.SignalTypeIndex):
    """Finds the clips that a video matches by its share of frames. It grows and shrinks in place."""

    def __init__(self, entries: t.Iterable[tuple[str, t.Any]] = ()) -> None:
        super().__init__()
        self._index = ClipIndex()
        self.add_all(entries)

    def __len__(self) -> int:
        return len(self._index)

    def query(self, query: str) -> list[tx_index.IndexMatchUntyped]:
        """Return the entries of the clips that match, those with most of the video's frames first."""
        found = self._index.search(_read_frames(query), PdqClipSignal.rule)
        return [tx_index.IndexMatchUntyped(_similarity(match), match.entry) for match in found]

    def add(self, signal_str: str, entry: t.Any) -> None:
        self._index.add(all_values(signal_str), entry)

    def add_all(self, entries: t.Iterable[tuple[str, t.Any]]) -> None:
        for signal_str, entry in entries:
            self.add(signal_str, entry)

    def remove(self, signal_str: str, entry: t.Any) -> bool:
        """Remove an entry. Return whether it was there."""
        return self._index.remove(all_values(signal_str), entry)


def _read_frames(joined: str) -> list[VideoFrame]:
    return [VideoFrame(tuple(frame.split("/"))) for frame in _split(joined)]


def all_values(joined: str) -> list[str]:
    """Return every PDQ of a signal string of either type."""
    return re.split("[,/]", joined) if joined else []


class PdqClipSignal(signal_base.SimpleSignalType, signal_base.BytesHasher):
    """The frames of a video, with commas between them. A video matches a clip by the share of frames that match.

    Each frame of an upload is given by all its readings, with slashes between them: as it is, turned, mirrored. A clip
    in a bank has one PDQ for each frame. An installation may set another ``rule``.
    """

    rule: t.ClassVar[ClipRule] = ClipRule()

    @classmethod
    def get_name(cls) -> str:
        return "pdq_clip"

    @classmethod
    def get_content_types(cls) -> list[t.Any]:
        return [VideoContent]

    @classmethod
    def get_index_cls(cls) -> type[PdqClipIndex]:
        return PdqClipIndex

    @classmethod
    def validate_signal_str(cls, signal_str: str) -> str:
        frames = (frame.split("/") for frame in signal_str.split(","))
        return ",".join("/".join(PdqSignal.validate_signal_str(one.strip()) for one in frame) for frame in frames)

    @classmethod
    def compare_hash(cls, hash1: str, hash2: str) -> signal_base.SignalComparisonResult:
        """Compare a video with a clip, in this order."""
        rule = cls.rule
        clip = all_values(hash2)
        found = ClipIndex([(clip, 0)] if clip else ()).search(_read_frames(hash1), ClipRule(0, 0, rule.distance))
        shares = _similarity(found[0]) if found else ClipSimilarity(0, 0)
        return signal_base.SignalComparisonResult(bool(found) and rule.is_met(found[0]), shares)

    @classmethod
    def hash_from_bytes(cls, bytes_: bytes) -> str:
        """Return the frames of a video with their readings; nothing for what is no video or too poor to be matched."""
        outcome = _uploads.read(bytes_)
        frames = video_frames(outcome) if isinstance(outcome, Hashed) else []
        return ",".join("/".join(frame.values) for frame in frames)

    @staticmethod
    def get_examples() -> list[str]:
        return [",".join(PdqSignal.get_examples())]
