"""The ledger under crashes, two writers, wrong keys and full disks: what was written stays, what is damaged is told."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest

from takedown_cli import fixtures
from takedown_cli.core.errors import LedgerError, LedgerKeyError, OutputError
from takedown_cli.core.model import Found, Limits
from takedown_cli.hashing.discover import walk
from takedown_cli.helpline.case import Caller, CaseState
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.ledger.locks import Session, is_alive
from takedown_cli.helpline.run.enrolment import compare_with_ledger, enrol_callers
from takedown_cli.helpline.run.file_recognition import recognition_digest
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.runner import ROOT
from tests.helpline.ledgers import INTAKE, caller, opened, take_in
from tests.helpline.word_key import WordKey


def _callers(folder: Path, count: int) -> list[Caller]:
    return [caller(number, folder / str(number)) for number in range(1, count + 1)]


def _sent(ledger: Ledger, item: int) -> None:
    with ledger.transaction() as transaction:
        values = {"items": 1, "unprotected": 0, "twice": 0, "reasons": {}, "covered": [], "seen": []}
        transaction.add(Act.HASHED, item, bundle="bundle bytes", last=True, **values)
        transaction.add(Act.SENT, item, part=0, received="2026-03-01", expires="2028-03-01")


def test_every_caller_has_a_number_of_their_own_before_anything_else(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, _callers(tmp_path, 20))
    with opened(tmp_path / "ledger") as again:
        cases = again.cases()
        numbers = {CaseNumber.parse(case.number or "") for case in cases}
        assert len(numbers) == 20
        assert [case.item for case in cases] == list(range(1, 21))
        assert {case.state for case in cases} == {CaseState.WAITING}
        take_in(again, _callers(tmp_path, 20))  # the same manifest once more
        assert {CaseNumber.parse(case.number or "") for case in again.cases()} == numbers


@pytest.mark.parametrize(
    ("reference", "source"),
    [
        ("Reference_1", "new"), ("référence-1", "new"),
        ("new", "1"), ("new", "1/inner"), ("new", "."),
    ],
)  # fmt: skip
def test_a_later_manifest_cannot_take_a_caller_for_another(tmp_path: Path, reference: str, source: str) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, _callers(tmp_path, 2))
        _sent(ledger, 2)
        theirs = [caller(7, tmp_path / "7"), caller(8, tmp_path / source, reference=reference)]
        with ledger.transaction() as transaction:
            made = enrol_callers(transaction, theirs, intakes={None: INTAKE}, test=True, limits=Limits())
        assert made.contradictions == (8,)
        assert len(ledger.cases()) == 2


def test_a_folder_is_used_again_only_once_nothing_of_the_caller_before_is_in_it(
    tmp_path: Path, folder_of: Callable[..., Path]
) -> None:
    """The first caller's case is sent, and of their folder only digests are left."""
    folder = folder_of("theirs") / "inner"
    folder.mkdir()
    fixtures.picture(7, (64, 64)).save(folder / "deep.png")
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, folder.parent)])
        key = CaseNumber.parse(ledger.cases()[0].number or "").journal_key()
        names = [
            recognition_digest(found, key) for found in walk([folder.parent], Limits()) if isinstance(found, Found)
        ]
        with ledger.transaction() as transaction:
            values = {"items": 3, "unprotected": 0, "twice": 0, "reasons": {}, "covered": names, "seen": []}
            transaction.add(Act.HASHED, 1, bundle="bundle bytes", last=True, **values)
            transaction.add(Act.SENT, 1, part=0, received="2026-03-01", expires="2028-03-01")
        ledger.compact(always=True)
        assert ledger.state().entries[1].source == ""
        for number_, source in enumerate((folder.parent, folder, folder.parent.parent), start=2):
            found = compare_with_ledger(ledger.state(), [caller(number_, source)], test=True, limits=Limits())
            assert found.contradictions == (number_,), source
        for left in folder.parent.rglob("*.*"):
            left.unlink()
        folder_of("theirs/later", 1)
        assert take_in(ledger, [caller(2, folder.parent)]).new == 1


def test_a_ledger_has_one_name(tmp_path: Path) -> None:
    """By another one run would not see the other, and a rewriting would part them; a crash while making is no other."""
    opened(tmp_path / "ledger").__exit__(None, None, None)
    (tmp_path / f".ledger.{'0' * 16}.part").hardlink_to(tmp_path / "ledger")
    opened(tmp_path / "ledger").__exit__(None, None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]
    (tmp_path / "other").hardlink_to(tmp_path / "ledger")
    for name in ("ledger", "other"):
        with pytest.raises(LedgerError, match="second name"):
            opened(tmp_path / name)
    (tmp_path / "other").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "ledger")
    with pytest.raises(OutputError):
        opened(tmp_path / "link")
    opened(tmp_path / "ledger").__exit__(None, None, None)


