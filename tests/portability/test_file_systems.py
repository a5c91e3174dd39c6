"""Ledgers and outputs on sticks: FAT and exFAT have no hard links, no links, no modes, and flush no folder."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from takedown_cli.core import atomic_file
from takedown_cli.core.errors import OutputError
from takedown_cli.helpline.ledger import retention
from takedown_cli.helpline.ledger.locks import Session
from tests.helpline.ledgers import caller, opened, take_in


@pytest.fixture
def _fat(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that answers as Linux's vfat driver does."""
    if sys.platform != "linux":
        pytest.skip("Linux imitates its own driver here")
    flush, opening = os.fsync, os.open

    def refused(*_arguments: Any, **_options: Any) -> NoReturn:
        raise PermissionError(errno.EPERM, "not on this file system")

    def open_file(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "not on this file system")
        return opening(path, flags, *arguments, **options)

    def flush_files_only(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112
            raise OSError(errno.EINVAL, "not on this file system")
        flush(descriptor)

    for name in ("link", "symlink", "chmod", "fchmod"):
        monkeypatch.setattr(os, name, refused)
    monkeypatch.setattr(os, "open", open_file)
    monkeypatch.setattr(os, "fsync", flush_files_only)


@pytest.mark.usefixtures("_fat")
def test_a_ledger_on_a_stick_is_made_written_and_rewritten(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as ledger, Session(ledger.path):
        take_in(ledger, [caller(number, tmp_path / f"{number}") for number in (1, 2)])
        retention.forget_entries(ledger, [1])
        assert [case.reference for case in opened(tmp_path / "ledger").cases()] == ["reference-2"]
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


@pytest.mark.usefixtures("_fat")
def test_an_output_on_a_stick_never_replaces_another(tmp_path: Path) -> None:
    atomic_file.write_file(tmp_path / "x.tdb", b"first", force=False)
    with pytest.raises(OutputError):
        atomic_file.write_file(tmp_path / "x.tdb", b"second", force=False)
    assert (tmp_path / "x.tdb").read_bytes() == b"first"
    atomic_file.write_file(tmp_path / "x.tdb", b"second", force=True)
    assert (tmp_path / "x.tdb").read_bytes() == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tdb"]
