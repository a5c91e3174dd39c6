"""Steps that tests of several modules take."""

from __future__ import annotations

import logging
import queue
import secrets
from collections.abc import Callable
from functools import partial

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from takedown_cli.intake.cases import organisations
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import metadata
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.bundle import envelope, seal
from takedown_cli.protocol.bundle.document import Bundle, BundleFingerprint, Item
from takedown_cli.protocol.wire import CaseStatus, Challenge, Copies, SolvedChallenge, decode, encode
from tests.intake.person import HTTP, Person, Platform
from tests.waiting import PATIENCE

NewPlatform = Callable[..., Platform]


SPACE = "{https://hashsharing.ncmec.org/hashsharing/v2}"


def item(*variants: tuple[str, str]) -> Item:
    """A picture with these (variant, value)."""
    return Item(
        media="image",
        age="under-18",
        fingerprints=tuple(
            BundleFingerprint(kind="pdq", value=value, method="full", variant=variant, quality=100)
            for variant, value in variants
        ),
    )


def withdraw(person: Person, copies: tuple[Copies, ...], *values: str) -> CaseStatus:
    reply_key = secrets.token_bytes(32)
    message = person.asked(person.request("withdraw", reply_key, values, copies=copies))
    answers = {person.post("withdraw", message).content for _ in range(3)}
    recorded = {decode(CaseStatus, seal.open_reply(answer, reply_key)) for answer in answers}
    assert len(recorded) == 1, "repeated, it acts once"
    return recorded.pop()


def states(platform: Platform, *values: str) -> list[str]:
    found = platform.pull()
    return [found[value]["hashStatus"] if value in found else "absent" for value in values]


def countersigned(intake: Running, name: str, person: Person, *items: Item) -> None:
    helpline = Ed25519PrivateKey.generate()
    public = helpline.public_key().public_bytes_raw()
    intake.intake.operate(partial(organisations.add_organisation, name=name, key=public, quota=9))
    signed = envelope.sign(Bundle.TYPE, encode(person.bundle(*items)), person.number.signing_key())
    message = person.sealed(envelope.countersign(signed, Bundle.TYPE, helpline), "bundle")
    assert person.post("submit", message).status_code == 200


def challenge_in(response: httpx.Response, person: Person) -> Challenge:
    assert (response.status_code, response.headers["retry-after"]) == (429, "1")
    signed = envelope.verify(response.content, Challenge.TYPE)
    assert signed.signers == (bytes.fromhex(person.intake.signing_key),)
    return decode(Challenge, signed.payload)


def solved(challenge: Challenge) -> SolvedChallenge:
    return proof_of_work.solve_challenge(challenge, lambda *_: None)


def paid(response: httpx.Response) -> httpx.Response:
    """The answer once the work is done that an anonymous submission of this length is asked for, whatever it holds."""
    if response.status_code != 429:
        return response
    challenge = decode(Challenge, envelope.verify(response.content, Challenge.TYPE).payload)
    request = response.request
    return HTTP.request(
        request.method, request.url, content=proof_of_work.prepend_work(solved(challenge), request.content)
    )


def rows(intake: Running) -> dict[str, int]:
    """How many rows each table has."""
    with intake.intake.readers.begin() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


class RecordedEvents(logging.Handler):
    """The names of the events in the intake's log."""

    def __init__(self) -> None:
        super().__init__()
        self.names: queue.SimpleQueue[str] = queue.SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        self.names.put(record.msg)

    def wait_for(self, name: str) -> None:
        while self.names.get(timeout=PATIENCE) != name:
            pass
