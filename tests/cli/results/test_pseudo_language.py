"""What a person reads in a language that is longer than English: whole on a narrow terminal, and nothing English.

The commands run as real processes in the pseudo-language. It translates only what the catalogues have.
"""

from __future__ import annotations

import io
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.cli.results.case import (
    ReceiptRow,
    StatusReport,
    SubmitReport,
    WithdrawReport,
    preview_of_items,
    preview_of_sealed,
    status_fields,
)  # fmt: skip
from takedown_cli.cli.terminal.case_number import show_case_number
from takedown_cli.cli.terminal.console import console
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import CaseStatus
from tests.cli.commands.helpline import Helpline
from tests.cli.runner import Ended, run
from tests.locale.pseudo import PSEUDO
from tests.protocol.bundle.factory import DECLARATION, item, pdq

COLUMNS = 60
INTAKE = IntakeAddress.parse("https://intake.example")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def status() -> CaseStatus:
    item_ = {"age": "adult", "fingerprints": 2, "standing": None}
    answers = [
        {"platform": "Example Platform", "state": state, "day": "2026-01-02"}
        for state in ("seen", "under-review", "blocked", "not-blocked")
    ]
    states = [(media, state) for media in ("image", "video") for state in ("listed", "held", "withdrawn")]
    items = [
        {**item_, "number": n, "media": media, "state": state, "platforms": answers if n == 1 else []}
        for n, (media, state) in enumerate(states, start=1)
    ]
    document = {"known": True, "received": "2026-01-01", "expires": "2027-01-01", "items": items}
    return CaseStatus.model_validate(document, strict=False)


def test_nothing_is_cut_off_and_nothing_stays_english(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("NO_COLOR", "1")
    console.language = PSEUDO
    fields = status_fields(status())
    console.show(StatusReport(**fields))
    console.show(WithdrawReport(withdrawn=1, **fields))
    listed: list[Any] = [{**one, "state": "listed", "platforms": []} for one in fields["items"]]
    gone: list[Any] = [{**one, "state": "withdrawn", "platforms": []} for one in fields["items"]]
    for rows in (listed, gone):
        console.show(StatusReport(received="2026-01-01", expires="2027-01-01", items=rows))
    items = [item(pdq("a"), pdq("b", variant="flipx"), pdq("c", variant="crop:left:6")), item(pdq("d"))]
    for note in (*preview_of_items(INTAKE, items, DECLARATION).notes(), *preview_of_sealed(INTAKE, 12345).notes()):
        console.say(note)
    show_case_number(str(CaseNumber.draw()))
    receipt = ReceiptRow(day="2026-01-01", expires="2027-01-01")
    console.show(SubmitReport(destination="x", case_number=None, receipt=receipt, status_command="takedown status -"))

    text = screen.getvalue()
    lines = [line for line in text.splitlines() if "takedown status" not in line]
    assert len(lines) > 60
    assert max(map(len, lines)) <= COLUMNS
    assert text.count("⟦") == text.count("⟧")
    # What stands outside of every bracket is data, an indentation or a command.
    outside, depth = "", 0
    for sign in text:
        depth += (sign == "⟦") - (sign == "⟧")
        outside += sign if depth == 0 and sign != "⟧" else ""
    left = re.sub(r"takedown status -|Example|Platform|2026-01-02|[\s,]", "", outside)
    assert left == ""


# --------------------------------------------------------------------------------------------------- real processes

SPOKEN = [sys.executable, "-m", "tests.locale.pseudo"]
#: A line to copy, and the id behind an error.
_COPIED = re.compile(r"^  (takedown|--).*$|\[[a-z-]+\]$", re.MULTILINE)

#: How hashes are called: kinds, methods and variants.
HASHES = "pdq md5 sha full nn upright flipx flipy rotate rotated minus plus flipplus flipminus"


def left_english(ended: Ended, data: str) -> set[str]:
    """The words on the screen that no catalogue translates, besides those of ``data``.

    The pseudo-language writes an accent on each of these letters, so a word that has one without is not translated.
    """
    text = _COPIED.sub("", (ended.out + ended.err).decode())
    words = {word.lower() for word in re.findall("[A-Za-z]+", text)}
    return {word for word in words if set(word) & set("aceginosuy")} - {"takedown", *re.findall("[a-z]+", data.lower())}


def speak(folder: Path, *arguments: str | Path, stdin: str | None = None, **env: str) -> Ended:
    return run(*arguments, cwd=folder, stdin=None if stdin is None else stdin.encode(), env=env, command=SPOKEN)


def test_only_what_is_translated_counts(tmp_path: Path) -> None:
    """The check itself: English that no catalogue has is found, and translated English is not."""
    ended = speak(tmp_path, "hash", "nowhere.jpg")
    assert ended.code == 2
    assert left_english(ended, "nowhere jpg") == set()
    assert left_english(Ended(2, b"Nothing was done.", b""), "") == {"nothing", "was", "done"}


@pytest.mark.parametrize(
    ("arguments", "code", "data"),
    [
        ("hash photos --video all", 2, "video gaps keyframes vpdq every"),
        ("hash photos --workers none", 2, "workers hash"),
        ("hash photos --vidoe gaps", 2, "vidoe video inside hash"),
        ("hash photos --max-file-size big", 2, ""),
        ("hash photos -o nowhere/case.tdb --age adult --for self", 2, ""),
        ("hash photos --inside 9", 2, ""),
        ("inspect notes.txt", 5, ""),
        ("check photos", 2, ""),
        ("check photos --copy nowhere.jpg", 2, "copy nowhere jpg"),
        ("submit photos", 2, "takeitdown ncmec org stopncii intake url"),
        ("submit photos --intake http://other.example", 2, "https intake example"),
        ("submit photos --intake http://127.0.0.1:1 --no-input", 8, "under-18 adult unsure self child other"),
        ("status 2K7Q-RMXW-9DTB-H4VE-0ZJN-C3PA --intake http://127.0.0.1:1", 2, ""),
        ("withdraw - --item x --intake http://127.0.0.1:1", 2, ""),
        ("status --watch=often", 2, "watch status"),
    ],
)
def test_errors_are_in_the_language_of_the_person(
    photos: Path, tmp_path: Path, arguments: str, code: int, data: str
) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    ended = speak(tmp_path, *arguments.split())
    assert ended.code == code, ended.said
    assert left_english(ended, data) == set(), ended.said


def test_hashing_is_in_the_language_of_the_person(photos: Path, tmp_path: Path) -> None:
    ended = speak(tmp_path, "hash", photos, "--show-paths", "--progress", "plain", "--copies", "none")
    assert ended.code == 3
    assert left_english(ended, f"{photos} beach party blank damaged notes jpg png txt") == set()
    grouped = speak(tmp_path, "hash", "photos", "-o", "case.tdb", "--age", "adult", "--for", "self")
    assert grouped.code == 3
    assert left_english(grouped, _case_number(grouped)) == set()
    nothing = speak(tmp_path, "hash", "photos/notes.txt")
    assert nothing.code == 4
    assert left_english(nothing, "") == set()


def test_checking_and_inspecting_are_in_the_language_of_the_person(photos: Path, tmp_path: Path) -> None:
    copies = ("check", "photos/beach.jpg", "--copy", "photos/party.jpg", "photos/damaged.jpg", "photos/blank.png")
    checked = speak(tmp_path, *copies)
    assert checked.code == 3
    assert left_english(checked, HASHES) == set()
    one = speak(tmp_path, "check", "photos/beach.jpg", "--copies", "flips", "--copy", "photos/party.jpg")
    assert left_english(one, HASHES) == set()
    made = speak(tmp_path, "hash", "photos/beach.jpg", "-o", "case.tdb", "--age", "adult", "--for", "child")
    assert made.code == 0, made.said
    inspected = speak(tmp_path, "inspect", "case.tdb", "--hashes")
    assert inspected.code == 0
    hashes = re.sub("[0-9a-f]{16,}", "", inspected.out.decode()).encode()
    assert left_english(Ended(0, hashes, inspected.err), f"{HASHES} adult") == set()


def test_what_remains_on_the_computer_is_in_the_language_of_the_person(tmp_path: Path) -> None:
    ended = speak(tmp_path, "doctor", "--privacy")
    assert (ended.code, left_english(ended, "")) == (0, set())


def _case_number(ended: Ended) -> str:
    """The case number that was shown, as words."""
    found = re.search("([0-9A-Z]{4}-){5}[0-9A-Z]{4}", ended.out.decode())
    assert found is not None
    return " ".join(re.findall("[a-z]+", found[0].lower()))


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpline]:
    folder = tmp_path_factory.mktemp("intake")
    assert run("intake", "init", folder / "home", "--name", "Helpline", cwd=folder).code == 0
    line = Helpline(folder)
    line.start()
    yield line
    line.kill()


