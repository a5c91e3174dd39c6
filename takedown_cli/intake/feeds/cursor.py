"""Reads hash records page by page, in the order of their modification, which stays stable while others write.

A participant that continues from its last place misses no record, however many change in the meantime. The number of
pulled records is recorded by day.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, func, insert, or_, select, update

from takedown_cli.intake.cases.hash_state import CONFIRMED, FEEDBACK_COUNTS, PROVISIONAL, Standing
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.messages.signals import EVERY_CLASS
from takedown_cli.intake.store.prepared_statements import PreparedStatement, in_chunks
from takedown_cli.intake.store.tables import (
    LISTING_OF_ITEM,
    cases,
    clock,
    contributions,
    feedback,
    hashes,
    items,
    listings,
    participants,
    pulls,
)
from takedown_cli.intake.store.writer import WriteTransaction

#: A page ends with the record at which it has this many records, or before the one that would make it this large. That
#: is room for 5,000 ordinary records of the StopNCII shape.
MAX_PAGE: Final = 5000
MAX_BYTES: Final = 2 << 20
#: This many records of a page are read at once with their cases and feedback, so that a page needs little memory.
SLICE: Final = 250
#: A record names its newest cases only. Whoever has many cases could make a page of any size otherwise.
MAX_CASES: Final = 20
MAX_COUNTED: Final = 1000
_DENSE: Final = 4


@dataclass(frozen=True, slots=True)
class Record:
    """One hash record. Any ``state`` but active is shown as withdrawn. ``modified`` is in seconds.

    For a participant that wants confirmed hashes only, one that is no longer confirmed is withdrawn.
    """

    id: int
    list: str
    signal: str
    value: bytes
    state: str
    standing: Standing
    modified: int
    seq: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """A participant's answer about a record, in the StopNCII interface's terms; ``tags`` is a JSON list."""

    participant: int
    platform: str
    value: str
    tags: str


@dataclass(frozen=True, slots=True)
class Page:
    """``records`` after ``start``, in order. ``last``: nothing follows up to ``horizon``."""

    records: Sequence[Record]
    start: int
    last: bool
    horizon: int


def place_before(connection: Connection, modified: int) -> int:
    """Return the last place before this second."""
    query = select(hashes.c.seq).where(hashes.c.modified < modified)
    return connection.scalar(query.order_by(hashes.c.modified.desc(), hashes.c.seq.desc()).limit(1)) or 0


_RECORD = [hashes.c[field.name] for field in fields(Record)]


def delivered_to(connection: Connection, participant: Participant) -> int:
    """Return the place up to which the participant was given everything that it may have."""
    query = select(func.max(pulls.c.upto)).where(pulls.c.participant_id == participant.id)
    return connection.scalar(query) or 0


def answerable_by(connection: Connection, participant: Participant) -> list[ColumnElement[bool]]:
    """Return conditions for the records on which a participant may have an opinion: it was given them, or has them."""
    wanted = hashes.c.classes.bitwise_and(participant.classes) != 0
    given = and_(wanted, *visible_to(participant), hashes.c.active_from <= delivered_to(connection, participant))
    own = exists().where(contributions.c.hash_id == hashes.c.id, contributions.c.participant_id == participant.id)
    return [hashes.c.list.in_(participant.lists), or_(given, and_(own, hashes.c.shown))]


def records_with_values(connection: Connection, participant: Participant, values: Sequence[bytes]) -> list[Record]:
    """Return the records with one of these values that the participant may see, on any list."""
    query = select(*_RECORD).where(hashes.c.value.in_(values), *visible_to(participant))
    return [_as_read_by(participant, Record(*row)) for row in connection.execute(query)]


def visible_to(participant: Participant) -> list[ColumnElement[bool]]:
    """Return conditions for what a participant may see: what was once active, and not withdrawn before it joined."""
    known = [hashes.c.shown, or_(hashes.c.state == "active", hashes.c.seq > participant.joined)]
    return [*known, hashes.c.standing != PROVISIONAL] if participant.confirmed else known


def _as_read_by(participant: Participant, record: Record) -> Record:
    lapsed = participant.confirmed and record.standing != CONFIRMED and record.state == "active"
    return replace(record, state="withdrawn") if lapsed else record


def read_page(
    connection: Connection,
    participant: Participant,
    signals: Sequence[str],
    start: int,
    size: int,
    until: int | None = None,
) -> Page:
    """Return at most ``size`` records after place ``start``, of the participant's lists and classes.

    ``until`` is the last second that is wanted. The clock is read first: what is committed later is beyond the
    horizon, whatever the isolation level.
    """
    horizon = connection.scalar(select(clock.c.seq)) or 0
    query = select(*_RECORD).where(
        hashes.c.seq > start,
        hashes.c.seq <= horizon,
        hashes.c.list.in_(participant.lists),
        hashes.c.signal.in_(signals),
        *visible_to(participant),
    )
    if until is not None:
        query = query.where(hashes.c.modified <= until)
    if participant.classes != EVERY_CLASS:
        query = query.where(hashes.c.classes.bitwise_and(participant.classes) != 0)
    rows = connection.execute(query.order_by(hashes.c.seq).limit(size + 1)).all()
    return Page([_as_read_by(participant, Record(*row)) for row in rows[:size]], start, len(rows) <= size, horizon)


def render_page(page: Page, render: Callable[[Sequence[Record]], Iterable[str]]) -> tuple[Page, list[str]]:
    """Return the page with as many of its records as fit, at least one, and the text of each in a feed's form.

    ``render`` gets the records in slices, so that their cases and feedback are not all in memory at once.
    """
    texts: list[str] = []
    room = MAX_BYTES
    for some in in_chunks(page.records, SLICE):
        for text in render(some):
            room -= len(text.encode()) + 1
            if room < 0 and texts:
                return replace(page, records=page.records[: len(texts)], last=False), texts
            texts.append(text)
    return page, texts


def _of_page(query: Select[*tuple[Any, ...]]) -> PreparedStatement:
    return PreparedStatement(query.where(hashes.c.seq >= bindparam("first"), hashes.c.seq <= bindparam("last")))


def _of_ids(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.where(hashes.c.id.in_(bindparam("some", expanding=True)))


#: Listed items. Said the other way round, SQLite would begin with all items in that state.
_LISTED = and_(items.c.state != "held", items.c.state != "withdrawn")
_other_listings, _other_items = listings.alias(), items.alias()
#: The case up to which the newest cases of a record go, or none if there are fewer.
_LAST_NEWEST = (
    select(_other_listings.c.case_id)
    .distinct()
    .join(
        _other_items,
        and_(_other_items.c.case_id == _other_listings.c.case_id, _other_items.c.number == _other_listings.c.number),
    )
    .where(_other_listings.c.hash_id == hashes.c.id)
    .where(_other_items.c.state != "held", _other_items.c.state != "withdrawn")
    .order_by(_other_listings.c.case_id.desc())
    .limit(1)
    .offset(MAX_CASES - 1)
    .correlate(hashes)
    .scalar_subquery()
)
_NEWEST = (
    select(hashes.c.id, listings.c.case_id, cases.c.lookup)
    .distinct()
    .select_from(hashes)
    .join(listings, and_(listings.c.hash_id == hashes.c.id, listings.c.case_id >= func.coalesce(_LAST_NEWEST, 0)))
    .join(items, LISTING_OF_ITEM)
    .join(cases, cases.c.id == listings.c.case_id)
    .where(_LISTED)
)
_WORDS = (
    select(hashes.c.id, feedback.c.participant_id, participants.c.name, feedback.c.value, feedback.c.tags)
    .select_from(hashes)
    .join(feedback, feedback.c.hash_id == hashes.c.id)
    .join(participants, participants.c.id == feedback.c.participant_id)
    .where(FEEDBACK_COUNTS)
    .order_by(participants.c.name)
)
_PAGE_NEWEST, _PAGE_WORDS = _of_page(_NEWEST), _of_page(_WORDS)
_SOME_NEWEST, _SOME_WORDS = _of_ids(_NEWEST), _of_ids(_WORDS)
_SOME_CASES = (
    select(listings.c.case_id)
    .distinct()
    .join(items, LISTING_OF_ITEM)
    .where(or_(listings.c.hash_id == bindparam("one"), listings.c.hash_id == bindparam("other")), _LISTED)
    .limit(MAX_COUNTED)
)
_COUNT_CASES = PreparedStatement(select(func.count()).select_from(_SOME_CASES.subquery()))


def newest_cases(
    connection: Connection, records: Sequence[Record], others: Sequence[int] = ()
) -> dict[int, list[tuple[int, bytes]]]:
    """Return row id and lookup HMAC of the newest cases that stand for each record of a slice or of ``others``.

    The newest is first, and there are at most ``MAX_CASES``.
    """
    found: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for row, *holder in _rows(connection, _PAGE_NEWEST, _SOME_NEWEST, records, others):
        found[row].append((holder[0], holder[1]))
    for some in found.values():
        some.sort(reverse=True)
    return found


def count_cases(connection: Connection, one: Record, other: Record) -> int:
    """Return how many cases stand for either of two records; not more than ``MAX_COUNTED`` are counted."""
    [(count,)] = _COUNT_CASES.rows(connection, one=one.id, other=other.id)
    return int(count)


def feedback_on(
    connection: Connection, records: Sequence[Record], others: Sequence[int] = ()
) -> dict[int, list[Feedback]]:
    """Return the participants' feedback on each record of a slice or of ``others``."""
    found: dict[int, list[Feedback]] = defaultdict(list)
    for row, *word in _rows(connection, _PAGE_WORDS, _SOME_WORDS, records, others):
        found[row].append(Feedback(*word))
    return found


