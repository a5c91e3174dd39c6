"""Keeps two servers from one folder, and notes where the present one listens, for the operator's commands."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from takedown_cli.core.errors import ConfigError
from takedown_cli.core.file_lock import acquire_lock
from takedown_cli.intake.settings import Home

#: An operator's command that looks whether somebody serves holds the lock for a moment: so try for a second.
_TRIES: Final = 20
_PAUSE: Final = 0.05
_LONGEST: Final = 200
#: What to connect to where a server listens on every address.
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def _place(home: Home) -> Path:
    return home.path / "serving"


@contextmanager
def hold_folder(home: Home, host: str, port: int, *, alone: bool) -> Iterator[None]:
    """Be the one server of this folder while the block lasts, listening at ``host`` and ``port``.

    If another server has the folder, raise ConfigError where this one has to be ``alone``. Where several may share the
    folder, the first is the one that operators' commands find.
    """
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(_place(home), flags, 0o600)
    except OSError:
        if alone:
            raise ConfigError(
                "The intake's folder cannot be written to.",
                hint="Check the free space, and that the folder and its files belong to the account that serves.",
            ) from None
        yield
        return
    try:
        held = _acquire(descriptor)
        if not held and alone:
            raise ConfigError(
                "Another server is serving this folder.",
                hint="Stop it first. Only with PostgreSQL can several servers share a database.",
            )
        if held:
            with suppress(OSError):  # a full disk: then nobody finds this server
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{host} {port}\n".encode())
        yield
        if held:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int) -> bool:
    for _ in range(_TRIES - 1):
        if _try_to_acquire(descriptor):
            return True
        time.sleep(_PAUSE)
    return _try_to_acquire(descriptor)


def _try_to_acquire(descriptor: int) -> bool:
    try:
        return acquire_lock(descriptor, wait=False)
    except OSError:  # a file system without locks, on which nobody can be kept out
        return True


def find_server(home: Home) -> tuple[str, int] | None:
    """Return the host and port at which this computer reaches the server of a folder, or None if nobody serves it."""
    flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(_place(home), flags)
    except OSError:
        return None
    try:
        if _try_to_acquire(descriptor):
            return None
        os.lseek(descriptor, 0, os.SEEK_SET)
        host, _, port = os.read(descriptor, _LONGEST).decode("ascii").strip().rpartition(" ")
        return _ANY.get(host, host), int(port)
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)
