"""Keys for tests: a passphrase, and a cost that is paid quickly."""

from __future__ import annotations

from pathlib import Path

from takedown_cli.core import atomic_file
from takedown_cli.helpline.keys.passphrase_file import Cost

CHEAP = Cost(memory=8 << 10, passes=1, lanes=1)


PASSPHRASE = "correct horse battery"


DAY = "2026-03-01"


def write(path: Path, data: bytes, replace: bool) -> None:
    atomic_file.write_file(path, data, force=replace)


def passphrase() -> str:
    return PASSPHRASE
