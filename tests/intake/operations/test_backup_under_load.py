"""A backup is rehearsed: taken while cases come in, restored elsewhere, and every case compared, on both databases."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import select

from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.operations.backup import backup_intake, read_backup, restore_intake
from takedown_cli.intake.settings import Home
from takedown_cli.intake.store.tables import clock
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import CaseStatus
from tests.intake.person import Person, balanced, picture
from tests.intake.postgres import Postgres
from tests.intake.served import intake_with
from tests.waiting import PATIENCE, wait_until

#: The settings of an intake that takes whatever comes.
OPEN: Final = {
    "proof_of_work": "never", "flood_per_hour": 10**6, "anonymous_per_hour": 10**6, "anonymous_per_day": 10**6,
}  # fmt: skip
BEFORE, DURING = 20, 10
PAGE: Final = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "back-up-and-upgrade.md"


class Callers:
    """People who send cases, one after the other, until they are stopped. ``sent`` are those that have a receipt."""

    def __init__(self, server: Running, count: int) -> None:
        self._server = server
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(count)]
        self.sent: list[CaseNumber] = []

    def _call(self, caller: int) -> None:
        turn = 0
        while not self._stopped.is_set():
            turn += 1
            person = Person(self._server.origin, self._server.card)
            if person.submit(picture(balanced((caller, turn))), picture(balanced((caller, turn, "other")))).is_success:
                if turn % 3 == 0:
                    person.withdraw(balanced((caller, turn)))
                self.sent.append(person.number)

    @contextmanager
    def calling(self) -> Iterator[None]:
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in self._threads:
                thread.join(PATIENCE)


def statuses(server: Running, numbers: list[CaseNumber]) -> dict[str, CaseStatus]:
    """What each case's owner sees, without the number of the request."""
    found = {str(number): Person(server.origin, server.card, number).status() for number in numbers}
    return {number: status.model_copy(update={"nonce": ""}) for number, status in found.items()}


def compare(server: Running, restored: Running, before: list[CaseNumber], later: list[CaseNumber]) -> None:
    assert statuses(restored, before) == statuses(server, before)
    assert all(status.known for status in statuses(restored, before).values())
    known = [status for status in statuses(restored, later).values() if status.known]
    assert all(len(status.items) == 2 for status in known), "a case in the backup is incomplete"
    health = restored.intake.check_integrity()
    assert health.wrong == ()
    assert health.cases >= len(before) + len(known), "what had no receipt yet may be there too"


def new_era() -> str:
    """The statement that the page says to run after a restore."""
    found = re.search(r'"(UPDATE clock SET era = .+)"', PAGE.read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def era(server: Running) -> bytes:
    return bytes(server.intake.read(lambda connection: connection.execute(select(clock.c.era)).scalar_one()))


def test_every_case_is_in_a_backup_on_sqlite(home: Path, tmp_path: Path) -> None:
    with intake_with(home, **OPEN) as server:
        callers = Callers(server, 3)
        with callers.calling():
            wait_until(lambda: len(callers.sent) >= BEFORE)
            before = list(callers.sent)
            backup_intake(Home(home), tmp_path / "copy")
            ended = len(callers.sent)
            wait_until(lambda: len(callers.sent) >= ended + DURING)
        later = [number for number in callers.sent if number not in before]
        restore_intake(read_backup(tmp_path / "copy"), Home(tmp_path / "restored"))
        with running(tmp_path / "restored") as restored:
            compare(server, restored, before, later)
            assert era(restored) != era(server)


def test_every_case_is_in_a_backup_on_postgresql(home: Path, tmp_path: Path, database_server: Postgres) -> None:
    """The folder by our backup, the database by PostgreSQL's own tools, as the page says."""
    old, new = database_server.new_database(), database_server.new_database()
    dump = tmp_path / "intake.dump"
    with intake_with(home, **OPEN, database=old) as server:
        callers = Callers(server, 3)
        with callers.calling():
            wait_until(lambda: len(callers.sent) >= BEFORE)
            before = list(callers.sent)
            backup_intake(Home(home), tmp_path / "copy")
            database_server.tool("pg_dump", old, "--format=custom", f"--file={dump}")
            ended = len(callers.sent)
            wait_until(lambda: len(callers.sent) >= ended + DURING)
        later = [number for number in callers.sent if number not in before]
        database_server.tool("pg_restore", new, "--no-owner", str(dump))
        database_server.tool("psql", new, "--quiet", "--command", new_era())
        restore_intake(read_backup(tmp_path / "copy"), Home(tmp_path / "restored"))
        settings = tmp_path / "restored" / "intake.toml"
        settings.write_text(settings.read_text().replace(old, new))
        with running(tmp_path / "restored") as restored:
            compare(server, restored, before, later)
            assert era(restored) != era(server)
