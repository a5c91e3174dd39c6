"""Locks where there is no ``fcntl``: Windows locks a byte, and answers EACCES while somebody else has it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from takedown_cli.core import file_lock
from takedown_cli.core.append_only_file import AppendOnlyFile
from takedown_cli.core.errors import OutputError
from takedown_cli.core.file_lock import acquire_lock
from takedown_cli.helpline.ledger.locks import Session, is_alive
from tests.helpline.ledgers import caller, opened, take_in
from tests.portability.conftest import LockedByte

_BUSY = PermissionError(errno.EACCES, "held")
_NO_LOCKS = OSError(errno.EINVAL, "this disk has no locks")


def test_a_held_lock_is_waited_for_or_reported(
    tmp_path: Path, windows_lock: LockedByte, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "_PAUSE", 0)
    with (tmp_path / "x").open("wb") as stream:
        windows_lock.answers = [_BUSY]
        assert not acquire_lock(stream.fileno(), wait=False)
        windows_lock.answers = [_BUSY] * 3
        assert acquire_lock(stream.fileno(), wait=True)


@pytest.mark.parametrize("wait", [True, False])
def test_another_error_does_not_spin_for_ever(tmp_path: Path, windows_lock: LockedByte, *, wait: bool) -> None:
    windows_lock.error = _NO_LOCKS
    with (tmp_path / "x").open("wb") as stream, pytest.raises(OSError, match="no locks"):
        acquire_lock(stream.fileno(), wait=wait)


def test_a_ledger_a_mark_and_a_journal_say_that_a_disk_has_no_locks(tmp_path: Path, windows_lock: LockedByte) -> None:
    take_in(opened(tmp_path / "ledger"), [caller(1, tmp_path / "1")])
    (tmp_path / ".ledger.0123456789abcdef.running").touch()
    windows_lock.error = _NO_LOCKS
    with pytest.raises(OutputError, match="cannot be locked"):
        opened(tmp_path / "ledger")
    with pytest.raises(OutputError, match="no locks"):
        Session(tmp_path / "ledger")
    with pytest.raises(OutputError, match="cannot be locked"):
        AppendOnlyFile(tmp_path / "log", "journal", "--resume")
    assert is_alive(tmp_path / "ledger", "0123456789abcdef")  # nobody can know, so its callers stay its own
    assert {path.name for path in tmp_path.iterdir()} == {"ledger", ".ledger.0123456789abcdef.running", "log"}


def test_journals_and_receipts_are_locked_on_windows_too(tmp_path: Path, windows_lock: LockedByte) -> None:
    with AppendOnlyFile(tmp_path / "log", "journal", "--resume") as log:
        log.append(b"first\n")
        windows_lock.error = _BUSY
        with pytest.raises(OutputError, match="Another run"):
            AppendOnlyFile(tmp_path / "log", "journal", "--resume")
        windows_lock.error = None
        log.append(b"second\n")  # the lock moved the offset far behind the end
    assert (tmp_path / "log").read_bytes() == b"first\nsecond\n"
