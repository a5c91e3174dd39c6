"""Verdicts that wait for the intake, in one file of the platform's folder: they survive a crash and a long outage.

Of each record only the last verdict waits. Nothing else is kept: not who decided, when, or about which upload.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from pydantic import ValidationError

from takedown_cli.core.errors import UsageError
from takedown_cli.platform.private_database import DatabaseForm, PrivateDatabase
from takedown_cli.protocol.feed import MAX_VERDICTS, Verdict

if TYPE_CHECKING:
    from takedown_cli.platform.feed_reader import FeedReader

_FORM: Final = DatabaseForm(
    application=0x74647671,  # "tdvq"
    version=1,
    tables=(
        """CREATE TABLE waiting (number INTEGER PRIMARY KEY AUTOINCREMENT, record TEXT NOT NULL UNIQUE,
        verdict TEXT NOT NULL)""",
    ),
    busy="Another command is writing verdicts.",
    not_written="The verdicts could not be written.",
    not_written_hint="Check the free space and the folder's permissions, then give the same verdicts again.",
    damaged="The file of waiting verdicts is damaged.",
    damaged_hint="Move the file verdicts.db out of the platform's folder, and give the verdicts again.",
)
#: A line with a verdict is not longer (bytes).
LONGEST_LINE: Final = 1 << 14
_HINT: Final = 'A line looks like {"id": "32 DIGITS", "verdict": "Blocked"}. Nothing was sent.'


def read_verdicts(lines: Iterable[bytes]) -> list[Verdict]:
    """Return the verdicts in lines of JSON; empty lines are left out. Raise UsageError that names the line."""
    found: list[Verdict] = []
    for number, line in enumerate(lines, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf").strip()
        if not text:
            continue
        try:
            if len(text) > LONGEST_LINE:
                raise ValueError
            found.append(Verdict.model_validate_json(text))
        except (ValidationError, ValueError, RecursionError):
            raise UsageError(f"Line {number} is not a verdict.", hint=_HINT) from None
    return found


@dataclass(frozen=True, slots=True)
class Sent:
    """How many verdicts were sent, and how many records they met that the intake gave to this platform."""

    verdicts: int
    met: int


class VerdictQueue:
    """The waiting verdicts, as a context manager. Raises OutputError, and ListError for a file that is damaged."""

    def __init__(self, path: Path) -> None:
        self._database = PrivateDatabase(path, _FORM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._database.__exit__(*exception)

    def __len__(self) -> int:
        with self._database.explained():
            return int(self._database.connection.execute("SELECT count(*) FROM waiting").fetchone()[0])

    def add(self, verdicts: Sequence[Verdict]) -> None:
        """Add verdicts, all or none of them; they are on the disk afterwards. Raise OutputError."""
        rows = [(one.id or one.value, one.model_dump_json(exclude_none=True)) for one in verdicts]
        with self._database.transaction():
            # Replacing gives it a new number: it then waits behind the others, and is not taken for one that was sent.
            self._database.connection.executemany(
                "INSERT OR REPLACE INTO waiting (record, verdict) VALUES (?, ?)", rows
            )

    def send(self, reader: FeedReader) -> Sent:
        """Send what waits. What was sent leaves the queue; if the intake does not answer, it stays.

        Raise what the reader raises.
        """
        sent = met = 0
        while rows := self._first():
            met += reader.send_verdicts([Verdict.model_validate_json(verdict) for _, verdict in rows])
            sent += len(rows)
            with self._database.transaction():
                numbers = [(number,) for number, _ in rows]
                self._database.connection.executemany("DELETE FROM waiting WHERE number = ?", numbers)
        return Sent(sent, met)

    def _first(self) -> list[tuple[int, str]]:
        query = "SELECT number, verdict FROM waiting ORDER BY number LIMIT ?"
        with self._database.explained():
            return self._database.connection.execute(query, (MAX_VERDICTS,)).fetchall()
