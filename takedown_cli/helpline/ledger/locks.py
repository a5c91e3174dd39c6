"""The marks of runs over a ledger: locked files, which show without a clock whether a run is still alive."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from takedown_cli.core.append_only_file import OPEN_FLAGS
from takedown_cli.core.errors import OutputError
from takedown_cli.core.file_lock import acquire_lock


def _marker(ledger: Path, session: str) -> Path:
    return ledger.with_name(f".{ledger.name}.{session}.running")


class Session:
    """One run over a ledger, as a context manager: an empty file beside the ledger, locked while the run lives.

    Raises OutputError when that file cannot be made.
    """

    def __init__(self, ledger: Path) -> None:
        self.id: Final = secrets.token_hex(8)
        self._path = _marker(ledger, self.id)
        self._descriptor = -1
        try:
            self._descriptor = os.open(self._path, OPEN_FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            acquire_lock(self._descriptor, wait=True)
        except OSError:
            self._remove()
            raise OutputError(
                "The ledger's folder cannot be written to, or its disk has no locks.",
                hint="Keep the ledger on another disk.",
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    def _remove(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)  # first: Windows removes no open file
        with suppress(OSError):
            self._path.unlink()


def is_alive(ledger: Path, session: str) -> bool:
    """Return whether the run with that id still holds its lock. The file of a killed run is removed."""
    path = _marker(ledger, session)
    try:
        descriptor = os.open(path, OPEN_FLAGS)
    except FileNotFoundError:
        return False
    except OSError:  # it is there, but not for us: another account's, most likely
        return True
    try:
        if not acquire_lock(descriptor, wait=False):
            return True
    except OSError:  # a disk without locks: nobody can know
        return True
    finally:
        os.close(descriptor)
    with suppress(OSError):
        path.unlink()  # closed before: Windows removes no open file
    return False
