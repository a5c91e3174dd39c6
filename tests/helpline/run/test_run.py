"""The run over a caseload against a real intake: one case for each caller, whatever interrupts it."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from takedown_cli import fixtures
from takedown_cli.core.errors import UnreachableError
from takedown_cli.core.model import Failed, Found, Limits, Member, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.locks import Session
from takedown_cli.helpline.run import Run, RunContext, fair_queue
from takedown_cli.helpline.run import folder as folders
from takedown_cli.intake.cases import organisations
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import submissions
from takedown_cli.protocol.bundle import seal
from takedown_cli.protocol.bundle.card import audience_of
from takedown_cli.protocol.case_number import CaseNumber
from tests.helpline.ledgers import DAY, caller, opened, take_in
from tests.helpline.runs import Make, connect, counts, everyone, hashers, make_folder, ready_made, states, work
from tests.helpline.word_key import WordKey


def test_every_caller_has_a_case_of_their_own_countersigned(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    intake.intake.operate(lambda turn: organisations.add_organisation(turn, "Helpline", WordKey().public, 100))
    callers = everyone(folder_of, 5)
    shutil.copy(callers[2].source / "0.jpg", callers[2].source / "again.jpg")
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        assert work(ledger, intake.address) == {1, 2, 3, 4, 5}
        assert counts(intake) == (5, 5, 10)
        found = ledger.cases()
        assert [case.state for case in found] == [CaseState.SENT] * 5
        assert [case.items for case in found] == [2] * 5
        assert [case.twice for case in found] == [0, 0, 1, 0, 0]
        assert work(ledger, intake.address) == set()
    by_organisation = intake.intake.read(lambda c: {row.organisation_id for row in c.execute(select(submissions))})
    assert by_organisation == {1}
    with connect(intake.address) as client:
        for case in found:
            assert len(client.status(CaseNumber.parse(case.number or "")).items) == 2


def test_the_large_folder_does_not_hold_up_the_small_ones(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of those that are open gives a file in its turn, which is the order in which the pool gets them."""
    monkeypatch.setattr(fair_queue, "PATIENCE", float("inf"))
    large = caller(1, folder_of("large", 40))
    small = [caller(number, folder_of(f"small{number}", 2)) for number in range(2, 6)]
    order: list[str] = []

    def noted(files: Iterable[Found | Skipped | Failed]) -> Iterator[Found | Skipped | Failed]:
        for found in files:
            order.append(found.path.parent.name)
            yield found

    class Noting(Pool):
        def outcomes(self, found: Iterable[Found | Skipped | Failed], *, in_order: bool = True) -> Iterator[Outcome]:
            return super().outcomes(noted(found), in_order=in_order)

    @contextmanager
    def noting(recipe: Recipe) -> Iterator[Pool]:
        with Noting(recipe, open_file=open_media) as pool:
            yield pool

    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [large, *small], intake.address)
        with Session(ledger.path) as session, connect(intake.address) as client:
            Run(
                ledger,
                session,
                RunContext(WordKey(), Recipe(), noting, connect, {intake.address: client.card()}, DAY),
            ).go()
        assert states(ledger) == [CaseState.SENT] * 5
    assert len(order) == 48
    last_small = max(number for number, name in enumerate(order) if name != "large")
    assert last_small < 4 * fair_queue.AT_ONCE  # while the large one has two thirds to go


def test_a_large_folder_is_one_case_of_several_bundles(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "PART_FILES", 4)
    source = folder_of("large", 14)
    shutil.copy(source / "0.jpg", source / "zz-again.jpg")
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, source)], intake.address)
        work(ledger, intake.address)
        (case,) = ledger.cases()
    assert (case.state, case.items, case.twice) == (CaseState.SENT, 14, 1)
    assert counts(intake) == (1, 4, 14)


def interrupted(
    ledger: Ledger, intake: Running, after: int, recipe: Recipe | None = None
) -> tuple[list[Path], list[Path]]:
    """The files hashed by a run that is broken off ``after`` so many, and by the one that goes on."""
    seen: list[Path] = []
    again: list[Path] = []

    def interrupt(outcome: Outcome) -> None:
        seen.append(outcome.path)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(ledger, intake.address, interrupt, recipe=recipe)
    work(ledger, intake.address, lambda outcome: again.append(outcome.path), recipe=recipe)
    return seen, again


