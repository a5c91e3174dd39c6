"""Copies an intake's folder while it serves, and restores it from the copy.

A copy is complete, or there is none. Restoring trusts nothing in the copy: only the files that an intake has are read,
each under its own name and never through a link, and no intake is overwritten.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from takedown_cli.core.clock import SYSTEM
from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.operations.upkeep import note_done
from takedown_cli.intake.settings import Home, Settings, make_folder, read_settings, write_private

_MANIFEST: Final = "backup.json"
#: The files of an intake: everything that a backup has or that is restored from one.
_NAMES: Final = (
    "deny.txt", "intake-card.json", "intake.db", "intake.toml", "keys/pepper", "keys/sealing.key", "keys/signing.key",
)  # fmt: skip
_PAGES: Final = 4096  # copied at a time, so that the serving process is never held up for long


def backup_intake(home: Home, target: Path) -> int:
    """Copy keys, settings and, for SQLite, the database to a new folder. Return the number of files. Raise ConfigError.

    Another database has its own tools: then only keys and settings are copied.
    """
    settings = home.load()
    if target.exists():
        raise ConfigError("The backup's folder exists already.", hint="Name a new folder.")
    beside = target.with_name(target.name + ".part")
    make_folder(beside)
    try:
        if settings.database is None:
            _copy_database(home.database, beside / home.database.name)
        digests = _copy_files(home, beside)
        write_private(beside / _MANIFEST, json.dumps({"version": 1, "files": digests}, sort_keys=True).encode())
        beside.rename(target)
    except (OSError, sqlite3.Error):
        raise ConfigError(
            "The backup could not be written.", hint="Check the free space and the folder's permissions."
        ) from None
    finally:
        with suppress(OSError):
            shutil.rmtree(beside)
    note_done(home, "backup", SYSTEM.day())
    return len(digests)


def _copy_database(source: Path, target: Path) -> None:
    """Copy with SQLite's online backup, which is consistent while others write."""
    write_private(target, b"")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy, pages=_PAGES)
        copy.execute("PRAGMA journal_mode=DELETE")


def _copy_files(home: Home, target: Path) -> dict[str, str]:
    """Copy the small files. Return the SHA-256 of every file of the backup by its path in the folder."""
    for name in _NAMES:
        path = home.path / name
        if path != home.database and path.is_file():
            make_folder((target / name).parent)
            write_private(target / name, path.read_bytes())
    return {name: sha256((target / name).read_bytes()).hexdigest() for name in _NAMES if (target / name).is_file()}


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup has: the content of each file by its name, and its settings."""

    contents: Mapping[str, bytes]
    settings: Settings


def read_backup(source: Path) -> Backup:
    """Read a backup and check every file. Raise ConfigError.

    Other files in it are left alone: earlier versions copied whatever was in the folder.
    """
    try:
        listed: dict[str, str] = dict(json.loads(_read_file(source, _MANIFEST))["files"])
        if any(Path(name).is_absolute() or ".." in Path(name).parts for name in listed):
            raise ConfigError("The backup names a file outside of it.", hint="Do not use it: somebody changed it.")
        digests = {name: digest for name, digest in listed.items() if name in _NAMES}
        contents = {name: _read_file(source, name) for name in digests}
        settings = read_settings(contents["intake.toml"])
        needed = [name for name in _NAMES if name.startswith("keys/")]
        if not {*needed, *([] if settings.database else ["intake.db"])} <= contents.keys():
            raise KeyError
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(
            "This is not a backup of an intake, or it is incomplete.", hint="Try another backup."
        ) from None
    if {name: sha256(content).hexdigest() for name, content in contents.items()} != digests:
        raise ConfigError("The backup is damaged: a file has changed.", hint="Try another backup.")
    return Backup(contents, settings)


def _read_file(folder: Path, name: str) -> bytes:
    """Return the content of a regular file below a folder. Raise OSError for a link on the way, a pipe, a device."""
    path = folder / name
    steps = [path, *(step for step in path.parents if step != folder and folder in step.parents)]
    if any(step.is_symlink() for step in steps):
        raise OSError
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags), "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise OSError
        return stream.read()


def restore_intake(backup: Backup, home: Home) -> int:
    """Make an intake from a backup, in a new folder. Return the number of files. Raise ConfigError.

    If the backup's settings name a database elsewhere, this makes a second folder that uses it: ask before.
    """
    if home.path.exists() or home.path.is_symlink():
        raise ConfigError("That folder is not empty.", hint="Name a new folder.")
    beside = home.path.with_name(home.path.name + ".part")
    if beside.exists() or beside.is_symlink():
        raise ConfigError(
            "An earlier restore was not finished.", hint="Delete the folder beside it whose name ends in .part."
        )
    make_folder(beside)
    try:
        for name, content in backup.contents.items():
            make_folder((beside / name).parent)
            write_private(beside / name, content)
        if backup.settings.database is None:
            _begin_era(beside / home.database.name)
        beside.rename(home.path)
    except (OSError, sqlite3.Error):
        raise ConfigError(
            "The intake could not be restored.", hint="Check the free space and the folder's permissions."
        ) from None
    finally:
        with suppress(OSError):
            shutil.rmtree(beside)
    return len(backup.contents)


def _begin_era(database: Path) -> None:
    """End all cursors of the native feed: the places after the backup will be given again, to other changes."""
    with closing(sqlite3.connect(database)) as connection, connection:
        columns = [name for _, name, *_ in connection.execute("PRAGMA table_info(clock)")]
        if "era" in columns:  # an older database gets its first one when it is opened
            connection.execute("UPDATE clock SET era = randomblob(8)")
