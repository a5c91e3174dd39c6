"""The intake as a whole: its folder, keys, database and single writer, and what it does for who comes.

It guarantees that what it answers was committed first.
It must never know HTTP, and never hold an address of anybody.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Literal, Self, TypeVar

from sqlalchemy import Connection, Engine

from takedown_cli.bundle import envelope
from takedown_cli.clock import SYSTEM, Clock
from takedown_cli.errors import ConfigError
from takedown_cli.intake import cases, checkup, inquiry, participants, upkeep
from takedown_cli.intake.admission import Asked, Identity, ReplyTo, Submission, admit, read_request
from takedown_cli.intake.database import Own, open_engine, telling
from takedown_cli.intake.denylist import DenyList
from takedown_cli.intake.feeds import contribution, cursor, ncmec, opinion, stopncii
from takedown_cli.intake.keyring import Keyring
from takedown_cli.intake.migrations import upgrade
from takedown_cli.intake.participants import Keys, Lists, Participant
from takedown_cli.intake.policy import Policy
from takedown_cli.intake.refusal import Reason
from takedown_cli.intake.settings import Home, Settings, make_folder, write_private
from takedown_cli.intake.signals import EVERY_CLASS
from takedown_cli.intake.writer import Turn, Writer
from takedown_cli.wire import Challenge, Receipt, Refusal, encode

T = TypeVar("T")


def make_intake(home: Home, settings: Settings) -> Identity:
    """Make an intake in a folder: keys, database, signed card. Raises ConfigError when there is one already."""
    if home.exists:
        raise ConfigError("There is an intake in that folder already.", hint="Choose another folder.")
    make_folder(home.path)
    keyring = Keyring.create(home)
    if settings.database is None:
        write_private(home.database, b"")  # SQLite gives its other files the mode of this one
    engine = open_engine(home.database_url(settings), writer=True)
    upgrade(engine)
    with engine.begin() as connection:
        inquiry.make_decoy(Turn(connection), keyring)
    engine.dispose()
    identity = Identity.of(settings, keyring, settings.origin)
    write_private(home.card, identity.card)
    home.save(settings)
    return identity


class Intake:
    """An open intake. ``readers`` may be used from any thread; only ``writer`` writes."""

    def __init__(
        self,
        settings: Settings,
        identity: Identity,
        denied: DenyList,
        readers: Engine,
        writing: Engine,
        clock: Clock = SYSTEM,
    ) -> None:
        self.settings = settings
        self.identity = identity
        self.denied = denied
        self.policy = Policy(settings)
        self.readers = readers
        self._writing = writing
        self.clock = clock
        self.writer = Writer(writing, clock)
        self._own: Own | None = None

    @classmethod
    def open(cls, home: Home, origin: str | None = None, clock: Clock = SYSTEM) -> Self:
        """Open the intake in a folder; ``origin`` is where it is served, when not where the settings say.

        ``clock`` tells its day.

        Raises ConfigError, MissingExtraError, IntakeDatabaseError.
        """
        settings = home.load()
        keyring = Keyring.load(home)
        url = home.database_url(settings)
        writing = open_engine(url, writer=True)
        upgrade(writing)
        with telling("The intake's database cannot be written."), writing.begin() as connection:
            inquiry.make_decoy(Turn(connection, clock), keyring)
        identity = Identity.of(settings, keyring, origin or settings.origin)
        return cls(settings, identity, DenyList.load(home.deny_list), open_engine(url), writing, clock)

    def start(self) -> None:
        self.writer.start()
        self._own = Own(self.readers) if self.readers.dialect.name == "sqlite" else None

    def stop(self) -> None:
        """Commit what was ordered and close the database."""
        self.writer.stop()
        self.close()

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
        self.readers.dispose()
        self._writing.dispose()

    # --------------------------------------------------------------------------------------------------- submissions

    def admit(self, body: bytes) -> Submission:
        """Check a sealed submission. Raises Refused."""
        return admit(body, self.identity, self.denied)

    def accept(self, submission: Submission) -> Future[Receipt]:
        """Store a submission exactly once. The future, or the call, raises Refused."""
        return self.writer.order(partial(cases.accept, submission=submission, policy=self.policy))

    def signed(self, receipt: Receipt) -> bytes:
        """The receipt as it is answered: Ed25519 is deterministic, so equal receipts have equal bytes."""
        return envelope.sign(Receipt.TYPE, encode(receipt), self.identity.keyring.signing)

    def signed_refusal(self, reason: Reason, body: bytes) -> bytes:
        """A refusal that its reader can trust to be about this very message."""
        refusal = Refusal(reason=reason, message=sha256(body).hexdigest())
        return envelope.sign(Refusal.TYPE, encode(refusal), self.identity.keyring.signing)

    def signed_challenge(self, challenge: Challenge) -> bytes:
        """What has to be done before a message is taken in, so that its reader can trust that it is not."""
        return envelope.sign(Challenge.TYPE, encode(challenge), self.identity.keyring.signing)

    def needs_no_work(self, submission: Submission) -> bool:
        """Whether a submission is taken without work also from a crowd."""
        with self.readers.begin() as connection:
            return cases.needs_no_work(connection, submission)

    def inquire(self, body: bytes, action: Literal["status", "withdraw"]) -> bytes:
        """The sealed answer about a case. Raises Refused("busy")."""
        return self.answer(*read_request(body, action, self.identity), action)

    def answer(self, asked: Asked | None, reply: ReplyTo | None, action: Literal["status", "withdraw"]) -> bytes:
        """The sealed answer to a request that was read. Raises Refused("busy")."""
        if action == "withdraw":
            return inquiry.withdraw(asked, reply, self.identity.keyring, self.readers, self.writer)
        with self.readers.begin() as connection:
            return inquiry.status(connection, asked, reply, self.identity.keyring)

    def quick_answer(self, asked: Asked | None, reply: ReplyTo | None) -> bytes | None:
        """The same about a status, for the thread that listens: none unless it is certain to be found at once."""
        if self._own is None:
            return None
        with self._own.snapshot() as connection:
            return inquiry.quick_status(connection, asked, reply, self.identity.keyring)

    # -------------------------------------------------------------------------------------------------- participants

    def participant(self, scope: str, endpoint_key: str, subscription_key: str) -> Participant | None:
        """Whose keys these are, if they open this endpoint."""
        with self.readers.begin() as connection:
            return participants.authenticate(connection, self.identity.keyring, scope, endpoint_key, subscription_key)

    def participant_by_name(self, username: str, password: str) -> Participant | None:
        """Whose user name and password of the NCMEC-shaped feed these are."""
        with self.readers.begin() as connection:
            return participants.authenticate_user(connection, self.identity.keyring, username, password)

    def operate(self, act: Callable[[Turn], T]) -> T:
        """Do what an operator orders, also from beside the serving process. Raises ConfigError, IntakeDatabaseError."""
        with telling("The intake's database cannot be written."), self._writing.begin() as connection:
            turn = Turn(connection, self.clock)
            result = act(turn)
            turn.close()
        return result

    def read(self, look: Callable[[Connection], T]) -> T:
        """Look something up for the operator. Raises ConfigError, IntakeDatabaseError."""
        with telling("The intake's database cannot be read."), self.readers.begin() as connection:
            return look(connection)

    def add_participant(
        self,
        name: str,
        lists: Lists,
        scopes: tuple[str, ...] = participants.USUAL,
        classes: int = EVERY_CLASS,
        *,
        confirmed: bool = False,
    ) -> Keys:
        """Take a platform in. Raises ConfigError."""
        keyring = self.identity.keyring
        return self.operate(lambda turn: participants.add(turn, keyring, name, lists, scopes, classes, confirmed))

    def participants(self) -> list[Participant]:
        with self.readers.begin() as connection:
            return participants.everyone(connection)

    # ------------------------------------------------------------------------------------------------------ operator

    def purge(self) -> upkeep.Purged:
        """Delete what is past its day. Raises ConfigError, having deleted nothing."""
        purged = self.operate(upkeep.purge)
        return replace(purged, erased=upkeep.empty_log(self._writing))

    @property
    def metrics_token(self) -> str:
        """The bearer token that opens the counters."""
        return self.identity.keyring.derived("metrics").hex()

    def examine(self) -> checkup.Health:
        """Whether the database is whole."""
        return self.read(lambda connection: checkup.examine(connection, self.identity.keyring))

    # --------------------------------------------------------------------------------------------------------- feeds

    def fetch_hashes(
        self, reader: Participant, since: int, size: int, token: str | None
    ) -> tuple[bytes, Future[None] | None]:
        """A page of the StopNCII-shaped feed; and the note that the list was pulled, being written."""
        keyring = self.identity.keyring
        key = hmac.digest(keyring.derived("page-tokens"), b"%d" % reader.id, "sha256")
        pseudonyms = cursor.pseudonym_key(keyring.derived("pseudonyms"), reader)
        at_feed = stopncii.Reader(reader, self.settings.name, key, pseudonyms)
        with self.readers.begin() as connection:
            answer, pulled = stopncii.fetch(connection, at_feed, since, size, token)
        if pulled is None:
            return answer, None
        page, records = pulled
        return answer, self.writer.order(partial(cursor.note_pull, reader=reader, page=page, records=records))

    def promise(self, until: int) -> Future[None]:
        """From now on, nothing is dated ``until`` (seconds) or before."""
        return self.writer.order(partial(cursor.promise, until=until))

    def entries(self, reader: Participant, asked: ncmec.Range) -> tuple[bytes, Future[None] | None]:
        """A page of the NCMEC-shaped feed; and the note that the list was pulled, being written."""
        with self.readers.begin() as connection:
            answer, page = ncmec.entries(connection, reader, self.settings.name, asked)
        if page is None:
            return answer, None
        note = partial(cursor.note_pull, reader=reader, page=page, records=len(page.records))
        return answer, self.writer.order(note)

    def vote(self, speaker: Participant, member: str, entry: str, kind: str, value: str) -> Future[int]:
        """A vote on an entry of the NCMEC-shaped feed. Raises Refused."""
        with self.readers.begin() as connection:
            said = ncmec.opinion_on(connection, speaker, member, entry, kind, value)
        return self.take_opinions(speaker, [said])

    def take_contributions(self, speaker: Participant, offered: list[contribution.Contribution]) -> Future[int]:
        """List, or take back, hashes of a participant's own; the number that passed the gate."""
        return self.writer.order(partial(contribution.take, speaker=speaker, offered=offered))

    def take_opinions(self, speaker: Participant, opinions: list[opinion.Opinion]) -> Future[int]:
        """Store a platform's feedback; the number of opinions that met a record."""
        return self.writer.order(partial(opinion.take, speaker=speaker, opinions=opinions))