def test_what_is_in_a_part_is_not_hashed_again(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "PART_FILES", 3)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, folder_of("large", 14))], intake.address)
        seen, again = interrupted(ledger, intake, 11)
        (case,) = ledger.cases()
    assert len(again) == 14 - 9
    assert len({*seen, *again}) == 14
    assert (case.state, case.items) == (CaseState.SENT, 14)
    assert counts(intake)[2] == 14


def test_what_came_of_a_folder_before_it_stepped_back_is_not_hashed_again(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fair_queue, "PATIENCE", 0.0)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, folder_of("large", 14))], intake.address)
        seen, again = interrupted(ledger, intake, 13)
        (case,) = ledger.cases()
    assert 2 <= len(again) < 14
    assert len({*seen, *again}) == 14
    assert (case.state, case.items) == (CaseState.SENT, 14)
    assert counts(intake)[2] == 14


def test_a_bundle_that_was_written_down_is_sent_as_it_is(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    """The intake goes away before anything is sent; then the folders change and vanish."""
    callers = everyone(folder_of, 3)
    address = intake.address
    gone = "http://127.0.0.1:9"
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, address)
        with connect(address) as client:
            cards = {address: client.card()}
        context = RunContext(WordKey(), Recipe(), hashers, lambda _: connect(gone), cards, "2026-03-01")
        with Session(ledger.path) as session:
            run = Run(ledger, session, context)
            with pytest.raises(UnreachableError):
                run.go()
        assert counts(intake) == (0, 0, 0)
        ready = sum(bool(entry.pending) for entry in ledger.state().entries.values())
        assert ready
        for one in callers:
            shutil.rmtree(one.source)
            one.source.mkdir()
        work(ledger, address)
        assert states(ledger).count(CaseState.SENT) == ready
        assert counts(intake) == (ready, ready, 2 * ready)


def test_a_caller_without_anything_to_protect_gets_no_case(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    empty, texts = tmp_path / "empty", tmp_path / "texts"
    for place in (empty, texts):
        place.mkdir()
    (texts / "notes.txt").write_text("nothing\n")
    (texts / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(300))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, empty), caller(2, texts), caller(3, tmp_path / "gone")], intake.address)
        work(ledger, intake.address)
        assert states(ledger) == [CaseState.NOTHING, CaseState.NOTHING, CaseState.FAILED]
        assert [case.unprotected for case in ledger.cases()] == [0, 1, 0]
        assert counts(intake) == (0, 0, 0)
        fixtures.picture(5, (320, 240)).save(make_folder(tmp_path / "gone") / "found.jpg")  # the stick is back
        work(ledger, intake.address)
        assert states(ledger) == [CaseState.NOTHING, CaseState.NOTHING, CaseState.SENT]


def test_ready_made_bundles_are_sent_without_their_number(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    intake.intake.operate(lambda turn: organisations.add_organisation(turn, "Helpline", WordKey().public, 100))
    callers = []
    for number, sealed in enumerate((False, True), start=1):
        data = ready_made(intake, folder_of(f"theirs{number}"), sealed=sealed)
        (tmp_path / f"{number}.tdb").write_bytes(data)
        callers.append(caller(number, tmp_path / f"{number}.tdb"))
    with connect(intake.address) as client:
        card = client.card()
    request = seal.seal(b"no bundle", audience_of(card), "request", bytes.fromhex(card.sealing_key))
    for number, data in ((3, b"no bundle"), (4, request)):
        (tmp_path / f"{number}.tdb").write_bytes(data)
        callers.append(caller(number, tmp_path / f"{number}.tdb"))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        work(ledger, intake.address)
        found = ledger.cases()
    assert [case.state for case in found] == [CaseState.SENT, CaseState.SENT, CaseState.REFUSED, CaseState.REFUSED]
    assert [case.reason for case in found[2:]] == ["The file is not a valid bundle."] * 2
    assert [case.number for case in found] == [None] * 4
    assert counts(intake) == (2, 2, 4)
    signed = intake.intake.read(lambda c: [row.organisation_id for row in c.execute(select(submissions))])
    assert sorted(map(str, signed)) == ["1", "None"]  # what is sealed already cannot be countersigned


def test_a_refusal_is_for_good_and_says_why(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 2), intake.address, test=False)
        work(ledger, intake.address)
        found = ledger.cases()
        assert [case.state for case in found] == [CaseState.REFUSED] * 2
        assert all("test" in (case.reason or "") for case in found)
        assert work(ledger, intake.address) == set()


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    """Since the manifest was read it was replaced by a link to another caller's."""
    first, second = folder_of("1"), folder_of("2")
    (tmp_path / "3.tdb").write_bytes(ready_made(intake, folder_of("theirs"), sealed=False))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, first), caller(2, second), caller(3, tmp_path / "3.tdb")], intake.address)
        shutil.rmtree(second)
        second.symlink_to(first)
        (tmp_path / "3.tdb").rename(tmp_path / "4.tdb")
        (tmp_path / "3.tdb").symlink_to(tmp_path / "4.tdb")
        work(ledger, intake.address)
        assert states(ledger) == [CaseState.SENT, CaseState.FAILED, CaseState.FAILED]
    assert counts(intake) == (1, 1, 2)


