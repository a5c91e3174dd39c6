"""What must not be listed: what the operator blocks, and what the deny-list names; and what was done, and why.

A blocked PDQ works like an entry of the deny-list: nothing on the lists may match what the blocked picture matches. A
blocked digest bars that very file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.cases.hash_state import settle_records
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.store.prepared_statements import PreparedStatement, in_chunks
from takedown_cli.intake.store.tables import acts, blocks, hashes
from takedown_cli.intake.store.writer import WriteTransaction

#: More would slow down every submission. The deny-list is for more.
MAX_BLOCKS: Final = 10_000
MAX_REASON: Final = 500
_SLICE: Final = 5000
#: Hexadecimal digits → kind of hash.
KINDS: Final = {64: "pdq", 32: "md5", 40: "sha1"}

Entry = tuple[str, bytes]  # kind, value
Change = tuple[int, str | None]  # row id of a record, its new bar


@dataclass(frozen=True, slots=True)
class Changed:
    """How many hashes were blocked, or were blocked no more, and how many records of the lists that changed."""

    hashes: int
    records: int


class Bars:
    """PDQ values and digests that must not be listed."""

    def __init__(self, denied: DenyList, digests: Iterable[Entry] = ()) -> None:
        self._denied = denied
        self._digests = frozenset(digests)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Bars:
        """Return what these entries bar."""
        found = list(entries)
        denied = DenyList([value for kind, value in found if kind == "pdq"])
        return cls(denied, (entry for entry in found if entry[0] != "pdq"))

    def find_barred(self, signals: Sequence[tuple[str, bytes]]) -> list[bool]:
        """Return for each of these (signal, value) whether it must not be listed."""
        pdqs = [value for signal, value in signals if signal == "pdq"]
        near = iter(self._denied.find_near(pdqs))
        digests = self._digests
        return [
            next(near) if signal == "pdq" else (signal.rpartition("-")[2], value) in digests
            for signal, value in signals
        ]


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator did: ``hashes`` were named, ``records`` of the lists changed. Nothing says which."""

    day: str
    act: Literal["block", "unblock", "deny"]
    reason: str
    hashes: int
    records: int


def list_acts(connection: Connection) -> list[Act]:
    """Return what was done, in order."""
    columns = acts.c["day", "act", "why", "hashes", "records"]
    return [Act(*row) for row in connection.execute(select(*columns).order_by(acts.c.id))]


# -- what is blocked now -----------------------------------------------------------------------------------------------

_LAST_BLOCKS = PreparedStatement(select(acts.c.digest).where(acts.c.act != "deny").order_by(acts.c.id.desc()).limit(1))
#: The digest of the blocks that were read last, and these blocks.
_LAST_READ: Final[dict[bytes, Bars]] = {}


def find_barred_keys(connection: Connection, keys: Iterable[tuple[str, str, bytes]]) -> set[tuple[str, str, bytes]]:
    """Return which of these keys of records (list, signal, value) the operator blocked."""
    found = _LAST_BLOCKS.row(connection)
    wanted = list(keys)
    if found is None or not wanted:
        return set()
    barred = _blocks_with_digest(connection, bytes(found[0])).find_barred([key[1:] for key in wanted])
    return {key for key, is_barred in zip(wanted, barred, strict=True) if is_barred}


def _blocks_with_digest(connection: Connection, digest: bytes) -> Bars:
    """Return the blocks, which are read again only after they changed: their digest is not the same then."""
    found = _LAST_READ.get(digest)
    if found is None:
        found = read_blocks(connection)
        _LAST_READ.clear()
        _LAST_READ[digest] = found
    return found


def read_blocks(connection: Connection) -> Bars:
    """Return everything that the operator blocked."""
    return Bars.of((row.kind, bytes(row.value)) for row in connection.execute(select(blocks.c.kind, blocks.c.value)))


# -- blocking and unblocking -------------------------------------------------------------------------------------------


def add_blocks(transaction: WriteTransaction, entries: Iterable[Entry], reason: str) -> tuple[int, int]:
    """Block these hashes from now on. Return the row id of the act, and how many were not blocked before.

    What is listed already stays, until ``set_bars``. Raise ConfigError when there are too many.
    """
    wanted = set(entries)
    known = _blocked_among(transaction.connection, wanted)
    if len(wanted - known) + _count_blocks(transaction) > MAX_BLOCKS:
        raise ConfigError(
            f"An intake blocks at most {MAX_BLOCKS:,} hashes.",
            hint="Put PDQ values of well-known pictures in deny.txt.",
        )
    rows = [{"kind": kind, "value": value, "day": transaction.day} for kind, value in sorted(wanted - known)]
    if rows:
        transaction.execute(insert(blocks), rows)
    return _note_act(transaction, "block", reason, len(wanted)), len(rows)


