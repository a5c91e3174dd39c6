"""Inquiries: what became of a case, and its withdrawal, answered to the holder of the case key alone.

It guarantees that an unknown, a foreign and a malformed request are answered alike: same lookups, same length.
It must never tell by an answer that a case, or another case with the same picture, exists.
"""

from __future__ import annotations

import hmac
import secrets
from functools import partial
from typing import Final, Literal

from sqlalchemy import Connection, Engine, insert

from takedown_cli.bundle import seal
from takedown_cli.bundle.document import MAX_ITEMS
from takedown_cli.intake import cases
from takedown_cli.intake.admission import Asked, ReplyTo
from takedown_cli.intake.cases import Case
from takedown_cli.intake.database import new_id
from takedown_cli.intake.keyring import Keyring
from takedown_cli.intake.progress import few_items_of, items_of
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.schema import cases as cases_table
from takedown_cli.intake.schema import items as items_table
from takedown_cli.intake.writer import Turn, Writer
from takedown_cli.wire import CaseStatus, ItemStatus, encode

_FRAME: Final = 4  # the length in front of the padded content
_PATIENCE: Final = 30.0  # seconds for a commit
#: The decoy's days.
NEVER: Final = "2099-12-31"
_UNKNOWN: Final = {
    version: encode(status)
    for version, status in ((1, CaseStatus(known=False).as_version_1()), (2, CaseStatus(known=False)))
}


def decoy_lookup(keyring: Keyring) -> bytes:
    """Where the decoy is found: a case of nobody's, looked up in place of one that is not there."""
    return keyring.derived("decoy")


def make_decoy(turn: Turn, keyring: Keyring) -> None:
    """Put the decoy into a new database."""
    lookup = decoy_lookup(keyring)
    if cases.find(turn.connection, lookup):
        return
    row = {"lookup": lookup, "key": secrets.token_bytes(32), "received": NEVER, "expires": NEVER, "behalf": "self"}
    case_id = new_id(turn.connection.execute(insert(cases_table).values(row)))
    item = {"case_id": case_id, "number": 1, "media": "image", "age": "unsure", "state": "held"}
    turn.connection.execute(insert(items_table).values(**item, fingerprints=0, seq=2**62, vouched=False))


def status(connection: Connection, asked: Asked | None, reply: ReplyTo | None, keyring: Keyring) -> bytes:
    """The sealed answer to a request for the status of a case; nothing about the request makes it fail.

    Raises Refused("busy") only when the database cannot be read at all.
    """
    case, known = _case_for(connection, asked, keyring)
    return _sealed(_status(connection, case), known, reply)


def quick_status(connection: Connection, asked: Asked | None, reply: ReplyTo | None, keyring: Keyring) -> bytes | None:
    """The same, but none when the case is so large that the answer takes more than a moment."""
    case, known = _case_for(connection, asked, keyring)
    items = few_items_of(connection, case.id)
    return None if items is None else _sealed(_told(case, items), known, reply)


def withdraw(asked: Asked | None, reply: ReplyTo | None, keyring: Keyring, readers: Engine, writer: Writer) -> bytes:
    """Withdraw what is asked for and give the sealed answer; nothing about the request makes it fail.

    Raises Refused("busy") only when the database cannot be read or written at all.
    """
    withdrawn = None
    with readers.begin() as connection:
        case, known = _case_for(connection, asked, keyring)
        told = None if known else _status(connection, case)
    if told is None:
        assert asked is not None
        withdrawn = writer.order(partial(cases.withdraw, case=case, asked=asked)).result(_PATIENCE)
        with readers.begin() as connection:
            told = _status(connection, case, withdrawn)
    return _sealed(told, known, reply)


def _case_for(connection: Connection, asked: Asked | None, keyring: Keyring) -> tuple[Case, bool]:
    """The case asked about and True, when its own key signed; otherwise the decoy and False."""
    decoy = decoy_lookup(keyring)
    wanted = asked.lookup if asked else secrets.token_bytes(32)
    signer = asked.signer if asked else bytes(32)
    found = {case.lookup: case for case in cases.find_or(connection, wanted, decoy)}
    if decoy not in found:
        raise Refused("busy")
    case = found.get(wanted, found[decoy])
    known = hmac.compare_digest(case.key, signer) and case.lookup == wanted
    return (case if known else found[decoy]), known


def _status(connection: Connection, case: Case, withdrawn: int | None = None) -> CaseStatus:
    return _told(case, items_of(connection, case.id), withdrawn)


def _told(case: Case, items: tuple[ItemStatus, ...], withdrawn: int | None = None) -> CaseStatus:
    return CaseStatus(known=True, received=case.received, expires=case.expires, withdrawn=withdrawn, items=items)


def _sealed(status: CaseStatus, known: bool, reply: ReplyTo | None) -> bytes:
    """The answer; whatever it says, both have been made and one key was used to seal."""
    version = 2 if reply is None else reply.version
    told = (_UNKNOWN[version], _within_limits(status, version))[known]
    answer = seal.seal_reply(told, secrets.token_bytes(32) if reply is None else reply.key)
    # Nobody can open an answer to what could not be read, so it need not be one; it looks like any other.
    return secrets.token_bytes(len(answer)) if reply is None else answer


def _encoded(status: CaseStatus, version: Literal[1, 2]) -> bytes:
    return encode(status if version == 2 else status.as_version_1())


def _within_limits(status: CaseStatus, version: Literal[1, 2]) -> bytes:
    """Of tens of thousands of items the states matter more than who decided them."""
    plain = _encoded(status, version)
    if len(plain) < seal.BUCKETS[-1] - _FRAME:
        return plain
    short = tuple(item.model_copy(update={"platforms": ()}) for item in status.items[:MAX_ITEMS])
    return _encoded(status.model_copy(update={"items": short}), version)
