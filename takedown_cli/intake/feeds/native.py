"""The native feed: a snapshot to start from, then what changed, by random record ids, in signed pages.

It has two kinds of records, each with pages and cursors of its own: hashes, which are here, and clips (``clips``).

A cursor is a place in the order of modifications. It carries a MAC, so nobody can make one, and a page never leads back
to an earlier place. The specification is in ``docs/reference/native-feed.md``.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha256
from heapq import merge
from itertools import chain
from operator import itemgetter
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import ColumnElement, Connection, select, type_coerce
from sqlalchemy.types import NullType

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.core.variants import COPY_KINDS
from takedown_cli.intake.cases.hash_state import CONFIRMED, PROVISIONAL
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds.cursor import Page, visible_to
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.signals import (
    EVERY_CLASS,
    EVERY_IMAGE,
    EVERY_VIDEO,
    IMAGE,
    OTHER_IMAGE,
    OTHER_VIDEO,
    VIDEO,
    predicted,
)
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.store.tables import clock, hashes, removals
from takedown_cli.protocol.bundle.envelope import pae
from takedown_cli.protocol.feed import MAX_RECORDS, PAGE_BYTES, REMOVAL_DAYS, ClipPage, FeedPage

PARAMETERS: Final = ("cursor", "lists", "tiers", "classes")
NEGATIVE: Final = "negative"
TIERS: Final = (CONFIRMED, PROVISIONAL)
#: The name of each derivation class, and its bits.
_CLASSES: Final[dict[str, int]] = {
    "original": IMAGE | VIDEO,
    **{kind: predicted([kind]) for kind in COPY_KINDS},
    "other": OTHER_IMAGE | OTHER_VIDEO,
}
#: A cursor that leads to nothing new is kept for as long, so that the answer stays the same.
_KEEP: Final = timedelta(days=30)
#: A place, and the record that was modified there, as JSON.
Line = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a platform wants of what it subscribed to. ``tiers`` are those of ``TIERS``, ``classes`` class bits."""

    lists: tuple[str, ...]
    tiers: tuple[str, ...]
    classes: int

    @classmethod
    def read(cls, query: dict[str, str], participant: Participant) -> Selection:
        """Return the selection of a query, within the subscription. Raise Refused when it selects nothing."""
        subscribed = (CONFIRMED,) if participant.confirmed else TIERS
        lists = tuple(name for name in participant.lists if name in _split(query, "lists", participant.lists))
        tiers = tuple(name for name in subscribed if name in _split(query, "tiers", TIERS))
        wanted = _split(query, "classes", tuple(_CLASSES))
        bits = participant.classes & sum(_CLASSES[name] for name in wanted)
        if not (lists and tiers and bits):
            raise Refused("invalid")
        return cls(lists, tiers, bits)

    def as_json(self) -> dict[str, object]:
        return {"lists": self.lists, "tiers": self.tiers, "classes": _class_names(self.classes)}


def _split(query: dict[str, str], name: str, known: Sequence[str]) -> set[str]:
    """Return the names in a parameter, which are separated by commas; all of ``known`` without it. Raise Refused."""
    if name not in query:
        return {*known}
    names = query[name].split(",")
    allowed = {"lists": ("under-18", "adult"), "tiers": TIERS, "classes": tuple(_CLASSES)}[name]
    if not {*names} <= {*allowed}:
        raise Refused("invalid")
    return {*names}