def remove_blocks(transaction: WriteTransaction, entries: Iterable[Entry], reason: str) -> tuple[int, int]:
    """Block these hashes no more. Return the row id of the act, and how many were blocked."""
    wanted = set(entries)
    known = _blocked_among(transaction.connection, wanted)
    for kind in KINDS.values():
        for chunk in in_chunks(value for other, value in known if other == kind):
            transaction.execute(delete(blocks).where(blocks.c.kind == kind, blocks.c.value.in_(chunk)))
    return _note_act(transaction, "unblock", reason, len(wanted)), len(known)


def _blocked_among(connection: Connection, entries: set[Entry]) -> set[Entry]:
    found = set()
    for chunk in in_chunks(sorted({value for _, value in entries})):
        query = select(blocks.c.kind, blocks.c.value).where(blocks.c.value.in_(chunk))
        found |= {(row.kind, bytes(row.value)) for row in connection.execute(query)}
    return found & entries


def _count_blocks(transaction: WriteTransaction) -> int:
    return transaction.scalar(select(func.count()).select_from(blocks)) or 0


def _note_act(transaction: WriteTransaction, act: str, reason: str, count: int) -> int:
    """Record an act. Its digest is that of all blocks after it."""
    every = transaction.execute(select(blocks.c.kind, blocks.c.value).order_by(blocks.c.kind, blocks.c.value))
    digest = sha256(b"".join(row.kind.encode() + bytes(row.value) for row in every)).digest()
    return _insert_act(transaction, act, reason, count, digest)


def _insert_act(
    transaction: WriteTransaction, act: str, reason: str, count: int, digest: bytes, records: int = 0
) -> int:
    row = {"day": transaction.day, "act": act, "why": reason, "hashes": count, "records": records, "digest": digest}
    made = transaction.execute(insert(acts).values(row).returning(acts.c.id))
    return int(made.scalar_one())


# -- the records -------------------------------------------------------------------------------------------------------


def find_records_to_block(connection: Connection, bars: Bars) -> Iterator[Change]:
    """Return the records (row id, new bar) that are not blocked and must be."""
    for row in _find_records(connection, bars, hashes.c.bar.is_distinct_from("blocked")):
        yield row, "blocked"


def find_records_to_unblock(connection: Connection, denied: Bars) -> Iterator[Change]:
    """Return the blocked records that no block bars any more, and whether the deny-list still does."""
    was = hashes.c.bar == "blocked"
    kept = set(_find_records(connection, read_blocks(connection), was))
    still = set(_find_records(connection, denied, was))
    for row in connection.scalars(select(hashes.c.id).where(was)):
        if row not in kept:
            yield row, "denied" if row in still else None


def find_records_to_deny(
    connection: Connection, denied: Bars, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Change]:
    """Return the records whose bar is not what the deny-list says. Blocked ones stay blocked.

    It ends early once ``stopped`` returns True.
    """
    was = hashes.c.bar == "denied"
    kept = set(_find_records(connection, denied, was))
    for row in connection.scalars(select(hashes.c.id).where(was)):
        if row not in kept:
            yield row, None
    for row in _find_records(connection, denied, hashes.c.bar.is_(None), stopped):
        yield row, "denied"


def find_unbarred(connection: Connection) -> Iterator[int]:
    """Return the records that the operator blocked and that are not barred, which must not be."""
    for row, _ in find_records_to_block(connection, read_blocks(connection)):
        yield row


def _find_records(
    connection: Connection, bars: Bars, which: ColumnElement[bool], stopped: Callable[[], bool] = lambda: False
) -> Iterator[int]:
    """Return the row ids of the records that are barred, among those that are asked for."""
    last = 0
    query = select(hashes.c.id, hashes.c.signal, hashes.c.value).where(which).order_by(hashes.c.id).limit(_SLICE)
    while not stopped() and (rows := connection.execute(query.where(hashes.c.id > last)).all()):
        barred = bars.find_barred([(row.signal, bytes(row.value)) for row in rows])
        yield from (row.id for row, is_barred in zip(rows, barred, strict=True) if is_barred)
        last = rows[-1].id


_SET_BAR = update(hashes).where(hashes.c.id == bindparam("row")).values(bar=bindparam("why"))


def set_bars(transaction: WriteTransaction, changes: Mapping[int, str | None], act: int | None = None) -> None:
    """Store the bars of records (row id → bar) and what follows from them, and count the records with the act."""
    transaction.execute(_SET_BAR, [{"row": row, "why": why} for row, why in changes.items()])
    settle_records(transaction, changes)
    if act is not None:
        mine = acts.c.id == act
        transaction.execute(update(acts).where(mine).values(records=acts.c.records + len(changes)))


def is_applied(connection: Connection, denied: DenyList) -> bool:
    """Return whether the records were compared with this deny-list, and with no other since. None is an empty one."""
    query = select(acts.c.digest).where(acts.c.act == "deny").order_by(acts.c.id.desc()).limit(1)
    last = connection.scalar(query)
    return not len(denied) if last is None else bytes(last) == denied.digest


def note_applied(transaction: WriteTransaction, denied: DenyList, records: int) -> None:
    """Record that all records were compared with this deny-list, and how many that changed."""
    _insert_act(transaction, "deny", "", len(denied), denied.digest, records)
