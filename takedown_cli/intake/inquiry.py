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
from takedown_cli.errors import TooLargeError
from takedown_cli.intake import cases
from takedown_cli.intake.admission import Asked, Identity, read_request
from takedown_cli.intake.cases import Case
from takedown_cli.intake.database import new_id
from takedown_cli.intake.keyring import Keyring
from takedown_cli.intake.progress import items_of
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.schema import cases as cases_table
from takedown_cli.intake.schema import items as items_table
from takedown_cli.intake.writer import Turn, Writer
from takedown_cli.wire import CaseRequest, CaseStatus, encode

_TAG: Final = 16
_PATIENCE: Final = 30.0  # seconds for a commit
_NEVER: Final = "2099-12-31"
_UNKNOWN: Final = CaseStatus(known=False)


def decoy_lookup(keyring: Keyring) -> bytes:
    """Where the decoy is found: a case of nobody's, looked up in place of one that is not there."""
    return keyring.derived("decoy")


def make_decoy(connection: Connection, keyring: Keyring) -> None:
    """Put the decoy into a new database."""
    lookup = decoy_lookup(keyring)
    if cases.find(connection, lookup):
        return
    row = {"lookup": lookup, "key": secrets.token_bytes(32), "received": _NEVER, "expires": _NEVER, "behalf": "self"}
    case_id = new_id(connection.execute(insert(cases_table).values(row)))
    item = {"case_id": case_id, "number": 1, "media": "image", "age": "unsure", "state": "held"}
    connection.execute(insert(items_table).values(**item, fingerprints=0, seq=2**62))


def answer(
    body: bytes, action: Literal["status", "withdraw"], identity: Identity, readers: Engine, writer: Writer
) -> bytes:
    """The sealed answer to a request about a case; nothing about the request makes it fail.

    Raises Refused("busy") only when the database cannot be read or written at all.
    """
    asked, reply_key = read_request(body, action, identity)
    with readers.begin() as connection:
        case, known = _case_for(connection, asked, identity.keyring)
        status = _status(connection, case) if action == "status" or not known else None
    if status is None:
        assert asked is not None
        withdrawn = writer.order(partial(_withdraw, case=case, request=asked.request)).result(_PATIENCE)
        with readers.begin() as connection:
            status = _status(connection, case, withdrawn)
    told = status if known else _UNKNOWN
    return _sealed(told, reply_key)


def _case_for(connection: Connection, asked: Asked | None, keyring: Keyring) -> tuple[Case, bool]:
    """The case asked about and True, when its own key signed; otherwise the decoy and False."""
    decoy = decoy_lookup(keyring)
    wanted = keyring.lookup(asked.request.lookup_id) if asked else secrets.token_bytes(32)
    signer = asked.signer if asked else bytes(32)
    found = {case.lookup: case for case in cases.find(connection, wanted, decoy)}
    if decoy not in found:
        raise Refused("busy")
    case = found.get(wanted, found[decoy])
    known = hmac.compare_digest(case.key, signer) and case.lookup == wanted
    return (case if known else found[decoy]), known


def _withdraw(turn: Turn, case: Case, request: CaseRequest) -> int:
    return cases.withdraw(turn, case, request)


def _status(connection: Connection, case: Case, withdrawn: int | None = None) -> CaseStatus:
    return CaseStatus(
        known=True,
        received=case.received,
        expires=case.expires,
        withdrawn=withdrawn,
        items=items_of(connection, case.id),
    )


def _sealed(status: CaseStatus, reply_key: bytes | None) -> bytes:
    plain = encode(status)
    if reply_key is None:  # nobody can open an answer, so there need not be one; it looks like any other
        return secrets.token_bytes(seal.BUCKETS[0] + _TAG)
    try:
        return seal.seal_reply(plain, reply_key)
    except TooLargeError:  # tens of thousands of items: their states matter more than who decided them
        short = tuple(item.model_copy(update={"platforms": ()}) for item in status.items[:MAX_ITEMS])
        return seal.seal_reply(encode(status.model_copy(update={"items": short})), reply_key)
