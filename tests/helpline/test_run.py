"""The run over a caseload against a real intake: one case for each caller, whatever ends a run in between."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from takedown_cli import fixtures
from takedown_cli.address import IntakeAddress
from takedown_cli.bundle.document import Declaration
from takedown_cli.case import CaseNumber
from takedown_cli.discover import open_media
from takedown_cli.errors import BundleError, UnreachableError, UsageError
from takedown_cli.helpline import handover
from takedown_cli.helpline.inquiry import ask_all
from takedown_cli.helpline.ledger import Ledger, retention
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.ledger.file import LedgerFile
from takedown_cli.helpline.ledger.locks import Session
from takedown_cli.helpline.nouns import Caller, State
from takedown_cli.helpline.reconciling import reconcile
from takedown_cli.helpline.run import AtOnce, Means, Run, rota
from takedown_cli.helpline.run import folder as folders
from takedown_cli.helpline.slip import due
from takedown_cli.helpline.withdrawal import CarriedOut, TakenBack, carry_out, take_back
from takedown_cli.intake import organisations, running
from takedown_cli.intake.schema import cases, items, submissions
from takedown_cli.intake.server import Running
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.model import Failed, Found, Hashed, Outcome, Recipe, Skipped
from takedown_cli.pipeline import Declared, bundle, outcomes
from takedown_cli.pool import Pool
from takedown_cli.submit.client import IntakeClient
from takedown_cli.submit.transport import Door
from takedown_cli.wire import Receipt
from tests.helpline.conftest import DAY, caller, opened, take_in
from tests.helpline.key import WordKey
from tests.intake.person import Platform

Make = Callable[..., Path]


@pytest.fixture
def intake(tmp_path: Path) -> Iterator[Running]:
    home = Home(tmp_path / "intake")
    make_intake(home, Settings(name="Test intake", test=True))
    with running(home.path) as server:
        yield server


@contextmanager
def connect(address: str) -> Iterator[IntakeClient]:
    parsed = IntakeAddress.parse(address)
    with Door(parsed) as door:
        yield IntakeClient(door, parsed, attempts=1)


@contextmanager
def hashers(recipe: Recipe) -> Iterator[AtOnce]:
    with Pool(recipe, opener=open_media) as pool:
        yield AtOnce(pool)


def work(ledger: Ledger, address: str, watch: Callable[[Outcome], None] = lambda _: None) -> set[int]:
    """One run; the items it worked on."""
    with connect(address) as client:
        cards = {address: client.card()}
    with Session(ledger.path) as session:
        today = datetime.now(UTC).date().isoformat()
        run = Run(ledger, session, Means(WordKey(), Recipe(), hashers, connect, cards, today, watch=watch))
        run.go()
    return run.touched


def counts(intake: Running) -> tuple[int, int, int]:
    """Cases, submissions and items at the intake, without the decoy."""

    def count(table: object) -> int:
        return int(intake.intake.read(lambda c: c.scalar(select(func.count()).select_from(table))))  # type: ignore[arg-type]

    return count(cases) - 1, count(submissions), count(items) - 1


def everyone(make: Make, count: int, pictures: int = 2) -> list[Caller]:
    return [caller(number, make(f"{number}", pictures)) for number in range(1, count + 1)]


def states(ledger: Ledger) -> list[State]:
    return [case.state for case in ledger.cases()]


def test_every_caller_has_a_case_of_their_own_countersigned(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    intake.intake.operate(lambda turn: organisations.add(turn, "Helpline", WordKey().public, 100))
    callers = everyone(folder_of, 5)
    shutil.copy(callers[2].source / "0.jpg", callers[2].source / "again.jpg")
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        assert work(ledger, intake.address) == {1, 2, 3, 4, 5}
        assert counts(intake) == (5, 5, 10)
        found = ledger.cases()
        assert [case.state for case in found] == [State.SENT] * 5
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
    monkeypatch.setattr(rota, "PATIENCE", float("inf"))
    large = caller(1, folder_of("large", 40))
    small = [caller(number, folder_of(f"small{number}", 2)) for number in range(2, 6)]
    order: list[str] = []

    def noted(files: Iterable[Found | Skipped | Failed]) -> Iterator[Found | Skipped | Failed]:
        for found in files:
            order.append(found.path.parent.name)
            yield found

    class Noting(AtOnce):
        def outcomes(self, found: Iterable[Found | Skipped | Failed]) -> Iterator[Outcome]:
            return super().outcomes(noted(found))

    @contextmanager
    def noting(recipe: Recipe) -> Iterator[AtOnce]:
        with Pool(recipe, opener=open_media) as pool:
            yield Noting(pool)

    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [large, *small], intake.address)
        with Session(ledger.path) as session, connect(intake.address) as client:
            Run(ledger, session, Means(WordKey(), Recipe(), noting, connect, {intake.address: client.card()}, DAY)).go()
        assert states(ledger) == [State.SENT] * 5
    assert len(order) == 48
    last_small = max(number for number, name in enumerate(order) if name != "large")
    assert last_small < 4 * rota.AT_ONCE  # while the large one has two thirds to go


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
    assert (case.state, case.items, case.twice) == (State.SENT, 14, 1)
    assert counts(intake) == (1, 4, 14)


def interrupted(ledger: Ledger, intake: Running, after: int) -> tuple[list[Path], list[Path]]:
    """The files hashed by a run that is broken off ``after`` so many, and by the one that goes on."""
    seen: list[Path] = []
    again: list[Path] = []

    def interrupt(outcome: Outcome) -> None:
        seen.append(outcome.path)
        if len(seen) == after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work(ledger, intake.address, interrupt)
    work(ledger, intake.address, lambda outcome: again.append(outcome.path))
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
    assert (case.state, case.items) == (State.SENT, 14)
    assert counts(intake)[2] == 14


def test_what_came_of_a_folder_before_it_stepped_back_is_not_hashed_again(
    tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rota, "PATIENCE", 0.0)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, folder_of("large", 14))], intake.address)
        seen, again = interrupted(ledger, intake, 13)
        (case,) = ledger.cases()
    assert 2 <= len(again) < 14
    assert len({*seen, *again}) == 14
    assert (case.state, case.items) == (State.SENT, 14)
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
        means = Means(WordKey(), Recipe(), hashers, lambda _: connect(gone), cards, "2026-03-01")
        with Session(ledger.path) as session:
            run = Run(ledger, session, means)
            with pytest.raises(UnreachableError):
                run.go()
        assert counts(intake) == (0, 0, 0)
        ready = sum(bool(entry.pending) for entry in ledger.state().entries.values())
        assert ready
        for one in callers:
            shutil.rmtree(one.source)
            one.source.mkdir()
        work(ledger, address)
        assert states(ledger).count(State.SENT) == ready
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
        assert states(ledger) == [State.NOTHING, State.NOTHING, State.FAILED]
        assert [case.unprotected for case in ledger.cases()] == [0, 1, 0]
        assert counts(intake) == (0, 0, 0)
        fixtures.picture(5, (320, 240)).save(_made(tmp_path / "gone") / "found.jpg")  # the stick is back
        work(ledger, intake.address)
        assert states(ledger) == [State.NOTHING, State.NOTHING, State.SENT]


def test_what_came_into_a_folder_later_is_told_and_added_to_the_same_case(
    tmp_path: Path, intake: Running, folder_of: Make
) -> None:
    """To one that was sent and to one in which there was nothing; a file that was only touched is not sent again."""
    empty = _made(tmp_path / "empty")
    callers = [*everyone(folder_of, 2), caller(3, empty)]
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        work(ledger, intake.address)
        numbers = [case.number for case in ledger.cases()]
        assert take_in(ledger, callers, intake.address).grown == ()
        fixtures.picture(91, (320, 240)).save(callers[0].source / "later.png")
        fixtures.picture(92, (320, 240)).save(empty / "later.png")
        (callers[0].source / "0.jpg").touch()
        grown = take_in(ledger, callers, intake.address).grown
        assert [(one.item, one.files) for one in grown] == [(1, 2), (3, 1)]
        assert work(ledger, intake.address) == set()
        take_in(ledger, callers, intake.address, add=True)
        assert work(ledger, intake.address) == {1, 3}
        assert [(case.state, case.items) for case in ledger.cases()] == [(State.SENT, n) for n in (3, 2, 1)]
        assert [case.number for case in ledger.cases()] == numbers
        assert take_in(ledger, callers, intake.address).grown == ()
    assert counts(intake) == (3, 4, 6)


def test_a_lost_end_of_the_ledger_is_told_and_asked_about(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    """The entry of a bundle that the intake has is damaged: the case is gone on with, on whichever day."""
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 3), intake.address)
        sizes = [(tmp_path / "ledger").stat().st_size]
        assert not ledger.state().torn
        append = LedgerFile.append

        def watched(file: LedgerFile, plain: bytes) -> None:
            append(file, plain)
            if b'"hashed"' in plain:
                sizes.append((tmp_path / "ledger").stat().st_size)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(LedgerFile, "append", watched)
            work(ledger, intake.address)
    assert counts(intake) == (3, 3, 6)
    data = (tmp_path / "ledger").read_bytes()[: sizes[-1]]
    (tmp_path / "ledger").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with opened(tmp_path / "ledger", day="2026-03-04") as ledger:
        assert ledger.state().torn
    with opened(tmp_path / "ledger", day="2026-03-04") as ledger:  # told until it is asked about, not only once
        assert ledger.state().torn
        assert reconcile(ledger, connect) > 0
        assert not ledger.state().torn
        work(ledger, intake.address)
        assert states(ledger) == [State.SENT] * 3
    assert counts(intake)[0] == 3


def _made(path: Path) -> Path:
    path.mkdir()
    return path


def _ready_made(intake: Running, source: Path, *, sealed: bool) -> bytes:
    found = [o for o in outcomes([source], Recipe()) if isinstance(o, Hashed)]
    declared = Declared(Declaration(behalf="self"), "adult")
    made = [item for o in found if (item := declared.item(o)) is not None]
    with connect(intake.address) as client:
        card = client.card() if sealed else None
    return bundle(made, CaseNumber.draw(), declared, day="2026-03-01", card=card, test=True)[1]


def test_ready_made_bundles_are_sent_without_their_number(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    intake.intake.operate(lambda turn: organisations.add(turn, "Helpline", WordKey().public, 100))
    callers = []
    for number, sealed in enumerate((False, True), start=1):
        data = _ready_made(intake, folder_of(f"theirs{number}"), sealed=sealed)
        (tmp_path / f"{number}.tdb").write_bytes(data)
        callers.append(caller(number, tmp_path / f"{number}.tdb"))
    (tmp_path / "3.tdb").write_bytes(b"no bundle")
    callers.append(caller(3, tmp_path / "3.tdb"))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        work(ledger, intake.address)
        found = ledger.cases()
    assert [case.state for case in found] == [State.SENT, State.SENT, State.REFUSED]
    assert [case.number for case in found] == [None, None, None]
    assert counts(intake) == (2, 2, 4)
    signed = intake.intake.read(lambda c: [row.organisation_id for row in c.execute(select(submissions))])
    assert sorted(map(str, signed)) == ["1", "None"]  # what is sealed already cannot be countersigned


def test_a_ready_made_bundle_that_is_not_sent_yet_can_be_held_back(
    tmp_path: Path, intake: Running, folder_of: Make
) -> None:
    """The intake goes away while it is sent: nobody has its number, so it is taken out of what is to be sent."""
    callers = []
    for number, sealed in enumerate((True, False, True), start=1):
        (tmp_path / f"{number}.tdb").write_bytes(_ready_made(intake, folder_of(f"theirs{number}"), sealed=sealed))
        callers.append(caller(number, tmp_path / f"{number}.tdb"))

    @contextmanager
    def away(_: str) -> Iterator[IntakeClient]:
        yield from ()
        raise UnreachableError

    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, callers, intake.address)
        with Session(ledger.path) as session, connect(intake.address) as client:
            means = Means(WordKey(), Recipe(), hashers, away, {intake.address: client.card()}, DAY)
            with pytest.raises(UnreachableError):
                Run(ledger, session, means).go()
        assert states(ledger) == [State.READY] * 3
        for item in (1, 2):
            assert take_back(ledger, item, away) == TakenBack(None, None, maybe_sent=True)
        work(ledger, intake.address)
        assert states(ledger) == [State.WITHDRAWN, State.WITHDRAWN, State.SENT]
        assert counts(intake)[0] == 1
        assert "only whoever made the bundle" in (ledger.cases()[0].reason or "")
        with pytest.raises(UsageError, match="not the helpline's"):
            take_back(ledger, 3, connect)
        assert take_in(ledger, callers, intake.address).known == 3
        assert work(ledger, intake.address) == set()


def test_a_refusal_is_for_good_and_says_why(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 2), intake.address, test=False)
        work(ledger, intake.address)
        found = ledger.cases()
        assert [case.state for case in found] == [State.REFUSED] * 2
        assert all("test" in (case.reason or "") for case in found)
        assert work(ledger, intake.address) == set()


def test_what_platforms_say_is_kept_and_marked_as_new(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    platform = Platform(intake.origin, intake.add_participant("Example Platform"))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 3), intake.address)
        work(ledger, intake.address)
        with ledger.turn() as turn:
            turn.note(Act.SHOWN)
        listed = platform.pull()
        assert ask_all(ledger, connect, 2).asked == 3
        state = ledger.state()
        assert [entry.changed > state.shown for entry in state.entries.values()] == [True] * 3
        assert {(answer.state, answer.items) for case in ledger.cases() for answer in case.answers} == {("seen", 2)}
        with ledger.turn() as turn:
            turn.note(Act.SHOWN)
        ask_all(ledger, connect, 2)
        state = ledger.state()
        assert not any(entry.changed > state.shown for entry in state.entries.values())
        entry = state.entries[2]
        assert entry.number is not None
        count = take_back(ledger, entry.item, connect)
        assert count == TakenBack(2, None)
        assert states(ledger) == [State.SENT, State.WITHDRAWN, State.SENT]
        again = platform.pull()
        assert sum(record["hashStatus"] == "Withdrawn" for record in again.values()) == len(listed) / 3


def test_what_a_run_works_on_is_neither_taken_back_nor_forgotten(
    tmp_path: Path, intake: Running, folder_of: Make
) -> None:
    """The run of another operator began while this one was asked whether they are sure."""
    refused: list[bool] = []
    with opened(tmp_path / "ledger") as ledger, opened(tmp_path / "ledger", operator="second") as other:
        take_in(ledger, everyone(folder_of, 1), intake.address)

        def change_their_mind(_: Outcome) -> None:
            with pytest.raises(UsageError):
                take_back(other, 1, connect)
            with pytest.raises(UsageError):
                retention.forget(other, [1])
            refused.append(True)

        work(ledger, intake.address, change_their_mind)
        assert len(refused) == 2
        assert states(ledger) == [State.SENT]
        assert take_back(other, 1, connect) == TakenBack(2, None)


def test_while_a_case_is_taken_back_no_run_sends_it(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    touched: list[set[int]] = []
    with opened(tmp_path / "ledger") as ledger, opened(tmp_path / "ledger", operator="second") as other:
        take_in(ledger, everyone(folder_of, 2), intake.address)
        with pytest.raises(UnreachableError):
            work(ledger, intake.address, _fail)
        assert ledger.state().entries[1].open

        @contextmanager
        def meanwhile(address: str) -> Iterator[IntakeClient]:
            touched.append(work(other, intake.address))
            with connect(address) as client:
                yield client

        with ledger.turn() as turn:
            turn.add(Act.HASHED, 1, bundle="never arrived", items=1, unprotected=0, twice=0, reasons={}, covered=[],
                     seen=[], last=True)  # fmt: skip
        assert take_back(ledger, 1, meanwhile) == TakenBack(None, "2026-03-03")
        assert touched == [{2}]
        assert ledger.state().entries[1].leaving == "2026-03-01"


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("arrived", [0, 1])
def test_what_was_on_its_way_when_a_run_was_killed_is_taken_back_when_it_arrives(
    arrived: int, tmp_path: Path, intake: Running, folder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A first bundle, and one that adds to a case: the intake gets it after it was asked to take the case back."""
    monkeypatch.setattr(folders, "PART_FILES", 4)
    late: list[bytes] = []

    @contextmanager
    def cut_off(address: str) -> Iterator[IntakeClient]:
        with connect(address) as client:
            arrives = client.submit

            def submit(message: bytes) -> Receipt:
                if counts(intake)[1] == arrived:
                    late.append(message)
                    raise _Killed
                return arrives(message)

            monkeypatch.setattr(client, "submit", submit)
            yield client

    with opened(tmp_path / "ledger") as ledger, connect(intake.address) as client:
        take_in(ledger, [caller(1, folder_of("1", 6))], intake.address)
        with Session(ledger.path) as session:
            run = Run(
                ledger, session, Means(WordKey(), Recipe(), hashers, cut_off, {intake.address: client.card()}, DAY)
            )
            with pytest.raises(_Killed):
                run.go()
        assert take_back(ledger, 1, connect) == TakenBack(4 * arrived or None, "2026-03-03")
        assert work(ledger, intake.address) == set()
        client.submit(late[0])  # now it comes
        assert "listed" in _item_states(intake)
        assert carry_out(ledger, connect) == CarriedOut(0, 1)
        assert _item_states(intake) == {"withdrawn"}
    with opened(tmp_path / "ledger", day="2026-03-03") as ledger:
        assert carry_out(ledger, connect) == CarriedOut(1, 0)
        assert states(ledger) == [State.WITHDRAWN]


