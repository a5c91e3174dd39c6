"""The whole life of a caseload with real programs: killed, resumed, two operators, an intake that is restarted.

What is counted comes from the intake's own database, not from what the client says of itself.
It does not contact anything but the loopback interface.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from takedown_cli.core.model import Hashed, Outcome, Recipe
from takedown_cli.hashing import pipeline
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.intake.cases.inquiries import decoy_lookup
from takedown_cli.intake.service import Intake
from takedown_cli.intake.settings import Home
from takedown_cli.intake.store.tables import cases, items, listings, submissions
from takedown_cli.protocol.bundle.document import item_of
from takedown_cli.protocol.case_number import CaseNumber
from tests.campaigns.caseload.make import FILE, FOLDER, REFERENCE, Made
from tests.cli.runner import COMMAND, environment
from tests.helpline.keys.cheap_keys import PASSPHRASE

#: Windows has no such signal; the scenarios are played on POSIX systems only.
KILL: int = getattr(signal, "SIGKILL", signal.SIGTERM)
#: Exit codes that a run may end with here: done, done with unprotected files, intake away, killed.
EXPECTED = {0, 3, 7, -KILL}
#: Seconds between two looks at the intake, and between two lines that say how far it is; and so many times as long as
#: hashing alone, and ten minutes, may it take.
PAUSE, EVERY, LONGEST = 0.2, 30.0, 5.0
#: Seconds for what takes a few at most.
PATIENCE = 600.0
_NUMBER = re.compile(rb"(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}")


@dataclass(frozen=True)
class Alone:
    """Hashing alone: seconds, of the processor too, different items of each folder, and files of the largest."""

    seconds: float
    processor: float
    items: dict[str, int]
    largest: int

    @property
    def total(self) -> int:
        return sum(self.items.values())

    @property
    def callers(self) -> int:
        """CallerCounts who have something to protect."""
        return sum(count > 0 for count in self.items.values())


def hash_alone(made: Made) -> Alone:
    """The same files by the same recipe, the same pool and in the same manner, and nothing else."""
    began, before = time.monotonic(), os.times()
    with Pool(Recipe(), open_file=open_media) as pool:
        found: list[Outcome] = list(pipeline.outcomes(made.folders.values(), Recipe(), hasher=pool))
        pool.close()
    seconds, after = time.monotonic() - began, os.times()
    owners = {folder: reference for reference, folder in made.folders.items()}
    unique: dict[str, set[bytes]] = {reference: set() for reference in made.folders}
    files: Counter[str] = Counter()
    for outcome in found:
        owner = next(owners[parent] for parent in outcome.path.parents if parent in owners)
        files[owner] += 1
        item = item_of(outcome, "adult") if isinstance(outcome, Hashed) else None
        if item is not None:
            unique[owner].add(sha256(item.model_dump_json().encode()).digest())
    items = {reference: len(found) for reference, found in unique.items()}
    return Alone(seconds, sum(after[:4]) - sum(before[:4]), items, max(files.values()))


@dataclass
class Helpline:
    """A helpline's folder: an intake and its process, a key, a ledger, a home and a place for temporary files."""

    folder: Path
    made: Made
    port: str = "0"
    address: str = ""
    server: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)
    restarts: int = 0
    kills: int = 0

    def __post_init__(self) -> None:
        self.log = self.folder / "logs"
        for name in ("home", "temporary", "logs"):
            (self.folder / name).mkdir()
        (self.folder / "passphrase").write_text(PASSPHRASE + "\n")
        (self.folder / "passphrase").chmod(0o600)

    @property
    def intake(self) -> Path:
        return self.folder / "intake"

    @property
    def ledger(self) -> Path:
        return self.folder / "cases.ledger"

    def environment(self) -> dict[str, str]:
        return environment(self.folder / "home", {"TMPDIR": str(self.folder / "temporary")})

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """A command in the background; what it prints goes to the logs."""
        with (self.log / "client.err").open("ab") as err, (self.log / "client.out").open("ab") as out:
            return subprocess.Popen(
                [*COMMAND, *arguments], cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip

    def do(self, *arguments: str | Path) -> Any:
        """A command to its end; its JSON object."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--json"], cwd=self.folder, env=self.environment(), capture_output=True, check=False,
            timeout=PATIENCE,
        )  # fmt: skip
        with (self.log / "client.err").open("ab") as err:
            err.write(done.stderr)
        assert done.returncode in EXPECTED, done.stderr.decode()
        return json.loads(done.stdout)

    # --------------------------------------------------------------------------------------------------------- set up

    def set_up(self) -> None:
        self.do("intake", "init", "intake", "--name", "Caseload", "--test")
        act = "show" if (self.folder / "helpline.key").exists() else "new"
        key = self.do("keys", act, "file:helpline.key", "--passphrase-file", "passphrase")["public_key"]
        self.do("intake", "organisation", "add", "intake", "Helpline", key, "--quota", "1000000")
        self.serve()

    def serve(self) -> None:
        with (self.log / "intake.err").open("ab") as err:
            self.server = subprocess.Popen(
                [*COMMAND, "intake", "serve", "intake", "--port", self.port], cwd=self.folder, env=self.environment(),
                stdout=subprocess.PIPE, stderr=err,
            )  # fmt: skip
        assert self.server.stdout is not None
        self.address = self.server.stdout.readline().decode().strip()
        self.port = self.address.partition("#")[0].rpartition(":")[2]

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.server is not None:
            self.server.send_signal(number)
            self.server.communicate(timeout=PATIENCE)
            self.server = None

    def restart(self) -> None:
        """Once by asking, once by force."""
        self.stop(signal.SIGTERM if self.restarts % 2 else KILL)
        self.serve()
        self.restarts += 1

    # -------------------------------------------------------------------------------------------------------- the work

    def office(self, operator: str) -> list[str | Path]:
        return [
            "--ledger", "cases.ledger", "--key", "file:helpline.key", "--passphrase-file", "passphrase",
            "--operator", operator,
        ]  # fmt: skip

    def run(self) -> subprocess.Popen[bytes]:
        return self.start(
            "batch", "run", self.made.manifest, *self.office("Kim"), "--intake", self.address, "--test", "--yes",
            "--progress=none",
        )  # fmt: skip

    def resume(self, operator: str) -> subprocess.Popen[bytes]:
        return self.start("batch", "resume", *self.office(operator), "--progress=none")


@dataclass(frozen=True)
class Watch:
    """Looks at the intake while the caseload is played: how far it is, and whether that takes too long.

    ``until`` is on the monotonic clock; ``tell`` hears every ``EVERY`` seconds how far it is.
    """

    line: Helpline
    total: int
    until: float
    tell: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    _told: list[float] = field(default_factory=lambda: [time.monotonic()])

    def items(self) -> int:
        """Items that the intake has; its decoy is not counted."""
        with closing(sqlite3.connect(f"file:{self.line.intake / 'intake.db'}?mode=ro", uri=True, timeout=30)) as there:
            return int(there.execute("select count(*) from items").fetchone()[0]) - 1

    def wait(self, run: subprocess.Popen[bytes], share: float = 2.0) -> bool:
        """Until the run is over, True, or this share of all items is at the intake. Raises TimeoutError."""
        while True:
            try:
                run.wait(PAUSE)
                return True
            except subprocess.TimeoutExpired:
                items = self.items()
            if items >= share * self.total:
                return False
            self._look(items)

    def _look(self, items: int) -> None:
        now = time.monotonic()
        if now > self.until:
            raise TimeoutError(f"{now - self.began:.0f} s are over, and {items} of {self.total} items at the intake")
        if now - self._told[0] > EVERY:
            self._told[0] = now
            line = self.line
            self.tell(
                f"  {now - self.began:.0f} s: {items:,} of {self.total:,} items at the intake, "
                f"{line.kills} kills, {line.restarts} restarts of the intake"
            )


def play(line: Helpline, kills: int, alone: Alone, chance: random.Random, tell: Callable[[str], None] = print) -> float:
    """Run to the end, killed ``kills`` times; seconds that it took. Raises TimeoutError.

    The kills come at random, one in each of as many equal shares of the items, so that they are spread over the whole
    run however fast it is; only the end has none, which could be over before. The intake is restarted twice on the
    way, and for one stretch a second operator works beside the first, and is interrupted at its end.
    """
    began = time.monotonic()
    watch = Watch(line, alone.total, began + LONGEST * alone.seconds + 600, tell)
    runs = [line.run()]
    try:
        for number in range(kills):
            if number == kills // 2 and line.ledger.exists():
                runs.append(line.resume("Sam"))
            if number in {kills // 3, 2 * kills // 3}:
                line.restart()
            first = runs[0]
            if not watch.wait(first, 0.95 * (number + chance.random()) / kills):
                time.sleep(chance.uniform(0, 0.5))  # or it would always have just been answered
                os.kill(first.pid, KILL)
                line.kills += first.wait() == -KILL
            for second in runs[1:]:
                second.send_signal(signal.SIGINT)
                assert second.wait(PATIENCE) in EXPECTED | {130}, second.returncode
            assert first.wait() in EXPECTED, first.returncode
            runs = [line.resume("Kim") if line.ledger.exists() else line.run()]
        watch.wait(runs[0])
        assert runs[0].wait() in {0, 3}, runs[0].returncode
        return time.monotonic() - began
    finally:
        for run in runs:
            if run.poll() is None:
                run.kill()
                run.wait()


# -------------------------------------------------------------------------------------------------------- the reckoning


@dataclass(frozen=True)
class Reckoning:
    """What the intake's database and a search through every artefact say."""

    cases: int
    items: int
    submissions: int
    repeated: int
    wrong: list[str]
    findings: list[str]


def reckon(line: Helpline, alone: Alone) -> Reckoning:
    """Compare the intake's database with what hashing alone gave, case by case."""
    intake = Intake.open(Home(line.intake))
    try:
        numbers = _numbers(line)
        with intake.readers.connect() as connection:
            at_intake = {bytes(row.lookup): row.id for row in connection.execute(select(cases.c.lookup, cases.c.id))}
            at_intake.pop(decoy_lookup(intake.identity.keyring))  # nobody's case, which every intake has
            known = {*at_intake.values()}
            rows = select(items.c.case_id, func.count()).group_by(items.c.case_id)
            counted = {case: count for case, count in connection.execute(rows) if case in known}
            sent = connection.scalar(select(func.count()).select_from(submissions)) or 0
            shared = (
                select(listings.c.hash_id)
                .group_by(listings.c.hash_id)
                .having(func.count(listings.c.case_id.distinct()) > 1)
            )
            mixed = len(connection.execute(shared).all())
        wrong = []
        for reference, number in numbers.items():
            place = intake.identity.keyring.lookup_hmac(
                number.lookup_id(), number.signing_key().public_key().public_bytes_raw()
            )
            found = counted.get(at_intake.get(place, -1), 0)
            if found != alone.items[reference]:
                wrong.append(f"{found} items instead of {alone.items[reference]}")
    finally:
        intake.close()
    total = sum(counted.values())
    findings = [f"{mixed} hashes are in the cases of several callers"] if mixed else []
    return Reckoning(
        len(at_intake), total, sent, max(0, total - alone.total), wrong,
        findings + list(search(line, numbers)),
    )  # fmt: skip


def _numbers(line: Helpline) -> dict[str, CaseNumber]:
    from takedown_cli.helpline.keys import key_uri, lifecycle
    from takedown_cli.helpline.ledger import Ledger

    key = lifecycle.load_key(key_uri.parse_key_uri(f"file:{line.folder / 'helpline.key'}"), lambda: PASSPHRASE)
    with Ledger(line.ledger, key, operator="test", day="2026-01-01") as ledger:
        return {case.reference: CaseNumber.parse(case.number or "") for case in ledger.cases()}


def search(line: Helpline, numbers: dict[str, CaseNumber]) -> Iterator[str]:
    """Everything that was written anywhere, for a reference, the name of a folder or file, or a case number."""
    words = [word.encode() for word in (REFERENCE, FOLDER, FILE)]
    words += [word.decode().encode("utf-16-le") for word in words]
    known = {str(number).encode() for number in numbers.values()}
    known |= {number.lookup_id().encode() for number in numbers.values()}
    callers = line.made.manifest.parent
    for path in sorted(line.folder.rglob("*")):
        if path.is_relative_to(callers) or path.is_symlink() or not path.is_file():
            continue
        data = path.read_bytes()
        for word in words:
            if word in data:
                yield f"{word!r} in {path.relative_to(line.folder)}"
        if any(found in known for found in _NUMBER.findall(data)):
            yield f"a case number in {path.relative_to(line.folder)}"
    left = [path.name for name in ("home", "temporary") for path in (line.folder / name).iterdir()]
    if left:
        yield f"left behind: {left}"


def totals(line: Helpline) -> dict[str, Any]:
    """What the client says of itself in the end."""
    found = line.do("batch", "resume", *line.office("Kim"))
    assert isinstance(found, dict)
    return found
