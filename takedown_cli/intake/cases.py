"""The cases: taken in exactly once, extended and withdrawn only by the key they came with.

It guarantees that any number of repetitions of one submission is one case with one receipt.
It must never let what it was told decide a day, nor tell one case of another.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, and_, bindparam, func, insert, select, union_all, update

from takedown_cli.intake.admission import Asked, Submission
from takedown_cli.intake.listing import chunks, places_for, put_on_list, take_copies_off_list, take_off_list
from takedown_cli.intake.policy import Policy, Verdict, is_known
from takedown_cli.intake.prepared import Prepared, Value
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.schema import cases, hashes, items, listings, submissions, withdrawals
from takedown_cli.intake.signals import list_of, predicted
from takedown_cli.intake.writer import Turn
from takedown_cli.wire import Receipt

_CASE = select(cases.c.id, cases.c.lookup, cases.c.key, cases.c.received, cases.c.expires)
_FIND = Prepared(_CASE.where(cases.c.lookup == bindparam("lookup")))
_SUBSTITUTE = bindparam("other", type_=cases.c.lookup.type)
_THERE = select(cases.c.lookup).where(cases.c.lookup == bindparam("lookup")).scalar_subquery()
_FIND_OR = Prepared(
    union_all(
        _CASE.where(cases.c.lookup == _SUBSTITUTE), _CASE.where(cases.c.lookup == func.coalesce(_THERE, _SUBSTITUTE))
    )
)
_KNOWN = Prepared(
    select(submissions.c.day, submissions.c.expires).where(
        submissions.c.case_id == bindparam("case"), submissions.c.digest == bindparam("sum")
    )
)
_LAST_NUMBER = Prepared(select(func.max(items.c.number)).where(items.c.case_id == bindparam("case")))
_NEW_CASE = Prepared(
    insert(cases).returning(cases.c.id), ("lookup", "key", "received", "expires", "behalf", "authority")
)
_NEW_ITEMS = Prepared(insert(items), items.c.keys())
_NEW_SUBMISSION = Prepared(insert(submissions), submissions.c.keys())
_NEW_WITHDRAWAL = Prepared(insert(withdrawals), withdrawals.c.keys())


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the database knows it. The days are ISO dates."""

    id: int
    lookup: bytes
    key: bytes
    received: str
    expires: str


def find(connection: Connection, lookup: bytes) -> Case | None:
    """The case with this lookup HMAC."""
    row = _FIND.row(connection, lookup=lookup)
    return None if row is None else Case(*row)


def find_or(connection: Connection, lookup: bytes, other: bytes) -> list[Case]:
    """The case with the HMAC ``other``, and with it the one with ``lookup``, or the first again where there is none.

    As many rows are read and given in either case, so that the time does not tell which it is.
    """
    return [Case(*row) for row in _FIND_OR.rows(connection, lookup=lookup, other=other)]


def accept(turn: Turn, submission: Submission, policy: Policy) -> Receipt:
    """Store a submission and give its receipt; a repetition gets the first one's. Raises Refused, storing nothing."""
    case = find(turn.connection, submission.lookup)
    if case is not None and case.key == submission.key:
        known = _KNOWN.row(turn.connection, case=case.id, sum=submission.digest)
        if known is not None:
            return _receipt(submission, *known)
    if submission.adds and (case is None or case.key != submission.key):
        raise Refused("no-such-case")
    if case is not None and not submission.adds:
        raise Refused("conflict")
    if not any(submission.signals):
        raise Refused("quality")
    before = 0 if case is None else (_LAST_NUMBER.row(turn.connection, case=case.id) or (0,))[0] or 0
    verdict = policy.judge(turn, submission, before)
    expires = _later(turn.day, policy.retention_days)
    case_id = _open_case(turn, submission, expires) if case is None else _prolong(turn, case, expires)
    _add_items(turn, case_id, submission, verdict, before)
    row: dict[str, Value] = {"case_id": case_id, "digest": submission.digest, "day": turn.day, "expires": expires}
    _NEW_SUBMISSION.run(
        turn.connection, {**row, "item_count": len(submission.items), "organisation_id": verdict.organisation}
    )
    return _receipt(submission, turn.day, expires)