def _item_states(intake: Running) -> set[str]:
    """Of all cases but the decoy, which comes first."""
    query = select(items.c.state).where(items.c.case_id > 1)
    return set(intake.intake.read(lambda c: c.scalars(query).all()))


def test_a_case_is_taken_back_once_the_intake_is_there_again(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 1), intake.address)
        work(ledger, intake.address)
        with pytest.raises(UnreachableError):
            take_back(ledger, 1, lambda _: connect("http://127.0.0.1:9"))
        assert states(ledger) == [State.SENT]
        assert [row["item"] for row in handover.note(ledger.state(), WordKey(), operator="K", day=DAY)["open"]] == [1]
        assert retention.older_than(ledger.state(), 0, "2027-01-01") == []
        assert not due(ledger.cases()).slips
        assert carry_out(ledger, connect) == CarriedOut(1, 0)
        assert states(ledger) == [State.WITHDRAWN]


def _fail(_: Outcome) -> None:
    raise UnreachableError


def test_a_folder_that_became_a_link_is_not_followed(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    """Since the manifest was read it was replaced by a link to another caller's."""
    first, second = folder_of("1"), folder_of("2")
    (tmp_path / "3.tdb").write_bytes(_ready_made(intake, folder_of("theirs"), sealed=False))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, first), caller(2, second), caller(3, tmp_path / "3.tdb")], intake.address)
        shutil.rmtree(second)
        second.symlink_to(first)
        (tmp_path / "3.tdb").rename(tmp_path / "4.tdb")
        (tmp_path / "3.tdb").symlink_to(tmp_path / "4.tdb")
        work(ledger, intake.address)
        assert states(ledger) == [State.SENT, State.FAILED, State.FAILED]
    assert counts(intake) == (1, 1, 2)


