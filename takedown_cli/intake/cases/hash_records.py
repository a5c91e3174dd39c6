"""Hash records: one for each hash and list, however many cases report it.

When nobody reports a hash any more, it leaves the list. Every change of a record gives it the next place in the feeds.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import and_, bindparam, delete, func, insert, select, update

from takedown_cli.intake.cases.bars import find_barred_keys
from takedown_cli.intake.cases.clips import clips_of_items
from takedown_cli.intake.cases.hash_state import Facts, decide_state, settle_clips, settle_records
from takedown_cli.intake.messages.signals import EVERY_CLASS, Signal
from takedown_cli.intake.store.prepared_statements import PreparedStatement, Value, in_chunks
from takedown_cli.intake.store.tables import LISTING_OF_ITEM, hashes, items, listings
from takedown_cli.intake.store.writer import WriteTransaction

Key = tuple[str, str, bytes]  # list, signal, value
Wanted = Sequence[tuple[int, str, Sequence[Signal]]]  # item number, list, signals


_KNOWN = select(hashes.c.id, hashes.c.value, hashes.c.classes).where(
    hashes.c.list == bindparam("of"),
    hashes.c.signal == bindparam("kind"),
    hashes.c.value.in_(bindparam("some", expanding=True)),
)
_KNOWN_ONE = PreparedStatement(
    select(hashes.c.id, hashes.c.classes).where(
        hashes.c.list == bindparam("of"), hashes.c.signal == bindparam("kind"), hashes.c.value == bindparam("one")
    )
)
#: Up to this many records are looked up and made one by one: building a statement for several takes longer.
_FEW = 8
_NEW_RECORDS = insert(hashes).returning(hashes.c.id, hashes.c.seq)
_NEW_RECORD = PreparedStatement(
    insert(hashes).returning(hashes.c.id), [column.name for column in hashes.c if not column.primary_key]
)
_NEW_LISTINGS = PreparedStatement(insert(listings), listings.c.keys())
_WIDEN = (
    update(hashes).where(hashes.c.id == bindparam("row")).values(classes=hashes.c.classes.bitwise_or(bindparam("more")))
)


def count_places(wanted: Wanted) -> int:
    """Return how many places in the feeds ``list_signals`` will need for this."""
    return len({(list_name, signal.name, signal.value) for _, list_name, signals in wanted for signal in signals})


def list_signals(transaction: WriteTransaction, case_id: int, wanted: Wanted, *, held: bool, vouched: bool) -> None:
    """List the signals of a case's items: (number, list, signals) each. Known records are merged, not repeated.

    The items are stored already. ``held`` ones wait for the operator's review: new records stay out of the feeds, and
    others keep their places. ``vouched``: an organisation countersigned the items.
    """
    facts = Facts(waiting=True) if held else Facts(reported=True, vouched=vouched)
    classes: dict[Key, int] = {}
    holders: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for number, list_name, signals in wanted:
        for signal in signals:
            key = (list_name, signal.name, signal.value)
            classes[key] = classes.get(key, 0) | signal.classes
            holders[key].append((number, signal.classes))
    for chunk in in_chunks(classes):
        ids, known, barred = enter_records(transaction, {key: classes[key] for key in chunk}, facts)
        _NEW_LISTINGS.run(
            transaction.connection,
            *(
                {"case_id": case_id, "number": number, "hash_id": ids[key], "classes": bits}
                for key in chunk
                for number, bits in holders[key]
            ),
        )
        settle_records(transaction, [*known, *barred], moved=() if held else known)


def enter_records(
    transaction: WriteTransaction, classes: Mapping[Key, int], facts: Facts
) -> tuple[dict[Key, int], list[int], list[int]]:
    """Return the row ids of the records for at most a chunk of keys (key → class bits).

    Also return those that were there, and new ones that the operator blocked. Make those that are missing, in the state
    that follows from ``facts``. The caller writes these facts, and settles those that were there and the blocked ones.
    """
    known = find_records(transaction, classes)
    if known and not facts.waiting:
        widen_classes(
            transaction, {row: classes[key] for key, (row, old) in known.items() if old | classes[key] != old}
        )
    new = {key: bits for key, bits in classes.items() if key not in known}
    blocked = find_barred_keys(transaction.connection, new)
    made = _insert_records(transaction, {key: bits for key, bits in new.items() if key not in blocked}, facts)
    barred = _insert_records(transaction, {key: new[key] for key in blocked}, replace(facts, barred=True), "blocked")
    ids = {key: row for key, (row, _) in known.items()} | made | barred
    return ids, [row for row, _ in known.values()], list(barred.values())


def widen_classes(transaction: WriteTransaction, more: Mapping[int, int]) -> None:
    """Add class bits to records (row id → bits)."""
    if more:
        transaction.execute(_WIDEN, [{"row": row, "more": bits} for row, bits in more.items()])


def find_records(transaction: WriteTransaction, keys: Iterable[Key]) -> dict[Key, tuple[int, int]]:
    """Return row id and class bits of the records that exist already."""
    values = defaultdict(list)
    for list_name, signal, value in keys:
        values[list_name, signal].append(value)
    known: dict[Key, tuple[int, int]] = {}
    if sum(map(len, values.values())) <= _FEW:
        for key in ((*place, value) for place, some in values.items() for value in some):
            found = _KNOWN_ONE.row(transaction.connection, of=key[0], kind=key[1], one=key[2])
            if found is not None:
                known[key] = (found[0], found[1])
        return known
    for (list_name, signal), some in values.items():
        for row in transaction.execute(_KNOWN, {"of": list_name, "kind": signal, "some": some}):
            known[list_name, signal, bytes(row.value)] = (row.id, row.classes)
    return known


def _insert_records(
    transaction: WriteTransaction, classes: dict[Key, int], facts: Facts, bar: str | None = None
) -> dict[Key, int]:
    if not classes:
        return {}
    state, standing = decide_state(facts)
    rows: list[dict[str, Value]] = [
        {
            "list": list_name,
            "signal": signal,
            "value": value,
            "classes": bits,
            "state": state,
            "standing": standing,
            "shown": state == "active",
            "bar": bar,
            "upheld": 0,
            "seq": (seq := transaction.next_seq()),
            "active_from": seq,
            "modified": transaction.modified,
            "record": secrets.token_bytes(16),
        }
        for (list_name, signal, value), bits in classes.items()
    ]
    if len(rows) <= _FEW:
        ids = [(_NEW_RECORD.row(transaction.connection, **row) or (0,))[0] for row in rows]
        return dict(zip(classes, ids, strict=True))
    by_seq = {row.seq: row.id for row in transaction.execute(_NEW_RECORDS, rows)}
    return {key: by_seq[row["seq"]] for key, row in zip(classes, rows, strict=True)}


def list_held_items(transaction: WriteTransaction, case_id: int, numbers: Sequence[int]) -> None:
    """List items of a case that were held, as if they had just come."""
    mine = and_(listings.c.case_id == case_id, listings.c.number.in_(numbers))
    rows: dict[int, int] = defaultdict(int)
    for row, bits in transaction.execute(select(listings.c.hash_id, listings.c.classes).where(mine)):
        rows[row] |= bits
    widen_classes(transaction, rows)
    place = transaction.last_seq + len(rows)
    of_case = and_(items.c.case_id == case_id, items.c.number.in_(numbers))
    transaction.execute(update(items).where(of_case).values(state="listed", reason=None, seq=place))
    settle_records(transaction, rows, moved=rows)
    settle_clips(transaction, clips_of_items(transaction, case_id, numbers))


def withdraw_items(transaction: WriteTransaction, case_id: int, numbers: Sequence[int]) -> None:
    """Withdraw items of a case, and their records if nobody else reports them."""
    held = transaction.scalars(
        select(listings.c.hash_id).where(listings.c.case_id == case_id, listings.c.number.in_(numbers)).distinct()
    ).all()
    _mark_withdrawn(transaction, case_id, numbers)
    settle_records(transaction, held, moved=held)


def _mark_withdrawn(transaction: WriteTransaction, case_id: int, numbers: Sequence[int]) -> None:
    mine = and_(items.c.case_id == case_id, items.c.number.in_(numbers))
    left = clips_of_items(transaction, case_id, numbers)
    transaction.execute(update(items).where(mine).values(state="withdrawn", reason=None, clip_id=None))
    settle_clips(transaction, left)


def withdraw_copies(transaction: WriteTransaction, case_id: int, numbers: Sequence[int], classes: int) -> list[int]:
    """Withdraw the hashes of these items that have these class bits and no others. Return the items that had any.

    The link between the item and such a hash is deleted at once, because a tombstone needs none. An item that has no
    hash left is withdrawn as a whole.
    """
    mine = and_(listings.c.case_id == case_id, listings.c.number.in_(numbers))
    of_these = listings.c.classes.bitwise_and(~classes & EVERY_CLASS) == 0
    found = transaction.execute(select(listings.c.number, listings.c.hash_id).where(mine, of_these)).all()
    if not found:
        return []
    transaction.execute(delete(listings).where(mine, of_these))
    left = select(func.count()).where(LISTING_OF_ITEM)
    touched = sorted({row.number for row in found})
    of_case = and_(items.c.case_id == case_id, items.c.number.in_(touched))
    transaction.execute(update(items).where(of_case).values(fingerprints=left.scalar_subquery()))
    empty = transaction.scalars(select(items.c.number).where(of_case, items.c.fingerprints == 0)).all()
    _mark_withdrawn(transaction, case_id, empty)
    rows = sorted({row.hash_id for row in found})
    settle_records(transaction, rows, moved=rows)
    return touched
