"""Answers status and withdrawal requests, only for the holder of the case key.

Requests for an unknown case, with another case's key, or malformed get the same answer: same look-ups, same length.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import Counter
from datetime import date, timedelta
from functools import partial
from typing import Final, Literal

from sqlalchemy import Connection, Engine, insert

from takedown_cli.intake.cases import cases
from takedown_cli.intake.cases.case_status import item_statuses, quick_item_statuses
from takedown_cli.intake.cases.cases import Case
from takedown_cli.intake.messages.admission import Inquiry, ReplyTo
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.store.engine import inserted_id
from takedown_cli.intake.store.tables import cases as cases_table
from takedown_cli.intake.store.tables import items as items_table
from takedown_cli.intake.store.writer import Writer, WriteTransaction
from takedown_cli.protocol.bundle import seal
from takedown_cli.protocol.bundle.document import MAX_ITEMS
from takedown_cli.protocol.wire import CaseStatus, ItemStatus, encode

_FRAME: Final = 4  # the length in front of the padded content
_PATIENCE: Final = 30.0  # seconds for a commit
#: What the withdrawals of one case may name within an hour: hashes, and at least so many for each request. The whole
#: case and the largest request need a fraction of it. And for how many cases that is counted.
_HASHES_PER_HOUR: Final = 100_000
_LEAST: Final = 20
_HOUR: Final = 3600.0
_MAX_CASES: Final = 100_000
#: Days that what was withdrawn is kept so that its holder can see it.
WITHDRAWN_DAYS: Final = 30
#: The decoy's days.
NEVER: Final = "2099-12-31"
_UNKNOWN: Final = {
    version: encode(status)
    for version, status in ((1, CaseStatus(known=False).as_version_1()), (2, CaseStatus(known=False)))
}


def decoy_lookup(keyring: Keyring) -> bytes:
    """Return the lookup HMAC of the decoy, a case that belongs to nobody. It is read if a case does not exist."""
    return keyring.derive_key("decoy")


def make_decoy(transaction: WriteTransaction, keyring: Keyring) -> None:
    """Put the decoy into a new database."""
    lookup = decoy_lookup(keyring)
    if cases.find_case(transaction.connection, lookup):
        return
    row = {"lookup": lookup, "key": secrets.token_bytes(32), "received": NEVER, "expires": NEVER, "behalf": "self"}
    case_id = inserted_id(transaction.execute(insert(cases_table).values(row)))
    item = {"case_id": case_id, "number": 1, "media": "image", "age": "unsure", "state": "held"}
    transaction.execute(insert(items_table).values(**item, fingerprints=0, seq=2**62, vouched=False))


def answer_status(connection: Connection, inquiry: Inquiry | None, reply: ReplyTo | None, keyring: Keyring) -> bytes:
    """Return the sealed answer to a request for the status of a case. Nothing about the request makes this fail.

    Raise Refused("busy") only when the database cannot be read at all.
    """
    case, known = _find_case_or_decoy(connection, inquiry, keyring)
    return _seal_answer(_read_status(connection, case), known, reply)


def answer_small_status(
    connection: Connection, inquiry: Inquiry | None, reply: ReplyTo | None, keyring: Keyring
) -> bytes | None:
    """Return the same, or None when the case is so large that the answer takes more than a moment."""
    case, known = _find_case_or_decoy(connection, inquiry, keyring)
    items = quick_item_statuses(connection, case.id)
    return None if items is None else _seal_answer(_case_status(connection, case, items), known, reply)


class WithdrawalBudget:
    """The hashes that withdrawals of each case named within the hour. Several threads may use it."""

    def __init__(self) -> None:
        self._named: Counter[int] = Counter()
        self._since = time.monotonic()
        self._lock = threading.Lock()

    def charge(self, case_id: int, values: int) -> None:
        """Count a request that names so many hashes. Raise Refused("busy") beyond the budget of its case."""
        with self._lock:
            if time.monotonic() - self._since > _HOUR or len(self._named) > _MAX_CASES:
                self._since = time.monotonic()
                self._named.clear()
            self._named[case_id] += max(_LEAST, values)
            if self._named[case_id] > _HASHES_PER_HOUR:
                raise Refused("busy", retry_after=3600)


def answer_withdrawal(
    inquiry: Inquiry | None,
    reply: ReplyTo | None,
    keyring: Keyring,
    readers: Engine,
    writer: Writer,
    budget: WithdrawalBudget,
) -> bytes:
    """Withdraw what the inquiry names and return the sealed answer. Nothing about the request makes this fail.

    Raise Refused("busy") only when the database cannot be read or written at all, and when the key of a case has
    signed too many withdrawals.
    """
    withdrawn = None
    with readers.begin() as connection:
        case, known = _find_case_or_decoy(connection, inquiry, keyring)
        answer = None if known else _read_status(connection, case)
    if answer is None:
        assert inquiry is not None
        budget.charge(case.id, len(inquiry.values))
        withdrawn = writer.enqueue(partial(cases.withdraw_from_case, case=case, inquiry=inquiry)).result(_PATIENCE)
        with readers.begin() as connection:
            answer = _read_status(connection, case, withdrawn)
    return _seal_answer(answer, known, reply)


def _find_case_or_decoy(connection: Connection, inquiry: Inquiry | None, keyring: Keyring) -> tuple[Case, bool]:
    """Return the case and True if its own key signed the inquiry, otherwise the decoy and False."""
    decoy = decoy_lookup(keyring)
    wanted = inquiry.lookup if inquiry else secrets.token_bytes(32)
    signer = inquiry.signer if inquiry else bytes(32)
    found = {case.lookup: case for case in cases.find_with_decoy(connection, wanted, decoy)}
    if decoy not in found:
        raise Refused("busy")
    case = found.get(wanted, found[decoy])
    known = hmac.compare_digest(case.key, signer) and case.lookup == wanted
    return (case if known else found[decoy]), known


def _read_status(connection: Connection, case: Case, withdrawn: int | None = None) -> CaseStatus:
    return _case_status(connection, case, item_statuses(connection, case.id), withdrawn)


def _case_status(
    connection: Connection, case: Case, items: tuple[ItemStatus, ...], withdrawn: int | None = None
) -> CaseStatus:
    """Return the answer. A case of which nothing is listed any more ends some days after the last withdrawal."""
    expires = case.expires
    gone = [item.state == "withdrawn" for item in items if item.fingerprints]
    if gone and all(gone):
        last = cases.last_withdrawal(connection, case.id)
        if last is not None:
            end = date.fromisoformat(last) + timedelta(days=WITHDRAWN_DAYS)
            expires = min(expires, end.isoformat())
    return CaseStatus(known=True, received=case.received, expires=expires, withdrawn=withdrawn, items=items)


def _seal_answer(status: CaseStatus, known: bool, reply: ReplyTo | None) -> bytes:
    """Return the sealed answer. Make both answers and seal one, so that both ways take the same time."""
    version = 2 if reply is None else reply.version
    plain = (_UNKNOWN[version], _encode_within_limits(status, version))[known]
    answer = seal.seal_reply(plain, secrets.token_bytes(32) if reply is None else reply.key)
    # Nobody can open an answer to an unreadable request. So these bytes only have to look like an answer.
    return secrets.token_bytes(len(answer)) if reply is None else answer


def _encode(status: CaseStatus, version: Literal[1, 2]) -> bytes:
    return encode(status if version == 2 else status.as_version_1())


def _encode_within_limits(status: CaseStatus, version: Literal[1, 2]) -> bytes:
    """Return the status without the platforms' answers if it is too long: the items' states matter more."""
    plain = _encode(status, version)
    if len(plain) < seal.BUCKETS[-1] - _FRAME:
        return plain
    short = tuple(item.model_copy(update={"platforms": ()}) for item in status.items[:MAX_ITEMS])
    return _encode(status.model_copy(update={"items": short}), version)