def test_a_case_whose_later_part_was_refused_is_asked_about(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    platform = Platform(intake.origin, intake.add_participant("Example Platform"))
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, everyone(folder_of, 1), intake.address)
        work(ledger, intake.address)
        with ledger.turn() as turn:
            turn.add(Act.REFUSED, 1, why="No.")
        platform.pull()
        assert ask_all(ledger, connect, 1).asked == 1
        assert {answer.state for case in ledger.cases() for answer in case.answers} == {"seen"}
        assert states(ledger) == [State.REFUSED]


def test_a_note_holds_item_numbers_only_and_is_known_again(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [*everyone(folder_of, 2), caller(3, tmp_path / "gone")], intake.address)
        work(ledger, intake.address)
        note = handover.note(ledger.state(), WordKey(), operator="Kim", day="2026-03-01")
        private = [case.reference for case in ledger.cases()] + [case.number or "" for case in ledger.cases()]
    assert [row["item"] for row in note["open"]] == [3]
    assert [row["item"] for row in note["changed"]] == [1, 2, 3]
    assert not any(word in repr(note) for word in (*private, str(tmp_path)))
    handover.check(note, WordKey())
    for changed in ({**note, "cases": 9}, {**note, "seal": "00"}, {**note, "operator": float("nan")}):
        with pytest.raises(BundleError):
            handover.check(changed, WordKey())
    with pytest.raises(BundleError):
        handover.check(note, WordKey("another helpline"))


def test_only_closed_cases_that_are_old_enough_are_forgotten(tmp_path: Path, intake: Running, folder_of: Make) -> None:
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [*everyone(folder_of, 2), caller(3, tmp_path / "gone")], intake.address)
        work(ledger, intake.address)
        assert retention.older_than(ledger.state(), 30, "2026-03-20") == []
        old = retention.older_than(ledger.state(), 30, "2026-03-31")
        assert [entry.item for entry in old] == [1, 2]
        retention.forget(ledger, [1])
        assert [case.item for case in ledger.cases()] == [2, 3]