@lru_cache(maxsize=4096)
def _class_names(bits: int) -> list[str]:
    return [name for name, of_class in _CLASSES.items() if bits & of_class]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place: everything up to it was given. During a snapshot, ``until`` is where the deltas will begin.

    ``era`` is that of the database, ``day`` the day since which nothing before the place was removed.
    """

    era: str
    place: int
    until: int
    day: str

    @property
    def in_snapshot(self) -> bool:
        return self.place < self.until

    def show(self, key: bytes) -> str:
        text = f"1.{self.era}.{self.place}.{self.until}.{self.day.replace('-', '')}"
        return f"{text}.{_mac(key, text)}"

    @classmethod
    def read(cls, text: str, key: bytes) -> Cursor:
        """Return the cursor. Raise Refused unless it was made with this key."""
        shown, _, mac = text.rpartition(".")
        if not text.isascii() or not hmac.compare_digest(mac, _mac(key, shown)):
            raise Refused("invalid")
        _, era, place, until, day = shown.split(".")
        return cls(era, int(place), int(until), date.fromisoformat(day).isoformat())


def _mac(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()[:32]


@dataclass(frozen=True, slots=True)
class Reader:
    """A participant at this feed. ``key`` makes and checks cursors; ``signing`` signs pages."""

    participant: Participant
    selection: Selection
    key: bytes
    signing: Ed25519PrivateKey

    def cursor_key(self, feed: Feed) -> bytes:
        """Return the key of cursors for this participant, feed and selection: in another one, a place means nothing."""
        what = f"{self.participant.id} {json.dumps(feed.show_selection(self.selection))}"
        return hmac.digest(self.key, what.encode(), "sha256")


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of records.

    ``active`` yields those of a snapshot after a cursor's place, ``changed`` those with a place after the first and up
    to the second number, both in the order of their places.
    """

    page: type[FeedPage | ClipPage]
    show_selection: Callable[[Selection], dict[str, object]]
    active: Callable[[Connection, Reader, Cursor], Iterable[Line]]
    changed: Callable[[Connection, Reader, int, int], Iterable[Line]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as it is sent, its signature (Base64), an entity tag, and what to note as given."""

    body: bytes
    signature: str
    tag: str
    given: Page
    records: int


def read_feed(connection: Connection, reader: Reader, feed: Feed, start: str | None, *, today: str, now: int) -> Answer:
    """Return the page after a cursor, or the first page of a snapshot.

    Raise Refused: ``invalid`` for a cursor that was not made for this reader and selection, ``conflict`` for one that
    leads nowhere any more, so that the reader has to start from a snapshot and drop what is not in it.
    """
    key = reader.cursor_key(feed)
    # The clock is read first: what is committed later is beyond the horizon.
    horizon, era = connection.execute(select(clock.c.seq, clock.c.era)).one()
    if start is None:
        cursor = Cursor(bytes(era).hex(), 0, horizon, today)
    else:
        cursor = Cursor.read(start, key)
        oldest = (date.fromisoformat(today) - timedelta(days=REMOVAL_DAYS)).isoformat()
        if cursor.era != bytes(era).hex() or max(cursor.place, cursor.until) > horizon or cursor.day < oldest:
            raise Refused("conflict")
    snapshot = start is None or cursor.in_snapshot
    lines = (
        feed.active(connection, reader, cursor) if snapshot else feed.changed(connection, reader, cursor.place, horizon)
    )
    records, last, more = _fill_page(lines)
    end = cursor.until if snapshot else horizon
    place = last if more else end
    more = more or end < horizon  # of what changed during the snapshot, the deltas begin with the next page
    # What was removed since the cursor's day is kept: it counts from when everything up to a place was given.
    day = cursor.day if snapshot or more else today
    following = replace(cursor, place=place, until=max(cursor.until, place), day=day)
    if not (snapshot or records) and date.fromisoformat(today) - date.fromisoformat(cursor.day) < _KEEP:
        following = cursor
    given = Page((), cursor.place, not more, place)
    return _make_answer(
        feed.page,
        reader.signing,
        now,
        records,
        given,
        kind="snapshot" if snapshot else "delta",
        selection=feed.show_selection(reader.selection),
        start=start,
        cursor=following.show(key),
        more=more,
    )


def _make_answer(
    page: type[FeedPage | ClipPage], signing: Ed25519PrivateKey, now: int, records: Sequence[str], given: Page,
    **fields: object,
) -> Answer:  # fmt: skip
    """Return a page of these records and fields, signed. The tag stays the same as long as only the time differs."""
    head, rows = as_json(**fields), ",".join(records).encode()
    tag = sha256(head)
    tag.update(rows)
    schema = page.model_fields["schema_"].default.encode()
    body = b'{"schema":"%b","version":1,%b,"made":%d,"records":[%b]}' % (schema, head, now, rows)
    signature = base64.b64encode(signing.sign(pae(page.TYPE, body))).decode()
    return Answer(body, signature, tag.hexdigest()[:32], given, len(records))


def as_json(**fields: object) -> bytes:
    """Return the fields as JSON, without the braces."""
    return json.dumps(fields, separators=(",", ":"))[1:-1].encode()


#: Bytes of a page that a line takes which is not given.
_LEFT_OUT: Final = 2 << 10


def _fill_page(lines: Iterable[Line]) -> tuple[list[str], int, bool]:
    """Return the records of a page, the place of its last line, and whether there is more.

    A line without text is something that was read and is not given. It takes room, so that the work for a page is
    bounded: a page may have no record, and more may follow.
    """
    records: list[str] = []
    size = last = 0
    for place, text in lines:
        room = len(text) + 1 if text else _LEFT_OUT
        if size and (len(records) == MAX_RECORDS or size + room > PAGE_BYTES):
            return records, last, True
        size += room
        if text:
            records.append(text)
        last = place
    return records, last, False


#: Bytes are taken as the driver gives them. To copy each of them took a fifth of the time of a page.
_COLUMNS = (
    hashes.c.seq, type_coerce(hashes.c.record, NullType()), hashes.c.state, hashes.c.standing, hashes.c.list,
    hashes.c.signal, type_coerce(hashes.c.value, NullType()), hashes.c.classes,
)  # fmt: skip
#: Rows that are taken from the database at once.
_ROWS: Final = 500


def _rows(connection: Connection, selection: Selection, *conditions: ColumnElement[bool]) -> Iterator[Any]:
    """Yield records in the order of modification, one more than a page can have."""
    query = select(*_COLUMNS).where(hashes.c.list.in_(selection.lists), *conditions)
    if selection.classes != EVERY_CLASS:
        query = query.where(hashes.c.classes.bitwise_and(selection.classes) != 0)
    found = connection.execute(query.order_by(hashes.c.seq).limit(MAX_RECORDS + 1))
    return chain.from_iterable(found.partitions(_ROWS))


def _active_lines(connection: Connection, reader: Reader, cursor: Cursor) -> Iterable[Line]:
    selection = reader.selection
    wanted = [hashes.c.seq > cursor.place, hashes.c.seq <= cursor.until, hashes.c.state == "active"]
    if len(selection.tiers) == 1:
        confirmed = hashes.c.standing == CONFIRMED
        wanted.append(confirmed if selection.tiers == (CONFIRMED,) else ~confirmed)
    for seq, record, _, standing, *rest in _rows(connection, selection, *wanted):
        yield seq, _record_json(record.hex(), standing, *rest)


def _moved_lines(connection: Connection, reader: Reader, place: int, horizon: int) -> Iterable[Line]:
    changed = _changed_lines(connection, reader, place, horizon)
    return merge(changed, _removed_lines(connection, reader, place, horizon), key=itemgetter(0))


def _changed_lines(connection: Connection, reader: Reader, place: int, horizon: int) -> Iterable[Line]:
    tiers = reader.selection.tiers
    wanted = [hashes.c.seq > place, hashes.c.seq <= horizon, *visible_to(reader.participant)]
    if tiers == (CONFIRMED,):  # what never was confirmed was never given
        wanted.append(hashes.c.standing != PROVISIONAL)
    for seq, record, state, standing, *rest in _rows(connection, reader.selection, *wanted):
        tier = CONFIRMED if standing == CONFIRMED else PROVISIONAL
        listed = state == "active" and tier in tiers
        yield seq, _record_json(record.hex(), standing, *rest) if listed else removal_json(record.hex())


def _removed_lines(connection: Connection, reader: Reader, place: int, horizon: int) -> Iterable[Line]:
    query = select(removals.c.seq, removals.c.record).where(
        removals.c.seq > max(place, reader.participant.joined),
        removals.c.seq <= horizon,
        removals.c.list.in_(reader.selection.lists),
    )
    for seq, record in connection.execute(query.order_by(removals.c.seq).limit(MAX_RECORDS + 1)):
        yield seq, removal_json(record.hex())


def removal_json(record: str) -> str:
    return f'{{"id":"{record}","state":"removed"}}'


def _record_json(record: str, standing: str, list_name: str, signal: str, value: bytes, classes: int) -> str:
    """Return a record as JSON. Nothing in it needs escaping: these are names of ours, and digits."""
    middle, end = _frame(standing, list_name, signal, classes)
    return f'{{"id":"{record}",{middle},"value":"{value.hex()}",{end}}}'


@lru_cache(maxsize=4096)
def _frame(standing: str, list_name: str, signal: str, classes: int) -> tuple[str, str]:
    """Return the fields of a record before and after its value, but for the id: few records differ in them."""
    tier = CONFIRMED if standing == CONFIRMED else PROVISIONAL
    media = [name for name, every in (("image", EVERY_IMAGE), ("video", EVERY_VIDEO)) if classes & every]
    distance = MATCH_DISTANCE if signal == "pdq" else 0
    before = as_json(state="active", list=list_name, tier=tier, signal=signal)
    return before.decode(), as_json(media=media, classes=_class_names(classes), distance=distance).decode()


HASHES: Final = Feed(FeedPage, Selection.as_json, _active_lines, _moved_lines)


def read_negative(
    denied: DenyList, key: bytes, signing: Ed25519PrivateKey, start: str | None, *, today: str, now: int
) -> Answer:
    """Return a page of the negative list: the deny-list, which a platform's index can refuse as well.

    The list has no history. After any change, a reader starts from a snapshot. Raise Refused as ``read_feed`` does.
    """
    era = sha256(b"".join(denied.values)).hexdigest()[:16]
    cursor = Cursor(era, 0, len(denied), today) if start is None else Cursor.read(start, key)
    if cursor.era != era:
        raise Refused("conflict")
    snapshot = start is None or cursor.in_snapshot
    ids = ((hmac.digest(key, value, "sha256").hex()[:32], value) for value in denied.values[cursor.place :])
    lines = enumerate(
        (_record_json(record, CONFIRMED, NEGATIVE, "pdq", value, IMAGE) for record, value in ids), cursor.place + 1
    )
    records, last, more = _fill_page(lines)
    following = replace(cursor, place=last if more else cursor.until)
    return _make_answer(
        FeedPage,
        signing,
        now,
        records,
        Page((), 0, not more, 0),
        kind="snapshot" if snapshot else "delta",
        selection={"lists": [NEGATIVE], "tiers": [CONFIRMED], "classes": ["original"]},
        start=start,
        cursor=following.show(key),
        more=more,
    )