def test_a_case_is_sent_shown_and_withdrawn_in_the_language_of_the_person(
    good: Path, tmp_path: Path, intake: Helpline
) -> None:
    declared, there = ("--age", "adult", "--for", "self"), {"TAKEDOWN_INTAKE": intake.address}
    sent = speak(tmp_path, "submit", good, *declared, "--yes", **there)
    assert sent.code == 0, sent.said
    data = "http localhost pdq md5 adult " + _case_number(sent)
    assert left_english(sent, data) == set()
    number = re.search("([0-9A-Z]{4}-){5}[0-9A-Z]{4}", sent.out.decode())
    assert number is not None
    for arguments, code in (
        (("status", "-"), 0),
        (("withdraw", "-", "--item", "7", "--yes"), 4),
        (("withdraw", "-", "--item", "1,7", "--yes"), 3),
        (("withdraw", "-"), 8),
    ):
        ended = speak(tmp_path, *arguments, stdin=number[0], **there)
        assert ended.code == code, ended.said
        assert left_english(ended, data) == set(), ended.said
    for wrong, code in ((str(CaseNumber.draw()), 9), (f"{number[0][:-1]}U", 2)):
        ended = speak(tmp_path, "status", "-", stdin=wrong, **there)
        assert ended.code == code, ended.said
        assert left_english(ended, data) == set(), ended.said


def test_an_intake_that_is_away_is_explained_in_the_language_of_the_person(good: Path, tmp_path: Path) -> None:
    with socket.socket() as reserved:  # bound, but nothing listens
        reserved.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{reserved.getsockname()[1]}"
        ended = speak(tmp_path, "submit", good, "--age", "adult", "--for", "self", "--yes", "--intake", address)
    assert ended.code == 7, ended.said
    assert left_english(ended, "") == set(), ended.said