def needs_no_work(connection: Connection, submission: Submission) -> bool:
    """Whether it was taken in before, or comes from an organisation that is known here."""
    case = find(connection, submission.lookup)
    if case is not None and case.key == submission.key:
        known = _KNOWN.row(connection, case=case.id, sum=submission.digest) is not None
    else:
        known = False
    return known or is_known(connection, submission.organisation)


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def _receipt(submission: Submission, day: str, expires: str) -> Receipt:
    return Receipt(message=submission.message.hex(), day=day, expires=expires)


def _open_case(turn: Turn, submission: Submission, expires: str) -> int:
    made = _NEW_CASE.row(
        turn.connection,
        lookup=submission.lookup,
        key=submission.key,
        received=turn.day,
        expires=expires,
        behalf=submission.behalf,
        authority=submission.authority,
    )
    assert made is not None
    return int(made[0])


def _prolong(turn: Turn, case: Case, expires: str) -> int:
    turn.connection.execute(update(cases).where(cases.c.id == case.id).values(expires=max(case.expires, expires)))
    return case.id


def _add_items(turn: Turn, case_id: int, submission: Submission, verdict: Verdict, last: int) -> None:
    added = submission.items
    numbered = list(zip(range(last + 1, last + len(added) + 1), added, submission.signals, strict=True))
    wanted = [(number, list_of(item.age), found) for number, item, found in numbered]
    place = turn.last_seq + places_for(wanted)
    hold, vouched = verdict.hold, verdict.organisation is not None
    rows: list[dict[str, Value]] = [
        {"case_id": case_id, "number": number, "media": item.media, "age": item.age, "fingerprints": len(found)}
        for number, item, found in numbered
    ]
    for row, found in zip(rows, submission.signals, strict=True):
        reason = hold if found else "quality"
        row |= {"state": "held" if reason else "listed", "reason": reason, "seq": place, "vouched": vouched}
    _NEW_ITEMS.run(turn.connection, *rows)
    put_on_list(turn, case_id, wanted, held=hold is not None, vouched=vouched)


def withdraw(turn: Turn, case: Case, asked: Asked) -> int:
    """Withdraw the case, or the items that hold one of the values; the number of items meant, also when repeated.

    With ``copies`` only hashes of such predicted copies are withdrawn; the number is that of the items that had any.
    """
    nonce = bytes.fromhex(asked.nonce)
    before = turn.connection.scalar(
        select(withdrawals.c.item_count).where(withdrawals.c.case_id == case.id, withdrawals.c.nonce == nonce)
    )
    if before is not None:
        return int(before)
    meant = _items_with(turn.connection, case, asked.values) if asked.values else _all_items(turn.connection, case)
    count = 0
    for chunk in chunks(number for number, state in meant.items() if state != "withdrawn"):
        if asked.copies is None:
            take_off_list(turn, case.id, chunk)
        else:
            count += len(take_copies_off_list(turn, case.id, chunk, predicted(asked.copies)))
    if asked.copies is None:
        count = len(meant)
    note_withdrawal(turn, case.id, nonce, count)
    return count


def note_withdrawal(turn: Turn, case_id: int, nonce: bytes, count: int) -> None:
    """Note that items were withdrawn today, by whom ever: the days that they are kept yet begin."""
    _NEW_WITHDRAWAL.run(turn.connection, {"case_id": case_id, "nonce": nonce, "item_count": count, "day": turn.day})


def _all_items(connection: Connection, case: Case) -> dict[int, str]:
    rows = connection.execute(select(items.c.number, items.c.state).where(items.c.case_id == case.id))
    return {row.number: row.state for row in rows}


def _items_with(connection: Connection, case: Case, values: tuple[str, ...]) -> dict[int, str]:
    found: dict[int, str] = {}
    for chunk in chunks(values):
        query = (
            select(items.c.number, items.c.state)
            .join(listings, and_(listings.c.case_id == items.c.case_id, listings.c.number == items.c.number))
            .join(hashes, hashes.c.id == listings.c.hash_id)
            .where(items.c.case_id == case.id, hashes.c.value.in_([bytes.fromhex(value) for value in chunk]))
        )
        found.update((row.number, row.state) for row in connection.execute(query))
    return found
