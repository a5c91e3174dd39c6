"""A helpline's desk as a worker meets it: template, manifest, slips and report, with a real intake on loopback."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from takedown_cli import fixtures
from takedown_cli.cli import batch_report, batch_template
from takedown_cli.helpline.manifest import read
from takedown_cli.helpline.nouns import Answer
from takedown_cli.helpline.report.figures import figures
from takedown_cli.intake import organisations, running, schema
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.cli.runner import COMMAND, Ended, environment, run
from tests.helpline import naughty
from tests.helpline.caseload import case, caseload
from tests.helpline.offices import as_csv, bundle, folder, row
from tests.helpline.test_manifest import NUMBER, ROWS, office, prepared

_ = office  # a fixture that is used here too
NUMBERS = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}")
KEY = ("--key", "file:office.key", "--passphrase-file", "words")
LEDGER = ("--ledger", "cases.ledger", *KEY)


@dataclass
class Desk:
    """A folder with three callers whose cases are with an intake that serves."""

    folder: Path
    address: str

    def __call__(self, *arguments: str, stdin: str | None = None) -> Ended:
        data = None if stdin is None else stdin.encode()
        return run(*arguments, cwd=self.folder, stdin=data, env={"TAKEDOWN_INTAKE": self.address})


def with_key(place: Path) -> None:
    (place / "words").write_text("correct horse battery staple\n")
    (place / "words").chmod(0o600)
    assert run("keys", "new", "file:office.key", "--passphrase-file", "words", cwd=place).code == 0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    place = tmp_path_factory.mktemp("desk")
    for number in (1, 2, 3):
        (place / "callers" / f"{number}").mkdir(parents=True)
        fixtures.picture(number, (320, 240)).save(place / "callers" / f"{number}" / "x.png")
    (place / "callers" / "4").mkdir()
    (place / "callers" / "4" / "notes.txt").write_text("nothing to protect\n")
    rows = [row(f"2026/{n}", f"callers/{n}", language=tag) for n, tag in enumerate(("en", "ar", "uk", "de"), start=1)]
    (place / "callers.csv").write_bytes(as_csv(rows, ";", "\r\n"))
    with_key(place)
    assert run("intake", "init", "home", "--name", "Example", cwd=place).code == 0
    serving = subprocess.Popen(
        [*COMMAND, "intake", "serve", "home", "--port", "0", "--json"],
        cwd=place, env=environment(place), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        here = Desk(place, json.loads(serving.stdout.readline())["address"])
        ran = here("batch", "run", "callers.csv", "--yes", *LEDGER)
        assert ran.code == 3, ran.said  # the fourth has nothing to protect
        yield here
    finally:
        serving.kill()
        serving.communicate()


# ----------------------------------------------------------------------------------------------- template and manifest


@pytest.mark.parametrize("form", [(), ("--separator", "semicolon"), ("--format", "jsonl")])
def test_the_template_is_a_manifest_once_its_examples_are_there(tmp_path: Path, form: tuple[str, ...]) -> None:
    made = run("batch", "template", *form, cwd=tmp_path)
    assert made.code == 0
    (tmp_path / "m").write_bytes(made.out)
    assert {fault.reason for fault in read(tmp_path / "m").faults} == {"source-not-there"} | (
        {"age-missing", "for-missing"}
    )
    for name in ("EXAMPLE-1", "EXAMPLE-2"):
        folder(tmp_path, f"callers/{name}")
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "EXAMPLE-3.tdb").write_bytes(bundle())
    found = read(tmp_path / "m")
    assert not found.faults
    assert [caller.language for caller in found.callers] == ["en", "de", "uk"]
    for name in batch_template.MEANINGS:
        assert f"{name}: " in made.said


@contextmanager
def counting() -> Iterator[tuple[str, list[object]]]:
    """An address at which nothing answers, and everybody who knocks there."""
    knocks: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            while not over.is_set():
                try:
                    connection, who = server.accept()
                except TimeoutError:
                    continue
                knocks.append(who)
                connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", knocks
        finally:
            over.set()
            thread.join()


def test_a_manifest_of_naughty_strings_and_fifty_kinds_of_fault_is_exit_2_and_nothing_is_sent(office: Path) -> None:
    """Every faulty row is named, in words and in JSON; nothing that was typed comes back; nobody is contacted."""
    with_key(office)
    strings = naughty.strings()
    rows = [row(f"N{n}", f"nowhere/{n}", age=string) for n, string in enumerate(strings)]
    (office / "m.csv").write_bytes(as_csv([*rows, *(cells for _, cells in prepared(office))]))
    before = sorted(path.name for path in office.iterdir())
    with counting() as (address, knocks):
        told = [
            run("batch", "run", "m.csv", "--yes", "--intake", address, *LEDGER, *more, cwd=office)
            for more in ((), ("--json",))
        ]
    assert knocks == []
    assert sorted(path.name for path in office.iterdir()) == before  # no ledger was begun either
    words, machine = told
    assert (words.code, machine.code) == (2, 2)
    found = machine.document()["faults"]
    reasons = {(fault["row"], fault["reason"]) for fault in found}
    assert {fault["row"] for fault in found} >= set(range(2, len(rows) + 2))
    for place, (reason, _) in enumerate(ROWS.items(), start=len(rows) + 2):
        assert (place, reason) in reasons or reason == "bundle-other-intake"
    assert len({reason for _, reason in reasons}) >= 50
    for place, _ in reasons:
        assert f"Row {place}" in words.said
    for string in strings:
        if len(string) > 8 and string.isprintable():
            assert string not in words.said, string
    for text in (words, machine):
        assert NUMBER.encode() not in text.out + text.err
        assert NUMBER.lower().replace("-", " ").encode() not in text.out + text.err
        assert b"\x1b" not in text.out + text.err


# --------------------------------------------------------------------------------------------------------------- slips


def test_slips_are_made_once_and_the_numbers_on_them_work(desk: Desk, tmp_path: Path) -> None:
    shutil.copy(desk.folder / "cases.ledger", tmp_path / "before")
    made = desk("batch", "slips", "-o", "slips", "--contact", "0800 000 000", *LEDGER, "--json")
    assert made.code == 0, made.said
    assert made.document()["made"] == 3
    assert made.document()["none_due"] == 1
    place = desk.folder / "slips"
    assert place.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in place.iterdir()) == ["2026-1.html", "2026-2.html", "2026-3.html"]
    numbers = {}
    for path in place.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        [numbers[path.name]] = set(NUMBERS.findall(path.read_text(encoding="utf-8")))
    assert len(set(numbers.values())) == 3
    for number in numbers.values():
        assert number.encode() not in made.out + made.err
        assert desk("status", "-", stdin=number).code == 0
    # The power goes before the ledger is written: the same files, and none besides.
    shutil.copy(tmp_path / "before", desk.folder / "cases.ledger")
    assert desk("batch", "slips", "-o", "slips", "--contact", "0800 000 000", *LEDGER).code == 0
    assert sorted(path.name for path in place.iterdir()) == ["2026-1.html", "2026-2.html", "2026-3.html"]
    again = desk("batch", "slips", "-o", "slips", *LEDGER)
    assert again.code == 4
    assert "No slip is due" in again.said


def test_a_lost_slip_is_made_again_by_its_item_number_and_the_ledger_knows(desk: Desk) -> None:
    desk("batch", "slips", "-o", "slips", *LEDGER)
    made = desk("batch", "slips", "-o", "second", "--item", "2", "--format", "text", *LEDGER)
    assert made.code == 0, made.said
    [path] = (desk.folder / "second").iterdir()
    assert path.name == "2026-2.txt"
    [number] = NUMBERS.findall(path.read_text(encoding="utf-8"))
    assert number.encode() not in made.out + made.err
    note = desk("batch", "handover", *LEDGER, "--json").document()
    assert any(each["item"] == 2 and each["last"] == "slip" for each in note["changed"])
    assert desk("batch", "slips", "-o", "second", "--item", "4", *LEDGER).code == 4


def test_one_file_to_print_holds_a_page_for_each_caller(desk: Desk) -> None:
    for item in ("1", "3"):
        assert desk("batch", "slips", "-o", "printed", "--item", item, "--together", *LEDGER).code == 0
    pages = [path.read_text(encoding="utf-8") for path in sorted((desk.folder / "printed").iterdir())]
    assert [page.count('<article class="slip"') for page in pages] == [1, 1]
    assert len({*NUMBERS.findall("".join(pages))}) == 2
    assert desk("batch", "slips", "-o", "printed", "--together", "--format", "text", *LEDGER).code == 2


def test_a_note_that_cannot_be_written_leaves_everything_new(desk: Desk) -> None:
    def new() -> int:
        return len(desk("batch", "handover", "--json", *LEDGER, "-o", "note.json", "--force").document()["changed"])

    new()
    assert desk("batch", "slips", "-o", "once more", "--item", "3", *LEDGER).code == 0
    assert desk("batch", "handover", "-o", "no/such/place/note.json", *LEDGER).code == 2
    assert new() == 1
    assert new() == 0


@pytest.mark.parametrize("contact", ["x" * 121, "a\nb", "a\x1b[2J"])
def test_a_contact_is_one_line_of_plain_text(desk: Desk, contact: str) -> None:
    assert desk("batch", "slips", "-o", "slips", "--contact", contact, *LEDGER).code == 2


def test_a_rotated_key_opens_the_ledger_as_before(desk: Desk) -> None:
    before = desk("batch", "status", "--offline", "--all", "--json", *LEDGER)
    assert run("keys", "rotate", "file:office.key", "--passphrase-file", "words", cwd=desk.folder).code == 0
    after = desk("batch", "status", "--offline", "--all", "--json", *LEDGER)
    assert (before.code, after.code) == (0, 0)
    assert [each["item"] for each in after.document()["cases"]] == [each["item"] for each in before.document()["cases"]]
    other = ("--ledger", "cases.ledger", "--key", "file:other.key", "--passphrase-file", "words")
    assert run("keys", "new", "file:other.key", "--passphrase-file", "words", cwd=desk.folder).code == 0
    assert desk("batch", "status", "--offline", *other).code != 0


# --------------------------------------------------------------------------------------------------------------- quota


def test_a_quota_that_is_used_up_says_what_to_do_and_nothing_is_lost(tmp_path: Path) -> None:
    """Two cases a day, for four callers; then the intake's operator sets more."""
    with_key(tmp_path)
    for number in range(4):
        (tmp_path / "callers" / f"{number}").mkdir(parents=True)
        fixtures.picture(40 + number, (320, 240)).save(tmp_path / "callers" / f"{number}" / "x.png")
    given = ("--age", "adult", "--for", "self", "--patience", "0", *LEDGER)
    make_intake(Home(tmp_path / "home"), Settings(name="Example"))
    key = run("keys", "show", "file:office.key", "--passphrase-file", "words", "--json", cwd=tmp_path).document()
    with running(tmp_path / "home") as intake:
        intake.intake.operate(lambda turn: organisations.add(turn, "Helpline", bytes.fromhex(key["public_key"]), 2))
        ran = run("batch", "run", "callers", "--yes", "--intake", intake.address, *given, cwd=tmp_path)
        assert ran.code == 7
        for words in ("in 60 minutes", "number of cases for today", "--quota", "batch resume"):
            assert words in " ".join(ran.said.split())
        intake.intake.operate(lambda turn: turn.connection.execute(update(schema.organisations).values(quota=100)))
        resumed = run("batch", "resume", "--json", *LEDGER, cwd=tmp_path)
        assert resumed.code == 0, resumed.said
        assert (resumed.document()["states"], resumed.document()["items_sent"]) == ({"sent": 4}, 4)


