"""Backup and restoring: an intake's folder as one consistent copy, taken while it serves.

It guarantees that a copy is whole or not there, and that what is restored is exactly what was copied.
It must never leave a key readable by others, or write over an intake.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

from takedown_cli.errors import ConfigError
from takedown_cli.intake.settings import Home, make_folder, write_private

_MANIFEST: Final = "backup.json"
_PAGES: Final = 4096  # copied at a time, so that the serving process is never held up for long


def backup(home: Home, target: Path) -> int:
    """Copy keys, settings and, for SQLite, the database to a new folder; the number of files. Raises ConfigError.

    Another database has its own tools: then only keys and settings are copied.
    """
    settings = home.load()
    if target.exists():
        raise ConfigError("There is something at the place of the backup already.", hint="Choose another place.")
    beside = target.with_name(target.name + ".part")
    make_folder(beside)
    try:
        if settings.database is None:
            _copy_database(home.database, beside / home.database.name)
        digests = _copy_files(home, beside)
        write_private(beside / _MANIFEST, json.dumps({"version": 1, "files": digests}, sort_keys=True).encode())
        beside.rename(target)
    except (OSError, sqlite3.Error):
        raise ConfigError("The backup could not be written.", hint="Check space and rights.") from None
    finally:
        with suppress(OSError):
            shutil.rmtree(beside)
    return len(digests)


def _copy_database(source: Path, target: Path) -> None:
    """SQLite's online backup: a consistent copy, whatever is written meanwhile."""
    write_private(target, b"")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=_PAGES)
        copy.execute("PRAGMA journal_mode=DELETE")


def _copy_files(home: Home, target: Path) -> dict[str, str]:
    """Copy the small files; the SHA-256 of every file of the backup by its place in the folder."""
    for path in sorted(path for path in home.path.rglob("*") if path.is_file()):
        name = path.relative_to(home.path)
        if path.name.startswith(home.database.name):
            continue
        make_folder((target / name).parent)
        write_private(target / name, path.read_bytes())
    return {
        str(path.relative_to(target).as_posix()): sha256(path.read_bytes()).hexdigest()
        for path in sorted(target.rglob("*"))
        if path.is_file()
    }


def restore(source: Path, home: Home) -> int:
    """Make an intake from a backup, in a new folder; the number of files. Raises ConfigError."""
    if home.path.exists():
        raise ConfigError("There is something in that folder already.", hint="Choose another folder.")
    try:
        digests = json.loads((source / _MANIFEST).read_text(encoding="utf-8"))["files"]
        contents = {name: (source / name).read_bytes() for name in digests if ".." not in Path(name).parts}
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError("This is not a backup of an intake, or it is incomplete.", hint="Try another one.") from None
    if {name: sha256(content).hexdigest() for name, content in contents.items()} != digests:
        raise ConfigError("The backup is damaged: a file is not as it was written.", hint="Try another one.")
    beside = home.path.with_name(home.path.name + ".part")
    make_folder(beside)
    for name, content in contents.items():
        make_folder((beside / name).parent)
        write_private(beside / name, content)
    beside.rename(home.path)
    return len(contents)