def test_nothing_is_in_the_clear(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, _callers(tmp_path, 3))
        number = ledger.cases()[0].number or ""
    data = (tmp_path / "ledger").read_bytes()
    for word in (b"reference", b"adult", b"first", number.encode(), bytes(tmp_path), b"permission"):
        assert word not in data
    assert (tmp_path / "ledger").stat().st_mode & 0o777 == 0o600


def test_another_organisations_key_opens_nothing(tmp_path: Path) -> None:
    opened(tmp_path / "ledger").__exit__(None, None, None)
    before = (tmp_path / "ledger").read_bytes()
    with pytest.raises(LedgerKeyError):
        opened(tmp_path / "ledger", "another helpline")
    assert (tmp_path / "ledger").read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"something else", b"takedown ledger 1\n"], ids=["empty", "other", "begun"])
def test_what_is_no_ledger_is_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger").write_bytes(content)
    with pytest.raises(LedgerError):
        opened(tmp_path / "ledger")
    assert (tmp_path / "ledger").read_bytes() == content


def test_a_torn_end_is_dropped_and_nothing_before_it(tmp_path: Path) -> None:
    """As a power cut leaves it, at every length: the last frame cut off, or its room filled with nothing."""
    path = tmp_path / "ledger"
    with opened(path) as ledger:
        take_in(ledger, _callers(tmp_path, 2))
        whole = path.read_bytes()
        _sent(ledger, 1)
    longer = path.read_bytes()
    added = len(longer) - len(whole)
    for kept in (*range(10), *range(10, added, 9), added - 1):
        for filled in (b"", bytes(added - kept)):
            path.write_bytes(longer[: len(whole) + kept] + filled)
            with opened(path) as ledger:
                assert [case.state for case in ledger.cases()] == [CaseState.WAITING] * 2
                if kept in {0, 7, added - 1}:
                    _sent(ledger, 2)
                    with opened(path) as other:
                        assert [case.state for case in other.cases()] == [CaseState.WAITING, CaseState.SENT]


def test_damage_before_the_end_is_reported_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with opened(path) as ledger:
        take_in(ledger, _callers(tmp_path, 2))
        first = len(path.read_bytes())
        _sent(ledger, 1)
        _sent(ledger, 2)
    whole = path.read_bytes()
    (length,) = struct.unpack_from("<I", whole, first)
    for place in (*range(first, first + 8), first + 8, first + 8 + length - 1):
        damaged = whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(LedgerError):
            opened(path)
        assert path.read_bytes() == damaged


