"""The intake as a whole: its folder, keys, database and single writer, and the services for its callers.

Answers are given after the commit. Nothing here knows HTTP.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Final, Literal, Self, TypeVar

from sqlalchemy import Connection, Engine

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.cases import bars, cases, inquiries, participants
from takedown_cli.intake.cases.holds import HoldPolicy, find_organisation
from takedown_cli.intake.cases.participants import Keys, Lists, Participant
from takedown_cli.intake.feeds import clips, contribution, cursor, native, ncmec, opinion, stopncii
from takedown_cli.intake.messages.admission import Identity, Inquiry, ReplyTo, Submission, admit_submission
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.messages.signals import EVERY_CLASS
from takedown_cli.intake.operations import census, integrity_check, retention, upkeep
from takedown_cli.intake.operations.upgrade import prepare_database
from takedown_cli.intake.runtime.events import log_failure
from takedown_cli.intake.settings import Home, Settings, make_folder, write_private
from takedown_cli.intake.store.engine import LoopConnection, open_engine, translate_errors
from takedown_cli.intake.store.migrations import upgrade
from takedown_cli.intake.store.prepared_statements import in_chunks
from takedown_cli.intake.store.writer import Writer, WriteTransaction
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.feed import Verdict
from takedown_cli.protocol.wire import Challenge, PageDigest, Receipt, Refusal, encode

T = TypeVar("T")
#: Seconds that the start waits for a new deny-list to be applied, before it serves meanwhile.
_DENY_SECONDS: Final = 10.0


def make_intake(home: Home, settings: Settings) -> Identity:
    """Make an intake in a folder: keys, database, signed card. Raise ConfigError when there is one already."""
    if home.exists:
        raise ConfigError("That folder is already an intake.", hint="Choose another folder.")
    make_folder(home.path)
    keyring = Keyring.create(home)
    if settings.database is None:
        write_private(home.database, b"")  # SQLite gives its other files the mode of this one
    engine = open_engine(home.database_url(settings), writer=True)
    upgrade(engine)
    with engine.begin() as connection:
        inquiries.make_decoy(WriteTransaction(connection), keyring)
    engine.dispose()
    identity = Identity.of(settings, keyring, settings.origin)
    write_private(home.card, identity.card)
    home.save(settings)
    return identity


class Intake:
    """An open intake. ``readers`` may be used from any thread; only ``writer`` writes."""

    def __init__(
        self,
        home: Home,
        settings: Settings,
        identity: Identity,
        denied: DenyList,
        readers: Engine,
        writing: Engine,
        clock: Clock = SYSTEM,
    ) -> None:
        self.home = home
        self.settings = settings
        self.identity = identity
        self.denied = denied
        self.policy = HoldPolicy(settings)
        self.readers = readers
        self._writing = writing
        self.clock = clock
        self.writer = Writer(writing, clock)
        self._withdrawals = inquiries.WithdrawalBudget()
        self._loop_connection: LoopConnection | None = None
        self._denying: threading.Thread | None = None
        self._stopping = threading.Event()

    @classmethod
    def open(cls, home: Home, origin: str | None = None, clock: Clock = SYSTEM) -> Self:
        """Open the intake in a folder. ``origin`` is where it is served, if that differs from the settings.

        Raise ConfigError, MissingExtraError, IntakeDatabaseError.
        """
        settings = home.load()
        keyring = Keyring.load(home)
        url = home.database_url(settings)
        writing = open_engine(url, writer=True)

        def finish(connection: Connection) -> bool:
            prepare_database(connection, keyring, clock)
            return True

        upgrade(writing, finish)
        with translate_errors("The intake's database cannot be written."), writing.begin() as connection:
            inquiries.make_decoy(WriteTransaction(connection, clock), keyring)
        identity = Identity.of(settings, keyring, origin or settings.origin)
        return cls(home, settings, identity, DenyList.load(home.deny_list), open_engine(url), writing, clock)

    def start(self) -> None:
        """Start the writer, and apply a new deny-list to what is listed, which may go on while the intake serves."""
        self.read(lambda connection: self.policy.count_day(connection, self.clock.day()))
        self.writer.start()
        self._loop_connection = LoopConnection(self.readers) if self.readers.dialect.name == "sqlite" else None
        if not self.read(lambda connection: bars.is_applied(connection, self.denied)):
            self._denying = threading.Thread(target=self._apply_deny_list, name="intake-deny-list", daemon=True)
            self._denying.start()
            self._denying.join(_DENY_SECONDS)

    def stop(self) -> None:
        """Commit all orders and close the database."""
        self._stopping.set()
        if self._denying is not None:
            self._denying.join()
        self.writer.stop()
        self.close()

    def close(self) -> None:
        if self._loop_connection is not None:
            self._loop_connection.close()
        self.readers.dispose()
        self._writing.dispose()

    # --------------------------------------------------------------------------------------------------- submissions

    def admit_submission(self, body: bytes) -> Submission:
        """Check a sealed submission. Raises Refused."""
        return admit_submission(body, self.identity, self.denied)

    def store_submission(self, submission: Submission) -> Future[Receipt]:
        """Store a submission exactly once. The future, or this call, raises Refused."""
        return self.writer.enqueue(partial(cases.accept_submission, submission=submission, policy=self.policy))

    def sign(self, document: Receipt | Refusal | Challenge | PageDigest) -> bytes:
        """Return a signed answer. Ed25519 is deterministic, so equal documents have equal bytes."""
        return envelope.sign(document.TYPE, encode(document), self.identity.keyring.signing)

    def needs_no_work(self, submission: Submission) -> bool:
        """Return whether a submission is accepted without work, however many others there are."""
        with self.readers.begin() as connection:
            return cases.needs_no_work(connection, submission)

    def is_of_organisation(self, submission: Submission) -> bool:
        """Return whether an organisation that the intake trusts countersigned a submission."""
        with self.readers.begin() as connection:
            return find_organisation(connection, submission.organisation) is not None

    def answer_inquiry(
        self, inquiry: Inquiry | None, reply: ReplyTo | None, action: Literal["status", "withdraw"]
    ) -> bytes:
        """Return the sealed answer to an inquiry. Raise Refused("busy")."""
        if action == "withdraw":
            return inquiries.answer_withdrawal(
                inquiry, reply, self.identity.keyring, self.readers, self.writer, self._withdrawals
            )
        with self.readers.begin() as connection:
            return inquiries.answer_status(connection, inquiry, reply, self.identity.keyring)

    def quick_answer(self, inquiry: Inquiry | None, reply: ReplyTo | None) -> bytes | None:
        """Return the answer to a status inquiry if it is certain to be found at once. For the loop's thread."""
        if self._loop_connection is None:
            return None
        with self._loop_connection.snapshot() as connection:
            return inquiries.answer_small_status(connection, inquiry, reply, self.identity.keyring)

    # -------------------------------------------------------------------------------------------------- participants

    def participant_by_keys(self, scope: str, endpoint_key: str, subscription_key: str) -> Participant | None:
        """Return the owner of these keys if they open this endpoint, otherwise None."""
        with self.readers.begin() as connection:
            return participants.authenticate_keys(
                connection, self.identity.keyring, scope, endpoint_key, subscription_key, self.clock.day()
            )

    def participant_by_password(self, username: str, password: str) -> Participant | None:
        """Return the owner of this user name and password of the NCMEC-shaped feed."""
        with self.readers.begin() as connection:
            return participants.authenticate_user(
                connection, self.identity.keyring, username, password, self.clock.day()
            )

    def participant_by_token(self, token: str) -> Participant | None:
        """Return the owner of this token of the native feed."""
        with self.readers.begin() as connection:
            return participants.authenticate_token(connection, self.identity.keyring, token, self.clock.day())

    def operate(self, act: Callable[[WriteTransaction], T]) -> T:
        """Run an operator's action in its own transaction. Raise ConfigError, IntakeDatabaseError."""
        with translate_errors("The intake's database cannot be written."), self._writing.begin() as connection:
            transaction = WriteTransaction(connection, self.clock)
            result = act(transaction)
            transaction.close()
        return result

    def read(self, look: Callable[[Connection], T]) -> T:
        """Look something up for the operator. Raise ConfigError, IntakeDatabaseError."""
        with translate_errors("The intake's database cannot be read."), self.readers.begin() as connection:
            return look(connection)

    def add_participant(
        self,
        name: str,
        lists: Lists,
        scopes: tuple[str, ...] = participants.DEFAULT_SCOPES,
        classes: int = EVERY_CLASS,
        *,
        confirmed: bool = False,
    ) -> Keys:
        """Add a platform. Raise ConfigError."""
        keyring = self.identity.keyring
        return self.operate(
            lambda transaction: participants.add_participant(
                transaction, keyring, name, lists, scopes, classes, confirmed
            )
        )

    def list_participants(self) -> list[Participant]:
        with self.readers.begin() as connection:
            return participants.list_participants(connection)

    # ------------------------------------------------------------------------------------------------------ operator

    def purge(self) -> retention.Purged:
        """Delete what has expired. Raise ConfigError, having deleted nothing."""
        purged = self.operate(retention.purge_expired)
        erased = retention.empty_write_ahead_log(self._writing)
        if erased:
            upkeep.note_done(self.home, "purge", self.clock.day())
        return replace(purged, erased=erased)

    def block(self, entries: Collection[bars.Entry], reason: str) -> bars.Changed:
        """Block hashes (kind, value), on what is listed already too. Raise ConfigError, IntakeDatabaseError."""
        act, new = self.operate(partial(bars.add_blocks, entries=entries, reason=reason))
        find = partial(bars.find_records_to_block, bars=bars.Bars.of(entries))
        return bars.Changed(new, self._change_bars(find, act))

    def unblock(self, entries: Collection[bars.Entry], reason: str) -> bars.Changed:
        """Block hashes no more. Records that nothing else bars are listed again. Raise as ``block`` does."""
        act, gone = self.operate(partial(bars.remove_blocks, entries=entries, reason=reason))
        find = partial(bars.find_records_to_unblock, denied=bars.Bars(self.denied))
        return bars.Changed(gone, self._change_bars(find, act))

    def _change_bars(self, find: Callable[[Connection], Iterator[bars.Change]], act: int | None = None) -> int:
        """Find records without keeping others from writing, then change some at a time. Return how many changed."""
        changes = self.read(lambda connection: list(find(connection)))
        for some in in_chunks(changes):
            self.operate(partial(bars.set_bars, changes=dict(some), act=act))
        return len(changes)

    def _apply_deny_list(self) -> None:
        """Bar what is listed and on the deny-list. If that fails or is stopped, it begins again at the next start."""
        find = partial(bars.find_records_to_deny, denied=bars.Bars(self.denied), stopped=self._stopping.is_set)
        try:
            changed = self._change_bars(find)
            if not self._stopping.is_set():
                self.operate(partial(bars.note_applied, denied=self.denied, records=changed))
        except Exception as error:  # the intake serves all the same, and the operator reads of it
            log_failure("deny-list-failed", error)

    @property
    def metrics_token(self) -> str:
        """The bearer token for the metrics."""
        return self.identity.keyring.derive_key("metrics").hex()

    def take_census(self) -> census.Census:
        """Count what the intake has. Raise ConfigError, IntakeDatabaseError."""
        return self.read(census.take_census)

    def check_integrity(self) -> integrity_check.Health:
        """Check whether the database is intact."""
        return self.read(lambda connection: integrity_check.check_integrity(connection, self.identity.keyring))

    # --------------------------------------------------------------------------------------------------------- feeds

    def fetch_hashes(
        self, participant: Participant, since: int, size: int, token: str | None
    ) -> tuple[bytes, Future[None]]:
        """Return a page of the StopNCII-shaped feed, and the note of the pull that is being written."""
        keyring = self.identity.keyring
        key = hmac.digest(keyring.derive_key("page-tokens"), b"%d" % participant.id, "sha256")
        pseudonyms = cursor.pseudonym_key(keyring.derive_key("pseudonyms"), participant)
        at_feed = stopncii.Reader(participant, self.settings.name, key, pseudonyms)
        with self.readers.begin() as connection:
            answer, page, records = stopncii.fetch_hashes(connection, at_feed, since, size, token)
        return answer, self.writer.enqueue(
            partial(cursor.note_pull, participant=participant, page=page, records=records)
        )

    def close_time_range(self, until: int) -> Future[None]:
        """Date nothing from now on at ``until`` (seconds) or before."""
        return self.writer.enqueue(partial(cursor.close_time_range, until=until))

    def fetch_entries(self, participant: Participant, asked: ncmec.TimeRange) -> tuple[bytes, Future[None]]:
        """Return a page of the NCMEC-shaped feed, and the note of the pull that is being written."""
        with self.readers.begin() as connection:
            answer, page = ncmec.entries_document(connection, participant, self.settings.name, asked)
        records = len(page.records) if page.last else 0
        note = partial(cursor.note_pull, participant=participant, page=page, records=records)
        return answer, self.writer.enqueue(note)

    def read_feed(
        self, participant: Participant, query: dict[str, str]
    ) -> tuple[native.Answer, Callable[[], Future[None]]]:
        """Return a page of the native feed, and how to note the pull. Raise Refused."""
        reader = self._reader(participant, query)
        today, now = self.clock.day(), int(self.clock.seconds())
        with self.readers.begin() as connection:
            answer = native.read_feed(connection, reader, native.HASHES, query.get("cursor"), today=today, now=now)
        note = partial(cursor.note_pull, participant=participant, page=answer.given, records=answer.records)
        return answer, lambda: self.writer.enqueue(note)

    def read_clips(self, participant: Participant, query: dict[str, str]) -> native.Answer:
        """Return a page of the feed of clips. It moves no mark of what the participant was given. Raise Refused."""
        reader = self._reader(participant, query)
        today, now = self.clock.day(), int(self.clock.seconds())
        with self.readers.begin() as connection:
            return native.read_feed(connection, reader, clips.CLIPS, query.get("cursor"), today=today, now=now)

    def _reader(self, participant: Participant, query: dict[str, str]) -> native.Reader:
        """Return a participant at the native feed. Raise Refused."""
        selection, keyring = native.Selection.read(query, participant), self.identity.keyring
        return native.Reader(participant, selection, keyring.derive_key("feed-cursors"), keyring.signing)

    def read_negative(self, start: str | None) -> native.Answer:
        """Return a page of the negative list. Raise Refused."""
        keyring = self.identity.keyring
        key, today, now = keyring.derive_key("negative-list"), self.clock.day(), int(self.clock.seconds())
        return native.read_negative(self.denied, key, keyring.signing, start, today=today, now=now)

    def take_verdicts(self, participant: Participant, verdicts: Sequence[Verdict]) -> Future[int]:
        """Store verdicts on records of the native feed. The future has the number of those that met a record."""
        return self.writer.enqueue(partial(opinion.take_verdicts, participant=participant, verdicts=verdicts))

    def take_vote(self, participant: Participant, member: str, entry: str, kind: str, value: str) -> Future[int]:
        """Store a vote on an entry of the NCMEC-shaped feed. Raise Refused."""
        with self.readers.begin() as connection:
            said = ncmec.vote_opinion(connection, participant, member, entry, kind, value)
        return self.take_opinions(participant, [said])

    def take_contributions(self, participant: Participant, offered: list[contribution.Contribution]) -> Future[int]:
        """List or withdraw a participant's own hashes. The future has the number of plausible ones."""
        take = partial(contribution.take_contributions, participant=participant, offered=offered, denied=self.denied)
        return self.writer.enqueue(take)

    def take_opinions(self, participant: Participant, opinions: list[opinion.Opinion]) -> Future[int]:
        """Store a platform's feedback. The future has the number of opinions that met a record."""
        return self.writer.enqueue(partial(opinion.take_opinions, participant=participant, opinions=opinions))
