"""The local list: what a platform pulled last, in one SQLite file of mode 0600.

A pull is one transaction. Whatever ends it, the list is the one of before or the one of after, whole. A pull
does not hold up readers, and each sees one state of the list.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Self

from takedown_cli.core.errors import ListError, StaleListError
from takedown_cli.core.model import Media
from takedown_cli.platform.private_database import DatabaseForm, PrivateDatabase
from takedown_cli.protocol.feed import ActiveClip, ActiveRecord, ClipRecord, FeedRecord

#: The signal of a clip, and the one class of what a clip's frames are of.
CLIP: Final = "clip"
ORIGINAL: Final = "original"

#: The frames of a clip, 32 bytes each.
_CLIPS: Final = "CREATE TABLE clips (id BLOB PRIMARY KEY, frames BLOB NOT NULL, kind INTEGER NOT NULL) WITHOUT ROWID"
_FORM: Final = DatabaseForm(
    application=0x74646C69,  # "tdli"
    version=2,
    tables=(
        # What records have in common: few combinations, so a record names one by its number.
        """CREATE TABLE kinds (kind INTEGER PRIMARY KEY, signal TEXT NOT NULL, list TEXT NOT NULL, tier TEXT NOT NULL,
        classes TEXT NOT NULL, media TEXT NOT NULL, distance INTEGER NOT NULL)""",
        "CREATE TABLE records (id BLOB PRIMARY KEY, value BLOB NOT NULL, kind INTEGER NOT NULL) WITHOUT ROWID",
        """CREATE TABLE state (one INTEGER PRIMARY KEY CHECK (one = 1), source TEXT NOT NULL, cursor TEXT NOT NULL,
        made INTEGER NOT NULL, pulled INTEGER NOT NULL, clips TEXT)""",
        _CLIPS,
    ),
    upgrades=((_CLIPS, "ALTER TABLE state ADD COLUMN clips TEXT"),),
    busy="Another command is changing the local list.",
    not_written="The local list could not be written.",
    not_written_hint="The old list stays as it was. Check the free space and the folder's permissions.",
    damaged=ListError.sentence,
    damaged_hint=ListError.hint,
)
_DAY: Final = 86_400
#: Seconds by which the clocks of an intake and a platform may differ, or may have been put back since the last pull.
CLOCK_SLACK: Final = 3600


class Kind(NamedTuple):
    """What a record is, besides its id and value. ``classes`` and ``media`` are words with commas between them.

    ``signal`` is one of those of the feed, or ``clip``.
    """

    signal: str
    list: str
    tier: str
    classes: str
    media: str
    distance: int


@dataclass(frozen=True, slots=True)
class ListState:
    """Where a list stands: its source, the feed's cursor, and when the intake made it and it was pulled (Unix time).

    ``clips`` is the cursor of the feed of clips; None if clips are not kept.
    """

    source: str
    cursor: str
    made: int
    pulled: int
    clips: str | None = None

    def check_age(self, days: int, now: float | None = None) -> None:
        """Raise StaleListError if the intake made the list more than ``days`` ago, or its age is not known."""
        age = (time.time() if now is None else now) - self.made
        if age < -CLOCK_SLACK:
            raise StaleListError(
                "The local list is dated later than this computer's clock, so nobody knows how old it is.",
                hint="Set the clock right, then run 'takedown platform pull'.",
            )
        if age > days * _DAY:
            raise StaleListError(
                f"The local list is {int(age // _DAY)} days old, and may be used for {days} at most. "
                "It may hold hashes that were withdrawn."
            )


class LocalList:
    """An open list, as a context manager. Raises ListError for a file that is damaged or of another kind, OutputError.

    ``make`` makes an empty one where there is no file; without it the list must have been pulled.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        if not make and not path.is_file():
            raise ListError("There is no local list yet.", hint="Run 'takedown platform pull' first.")
        self._database = PrivateDatabase(path, _FORM)
        self._connection = self._database.connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._database.__exit__(*exception)

    # --------------------------------------------------------------------------------------------------------- reading

    def state(self) -> ListState | None:
        """Return where the list stands, or None before the first pull has ended."""
        with self._database.explained():
            found = self._connection.execute("SELECT source, cursor, made, pulled, clips FROM state").fetchone()
        return None if found is None else ListState(*found)

    def require(self, source: str, max_age_days: int) -> ListState:
        """Return where the list stands, if it may be used. Raise ListError, StaleListError."""
        state = self.state()
        if state is None or state.source != source:
            raise ListError(
                "The local list is not of the intake and lists that this folder joined.",
                hint="Run 'takedown platform pull' first.",
            )
        state.check_age(max_age_days)
        return state

    def count(self) -> int:
        """Return how many records are active."""
        with self._database.explained():
            return int(self._connection.execute("SELECT count(*) FROM records").fetchone()[0])

    def kinds(self) -> dict[int, Kind]:
        """Return what the numbers of kinds mean."""
        with self._database.explained():
            return {number: Kind(*rest) for number, *rest in self._connection.execute("SELECT * FROM kinds")}

    def rows(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Yield id (16 bytes), value (16, 20 or 32 bytes) and kind of every active record."""
        with self._database.explained():
            yield from self._connection.execute("SELECT id, value, kind FROM records ORDER BY id")

    def clips(self) -> Iterator[tuple[bytes, bytes, int]]:
        """Yield id (16 bytes), frames (32 bytes each) and kind of every active clip."""
        with self._database.explained():
            yield from self._connection.execute("SELECT id, frames, kind FROM clips ORDER BY id")

    def count_clips(self) -> int:
        """Return how many clips are active."""
        with self._database.explained():
            return int(self._connection.execute("SELECT count(*) FROM clips").fetchone()[0])

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Have everything that is read in the block be of one state of the list."""
        with self._database.reading():
            yield

    # --------------------------------------------------------------------------------------------------------- writing

    @contextmanager
    def changing(self, *, afresh: bool) -> Iterator[ListWriter]:
        """Give a writer whose changes all count when the block ends, and none if it fails.

        With ``afresh`` the list is begun anew: what is not written is not on it afterwards. Raise OutputError,
        ListError.
        """
        with self._database.transaction():
            if afresh:
                for table in ("records", "clips", "kinds"):
                    self._connection.execute(f"DELETE FROM {table}")
            yield ListWriter(self._connection, self.kinds())


class ListWriter:
    """Writes records and clips into a list. ``changed`` and ``removed`` count what it did with records."""

    def __init__(self, database: sqlite3.Connection, kinds: dict[int, Kind]) -> None:
        self._database = database
        self._kinds = {kind: number for number, kind in kinds.items()}
        self.changed = self.removed = 0

    def apply(self, records: Iterable[FeedRecord]) -> None:
        """Apply the records of a page, in their order."""
        written: list[tuple[bytes, bytes, int]] = []
        for record in records:
            raw = bytes.fromhex(record.id)
            if isinstance(record, ActiveRecord):
                kind = Kind(
                    record.signal, record.list, record.tier, ",".join(record.classes), ",".join(record.media),
                    record.distance,
                )  # fmt: skip
                written.append((raw, bytes.fromhex(record.value), self._number(kind)))
                continue
            self._write(written)
            written = []
            self.removed += self._database.execute("DELETE FROM records WHERE id = ?", (raw,)).rowcount
        self._write(written)

    def _write(self, rows: list[tuple[bytes, bytes, int]]) -> None:
        self._database.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
        self.changed += len(rows)

    def apply_clips(self, records: Iterable[ClipRecord]) -> None:
        """Apply the clips of a page, in their order."""
        for record in records:
            raw = bytes.fromhex(record.id)
            if isinstance(record, ActiveClip):
                kind = Kind(CLIP, record.list, record.tier, ORIGINAL, Media.VIDEO, record.distance)
                row = (raw, bytes.fromhex("".join(record.frames)), self._number(kind))
                self._database.execute("INSERT OR REPLACE INTO clips VALUES (?, ?, ?)", row)
            else:
                self._database.execute("DELETE FROM clips WHERE id = ?", (raw,))

    def drop_clips(self) -> None:
        """Remove all clips."""
        self._database.execute("DELETE FROM clips")

    def _number(self, kind: Kind) -> int:
        if kind not in self._kinds:
            number = max(self._kinds.values(), default=0) + 1
            self._database.execute("INSERT INTO kinds VALUES (?, ?, ?, ?, ?, ?, ?)", (number, *kind))
            self._kinds[kind] = number
        return self._kinds[kind]

    def finish(self, state: ListState) -> None:
        """Write where the list stands now."""
        values = (state.source, state.cursor, state.made, state.pulled, state.clips)
        columns = "one, source, cursor, made, pulled, clips"
        self._database.execute(f"INSERT OR REPLACE INTO state ({columns}) VALUES (1, ?, ?, ?, ?, ?)", values)
