"""The hash records: listed once per list, whoever reports them, and taken off when nobody does any more.

It guarantees that every change of a record gives it the next place in the feeds.
It must never tie a record to anything of a case but the case's item.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Final, TypeVar

from sqlalchemy import (
    BindParameter,
    CompoundSelect,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    union,
    update,
)

from takedown_cli.intake.prepared import Prepared, Value
from takedown_cli.intake.schema import contributions, hashes, items, listings
from takedown_cli.intake.signals import EVERY_CLASS, Signal
from takedown_cli.intake.standing import CONFIRMED, PROVISIONAL, settle
from takedown_cli.intake.writer import Turn

T = TypeVar("T")

#: Values per statement: below every database's limit of parameters.
CHUNK = 500

Key = tuple[str, str, bytes]  # list, signal, value
Wanted = Sequence[tuple[int, str, Sequence[Signal]]]  # item number, list, signals


_KNOWN = select(hashes.c.id, hashes.c.value, hashes.c.classes).where(
    hashes.c.list == bindparam("of"),
    hashes.c.signal == bindparam("kind"),
    hashes.c.value.in_(bindparam("some", expanding=True)),
)
_KNOWN_ONE = Prepared(
    select(hashes.c.id, hashes.c.classes).where(
        hashes.c.list == bindparam("of"), hashes.c.signal == bindparam("kind"), hashes.c.value == bindparam("one")
    )
)
#: Up to so many records are looked up and made one by one: building a statement for several takes longer than that.
_FEW = 8
_NEW_RECORDS = insert(hashes).returning(hashes.c.id, hashes.c.seq)
_NEW_RECORD = Prepared(
    insert(hashes).returning(hashes.c.id), [column.name for column in hashes.c if not column.primary_key]
)
_NEW_LISTINGS = Prepared(insert(listings), listings.c.keys())
_ONE = update(hashes).where(hashes.c.id == bindparam("row"))
_PLACE: Final[dict[str, BindParameter[int]]] = {"modified": bindparam("now"), "seq": bindparam("new_seq")}
_RENEW = _ONE.values(
    state="active",
    classes=bindparam("new_classes"),
    standing=case((bindparam("vouched"), CONFIRMED), else_=hashes.c.standing),
    **_PLACE,
)
_TOUCH = _ONE.values(state=bindparam("new_state"), **_PLACE)


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    remaining = iter(values)
    while chunk := list(islice(remaining, size)):
        yield chunk


def places_for(wanted: Wanted) -> int:
    """How many places in the feeds ``put_on_list`` will take for this."""
    return len({(list_name, signal.name, signal.value) for _, list_name, signals in wanted for signal in signals})


def put_on_list(turn: Turn, case_id: int, wanted: Wanted, *, held: bool, vouched: bool) -> None:
    """List the signals of a case's items: (number, list, signals) each. Known records are merged, not repeated.

    With ``held`` the records are kept for the operator's review: new ones stay out of the feeds, others as they are.
    With ``vouched`` they are confirmed; otherwise new ones are provisional, and others what they are.
    """
    classes: dict[Key, int] = {}
    holders: dict[Key, list[tuple[int, int]]] = defaultdict(list)
    for number, list_name, signals in wanted:
        for signal in signals:
            key = (list_name, signal.name, signal.value)
            classes[key] = classes.get(key, 0) | signal.classes
            holders[key].append((number, signal.classes))
    for chunk in chunks(classes):
        ids = enter_records(turn, {key: classes[key] for key in chunk}, held=held, vouched=vouched)
        _NEW_LISTINGS.run(
            turn.connection,
            *(
                {"case_id": case_id, "number": number, "hash_id": ids[key], "classes": bits}
                for key in chunk
                for number, bits in holders[key]
            ),
        )


def enter_records(turn: Turn, classes: Mapping[Key, int], *, held: bool, vouched: bool) -> dict[Key, int]:
    """Records for these keys (key → class bits), made where there are none; their row ids. At most ``CHUNK`` keys."""
    known = known_records(turn, classes)
    seqs = {key: turn.next_seq() for key in classes}
    new = {key: bits for key, bits in classes.items() if key not in known}
    if not held:
        _renew(turn, [(known[key], bits, seqs[key]) for key, bits in classes.items() if key in known], vouched)
    fixed = {"state": "held" if held else "active", "standing": CONFIRMED if vouched else PROVISIONAL}
    return {key: row for key, (row, _) in known.items()} | _insert(turn, new, seqs, fixed)


def _renew(turn: Turn, records: Sequence[tuple[tuple[int, int], int, int]], vouched: bool) -> None:
    """Make known records ((row id, class bits), further bits, place) active, at new places."""
    if records:
        turn.connection.execute(
            _RENEW,
            [
                {
                    "row": row,
                    "new_classes": old | bits,
                    "now": turn.modified,
                    "new_seq": seq,
                    "vouched": vouched,
                }
                for (row, old), bits, seq in records
            ],
        )


def known_records(turn: Turn, keys: Iterable[Key]) -> dict[Key, tuple[int, int]]:
    """Row id and class bits of the records that exist already."""
    values = defaultdict(list)
    for list_name, signal, value in keys:
        values[list_name, signal].append(value)
    known: dict[Key, tuple[int, int]] = {}
    if sum(map(len, values.values())) <= _FEW:
        for key in ((*place, value) for place, some in values.items() for value in some):
            found = _KNOWN_ONE.row(turn.connection, of=key[0], kind=key[1], one=key[2])
            if found is not None:
                known[key] = (found[0], found[1])
        return known
    for (list_name, signal), some in values.items():
        for row in turn.connection.execute(_KNOWN, {"of": list_name, "kind": signal, "some": some}):
            known[list_name, signal, bytes(row.value)] = (row.id, row.classes)
    return known


def _insert(turn: Turn, classes: dict[Key, int], seqs: dict[Key, int], fixed: dict[str, str]) -> dict[Key, int]:
    if not classes:
        return {}
    rows: list[dict[str, Value]] = [
        {
            "list": key[0],
            "signal": key[1],
            "value": key[2],
            **fixed,
            "classes": bits,
            "modified": turn.modified,
            "seq": seqs[key],
        }
        for key, bits in classes.items()
    ]
    if len(rows) <= _FEW:
        ids = [(_NEW_RECORD.row(turn.connection, **row) or (0,))[0] for row in rows]
        return dict(zip(classes, ids, strict=True))
    made = turn.connection.execute(_NEW_RECORDS, rows)
    by_seq = {row.seq: row.id for row in made}
    return {key: by_seq[seqs[key]] for key in classes}


def take_off_list(turn: Turn, case_id: int, numbers: Sequence[int]) -> None:
    """Withdraw items of a case, and their records where nobody else stands for them."""
    held = turn.connection.scalars(
        select(listings.c.hash_id).where(listings.c.case_id == case_id, listings.c.number.in_(numbers)).distinct()
    ).all()
    _withdraw(turn, case_id, numbers)
    leave_records(turn, held)


def _withdraw(turn: Turn, case_id: int, numbers: Sequence[int]) -> None:
    mine = and_(items.c.case_id == case_id, items.c.number.in_(numbers))
    turn.connection.execute(update(items).where(mine).values(state="withdrawn", reason=None))


def take_copies_off_list(turn: Turn, case_id: int, numbers: Sequence[int], classes: int) -> list[int]:
    """Withdraw of these items the hashes that are of these class bits and of no other; the items that had any.

    The item's tie to such a hash is deleted at once: a tombstone needs none. An item that is left without a hash is
    withdrawn as a whole.
    """
    mine = and_(listings.c.case_id == case_id, listings.c.number.in_(numbers))
    of_these = listings.c.classes.bitwise_and(~classes & EVERY_CLASS) == 0
    found = turn.connection.execute(select(listings.c.number, listings.c.hash_id).where(mine, of_these)).all()
    if not found:
        return []
    turn.connection.execute(delete(listings).where(mine, of_these))
    left = select(func.count()).where(listings.c.case_id == items.c.case_id, listings.c.number == items.c.number)
    touched = sorted({row.number for row in found})
    of_case = and_(items.c.case_id == case_id, items.c.number.in_(touched))
    turn.connection.execute(update(items).where(of_case).values(fingerprints=left.scalar_subquery()))
    empty = turn.connection.scalars(select(items.c.number).where(of_case, items.c.fingerprints == 0)).all()
    _withdraw(turn, case_id, empty)
    leave_records(turn, sorted({row.hash_id for row in found}))
    return touched


def leave_records(turn: Turn, rows: Sequence[int]) -> None:
    """Somebody no longer stands for these records: one that nobody stands for becomes a tombstone, others move."""
    for chunk in chunks(rows):
        still = set(turn.connection.scalars(_stood_for(chunk)))
        settle(turn, chunk)
        states = turn.connection.execute(select(hashes.c.id, hashes.c.state).where(hashes.c.id.in_(chunk)))
        touch(turn, {row.id: row.state if row.id in still else _GONE[row.state] for row in states})


#: What a record becomes when nobody stands for it: what was never in a feed needs no tombstone.
_GONE: Final = {"active": "withdrawn", "disputed": "withdrawn", "withdrawn": "withdrawn", "held": "held"}


def touch(turn: Turn, states: Mapping[int, str]) -> None:
    """Give these records (row id → state) the next places in the feeds."""
    if states:
        turn.connection.execute(
            _TOUCH,
            [
                {"row": row, "new_state": state, "now": turn.modified, "new_seq": turn.next_seq()}
                for row, state in states.items()
            ],
        )


def _stood_for(rows: Sequence[int]) -> CompoundSelect[int]:
    by_item = (
        select(listings.c.hash_id)
        .join(items, (items.c.case_id == listings.c.case_id) & (items.c.number == listings.c.number))
        .where(
            listings.c.hash_id.in_(rows),
            or_(items.c.state == "listed", and_(items.c.state == "held", items.c.reason == "disputed")),
        )
    )
    return union(by_item, select(contributions.c.hash_id).where(contributions.c.hash_id.in_(rows)))
