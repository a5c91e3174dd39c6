"""Keys for tests: a passphrase, and a cost that is paid quickly."""

from __future__ import annotations

from pathlib import Path

from takedown_cli.core import atomic_file
from takedown_cli.helpline.keys import lifecycle
from takedown_cli.helpline.keys.key_uri import FileUri
from takedown_cli.helpline.keys.passphrase_file import Cost

CHEAP = Cost(memory=8 << 10, passes=1, lanes=1)


PASSPHRASE = "correct horse battery"


DAY = "2026-03-01"


def write(path: Path, data: bytes, replace: bool) -> None:
    atomic_file.write_file(path, data, force=replace)


def passphrase() -> str:
    return PASSPHRASE


def make_key(path: Path, words: Path) -> None:
    """Put a key that opens quickly there, and the passphrase that opens it, which only its owner can read."""
    words.write_text(PASSPHRASE + "\n")
    words.chmod(0o600)
    lifecycle.create_key(FileUri(path), passphrase, DAY, write, CHEAP)
