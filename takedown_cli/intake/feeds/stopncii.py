"""The feed in the form of the StopNCII API, version 1, so that platforms can read it with their existing software.

``nextSetTimestamp`` never goes back, and every page token leads to the next page.
"""

from __future__ import annotations

import hmac
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from takedown_cli.intake.cases.hash_state import CONFIRMED
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds import cursor
from takedown_cli.intake.feeds.contribution import Contribution
from takedown_cli.intake.feeds.cursor import Feedback, Page, Record
from takedown_cli.intake.feeds.opinion import Opinion
from takedown_cli.intake.refusal import Refused

SIGNAL_TYPES: Final = {"pdq": "ImagePDQ", "video-md5": "VideoMD5"}
DEFAULT_PAGE: Final = 800
PARAMETERS: Final = ("startTimestamp", "pageSize", "nextPageToken")
_LENGTHS: Final = {"pdq": 32, "video-md5": 16}

FeedbackValue = Literal[
    "None", "Unknown", "QualityUnknown", "PendingReview", "Blocked", "NotBlocked", "Withdrawn", "Deleted"
]
_Tag = Annotated[str, Field(max_length=100)]


class _Lenient(BaseModel):
    """Base of what platforms send: strict types, but unknown fields of a later interface version are ignored."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class _Feedback(_Lenient):
    feedbackValue: FeedbackValue  # noqa: N815 - the names of the interface
    tags: Annotated[list[_Tag], Field(max_length=20)] = []


class _HashFeedback(_Feedback):
    hashValue: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$")]  # noqa: N815


class Feedbacks(_Lenient):
    """The body of ``SubmitFeedback``."""

    count: Annotated[int, Field(ge=0)]
    hashFeedbacks: Annotated[list[_HashFeedback], Field(max_length=5000)]  # noqa: N815

    def opinions(self) -> list[Opinion]:
        """Return the opinions. Raise Refused if the count is not the number of entries."""
        if self.count != len(self.hashFeedbacks):
            raise Refused("invalid")
        return [Opinion(bytes.fromhex(f.hashValue), f.feedbackValue, tuple(f.tags)) for f in self.hashFeedbacks]


class _OfferedHash(_Lenient):
    signalType: Annotated[str, Field(max_length=60)]  # noqa: N815
    hashValue: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{32}|[0-9a-fA-F]{64})$")]  # noqa: N815
    CSPFeedbacks: Annotated[list[_Feedback], Field(max_length=1)] = []

    def contribution(self) -> Contribution:
        """Return the contribution. Raise Refused for a signal type that is not listed here, or a wrong value."""
        # The stock client sends the name of its own enumeration in front: "StopNCIISignalType.ImagePDQ".
        signal = {shown: name for name, shown in SIGNAL_TYPES.items()}.get(self.signalType.rpartition(".")[2])
        value = bytes.fromhex(self.hashValue)
        if signal is None or len(value) != _LENGTHS[signal]:
            raise Refused("invalid")
        said = self.CSPFeedbacks[0] if self.CSPFeedbacks else _Feedback(feedbackValue="None")
        return Contribution(signal, value, said.feedbackValue, tuple(said.tags))


class Hashes(_Lenient):
    """The body of ``SubmitHashes``."""

    count: Annotated[int, Field(ge=0)]
    hashRecords: Annotated[list[_OfferedHash], Field(max_length=5000)]  # noqa: N815

    def contributions(self) -> list[Contribution]:
        """Return the contributions. Raise Refused."""
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

    def make_token(self, at: int, records: int) -> str:
        text = f"{at}.{records}"
        return f"{text}.{hmac.digest(self.key, text.encode(), 'sha256').hex()[:32]}"

    def read_token(self, token: str) -> tuple[int, int]:
        """Return place and number of records from a page token. Raise Refused unless we made it for this reader."""
        text, _, mac = token.rpartition(".")
        if not token.isascii() or not hmac.compare_digest(
            mac, hmac.digest(self.key, text.encode(), "sha256").hex()[:32]
        ):
            raise Refused("invalid")
        *_, at, records = map(int, text.split("."))  # the version before put another number in front
        return at, records


def fetch_hashes(
    connection: Connection, reader: Reader, since: int, size: int, token: str | None
) -> tuple[bytes, Page, int]:
    """Return the answer to ``FetchHashes``, the page to note as given and, with the last one, the records of all."""
    if token:
        at, before = reader.read_token(token)
    else:
        at, before = cursor.place_before(connection, since), 0
    page = cursor.read_page(connection, reader.participant, tuple(SIGNAL_TYPES), at, size)
    page, shown = cursor.render_page(page, partial(_records_json, connection, reader))
    total = before + len(page.records)
    answer = {
        "count": len(page.records),
        "nextPageToken": None if page.last else reader.make_token(page.records[-1].seq, total),
        "nextSetTimestamp": max(since, page.records[-1].modified) if page.records else since,
        "hasMoreRecords": not page.last,
    }
    given = replace(page, horizon=page.horizon if page.last else page.records[-1].seq)
    text = f'{json.dumps(answer, separators=(",", ":"))[:-1]},"hashRecords":[{",".join(shown)}]}}'
    return text.encode(), given, total if page.last else 0


def _records_json(connection: Connection, reader: Reader, records: Sequence[Record]) -> Iterator[str]:
    families = _with_other_list(connection, reader.participant, records)
    here = {record.id for record in records}
    others = [one.id for family in families for one in family if one.id not in here]
    newest = cursor.newest_cases(connection, records, others)
    words = cursor.feedback_on(connection, records, others)
    names: dict[bytes, str] = {}
    for record, family in zip(records, families, strict=True):
        listed = [one for one in family if one.state == "active"]
        found = {case for one in listed for case in newest[one.id]}
        lookups = [lookup for _, lookup in sorted(found, reverse=True)][: cursor.MAX_CASES]
        for lookup in lookups:
            if lookup not in names:
                names[lookup] = cursor.pseudonym(reader.pseudonyms, lookup)
        numbers = [names[lookup] for lookup in lookups]
        count = 0
        if len(numbers) == cursor.MAX_CASES:
            count = cursor.count_cases(connection, listed[0], listed[-1])
        said = {word.participant: word for one in family for word in words[one.id]}
        yield _record_json(reader, record, listed, numbers, count, said.values())


def _record_json(
    reader: Reader,
    record: Record,
    listed: Sequence[Record],
    numbers: Sequence[str],
    count: int,
    words: Iterable[Feedback],
) -> str:
    """Return a record as JSON. ``numbers`` are the newest of ``count`` cases, or all of them.

    It is put together as text, because an encoder takes several times as long for it. All values are our own words,
    numbers and digits, or JSON already.
    """
    opinions = [_opinion_json(word.platform, word.value, word.tags) for word in words]
    if not listed:  # the stock client ignores hashStatus, but shows a hash with this as disputed
        opinions.append(_opinion_json(reader.intake, "NotBlocked", '["withdrawn"]'))
    elif all(one.standing != CONFIRMED for one in listed):  # it matches all the same, and carries the tag
        opinions.append(_opinion_json(reader.intake, "PendingReview", '["provisional"]'))
    cases = ",".join([f'"{number}":"Active"' for number in numbers])
    counted = f'"caseCount":{count},' if count > len(numbers) else ""
    return (
        f'{{"lastModtimestamp":{record.modified},"signalType":"{SIGNAL_TYPES[record.signal]}",'
        f'"hashValue":"{record.value.hex()}","hashStatus":"{"Active" if listed else "Withdrawn"}",'
        f'"caseNumbers":{{{cases}}},{counted}"hashRegions":[],"CSPFeedbacks":[{",".join(opinions)}]}}'
    )


def _opinion_json(source: str, value: str, tags: str) -> str:
    return f'{{"source":{json.dumps(source)},"feedbackValue":"{value}","tags":{tags}}}'


def _with_other_list(connection: Connection, reader: Participant, records: Sequence[Record]) -> list[Sequence[Record]]:
    """Return each record together with the same hash on the reader's other list.

    The reader's software keeps one record a hash, so a withdrawal from one list must not hide the other.
    """
    if len(reader.lists) < 2:
        return [(record,) for record in records]
    found: dict[tuple[str, bytes], list[Record]] = defaultdict(list)
    for record in cursor.records_with_values(connection, reader, [record.value for record in records]):
        found[record.signal, record.value].append(record)
    return [found[record.signal, record.value] for record in records]
