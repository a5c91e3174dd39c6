"""The feed in the shape of NCMEC's Hash Sharing API, version 2 (XML), whose deletions platforms' software applies.

It guarantees that an entry keeps its id for as long as it exists, and that a deleted one is told as a tombstone.
It must never resolve an entity or follow a reference in what it is sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlencode
from xml.etree.ElementTree import ParseError, TreeBuilder, XMLParser
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy import Connection, select

from takedown_cli.intake.feeds import cursor
from takedown_cli.intake.feeds.cursor import Page, Record, Word
from takedown_cli.intake.feeds.opinion import Opinion
from takedown_cli.intake.participants import Participant
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.schema import hashes
from takedown_cli.intake.standing import CONFIRMED

NAMESPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
PAGE: Final = 1000
#: The last two are in the links to a next page, and change nothing.
PARAMETERS: Final = ("from", "to", "start", "size", "max")
#: The intake's own member id; a participant's is its row id plus the offset.
OUR_ID: Final = 1
_OFFSET: Final = 100

#: Signal → (element, fingerprint element). The frame of a video is matched as the picture it is.
SIGNALS: Final = {
    "pdq": ("image", "pdq"),
    "image-md5": ("image", "md5"),
    "image-sha1": ("image", "sha1"),
    "video-md5": ("video", "md5"),
    "video-sha1": ("video", "sha1"),
}
_TYPES: Final = {"pdq": "PDQ", "md5": "MD5", "sha1": "SHA1"}
FEEDBACK_TYPES: Final = (
    "MD5", "SHA1", "PDNA", "PDQ", "NETCLEAN", "VIDENTIFIER", "TMK_PDQF", "SSVH_PDNA", "SSVH_SAFER_HASH",
)  # fmt: skip
#: The one reason a negative vote can have; with a single one the stock client chooses it by itself.
REASON: Final = ("7d0c8f0e-5b0b-4f43-9c3c-1d6f5b1c2a01", "Not what was reported")
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Range:
    """What is asked for: changes after second ``since`` up to and with ``until``; ``start`` is a place to go on at."""

    since: int
    until: int
    start: int | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str], now: int) -> Range:
        """Raises Refused."""
        since = _seconds(query["from"]) if query.get("from") else 0
        until = _seconds(query["to"]) if query.get("to") else now
        start = query.get("start")
        if start is not None and not (start.isascii() and start.isdigit() and len(start) < 19):
            raise Refused("invalid")
        return cls(since, until, None if start is None else int(start))


def _seconds(text: str) -> int:
    """UTC, with or without a fraction. Raises Refused."""
    for form in (_TIME, "%Y-%m-%dT%H:%M:%S.%fZ"):
        try:
            return max(0, int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()))
        except ValueError:
            continue
    raise Refused("invalid")


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def _document(root: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{content}</{root}>'.encode()


def member_id(participant: int) -> int:
    return participant + _OFFSET


def _member(number: int, name: str) -> str:
    return f'<member id="{number}">{escape(name)}</member>'


def status(reader: Participant, username: str) -> bytes:
    """Who the caller is. The address it came from is left empty: it is not looked at."""
    return _document(
        "status", f"<ipAddress/><username>{escape(username)}</username>{_member(member_id(reader.id), reader.name)}"
    )


def members(intake: str, participants: Sequence[Participant]) -> bytes:
    known = [_member(member_id(one.id), one.name) for one in participants if one.revoked is None]
    return _document("members", _member(OUR_ID, intake) + "".join(known))


def reasons(kind: str) -> bytes:
    """The reasons of negative feedback, as the documentation has them and as the stock client reads them."""
    if kind not in FEEDBACK_TYPES:
        raise Refused("invalid")
    reason = f'<reason guid="{REASON[0]}" name={quoteattr(REASON[1])} type="{kind}"/>'
    return _document(
        "availableFeedbackReasons", f"{reason}<availableFeedbackReasons>{reason}</availableFeedbackReasons>"
    )


def entries(connection: Connection, reader: Participant, intake: str, asked: Range) -> tuple[bytes, Page | None]:
    """One page of changes; and, with the last page, what to note as pulled."""
    first = cursor.place_before(connection, asked.since + 1)
    at = first if asked.start is None else max(asked.start - 1, 0)
    page = cursor.read_page(connection, reader, tuple(SIGNALS), at, PAGE, asked.until)
    words = cursor.words(connection, page.records)
    groups = {
        kind: [record for record in page.records if SIGNALS[record.signal][0] == kind] for kind in ("image", "video")
    }
    content = "".join(
        _group(kind, [(record, words.get(record.id, ())) for record in some], intake) for kind, some in groups.items()
    )
    if not page.last:
        going_on = {
            "from": _time(asked.since),
            "to": _time(asked.until),
            "start": page.records[-1].seq + 1,
            "size": PAGE,
            "max": page.horizon,
        }
        content += f"<paging><next>{escape('/v2/entries?' + urlencode(going_on))}</next></paging>"
        return _document("queryResult", content), None
    horizon = page.records[-1].seq if page.records else at
    return _document("queryResult", content), Page(page.records, first, True, horizon)


def _group(kind: str, records: Sequence[tuple[Record, Sequence[Word]]], intake: str) -> str:
    """An empty group has no maxTimestamp: there is none."""
    if not records:
        return f'<{kind}s count="0"/>'
    latest = _time(max(record.modified for record, _ in records))
    inside = "".join(_entry(kind, record, words, intake) for record, words in records)
    return f'<{kind}s count="{len(records)}" maxTimestamp="{latest}">{inside}</{kind}s>'


def _entry(kind: str, record: Record, words: Sequence[Word], intake: str) -> str:
    common = f"{_member(OUR_ID, intake)}<timestamp>{_time(record.modified)}</timestamp><id>{record.id}</id>"
    if record.state != "active":
        return f"<deleted{kind.title()}>{common}</deleted{kind.title()}>"
    fingerprint = SIGNALS[record.signal][1]
    value = f"<fingerprints><{fingerprint}>{record.value.hex()}</{fingerprint}></fingerprints>"
    own = _member(OUR_ID, intake) if record.standing == CONFIRMED else ""
    return f"<{kind}>{common}{value}{_feedback(_TYPES[fingerprint], words, own)}</{kind}>"


def _feedback(kind: str, words: Sequence[Word], own: str) -> str:
    """What was said of an entry. ``own`` is the intake itself, which agrees with what is more than provisional."""
    said = {
        value: "".join(_member(member_id(word.participant), word.platform) for word in words if word.value == value)
        for value in ("Blocked", "NotBlocked")
    }
    said["Blocked"] += own
    parts = []
    if said["Blocked"]:
        parts.append(f'<affirmativeFeedback type="{kind}"><members>{said["Blocked"]}</members></affirmativeFeedback>')
    if said["NotBlocked"]:
        reason = f'<reason guid="{REASON[0]}" name={quoteattr(REASON[1])} type="{kind}"/>'
        inside = f"<reasons>{reason}<members>{said['NotBlocked']}</members></reasons>"
        parts.append(f'<negativeFeedback type="{kind}">{inside}</negativeFeedback>')
    return f"<feedback>{''.join(parts)}</feedback>" if parts else ""


class _NoDoctype(TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise Refused("invalid")


def vote(body: bytes) -> str:
    """The feedback value of a vote: Blocked or NotBlocked. Raises Refused."""
    if b"<!" in body or b"<?xml-" in body:  # no document type, so no entities, whatever the encoding says
        raise Refused("invalid")
    parser = XMLParser(target=_NoDoctype(), encoding="utf-8")
    try:
        parser.feed(body)
        root = parser.close()
    except (ParseError, ValueError, LookupError):
        raise Refused("invalid") from None
    names = [child.tag.rpartition("}")[2] for child in root]
    if root.tag.rpartition("}")[2] != "feedbackSubmission" or len(names) != 1:
        raise Refused("invalid")
    value = {"affirmative": "Blocked", "negative": "NotBlocked"}.get(names[0])
    if value is None:
        raise Refused("invalid")
    return value


def opinion_on(connection: Connection, speaker: Participant, member: str, entry: str, kind: str, value: str) -> Opinion:
    """The vote on an entry as an opinion. Raises Refused("no-such-case") when the speaker has no such entry."""
    if member != str(OUR_ID) or not (entry.isascii() and entry.isdigit() and len(entry) < 19):
        raise Refused("no-such-case")
    query = select(hashes.c.value, hashes.c.signal).where(
        hashes.c.id == int(entry), hashes.c.list.in_(speaker.lists), hashes.c.state != "held"
    )
    row = connection.execute(query).first()
    if row is None or _TYPES[SIGNALS[row.signal][1]] != kind:
        raise Refused("no-such-case")
    return Opinion(bytes(row.value), value)
