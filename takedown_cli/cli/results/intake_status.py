"""The result of ``takedown intake status``: counts and days, and nothing about a case."""

from __future__ import annotations

from collections.abc import Iterator

from takedown_cli.cli.results.result import Result, Row
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import sanitise


class ServerRow(Row):
    """Where the serving process listens, and its load from 0 to 1; null if it does not answer.

    ``large_load`` is that of messages of more than 64 KiB.
    """

    host: str
    port: int
    load: float | None
    large_load: float | None


class ListRow(Row):
    """The hashes of a list. ``provisional`` ones are among the ``active``; ``withdrawn`` ones are tombstones."""

    list: str
    active: int
    provisional: int
    withdrawn: int


class HeldRow(Row):
    """What is held back for review."""

    cases: int
    items: int
    hashes: int


class PlatformRow(Row):
    """A platform, the day it was added, and the day of its last pull, if there was one."""

    name: str
    since: str
    last_pull: str | None


class AttentionRow(Row):
    """Something that needs the operator: a stable ``id``, a sentence, and the platform that it is about, if any."""

    id: str
    sentence: str
    platform: str | None


class IntakeStatusReport(Result, schema="takedown.intake.status"):
    """``takedown intake status --json``.

    ``program`` is the version of takedown, ``database`` the revision of the database. ``server`` is null if no server
    runs on the folder. ``held`` and ``database_bytes`` are null, and ``lists`` and ``platforms`` empty, while the
    database is of an earlier version. ``last_purge`` and ``last_backup`` are days, and null if they are not known.
    """

    program: str
    database: str | None
    test: bool
    server: ServerRow | None
    lists: list[ListRow]
    held: HeldRow | None
    platforms: list[PlatformRow]
    last_purge: str | None
    last_backup: str | None
    database_bytes: int | None
    free_bytes: int
    attention: list[AttentionRow]

    def lines(self) -> Iterator[str]:
        mode = "test mode: it accepts only tests" if self.test else "accepts real cases"
        yield f"version: {self.program}, database {self.database or 'empty'}; {mode}"
        yield f"server: {_served(self.server)}"
        for row in self.lists:
            yield (
                f"{row.list} list: {counted(row.active, 'hash', 'hashes')}, {row.provisional:,} of them provisional; "
                f"{row.withdrawn:,} withdrawn"
            )
        if self.held is not None:
            yield f"held: {counted(self.held.cases, 'case')}, {counted(self.held.hashes, 'hash', 'hashes')}"
        for platform in self.platforms:
            yield f"last pull of {sanitise(platform.name)}: {platform.last_pull or f'none yet, added {platform.since}'}"
        yield f"last purge: {self.last_purge or 'not known'}"
        yield f"last backup: {self.last_backup or 'not known'}"
        if self.database_bytes is not None:
            yield f"size of the database: {_megabytes(self.database_bytes)}"
        yield f"free space: {_megabytes(self.free_bytes)}"
        for one in self.attention:
            about = "" if one.platform is None else f"{sanitise(one.platform)}: "
            yield f"needs attention [{one.id}]: {about}{one.sentence}"

    def notes(self) -> Iterator[str]:
        if not self.attention:
            yield "Nothing needs attention."


def _served(server: ServerRow | None) -> str:
    if server is None:
        return "none runs on this folder"
    place = f"listens at {sanitise(server.host)}, port {server.port}"
    if server.load is None or server.large_load is None:
        return f"{place}, and does not answer"
    return f"{place}; load {server.load:.0%}, for large messages {server.large_load:.0%}"


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.1f} MB"