def test_frames_in_another_order_or_of_another_ledger_are_not_taken(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with opened(path) as ledger:
        take_in(ledger, _callers(tmp_path, 1))
        begun = len(path.read_bytes())
        _sent(ledger, 1)
        once = path.read_bytes()
    path.write_bytes(once + once[begun:])
    with pytest.raises(LedgerError):
        opened(path)


def test_a_ledger_that_became_shorter_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with opened(path) as ledger:
        empty = len(path.read_bytes())
        take_in(ledger, _callers(tmp_path, 1))
        os.truncate(path, empty)
        with pytest.raises(LedgerError):
            ledger.cases()


def test_two_that_have_it_open_see_what_the_other_wrote(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as one, opened(tmp_path / "ledger", operator="second") as other:
        take_in(one, _callers(tmp_path, 3))
        _sent(other, 2)
        _sent(one, 1)
        assert [case.state for case in other.cases()] == [CaseState.SENT, CaseState.SENT, CaseState.WAITING]
        one.compact(always=True)
        _sent(other, 3)
        assert [case.state for case in one.cases()] == [CaseState.SENT] * 3
        assert [operator for _, operator, _ in one.cases()[1].history] == ["first", "second", "second"]


def test_a_caller_is_claimed_by_one_living_run_only(tmp_path: Path) -> None:
    with opened(tmp_path / "ledger") as one, opened(tmp_path / "ledger") as other:
        take_in(one, _callers(tmp_path, 4))
        with Session(one.path) as mine:
            with one.transaction() as transaction:
                assert [entry.item for entry in one.claim(transaction, mine, deque([1, 2, 3, 4]), 3)] == [1, 2, 3]
            with Session(other.path) as theirs, other.transaction() as transaction:
                assert [entry.item for entry in other.claim(transaction, theirs, deque([1, 2, 3, 4]), 9)] == [4]
        with Session(other.path) as later, other.transaction() as transaction:
            assert [entry.item for entry in other.claim(transaction, later, deque([1, 2, 3, 4]), 9)] == [1, 2, 3, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


def test_a_killed_run_is_dead_at_once_and_its_mark_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / "ledger").touch()
    code = (
        "import sys, time; from pathlib import Path; from takedown_cli.helpline.ledger.locks import Session;"
        "print(Session(Path(sys.argv[1])).id, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code, tmp_path / "ledger"], stdout=subprocess.PIPE, cwd=ROOT)
    assert run.stdout is not None
    session = run.stdout.readline().decode().strip()
    assert is_alive(tmp_path / "ledger", session)
    run.kill()
    run.communicate()
    assert not is_alive(tmp_path / "ledger", session)
    assert [path.name for path in tmp_path.iterdir()] == ["ledger"]


_WRITER = """
import sys
from pathlib import Path
from takedown_cli.helpline.ledger.entry import Act
from tests.helpline.ledgers import caller, opened, take_in
name, path = sys.argv[1], Path(sys.argv[2])
for number in range(1, 1000):
    with opened(path, operator=name) as ledger:
        take_in(ledger, [caller(number, path.parent / f"{name} {number}", reference=f"{name} {number}")])
        if number % 7 == 0:
            ledger.compact(always=True)
    print(number, flush=True)
"""


def test_writers_that_are_killed_lose_nothing_they_had_written(tmp_path: Path) -> None:
    """Two programs write and rewrite one ledger, and are killed in the middle of it, several times."""
    path, written = tmp_path / "ledger", {"one": 0, "two": 0}
    expected: dict[str, int] = {}
    for round_ in range(3):
        running = {
            name: subprocess.Popen(
                [sys.executable, "-c", _WRITER, f"{name}{round_}", path], stdout=subprocess.PIPE, cwd=ROOT
            )
            for name in written
        }
        for name, run in running.items():
            assert run.stdout is not None
            while int(run.stdout.readline()) < 10:
                pass
            run.kill()
            said = run.communicate()[0].split()
            expected[f"{name}{round_}"] = int(said[-1]) if said else 10
    with opened(path) as ledger:
        found = [case.reference.split() for case in ledger.cases()]
        assert len({case.number for case in ledger.cases()}) == len(found)
    for name, count in expected.items():
        numbers = [int(number) for who, number in found if who == name]
        assert numbers == list(range(1, len(numbers) + 1))
        assert count <= len(numbers) <= count + 1  # the last one may have been written and not said


def test_a_full_disk_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no limit on a file's size")
    import resource

    path = tmp_path / "ledger"
    with opened(path) as ledger:
        take_in(ledger, _callers(tmp_path, 1))
        before = path.read_bytes()
        usual = resource.getrlimit(resource.RLIMIT_FSIZE)
        ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 4 - 100, usual[1]))
        try:
            with pytest.raises(OutputError):
                take_in(ledger, _callers(tmp_path, 50))
            with pytest.raises(OutputError):
                ledger.compact(always=True)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, usual)
            signal.signal(signal.SIGXFSZ, ignored)
        assert path.read_bytes() == before
        assert len(ledger.cases()) == 1
        take_in(ledger, _callers(tmp_path, 50))
        assert len(ledger.cases()) == 50
    assert [file.name for file in tmp_path.iterdir()] == ["ledger"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="an account that may not write everywhere")
def test_a_ledger_that_may_not_be_written_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    opened(path).__exit__(None, None, None)
    path.chmod(0o400)
    with pytest.raises(OutputError):
        opened(path)


def test_rewriting_takes_away_what_was_forgotten_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    with opened(path) as ledger:
        take_in(ledger, _callers(tmp_path, 30))
        for item in range(1, 31):
            _sent(ledger, item)
        kept = [case for case in ledger.cases() if case.item > 20]
        with ledger.transaction() as transaction:
            for item in range(1, 21):
                transaction.add(Act.FORGOTTEN, item)
        long = path.stat().st_size
        ledger.compact(always=True)
        assert path.stat().st_size < long / 2
        assert ledger.cases() == kept
        take_in(ledger, [caller(1, tmp_path, reference="somebody new")])
        assert ledger.cases()[-1].item == 31  # a number is never given to two
    with Ledger(path, WordKey(), operator="x", day="2026-03-02") as again:
        assert again.cases()[:-1] == kept


def test_what_killed_rewritings_left_goes_with_the_next_one(tmp_path: Path) -> None:
    """It may hold a caller who is to be forgotten; what another ledger has in work stays."""
    left = tmp_path / f".ledger.{'0' * 16}.part"
    others = [
        tmp_path / f".ledger.old.{'0' * 16}.part",
        tmp_path / ".ledger.part",
        tmp_path / f"ledger.{'0' * 16}.part",
    ]
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, _callers(tmp_path, 2))
        for file in (left, *others):
            file.write_bytes((tmp_path / "ledger").read_bytes())
        ledger.compact(always=True)
    assert not left.exists()
    assert all(file.exists() for file in others)
