"""Reading hash records page by page: one order of modification, stable while others write.

It guarantees that a reader who goes on from the last place it was given misses no record, however many change
meanwhile, and that what one participant has pulled is noted by day. It must never load more than a page.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, insert, or_, select, update

from takedown_cli.intake.listing import chunks
from takedown_cli.intake.participants import Participant
from takedown_cli.intake.prepared import Prepared
from takedown_cli.intake.schema import cases, clock, feedback, hashes, items, listings, participants, pulls
from takedown_cli.intake.signals import EVERY_CLASS
from takedown_cli.intake.standing import CONFIRMED, PROVISIONAL, Standing
from takedown_cli.intake.writer import Turn

MAX_PAGE: Final = 5000


@dataclass(frozen=True, slots=True)
class Record:
    """One hash record; any ``state`` but active is shown as withdrawn. ``modified`` is in seconds.

    For a reader who wants confirmed hashes only, one that is confirmed no more is withdrawn.
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
class Word:
    """What a participant said about a record, in the StopNCII interface's terms; ``tags`` is a JSON list."""

    participant: int
    platform: str
    value: str
    tags: str


@dataclass(frozen=True, slots=True)
class Page:
    """``records`` after ``start``, in order; ``last`` says that nothing follows up to ``horizon``."""

    records: Sequence[Record]
    start: int
    last: bool
    horizon: int


def place_before(connection: Connection, modified: int) -> int:
    """The last place before this second."""
    query = select(hashes.c.seq).where(hashes.c.modified < modified)
    return connection.scalar(query.order_by(hashes.c.modified.desc(), hashes.c.seq.desc()).limit(1)) or 0


_RECORD = (
    hashes.c.id,
    hashes.c.list,
    hashes.c.signal,
    hashes.c.value,
    hashes.c.state,
    hashes.c.standing,
    hashes.c.modified,
    hashes.c.seq,
)


def with_values(connection: Connection, reader: Participant, values: Sequence[bytes]) -> list[Record]:
    """The records with one of these values that the reader may know, on any list."""
    query = select(*_RECORD).where(hashes.c.value.in_(values), *_known_to(reader))
    return [_as_read_by(reader, Record(*row)) for row in connection.execute(query)]


def _known_to(reader: Participant) -> list[ColumnElement[bool]]:
    """What a reader may have been shown: never what is held, nor what was gone before it came."""
    known = [hashes.c.state != "held", or_(hashes.c.state == "active", hashes.c.seq > reader.joined)]
    return [*known, hashes.c.standing != PROVISIONAL] if reader.confirmed else known


def _as_read_by(reader: Participant, record: Record) -> Record:
    lapsed = reader.confirmed and record.standing != CONFIRMED and record.state == "active"
    return replace(record, state="withdrawn") if lapsed else record


def read_page(
    connection: Connection, reader: Participant, signals: Sequence[str], start: int, size: int, until: int | None = None
) -> Page:
    """At most ``size`` records that come after place ``start``, of the reader's lists and classes.

    ``until`` is a second after which nothing is wanted. The clock is read first: what is committed later is beyond
    the horizon, whatever the isolation level.
    """
    horizon = connection.scalar(select(clock.c.seq)) or 0
    query = select(*_RECORD).where(
        hashes.c.seq > start,
        hashes.c.seq <= horizon,
        hashes.c.list.in_(reader.lists),
        hashes.c.signal.in_(signals),
        *_known_to(reader),
    )
    if until is not None:
        query = query.where(hashes.c.modified <= until)
    if reader.classes != EVERY_CLASS:
        query = query.where(hashes.c.classes.bitwise_and(reader.classes) != 0)
    rows = connection.execute(query.order_by(hashes.c.seq).limit(size + 1)).all()
    return Page([_as_read_by(reader, Record(*row)) for row in rows[:size]], start, len(rows) <= size, horizon)


def _of_page(query: Select[*tuple[Any, ...]]) -> Prepared:
    return Prepared(query.where(hashes.c.seq >= bindparam("first"), hashes.c.seq <= bindparam("last")))


