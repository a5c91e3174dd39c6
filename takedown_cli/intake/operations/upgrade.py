"""Brings the database of an intake that nobody serves to this version, or rehearses that and undoes it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.cases import clips, hash_state, inquiries
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.operations.integrity_check import check_integrity
from takedown_cli.intake.operations.serving_lock import find_server
from takedown_cli.intake.settings import Home
from takedown_cli.intake.store import migrations
from takedown_cli.intake.store.engine import open_engine, translate_errors
from takedown_cli.intake.store.writer import WriteTransaction


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The revision before, the steps to the newest one, and a sentence for each fault that was found at the end."""

    before: str | None
    steps: tuple[tuple[str, str], ...]
    wrong: tuple[str, ...]


def prepare_database(connection: Connection, keyring: Keyring, clock: Clock) -> None:
    """Do what every upgrade ends with: settle what follows from the facts, and make sure that there is a decoy."""
    transaction = WriteTransaction(connection, clock)
    clips.enter_missing_clips(transaction)
    hash_state.settle_everything(transaction)
    inquiries.make_decoy(transaction, keyring)
    transaction.close()


def upgrade_database(home: Home, *, rehearse: bool, clock: Clock = SYSTEM) -> Upgrade:
    """Upgrade the database of the intake in a folder and check it, all in one transaction.

    With ``rehearse``, or if a fault is found, all of it is undone. Raise ConfigError if a server runs on the folder,
    the database cannot be used or is of a newer version, and IntakeDatabaseError if it is damaged.
    """
    settings, keyring = home.load(), Keyring.load(home)
    if find_server(home) is not None:
        raise ConfigError(
            "A server is running on this folder.", hint="Stop it first. Nothing was changed, and nothing was tried."
        )
    engine = open_engine(home.database_url(settings), writer=True)
    wrong: tuple[str, ...] = ()

    def finish(connection: Connection) -> bool:
        nonlocal wrong
        prepare_database(connection, keyring, clock)
        wrong = check_integrity(connection, keyring).wrong
        return not rehearse and not wrong

    try:
        with translate_errors("The intake's database cannot be read."):
            before = migrations.revision_of(engine)
        migrations.check_revision(before)
        steps = migrations.pending_steps(before)
        migrations.upgrade(engine, finish)
    finally:
        engine.dispose()
    return Upgrade(before, tuple(steps), wrong)