def archive(folder: Path, name: str, count: int, *more: bytes) -> Path:
    """An archive of ``count`` pictures, and of what else is given."""
    path = folder / name
    with zipfile.ZipFile(path, "w") as made:
        for number in range(count):
            stream = io.BytesIO()
            fixtures.picture(500 + number, (320, 240)).save(stream, "PNG")
            made.writestr(f"{number}.png", stream.getvalue())
        for number, data in enumerate(more):
            made.writestr(f"more/{number}", data)
    return path


OPENED = Recipe(limits=Limits(members=1000))


def test_what_is_in_archives_was_never_protected_for_a_caller(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts are closed in the middle of an archive, and each picture is sent once; a sidecar is no loss."""
    monkeypatch.setattr(folders, "PART_FILES", 2)
    source = folder_of("one", 2)
    archive(source, "takeout.zip", 5, b"{}", b"\x89PNG\r\n\x1a\n")
    archive(source, "same pictures.zip", 3)
    archive(folder_of("two", 1), "none.zip", 0, b"{}")
    callers = [caller(1, source), caller(2, tmp_path / "callers" / "two")]
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        assert work(ledger, intake.address, recipe=OPENED) == {1, 2}
        one, two = ledger.cases()
        assert (one.state, one.items, one.twice, one.unprotected) == (CaseState.SENT, 7, 3, 1)
        assert (two.state, two.items, two.unprotected) == (CaseState.SENT, 1, 0)
        assert dict(one.reasons) == {"damaged": 1}
        assert counts(intake)[2] == 8
        assert work(ledger, intake.address, recipe=OPENED) == set()


def test_an_archive_that_holds_too_much_ends_with_its_last_outcome(
    tmp_path: Path, intake: Running, folder_of: Make
) -> None:
    source = folder_of("one", 0)
    archive(source, "a.zip", 4)
    for limit, items in ((3, 3), (1, 1)):
        with opened(tmp_path / f"ledger {limit}") as ledger:
            take_in(ledger, [caller(1, source)], intake.address)
            work(ledger, intake.address, recipe=Recipe(limits=Limits(members=limit)))
            (case,) = ledger.cases()
        assert (case.state, case.items, dict(case.reasons)) == (CaseState.SENT, items, {"archive-limit": 1})


def test_a_run_broken_off_inside_an_archive_sends_each_picture_once(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "PART_FILES", 2)
    source = folder_of("one", 1)
    archive(source, "takeout.zip", 7, b"\x89PNG\r\n\x1a\n")
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, source)], intake.address)
        interrupted(ledger, intake, 6, OPENED)
        (case,) = ledger.cases()
    assert (case.state, case.items, case.unprotected) == (CaseState.SENT, 8, 1)
    assert counts(intake)[2] == 8


def test_an_archive_of_two_callers_goes_to_both(tmp_path: Path) -> None:
    """The first outcome of each member is the first caller's, in whatever order they come."""
    path, one, two = tmp_path / "a.zip", cast(folders.Folder, "one"), cast(folders.Folder, "two")
    queue = fair_queue.FairQueue(list, lambda folder: None, lambda folder: None)
    queue._owners[path] = deque([one, two])
    members = [Skipped(path, Reason.NOT_MEDIA, 0, Member(number, of=3)) for number in (1, 2)]
    rest = Skipped(path, Reason.ARCHIVE_LIMIT, of=3)
    said = [queue.owner(each) for each in (members[1], members[1], rest, members[0], members[0], rest)]
    assert said == [one, two, one, one, two, two]
    assert not queue._owners
