"""Cases: each is stored exactly once. Only the key that it came with can extend or withdraw it.

A submission that is repeated stays one case with one receipt. Only the intake's own day counts, never a date from a
message.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection, and_, bindparam, func, insert, select, union_all, update

from takedown_cli.intake.cases.clips import enter_clip
from takedown_cli.intake.cases.hash_records import (
    count_places,
    list_held_items,
    list_signals,
    withdraw_copies,
    withdraw_items,
)
from takedown_cli.intake.cases.hash_state import settle_clips, settle_vouching
from takedown_cli.intake.cases.holds import REVIEWABLE, HoldPolicy, Verdict, count_units, find_organisation
from takedown_cli.intake.messages.admission import Inquiry, Submission
from takedown_cli.intake.messages.signals import Signal, predicted
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.store.prepared_statements import PreparedStatement, Row, Value, in_chunks
from takedown_cli.intake.store.tables import (
    LISTING_OF_ITEM,
    cases,
    hashes,
    items,
    listings,
    submissions,
    vouchers,
    withdrawals,
)
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol.lists import list_of_age
from takedown_cli.protocol.wire import LAST_DAY, Receipt

_CASE = select(cases.c.id, cases.c.lookup, cases.c.key, cases.c.received, cases.c.expires)
_FIND = PreparedStatement(_CASE.where(cases.c.lookup == bindparam("lookup")))
_SUBSTITUTE = bindparam("other", type_=cases.c.lookup.type)
_THERE = select(cases.c.lookup).where(cases.c.lookup == bindparam("lookup")).scalar_subquery()
_FIND_OR = PreparedStatement(
    union_all(
        _CASE.where(cases.c.lookup == _SUBSTITUTE), _CASE.where(cases.c.lookup == func.coalesce(_THERE, _SUBSTITUTE))
    )
)
_KNOWN = PreparedStatement(
    select(*submissions.c["day", "expires", "first", "item_count"]).where(
        submissions.c.case_id == bindparam("case"), submissions.c.digest == bindparam("sum")
    )
)
_LAST_NUMBER = PreparedStatement(select(func.max(items.c.number)).where(items.c.case_id == bindparam("case")))
_EVER = PreparedStatement(select(func.sum(submissions.c.hash_count)).where(submissions.c.case_id == bindparam("case")))
_LAST_WITHDRAWAL = PreparedStatement(
    select(func.max(withdrawals.c.day)).where(withdrawals.c.case_id == bindparam("case"))
)
_NEW_CASE = PreparedStatement(
    insert(cases).returning(cases.c.id), ("lookup", "key", "received", "expires", "behalf", "authority")
)
_NEW_ITEMS = PreparedStatement(insert(items), items.c.keys())
_NEW_SUBMISSION = PreparedStatement(insert(submissions), submissions.c.keys())
_NEW_VOUCHERS = PreparedStatement(insert(vouchers), vouchers.c.keys())
#: A case whose records are as many gets no more for requests that change nothing, or they would grow without bound.
_IDLE_WITHDRAWALS: Final = 16
_NEW_WITHDRAWAL = PreparedStatement(insert(withdrawals), withdrawals.c.keys())


@dataclass(frozen=True, slots=True)
class Case:
    """A case as the database knows it. The days are ISO dates."""

    id: int
    lookup: bytes
    key: bytes
    received: str
    expires: str


def find_case(connection: Connection, lookup: bytes) -> Case | None:
    """Return the case with this lookup HMAC."""
    row = _FIND.row(connection, lookup=lookup)
    return None if row is None else Case(*row)


def find_with_decoy(connection: Connection, lookup: bytes, other: bytes) -> list[Case]:
    """Return the case with the HMAC ``other``, and the case with ``lookup``, or the first one again if there is none.

    Both ways read and return the same number of rows, so that the time does not reveal whether the case exists.
    """
    return [Case(*row) for row in _FIND_OR.rows(connection, lookup=lookup, other=other)]


def accept_submission(transaction: WriteTransaction, submission: Submission, policy: HoldPolicy) -> Receipt:
    """Store a submission and return its receipt; a repetition gets the first one's. Raise Refused, storing nothing.

    A repetition that an organisation countersigned meanwhile is vouched for from now on, and held no longer.
    """
    case = find_case(transaction.connection, submission.lookup)
    stored = _find_repeated(transaction.connection, case, submission)
    if case is not None and stored is not None:
        day, expires, first, count = stored
        if submission.organisation is not None and first:
            _vouch_later(transaction, case.id, submission, policy, range(first, first + count))
        return _receipt(submission, day, expires)
    if submission.adds and (case is None or case.key != submission.key):
        raise Refused("no-such-case")
    if case is not None and not submission.adds:
        raise Refused("conflict")
    if not any(submission.signals):
        raise Refused("quality")
    before = hashes_before = 0
    if case is not None:
        [(last,)] = _LAST_NUMBER.rows(transaction.connection, case=case.id)
        [(ever,)] = _EVER.rows(transaction.connection, case=case.id)
        before, hashes_before = last or 0, int(ever or 0)
    verdict = policy.judge(transaction, submission, (before, hashes_before))
    new = submission if case is None else _leave_out_known(transaction.connection, case, submission)
    # A setting of many decades ends at the last day that a receipt can name.
    expires = min(date.fromisoformat(transaction.day) + timedelta(days=policy.retention_days), LAST_DAY).isoformat()
    if case is None:
        case_id = _open_case(transaction, submission, expires)
    else:
        case_id = case.id
        transaction.execute(update(cases).where(cases.c.id == case_id).values(expires=max(case.expires, expires)))
    if new.items:
        _add_items(transaction, case_id, new, verdict, before)
    row: dict[str, Value] = {"case_id": case_id, "digest": submission.digest, "day": transaction.day}
    row |= {"expires": expires, "item_count": len(new.items), "organisation_id": verdict.organisation}
    row |= {"first": before + 1, "hash_count": submission.hash_count, "charged": transaction.day}
    row["units"] = count_units(submission.hash_count, submission.size)
    _NEW_SUBMISSION.run(transaction.connection, row)
    return _receipt(submission, transaction.day, expires)


def needs_no_work(connection: Connection, submission: Submission) -> bool:
    """Return whether a submission was stored before, or comes from a known organisation."""
    case = find_case(connection, submission.lookup)
    repeated = _find_repeated(connection, case, submission) is not None
    return repeated or find_organisation(connection, submission.organisation) is not None


def _find_repeated(connection: Connection, case: Case | None, submission: Submission) -> Row | None:
    """Return the days of the receipt of the same submission, if the case has it already."""
    if case is None or case.key != submission.key:
        return None
    return _KNOWN.row(connection, case=case.id, sum=submission.digest)


def _receipt(submission: Submission, day: str, expires: str) -> Receipt:
    return Receipt(message=submission.message.hex(), day=day, expires=expires)


def _open_case(transaction: WriteTransaction, submission: Submission, expires: str) -> int:
    made = _NEW_CASE.row(
        transaction.connection,
        lookup=submission.lookup,
        key=submission.key,
        received=transaction.day,
        expires=expires,
        behalf=submission.behalf,
        authority=submission.authority,
    )
    assert made is not None
    return int(made[0])


def _leave_out_known(connection: Connection, case: Case, submission: Submission) -> Submission:
    """Return an addition without the items that the case lists already, of the same age and with all their hashes.

    What an organisation countersigned is taken as it is: it vouches for those items too.
    """
    if submission.organisation is not None:
        return submission
    query = (
        select(items.c.number, items.c.age, hashes.c.value)
        .join(listings, LISTING_OF_ITEM)
        .join(hashes, hashes.c.id == listings.c.hash_id)
        .where(items.c.case_id == case.id, items.c.state != "withdrawn")
    )
    known: dict[tuple[str, bytes], set[int]] = {}
    for row in connection.execute(query):
        known.setdefault((row.age, bytes(row.value)), set()).add(row.number)

    def is_known(age: str, signals: list[Signal]) -> bool:
        return bool(signals) and bool(set.intersection(*(known.get((age, one.value), set()) for one in signals)))

    pairs = zip(submission.items, submission.signals, strict=True)
    new = [(item, signals) for item, signals in pairs if not is_known(item.age, signals)]
    return replace(submission, items=tuple(item for item, _ in new), signals=tuple(signals for _, signals in new))


def _add_items(
    transaction: WriteTransaction, case_id: int, submission: Submission, verdict: Verdict, last: int
) -> None:
    added = submission.items
    numbered = list(zip(range(last + 1, last + len(added) + 1), added, submission.signals, strict=True))
    wanted = [(number, list_of_age(item.age), found) for number, item, found in numbered]
    vouched = verdict.organisation is not None
    spared = len(added) if verdict.hold is None else verdict.spared
    listed, held = wanted[:spared], wanted[spared:]
    shown = [
        enter_clip(transaction, list_name, found) if item.media == "video" else None
        for item, (_, list_name, found) in zip(added, wanted, strict=True)
    ]
    place = transaction.last_seq + count_places(wanted)
    rows: list[dict[str, Value]] = [
        {"case_id": case_id, "number": number, "media": item.media, "age": item.age, "fingerprints": len(found)}
        for number, item, found in numbered
    ]
    for at, (row, found) in enumerate(zip(rows, submission.signals, strict=True)):
        reason = "quality" if not found else None if at < spared else verdict.hold
        row |= {"state": "held" if reason else "listed", "reason": reason, "seq": place, "vouched": vouched}
        row["clip_id"] = shown[at]
    _NEW_ITEMS.run(transaction.connection, *rows)
    if verdict.organisation is not None:
        _store_vouchers(transaction, case_id, verdict.organisation, [number for number, _, _ in numbered])
    list_signals(transaction, case_id, listed, held=False, vouched=vouched)
    list_signals(transaction, case_id, held, held=True, vouched=vouched)
    settle_clips(transaction, [clip for clip in shown if clip is not None])


def _store_vouchers(transaction: WriteTransaction, case_id: int, organisation: int, numbers: Iterable[int]) -> None:
    """Note that an organisation countersigned these items today."""
    row: dict[str, Value] = {"case_id": case_id, "organisation_id": organisation, "day": transaction.day}
    for chunk in in_chunks(numbers):
        _NEW_VOUCHERS.run(transaction.connection, *({**row, "number": number} for number in chunk))


def _vouch_later(
    transaction: WriteTransaction, case_id: int, submission: Submission, policy: HoldPolicy, numbers: range
) -> None:
    """Vouch for items of a stored submission, and list those that are held for review. Raise Refused("busy")."""
    mine = and_(items.c.case_id == case_id, items.c.number >= numbers.start, items.c.number < numbers.stop)
    known = find_organisation(transaction.connection, submission.organisation)
    vouched = select(vouchers.c.number).where(
        vouchers.c.case_id == case_id, vouchers.c.organisation_id == known, vouchers.c.number >= numbers.start
    )
    if known is None or transaction.scalar(vouched.where(vouchers.c.number < numbers.stop).limit(1)):
        return
    policy.charge_organisation(transaction, submission.organisation)
    kept = transaction.execute(select(items.c.number, items.c.reason).where(mine, items.c.state != "withdrawn")).all()
    _store_vouchers(transaction, case_id, known, [row.number for row in kept])
    stored = and_(submissions.c.case_id == case_id, submissions.c.digest == submission.digest)
    transaction.execute(update(submissions).where(stored).values(organisation_id=known, charged=transaction.day))
    for chunk in in_chunks(row.number for row in kept if row.reason in REVIEWABLE):
        list_held_items(transaction, case_id, chunk)
    settle_vouching(transaction, known, case_id)


def withdraw_from_case(transaction: WriteTransaction, case: Case, inquiry: Inquiry) -> int:
    """Withdraw the case, or the items that have one of the values or numbers. Return how many, also when repeated.

    With ``copies`` only hashes of such predicted copies are withdrawn, and the items that had any are counted. A
    request that changes nothing leaves no record once a case has ``_IDLE_WITHDRAWALS`` of them.
    """
    nonce = bytes.fromhex(inquiry.nonce)
    before = transaction.scalar(
        select(withdrawals.c.item_count).where(withdrawals.c.case_id == case.id, withdrawals.c.nonce == nonce)
    )
    if before is not None:
        return int(before)
    meant = _item_states(transaction.connection, case, inquiry.values, inquiry.items)
    count = changed = 0
    for chunk in in_chunks(number for number, state in meant.items() if state != "withdrawn"):
        if inquiry.copies is None:
            withdraw_items(transaction, case.id, chunk)
            changed += len(chunk)
        else:
            count += len(withdraw_copies(transaction, case.id, chunk, predicted(inquiry.copies)))
    if inquiry.copies is None:
        count = len(meant)
    else:
        changed = count
    if changed or _count_withdrawals(transaction.connection, case.id) < _IDLE_WITHDRAWALS:
        record_withdrawal(transaction, case.id, nonce, count)
    return count


def _count_withdrawals(connection: Connection, case_id: int) -> int:
    return connection.scalar(select(func.count()).where(withdrawals.c.case_id == case_id)) or 0


def last_withdrawal(connection: Connection, case_id: int) -> str | None:
    """Return the day on which something of the case was last withdrawn."""
    [(day,)] = _LAST_WITHDRAWAL.rows(connection, case=case_id)
    return None if day is None else str(day)


def record_withdrawal(transaction: WriteTransaction, case_id: int, nonce: bytes, count: int) -> None:
    """Record that items were withdrawn today. They are kept for some days from then on."""
    _NEW_WITHDRAWAL.run(
        transaction.connection, {"case_id": case_id, "nonce": nonce, "item_count": count, "day": transaction.day}
    )


def _item_states(
    connection: Connection, case: Case, values: tuple[str, ...], numbers: tuple[int, ...] | None
) -> dict[int, str]:
    """Return the state of each item by its number: with one of the values and one of the numbers, where given."""
    of_case = select(items.c.number, items.c.state).where(items.c.case_id == case.id)
    if numbers is not None:
        of_case = of_case.where(items.c.number.in_(numbers))
    if not values:
        return {row.number: row.state for row in connection.execute(of_case)}
    found: dict[int, str] = {}
    with_hashes = of_case.join(listings, LISTING_OF_ITEM).join(hashes, hashes.c.id == listings.c.hash_id)
    for chunk in in_chunks(values):
        query = with_hashes.where(hashes.c.value.in_([bytes.fromhex(value) for value in chunk]))
        found.update((row.number, row.state) for row in connection.execute(query))
    return found