# -------------------------------------------------------------------------------------------------- the screen of a run


@pytest.fixture
def shift(tmp_path: Path) -> Iterator[Desk]:
    """Three callers before their first run: two pictures; one and what is no good; no picture. And the intake."""
    with_key(tmp_path)
    for name in ("1", "2", "3"):
        (tmp_path / "callers" / name).mkdir(parents=True)
    for number, place in enumerate(("1/a.png", "1/b.png", "2/a.png")):
        fixtures.picture(60 + number, (320, 240)).save(tmp_path / "callers" / place)
    (tmp_path / "callers" / "2" / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    (tmp_path / "callers" / "2" / "link.jpg").symlink_to("a.png")
    (tmp_path / "callers" / "3" / "notes.txt").write_text("no picture\n")
    (tmp_path / "callers.csv").write_bytes(as_csv(row(f"2026/{n}", f"callers/{n}") for n in (1, 2, 3)))
    make_intake(Home(tmp_path / "home"), Settings(name="Example"))
    with running(tmp_path / "home") as intake:
        yield Desk(tmp_path, intake.address)


def in_one_line(ended: Ended) -> str:
    return " ".join(ended.said.split())


def test_a_run_says_what_is_not_protected_in_words_and_what_comes_next(shift: Desk) -> None:
    ran = shift("batch", "run", "callers.csv", "--yes", *LEDGER)
    assert ran.code == 3
    said = in_one_line(ran)
    assert "Item 2: Sent. Not or not fully protected: 1 damaged, 1 link." in said
    assert "Item 3: Nothing in the folder could be protected, so there is no case." in said
    assert "--add-new" in said
    assert "2 callers have no slip yet: 'takedown batch slips'" in said
    rows = shift("batch", "status", "--all", "--offline", *LEDGER).out.decode()
    assert "2 files not protected" in rows
    assert max(map(len, rows.splitlines())) <= 80


def test_files_that_came_after_sending_are_told_by_row_and_not_sent_before_it_is_asked_for(shift: Desk) -> None:
    assert shift("batch", "run", "callers.csv", "--yes", *LEDGER).code == 3
    for number, name in enumerate(("1/c.png", "1/d.png", "3/c.png")):
        fixtures.picture(70 + number, (320, 240)).save(shift.folder / "callers" / name)
    looked = shift("batch", "run", "callers.csv", "--dry-run", *LEDGER)
    again = shift("batch", "run", "callers.csv", "--yes", *LEDGER)
    machine = shift("batch", "run", "callers.csv", "--yes", "--json", *LEDGER)
    assert (looked.code, again.code, machine.code) == (0, 3, 3)
    for ended in (looked, again):
        said = in_one_line(ended)
        assert "Row 2 (item 1): files that are new since its case was closed: 2." in said
        assert "Row 4 (item 3): files that are new since its case was closed: 1." in said
        assert "They are not sent." in said
        assert "2026/" not in said
    report = machine.document()
    assert report["grown"] == [{"row": 2, "item": 1, "files": 2}, {"row": 4, "item": 3, "files": 1}]
    assert (report["items_sent"], report["cases"], report["worked_on"]) == (3, 2, 0)
    added = shift("batch", "run", "callers.csv", "--yes", "--add-new", "--json", *LEDGER).document()
    assert (added["items_sent"], added["cases"], added["grown"]) == (6, 3, [])
    assert shift("batch", "run", "callers.csv", "--yes", *LEDGER).code == 0


def test_a_note_tells_whatever_happened_since_also_on_the_same_day_and_to_cases_it_does_not_name(shift: Desk) -> None:
    assert shift("batch", "run", "callers.csv", "--yes", *LEDGER).code == 3
    first = shift("batch", "handover", *LEDGER).out
    assert b"Nothing has to be looked after." in first
    assert b"New since the last note (3):" in first
    assert b"Nothing is new since the last note." in shift("batch", "handover", "-o", "note", *LEDGER).out
    assert b"Nothing is new since then." in shift("batch", "handover", "--verify", "note", *LEDGER).out
    assert shift("batch", "withdraw", "--item", "2", "--yes", *LEDGER).code == 0
    assert b"New since then: item 2." in shift("batch", "handover", "--verify", "note", *LEDGER).out
    assert shift("batch", "slips", "-o", "slips", *LEDGER).code == 0
    since = shift("batch", "handover", "--verify", "note", "--json", *LEDGER)
    assert since.document()["changed_since"] == [1, 2]


# -------------------------------------------------------------------------------------------------------------- report


def test_the_report_shows_nothing_of_three_callers(desk: Desk) -> None:
    """Fewer than five: nothing is shown in any form; with a threshold of one, everything, and a warning."""
    ended = desk("batch", "report", *LEDGER, "--html", "report.html", "--name", "Example Helpline", "--json", "--force")
    assert ended.code == 0, ended.said
    document = ended.document()
    assert document["threshold"] == 5
    assert all(cell["count"] is None for each in document["tables"] for cell in each["cells"])
    page = (desk.folder / "report.html").read_text(encoding="utf-8")
    assert "Caseload of Example Helpline" in page
    assert "2026/1" not in page
    assert not NUMBERS.search(page)
    inside = desk("batch", "report", *LEDGER, "--threshold", "1", "--json")
    assert "not to be published" in inside.said
    outcomes = {cell["label"]: cell["count"] for cell in inside.document()["tables"][0]["cells"]}
    assert (outcomes["With the intake"], outcomes["Nothing to protect"]) == (3, 1)


def test_every_form_of_the_report_shows_the_same_numbers() -> None:
    found = figures(caseload(300), day="2026-06-01", threshold=5)
    document = batch_report.document(found)
    rows = list(csv.reader(io.StringIO(batch_report.in_csv(found).decode())))[1:]
    shown = {(row[0], row[2]): row[3] for row in rows}
    words = "\n".join(batch_report.in_words(found))
    assert max(map(len, words.splitlines())) <= 80
    for table in document["tables"]:
        counts = {"": table["total"], **{cell["label"]: cell["count"] for cell in table["cells"]}}
        for label, count in counts.items():
            assert shown[table["id"], label] == ("" if count is None else str(count))
        for cell in table["cells"]:
            said = "withheld" if cell["count"] is None else f"{cell['count']:,}"
            assert re.search(rf"^  {re.escape(cell['label'])} +{said}$", words, re.MULTILINE)


@pytest.mark.parametrize("begins", ["=", "＝", " =", "\n+", "\t@"])
def test_a_platforms_name_is_no_formula_and_no_escape_code(begins: str) -> None:
    said = (Answer(f"{begins}1+1\x1b[2J", "blocked", 1, "2026-03-02"),)
    found = figures([case(n, answers=said) for n in range(9)], day="2026-06-01", threshold=5)
    assert f"'{begins}1+1" in batch_report.in_csv(found).decode()
    assert "\x1b[2J" not in "\n".join(batch_report.in_words(found))


def test_options_that_contradict_each_other(desk: Desk) -> None:
    for wrong in (("--csv", "--json"), ("--by", "day"), ("--name", "x" * 81), ("--html", ".")):
        assert desk("batch", "report", *LEDGER, *wrong).code == 2