def _of_some(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    return query.where(hashes.c.id.in_(bindparam("some", expanding=True)))


_HOLDERS = (
    select(hashes.c.id, cases.c.lookup, items.c.state)
    .select_from(hashes)
    .join(listings, listings.c.hash_id == hashes.c.id)
    .join(items, and_(items.c.case_id == listings.c.case_id, items.c.number == listings.c.number))
    .join(cases, cases.c.id == listings.c.case_id)
    .where(items.c.state != "held")
)
_WORDS = (
    select(hashes.c.id, feedback.c.participant_id, participants.c.name, feedback.c.value, feedback.c.tags)
    .select_from(hashes)
    .join(feedback, feedback.c.hash_id == hashes.c.id)
    .join(participants, participants.c.id == feedback.c.participant_id)
    .order_by(participants.c.name)
)
_PAGE_HOLDERS, _PAGE_WORDS = _of_page(_HOLDERS), _of_page(_WORDS)
_SOME_HOLDERS, _SOME_WORDS = _of_some(_HOLDERS), _of_some(_WORDS)


def holders(
    connection: Connection, records: Sequence[Record], others: Sequence[int] = ()
) -> dict[int, list[tuple[bytes, str]]]:
    """The cases that hold or held each record of a page, and ``others``: lookup HMAC and the item's state."""
    found: dict[int, list[tuple[bytes, str]]] = defaultdict(list)
    for row, lookup, state in _rows(connection, _PAGE_HOLDERS, _SOME_HOLDERS, records, others):
        found[row].append((lookup, state))
    return found


def words(connection: Connection, records: Sequence[Record], others: Sequence[int] = ()) -> dict[int, list[Word]]:
    """What participants said of each record of a page, and of ``others``."""
    found: dict[int, list[Word]] = defaultdict(list)
    for row, *word in _rows(connection, _PAGE_WORDS, _SOME_WORDS, records, others):
        found[row].append(Word(*word))
    return found


def _rows(
    connection: Connection,
    of_page: Prepared,
    of_some: Select[*tuple[Any, ...]],
    records: Sequence[Record],
    others: Sequence[int],
) -> Iterator[Sequence[Any]]:
    """A page is a stretch of places, which is far cheaper to ask for than a list of records."""
    if records:
        yield from of_page.rows(connection, first=records[0].seq, last=records[-1].seq)
    for chunk in chunks(others):
        yield from connection.execute(of_some, {"some": chunk})


def pseudonym_key(master: bytes, reader: Participant) -> bytes:
    """The key under which this reader sees cases: nobody else's pseudonyms can be compared with them."""
    return hmac.digest(master, b"%d" % reader.id, "sha256")


def pseudonym(key: bytes, lookup: bytes) -> str:
    """A case as one participant sees it: 32 hexadecimal digits."""
    return hmac.digest(key, lookup, "sha256").hex()[:32]


def note_pull(turn: Turn, reader: Participant, page: Page, records: int) -> None:
    """Note that the reader has pulled everything up to the page's horizon, if it left nothing out before.

    ``records`` counts those of all pages. A reader that began beyond what it had pulled skipped something.
    """
    upto = turn.connection.scalar(select(func.max(pulls.c.upto)).where(pulls.c.participant_id == reader.id)) or 0
    if page.start > upto and _anything_between(turn.connection, reader, upto, page.start):
        horizon = upto
    else:
        horizon = max(upto, page.horizon)
    today = and_(pulls.c.participant_id == reader.id, pulls.c.day == turn.day)
    changed = turn.connection.execute(
        update(pulls).where(today).values(upto=horizon, records=pulls.c.records + records)
    )
    if not changed.rowcount:
        turn.connection.execute(
            insert(pulls).values(participant_id=reader.id, day=turn.day, upto=horizon, records=records)
        )


def promise(turn: Turn, until: int) -> None:
    """See to it that nothing committed from now on is dated ``until`` or before.

    The NCMEC interface asks by ranges of time that leave their beginning out, so a change that is dated within a
    range but committed after the range was read would never be read at all.
    """
    turn.connection.execute(update(clock).where(clock.c.modified <= until).values(modified=until + 1))
    turn.modified = max(turn.modified, until + 1)


def _anything_between(connection: Connection, reader: Participant, after: int, upto: int) -> bool:
    query = select(hashes.c.id).where(hashes.c.seq > after, hashes.c.seq <= upto, hashes.c.list.in_(reader.lists))
    return connection.execute(query.limit(1)).first() is not None
