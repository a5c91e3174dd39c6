"""The feed in the shape of the StopNCII API, version 1, so that platforms' existing software reads it unchanged.

It guarantees that ``nextSetTimestamp`` never goes back and that a page token always leads on.
It must never show one participant what another one could recognise a case by.
"""

from __future__ import annotations

import hmac
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from takedown_cli.intake.feeds import cursor
from takedown_cli.intake.feeds.contribution import Contribution
from takedown_cli.intake.feeds.cursor import Page, Record, Word
from takedown_cli.intake.feeds.opinion import Opinion
from takedown_cli.intake.listing import chunks
from takedown_cli.intake.participants import Participant
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.standing import CONFIRMED

SIGNAL_TYPES: Final = {"pdq": "ImagePDQ", "video-md5": "VideoMD5"}
DEFAULT_PAGE: Final = 800
PARAMETERS: Final = ("startTimestamp", "pageSize", "nextPageToken")
_LENGTHS: Final = {"pdq": 32, "video-md5": 16}

FeedbackValue = Literal[
    "None", "Unknown", "QualityUnknown", "PendingReview", "Blocked", "NotBlocked", "Withdrawn", "Deleted"
]
_Tag = Annotated[str, Field(max_length=100)]


class _Lenient(BaseModel):
    """What platforms send: strict types, but fields of a later version of the interface are let pass."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class _Feedback(_Lenient):
    hashValue: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$")]  # noqa: N815
    feedbackValue: FeedbackValue  # noqa: N815 - the names of the interface
    tags: Annotated[list[_Tag], Field(max_length=20)] = []


class Feedbacks(_Lenient):
    """The body of ``SubmitFeedback``."""

    count: Annotated[int, Field(ge=0)]
    hashFeedbacks: Annotated[list[_Feedback], Field(max_length=5000)]  # noqa: N815

    def opinions(self) -> list[Opinion]:
        """Raises Refused when the count is not the number of entries."""
        if self.count != len(self.hashFeedbacks):
            raise Refused("invalid")
        return [Opinion(bytes.fromhex(f.hashValue), f.feedbackValue, tuple(f.tags)) for f in self.hashFeedbacks]


class _Said(_Lenient):
    feedbackValue: FeedbackValue  # noqa: N815
    tags: Annotated[list[_Tag], Field(max_length=20)] = []


class _Offered(_Lenient):
    signalType: Annotated[str, Field(max_length=60)]  # noqa: N815
    hashValue: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$")]  # noqa: N815
    CSPFeedbacks: Annotated[list[_Said], Field(max_length=1)] = []

    def contribution(self) -> Contribution:
        """Raises Refused for a signal type that is not listed here, or a value that is none of it."""
        # The stock client sends the name of its own enumeration in front: "StopNCIISignalType.ImagePDQ".
        signal = {shown: name for name, shown in SIGNAL_TYPES.items()}.get(self.signalType.rpartition(".")[2])
        value = bytes.fromhex(self.hashValue)
        if signal is None or len(value) != _LENGTHS[signal]:
            raise Refused("invalid")
        said = self.CSPFeedbacks[0] if self.CSPFeedbacks else _Said(feedbackValue="None")
        return Contribution(signal, value, said.feedbackValue, tuple(said.tags))


class Hashes(_Lenient):
    """The body of ``SubmitHashes``."""

    count: Annotated[int, Field(ge=0)]
    hashRecords: Annotated[list[_Offered], Field(max_length=5000)]  # noqa: N815

    def contributions(self) -> list[Contribution]:
        """Raises Refused."""
        if self.count != len(self.hashRecords):
            raise Refused("invalid")
        return [record.contribution() for record in self.hashRecords]


@dataclass(frozen=True, slots=True)
class Reader:
    """A participant at this feed: ``key`` makes and checks page tokens, ``pseudonyms`` the case pseudonyms."""

    participant: Participant
    intake: str
    key: bytes
    pseudonyms: bytes

    def token(self, start: int, at: int, records: int) -> str:
        text = f"{start}.{at}.{records}"
        return f"{text}.{hmac.digest(self.key, text.encode(), 'sha256').hex()[:32]}"

    def read_token(self, token: str) -> tuple[int, int, int]:
        """Raises Refused unless this intake gave it to this participant."""
        text, _, mac = token.rpartition(".")
        if not token.isascii() or not hmac.compare_digest(
            mac, hmac.digest(self.key, text.encode(), "sha256").hex()[:32]
        ):
            raise Refused("invalid")
        start, at, records = map(int, text.split("."))
        return start, at, records


def fetch(
    connection: Connection, reader: Reader, since: int, size: int, token: str | None
) -> tuple[bytes, tuple[Page, int] | None]:
    """The answer to ``FetchHashes``; and, with the last page, what to note as pulled."""
    if token:
        start, at, before = reader.read_token(token)
    else:
        start = at = cursor.place_before(connection, since)
        before = 0
    page = cursor.read_page(connection, reader.participant, tuple(SIGNAL_TYPES), at, size)
    total = before + len(page.records)
    answer = {
        "count": len(page.records),
        "nextPageToken": None if page.last else reader.token(start, page.records[-1].seq, total),
        "nextSetTimestamp": max(since, page.records[-1].modified) if page.records else since,
        "hasMoreRecords": not page.last,
        "hashRecords": _records(connection, reader, page.records),
    }
    pulled = (Page(page.records, start, page.last, page.horizon), total) if page.last else None
    return json.dumps(answer, separators=(",", ":")).encode(), pulled


def _records(connection: Connection, reader: Reader, records: Sequence[Record]) -> list[dict[str, object]]:
    families = _families(connection, reader.participant, records)
    here = {record.id for record in records}
    others = [one.id for family in families for one in family if one.id not in here]
    holders = cursor.holders(connection, records, others)
    words = cursor.words(connection, records, others)
    names: dict[bytes, str] = {}
    return [
        _record(
            reader,
            record,
            listed=[one for one in family if one.state == "active"],
            numbers=_case_numbers(reader, names, [holder for one in family for holder in holders.get(one.id, ())]),
            words=[word for one in family for word in words.get(one.id, ())],
        )
        for record, family in zip(records, families, strict=True)
    ]


def _case_numbers(reader: Reader, names: dict[bytes, str], holders: Sequence[tuple[bytes, str]]) -> dict[str, str]:
    """The cases as this reader sees them, with their state; ``names`` keeps pseudonyms for the rest of the page."""
    numbers: dict[str, str] = {}
    for lookup, state in holders:
        name = names.get(lookup) or names.setdefault(lookup, cursor.pseudonym(reader.pseudonyms, lookup))
        if numbers.get(name) != "Active":
            numbers[name] = "Active" if state == "listed" else "Withdrawn"
    return numbers


def _record(
    reader: Reader, record: Record, *, listed: Sequence[Record], numbers: dict[str, str], words: Sequence[Word]
) -> dict[str, object]:
    said = {word.participant: word for word in words}
    opinions = [
        {"source": word.platform, "feedbackValue": word.value, "tags": json.loads(word.tags)} for word in said.values()
    ]
    if not listed:  # the stock client ignores hashStatus, but shows a hash with this as disputed
        opinions.append({"source": reader.intake, "feedbackValue": "NotBlocked", "tags": ["withdrawn"]})
    elif all(one.standing != CONFIRMED for one in listed):  # it matches all the same, and carries the tag
        opinions.append({"source": reader.intake, "feedbackValue": "PendingReview", "tags": ["provisional"]})
    return {
        "lastModtimestamp": record.modified,
        "signalType": SIGNAL_TYPES[record.signal],
        "hashValue": record.value.hex(),
        "hashStatus": "Active" if listed else "Withdrawn",
        "caseNumbers": numbers,
        "hashRegions": [],
        "CSPFeedbacks": opinions,
    }


def _families(connection: Connection, reader: Participant, records: Sequence[Record]) -> list[Sequence[Record]]:
    """Each record with the same hash on the reader's other list, if it is there.

    Its software keeps one record per hash, so one that was withdrawn from one list must not hide the other.
    """
    if len(reader.lists) < 2:
        return [(record,) for record in records]
    found: dict[tuple[str, bytes], list[Record]] = defaultdict(list)
    for chunk in chunks({record.value for record in records}, cursor.MAX_PAGE):
        for record in cursor.with_values(connection, reader, chunk):
            found[record.signal, record.value].append(record)
    return [found[record.signal, record.value] for record in records]
