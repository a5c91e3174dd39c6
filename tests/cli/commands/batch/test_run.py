"""A run as a worker meets it: faults, quotas, what is not protected, and what comes next."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import update

from takedown_cli import fixtures
from takedown_cli.intake import running
from takedown_cli.intake.cases import organisations
from takedown_cli.intake.http.metrics import Metrics
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.intake.store import tables
from tests.cli.commands.batch.desk import LEDGER, Desk, in_one_line, with_key
from tests.cli.runner import run
from tests.helpline import naughty_strings
from tests.helpline.caller_files import as_csv, bundle, folder, row
from tests.helpline.manifest.faulty_rows import NUMBER, ROWS, prepared


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
    strings = naughty_strings.strings()
    rows = [row(f"N{n}", f"nowhere/{n}", age=string) for n, string in enumerate(strings)]
    (office / "m.csv").write_bytes(as_csv([*rows, *(cells for _, cells in prepared(office))]))
    before = sorted(path.name for path in office.iterdir())
    with counting() as (address, knocks):
        reported = [
            run("batch", "run", "m.csv", "--yes", "--intake", address, *LEDGER, *more, cwd=office)
            for more in ((), ("--json",))
        ]
    assert knocks == []
    assert sorted(path.name for path in office.iterdir()) == before  # no ledger was begun either
    words, machine = reported
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
        intake.intake.operate(
            lambda turn: organisations.add_organisation(turn, "Helpline", bytes.fromhex(key["public_key"]), 2)
        )
        ran = run("batch", "run", "callers", "--yes", "--intake", intake.address, *given, cwd=tmp_path)
        assert ran.code == 7
        for words in ("in 60 minutes", "quota of cases for today", "--quota", "batch resume"):
            assert words in " ".join(ran.said.split())
        intake.intake.operate(lambda turn: turn.connection.execute(update(tables.organisations).values(quota=100)))
        resumed = run("batch", "resume", "--json", *LEDGER, cwd=tmp_path)
        assert resumed.code == 0, resumed.said
        assert (resumed.document()["states"], resumed.document()["items_sent"]) == ({"sent": 4}, 4)


def test_a_worker_is_told_how_many_hashes_callers_put_into_their_own_bundles(tmp_path: Path) -> None:
    """Before the organisation signs for hashes that it did not make."""
    with_key(tmp_path)
    for name, hashes in (("a", 3), ("b", 90)):
        (tmp_path / f"{name}.tdb").write_bytes(bundle(hashes=hashes))
    folder(tmp_path, "folder")
    manifest = as_csv(
        [{"reference": "R1", "source": "a.tdb"}, {"reference": "R2", "source": "b.tdb"}, row("R3", "folder")]
    )
    (tmp_path / "m.csv").write_bytes(manifest)
    run_it = ("batch", "run", "m.csv", "--intake", "http://127.0.0.1:9", *LEDGER)
    planned = run(*run_it, "--dry-run", "--json", cwd=tmp_path).document()
    assert planned["hashes"] == 93
    assert planned["countersign"] == [{"row": 2, "hashes": 3}, {"row": 3, "hashes": 90}]
    for ended in (run(*run_it, "--dry-run", cwd=tmp_path), run(*run_it, "--yes", cwd=tmp_path)):
        said = in_one_line(ended) + ended.out.decode()
        assert "countersign 2 bundles that callers made: 93 hashes." in said
        assert said.index("Row 3: 90 hashes.") < said.index("Row 2: 3 hashes.")


def test_a_run_says_what_is_not_protected_in_words_and_what_comes_next(shift: Desk) -> None:
    ran = shift("batch", "run", "callers.csv", "--yes", *LEDGER)
    assert ran.code == 3
    said = in_one_line(ran)
    assert "Entry 2: Sent. Not or only partly protected: 1 damaged, 1 link." in said
    assert "Entry 3: Nothing in the folder could be protected, so there is no case." in said
    assert "--add-new" in said
    assert "2 callers have no slip yet. To write slips, run: takedown batch slips -o slips" in said
    rows = shift("batch", "status", "--all", "--offline", *LEDGER).out.decode()
    assert "2 files not protected" in rows
    assert max(map(len, rows.splitlines())) <= 80


def test_files_that_came_after_sending_are_shown_by_row_and_not_sent_before_it_is_asked_for(shift: Desk) -> None:
    assert shift("batch", "run", "callers.csv", "--yes", *LEDGER).code == 3
    for number, name in enumerate(("1/c.png", "1/d.png", "3/c.png")):
        fixtures.picture(70 + number, (320, 240)).save(shift.folder / "callers" / name)
    looked = shift("batch", "run", "callers.csv", "--dry-run", *LEDGER)
    again = shift("batch", "run", "callers.csv", "--yes", *LEDGER)
    machine = shift("batch", "run", "callers.csv", "--yes", "--json", *LEDGER)
    assert (looked.code, again.code, machine.code) == (0, 3, 3)
    for ended in (looked, again):
        said = in_one_line(ended)
        assert "Row 2 (entry 1): 2 new files since the case was closed." in said
        assert "Row 4 (entry 3): 1 new file since the case was closed." in said
        assert "New files are not sent by themselves." in said
        assert "2026/" not in said
    report = machine.document()
    assert report["grown"] == [{"row": 2, "item": 1, "files": 2}, {"row": 4, "item": 3, "files": 1}]
    assert (report["items_sent"], report["cases"], report["worked_on"]) == (3, 2, 0)
    added = shift("batch", "run", "callers.csv", "--yes", "--add-new", "--json", *LEDGER).document()
    assert (added["items_sent"], added["cases"], added["grown"]) == (6, 3, [])
    assert shift("batch", "run", "callers.csv", "--yes", *LEDGER).code == 0


def test_the_card_of_an_intake_is_fetched_once_in_a_run(shift: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By all connections together: to enrol, to seal, and in each thread that sends."""
    asked: list[str] = []
    count_answer = Metrics.count_answer

    def noted(metrics: Metrics, path: str, status: int, seconds: float) -> None:
        asked.append(path)
        count_answer(metrics, path, status, seconds)

    monkeypatch.setattr(Metrics, "count_answer", noted)
    assert shift("batch", "run", "callers.csv", "--yes", "--senders", "3", *LEDGER).code == 3
    assert asked.count("/v1/submit") == 2
    assert asked.count("/v1/keys") == 1
