"""The feed in the form of NCMEC's Hash Sharing API, version 2 (XML), whose deletions platforms' software applies.

An entry keeps its id for as long as it exists, and a deleted one is shown as a tombstone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlencode
from xml.etree.ElementTree import ParseError, TreeBuilder, XMLParser
from xml.sax.saxutils import escape, quoteattr

from sqlalchemy import Connection, select

from takedown_cli.intake.cases.hash_state import CONFIRMED
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds import cursor
from takedown_cli.intake.feeds.cursor import Feedback, Page, Record
from takedown_cli.intake.feeds.opinion import Opinion
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.store.tables import hashes

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
#: The only reason for a negative vote. If there is only one, the stock client chooses it without asking.
REASON: Final = ("7d0c8f0e-5b0b-4f43-9c3c-1d6f5b1c2a01", "Not what was reported")
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class TimeRange:
    """Changes after second ``since``, up to and with ``until``. ``start`` is the place at which to continue."""

    since: int
    until: int
    start: int | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str], now: int) -> TimeRange:
        """Return the range that a query asks for. Raise Refused."""
        since = _parse_time(query["from"]) if query.get("from") else 0
        until = _parse_time(query["to"]) if query.get("to") else now
        start = query.get("start")
        if start is not None and not (start.isascii() and start.isdigit() and len(start) < 19):
            raise Refused("invalid")
        return cls(since, until, None if start is None else int(start))


def _parse_time(text: str) -> int:
    """Return the seconds of a time in UTC, with or without a fraction. Raise Refused."""
    for form in (_TIME, "%Y-%m-%dT%H:%M:%S.%fZ"):
        try:
            return max(0, int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()))
        except ValueError:
            continue
    raise Refused("invalid")


def _format_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def _document(root: str, content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">{content}</{root}>'.encode()


def member_id(participant: int) -> int:
    return participant + _OFFSET


def _member_element(number: int, name: str) -> str:
    return f'<member id="{number}">{escape(name)}</member>'


def status_document(participant: Participant, username: str) -> bytes:
    """Return who the caller is. The address stays empty: nobody looks at it."""
    member = _member_element(member_id(participant.id), participant.name)
    return _document("status", f"<ipAddress/><username>{escape(username)}</username>{member}")


def members_document(intake: str, participants: Sequence[Participant]) -> bytes:
    known = [_member_element(member_id(one.id), one.name) for one in participants if one.revoked is None]
    return _document("members", _member_element(OUR_ID, intake) + "".join(known))


def reasons_document(kind: str) -> bytes:
    """Return the reasons for negative feedback, both as documented and as the stock client reads them."""
    if kind not in FEEDBACK_TYPES:
        raise Refused("invalid")
    reason = f'<reason guid="{REASON[0]}" name={quoteattr(REASON[1])} type="{kind}"/>'
    return _document(
        "availableFeedbackReasons", f"{reason}<availableFeedbackReasons>{reason}</availableFeedbackReasons>"
    )


def entries_document(
    connection: Connection, participant: Participant, intake: str, asked: TimeRange
) -> tuple[bytes, Page]:
    """Return one page of changes, and what to record as given.

    ``start`` is a number that anybody can make up. No page begins beyond what this participant was given.
    """
    at = cursor.place_before(connection, asked.since + 1)
    if asked.start is not None:
        at = min(max(asked.start - 1, 0), max(at, cursor.delivered_to(connection, participant)))
    page = cursor.read_page(connection, participant, tuple(SIGNALS), at, PAGE, asked.until)
    page, entries = cursor.render_page(page, partial(_entry_elements, connection, intake))
    groups: dict[str, list[tuple[Record, str]]] = {"image": [], "video": []}
    for record, entry in zip(page.records, entries, strict=True):
        groups[SIGNALS[record.signal][0]].append((record, entry))
    content = "".join(_group_element(kind, some) for kind, some in groups.items())
    if not page.last:
        going_on = {
            "from": _format_time(asked.since),
            "to": _format_time(asked.until),
            "start": page.records[-1].seq + 1,
            "size": PAGE,
            "max": page.horizon,
        }
        content += f"<paging><next>{escape('/v2/entries?' + urlencode(going_on))}</next></paging>"
    horizon = page.records[-1].seq if page.records else at
    return _document("queryResult", content), Page(page.records, at, page.last, horizon)


def _entry_elements(connection: Connection, intake: str, records: Sequence[Record]) -> Iterator[str]:
    words = cursor.feedback_on(connection, records)
    for record in records:
        yield _entry_element(SIGNALS[record.signal][0], record, words[record.id], intake)


def _group_element(kind: str, entries: Sequence[tuple[Record, str]]) -> str:
    """Return the element of one kind of media. An empty group has no maxTimestamp."""
    if not entries:
        return f'<{kind}s count="0"/>'
    latest = _format_time(max(record.modified for record, _ in entries))
    inside = "".join(entry for _, entry in entries)
    return f'<{kind}s count="{len(entries)}" maxTimestamp="{latest}">{inside}</{kind}s>'


def _entry_element(kind: str, record: Record, words: Sequence[Feedback], intake: str) -> str:
    common = (
        f"{_member_element(OUR_ID, intake)}<timestamp>{_format_time(record.modified)}</timestamp><id>{record.id}</id>"
    )
    if record.state != "active":
        return f"<deleted{kind.title()}>{common}</deleted{kind.title()}>"
    fingerprint = SIGNALS[record.signal][1]
    value = f"<fingerprints><{fingerprint}>{record.value.hex()}</{fingerprint}></fingerprints>"
    own = _member_element(OUR_ID, intake) if record.standing == CONFIRMED else ""
    return f"<{kind}>{common}{value}{_feedback_element(_TYPES[fingerprint], words, own)}</{kind}>"


def _feedback_element(kind: str, words: Sequence[Feedback], own: str) -> str:
    """Return the feedback on an entry. ``own`` is the intake itself, which affirms what is confirmed."""
    said = {
        value: "".join(
            _member_element(member_id(word.participant), word.platform) for word in words if word.value == value
        )
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


def read_vote(body: bytes) -> str:
    """Return the feedback value of a vote: Blocked or NotBlocked. Raise Refused."""
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


def vote_opinion(
    connection: Connection, participant: Participant, member: str, entry: str, kind: str, value: str
) -> Opinion:
    """Return the vote on an entry as an opinion. Raise Refused("no-such-case") if the participant has no such entry."""
    if member != str(OUR_ID) or not (entry.isascii() and entry.isdigit() and len(entry) < 19):
        raise Refused("no-such-case")
    mine = cursor.answerable_by(connection, participant)
    query = select(hashes.c.value, hashes.c.signal).where(hashes.c.id == int(entry), *mine)
    row = connection.execute(query).first()
    if row is None or _TYPES[SIGNALS[row.signal][1]] != kind:
        raise Refused("no-such-case")
    return Opinion(bytes(row.value), value)
