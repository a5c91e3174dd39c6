"""The ledger, its marks, the journal and outputs where no open file is replaced or removed, as on Windows."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

import pytest

from takedown_cli.core import atomic_file
from takedown_cli.core.append_only_file import AppendOnlyFile
from takedown_cli.core.errors import OutputError
from takedown_cli.helpline import ledger as ledgers
from takedown_cli.helpline.ledger import Ledger, retention
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.ledger.locks import Session, is_alive
from tests.helpline.ledgers import caller, opened, take_in

pytestmark = pytest.mark.usefixtures("_sharing_rule")


def _filled(path: Path, count: int) -> Ledger:
    ledger = opened(path)
    take_in(ledger, [caller(number, path.parent / f"folder {number}") for number in range(1, count + 1)])
    return ledger


def _references(ledger: Ledger) -> list[str]:
    return [case.reference for case in ledger.cases()]


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "_PAUSE", 0)


def test_the_rule_holds_for_files_folders_and_names_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "folder" / "file", tmp_path / "other"):
        path.touch()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    with (tmp_path / "folder" / "file").open("rb"):
        for act in (
            (tmp_path / "folder" / "file").unlink,
            lambda: (tmp_path / "other").replace(tmp_path / "folder" / "file"),
            lambda: (tmp_path / "folder").rename(tmp_path / "moved"),
            lambda: os.unlink("folder/file", dir_fd=descriptor),  # as shutil.rmtree does
        ):
            with pytest.raises(PermissionError):
                act()
    os.close(descriptor)
    (tmp_path / "other").replace(tmp_path / "folder" / "file")
    (tmp_path / "folder").rename(tmp_path / "moved")


def test_forgetting_a_case_rewrites_the_ledger(tmp_path: Path) -> None:
    with _filled(tmp_path / "ledger", 3) as ledger, opened(tmp_path / "ledger") as colleague:
        before = (tmp_path / "ledger").stat().st_size
        retention.forget_entries(ledger, [1, 3])
        assert _references(ledger) == _references(colleague) == ["reference-2"]
        assert (tmp_path / "ledger").stat().st_size < before
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


def test_a_ledger_past_its_size_is_rewritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "WORTHWHILE", 100)
    monkeypatch.setattr(ledgers, "_ENTRY", 1)
    with _filled(tmp_path / "ledger", 3) as ledger:
        for _ in range(20):
            with ledger.transaction() as transaction:
                transaction.note(Act.SHOWN)
        before = (tmp_path / "ledger").stat().st_size
        ledger.compact()
        assert (tmp_path / "ledger").stat().st_size < before
        assert len(ledger.cases()) == 3


def test_a_ledger_that_another_program_holds_forgets_nothing_and_says_why(tmp_path: Path) -> None:
    with _filled(tmp_path / "ledger", 3) as ledger:
        before = (tmp_path / "ledger").read_bytes()
        with (tmp_path / "ledger").open("rb"), pytest.raises(OutputError, match="another program has it open"):
            retention.forget_entries(ledger, [1])
        assert (tmp_path / "ledger").read_bytes() == before
        assert [path.name for path in tmp_path.iterdir()] == ["ledger"]
        retention.forget_entries(ledger, [1])
        assert _references(ledger) == ["reference-2", "reference-3"]


def test_a_run_goes_on_when_the_ledger_cannot_be_made_smaller_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "WORTHWHILE", 1)
    monkeypatch.setattr(ledgers, "_ENTRY", 0)
    monkeypatch.setattr(ledgers, "_NAME", 0)
    with _filled(tmp_path / "ledger", 2) as ledger:
        with (tmp_path / "ledger").open("rb"):
            ledger.compact()
        assert len(ledger.cases()) == 2


def test_what_was_written_while_a_rewrite_waited_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries the lock is free. What a colleague adds then is in the ledger after the next try."""
    with _filled(tmp_path / "ledger", 1) as ledger, opened(tmp_path / "ledger", operator="second") as colleague:
        holder = (tmp_path / "ledger").open("rb")

        def meanwhile(_seconds: float) -> None:
            holder.close()
            take_in(colleague, [caller(9, tmp_path / "late")])

        monkeypatch.setattr("takedown_cli.helpline.ledger.time.sleep", meanwhile)
        ledger.compact(always=True)
        assert _references(ledger) == ["reference-1", "reference-9"]


def test_the_marks_of_ended_and_killed_runs_are_removed(tmp_path: Path) -> None:
    with _filled(tmp_path / "ledger", 2) as ledger, Session(ledger.path) as session:
        with ledger.transaction() as transaction:
            ledger.claim(transaction, session, deque([1]), 1)
        assert ledger.is_held(ledger.cases()[0])
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]
    (tmp_path / ".ledger.0123456789abcdef.running").touch()  # of a run that was killed: nobody has its lock
    assert not is_alive(tmp_path / "ledger", "0123456789abcdef")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


def test_an_interrupted_start_leaves_a_second_name_that_goes(tmp_path: Path) -> None:
    _filled(tmp_path / "ledger", 1)
    (tmp_path / ".takedown-0123456789abcdef.part").hardlink_to(tmp_path / "ledger")
    assert len(opened(tmp_path / "ledger").cases()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


@pytest.mark.parametrize("nameless", [True, False])
@pytest.mark.parametrize("force", [True, False])
def test_an_output_is_closed_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, nameless: bool, force: bool
) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    if force:
        (tmp_path / "x.tdb").write_bytes(b"old")
    atomic_file.write_file(tmp_path / "x.tdb", b"new", force=force)
    assert (tmp_path / "x.tdb").read_bytes() == b"new"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tdb"]


@pytest.mark.parametrize("nameless", [True, False])
def test_an_output_that_another_program_has_open_stays_and_the_reason_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, nameless: bool
) -> None:
    if not nameless:
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    (tmp_path / "x.tdb").write_bytes(b"old")
    with (tmp_path / "x.tdb").open("rb"), pytest.raises(OutputError, match="another program has it open"):
        atomic_file.write_file(tmp_path / "x.tdb", b"new", force=True)
    assert (tmp_path / "x.tdb").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tdb"]


def test_a_journal_can_be_removed_once_it_is_closed(tmp_path: Path) -> None:
    with AppendOnlyFile(tmp_path / "log", "journal", "--resume") as log:
        log.append(b"line\n")
    (tmp_path / "log").unlink()