def _rows(
    connection: Connection,
    of_page: PreparedStatement,
    of_some: Select[*tuple[Any, ...]],
    records: Sequence[Record],
    others: Sequence[int],
) -> Iterator[Sequence[Any]]:
    """Return rows for a slice of a page and for other records.

    A range of places is far cheaper to ask for than a list of records, unless most of it is not the reader's.
    """
    ids = list(others)
    if records and records[-1].seq - records[0].seq < _DENSE * len(records):
        yield from of_page.rows(connection, first=records[0].seq, last=records[-1].seq)
    else:
        ids += [record.id for record in records]
    for chunk in in_chunks(ids):
        yield from connection.execute(of_some, {"some": chunk})


def pseudonym_key(master: bytes, participant: Participant) -> bytes:
    """Return the key for this participant's pseudonyms of cases, which match no other participant's."""
    return hmac.digest(master, b"%d" % participant.id, "sha256")


def pseudonym(key: bytes, lookup: bytes) -> str:
    """Return the name of a case for one participant: 32 hexadecimal digits."""
    return hmac.digest(key, lookup, "sha256").hex()[:32]


def note_pull(transaction: WriteTransaction, participant: Participant, page: Page, records: int) -> None:
    """Note that the participant was given everything up to the page's horizon, unless it skipped something.

    ``records`` counts those of all pages, when this is the last. A participant that began after the end of what it was
    given skipped records.
    """
    upto = delivered_to(transaction.connection, participant)
    between = hashes.c.seq > upto, hashes.c.seq <= page.start, hashes.c.list.in_(participant.lists)
    skipped = page.start > upto and transaction.execute(select(hashes.c.id).where(*between).limit(1)).first()
    horizon = upto if skipped else max(upto, min(page.horizon, transaction.last_seq))
    today = and_(pulls.c.participant_id == participant.id, pulls.c.day == transaction.day)
    changed = transaction.execute(update(pulls).where(today).values(upto=horizon, records=pulls.c.records + records))
    if not changed.rowcount:
        transaction.execute(
            insert(pulls).values(participant_id=participant.id, day=transaction.day, upto=horizon, records=records)
        )


def close_time_range(transaction: WriteTransaction, until: int) -> None:
    """Make sure that every later commit is dated after ``until`` (seconds).

    The NCMEC interface asks for ranges of time. A change that is dated inside a range but committed after the range was
    read would never be read.
    """
    transaction.execute(update(clock).where(clock.c.modified <= until).values(modified=until + 1))
    transaction.modified = max(transaction.modified, until + 1)
