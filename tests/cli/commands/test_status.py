"""status and withdraw as real processes against a real intake on loopback."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from datetime import date, timedelta

import pytest

from takedown_cli import fixtures
from takedown_cli.core.clock import SYSTEM
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.commands.helpline import Helpline
from tests.cli.runner import environment, in_terminal, run
from tests.hashing.decode.phone_files import burst, motion_photo
from tests.waiting import PATIENCE


def test_status_reads_the_number_from_stdin(helpline: Helpline, number: str) -> None:
    ended = helpline("status", "-", stdin=number.lower())
    assert ended.code == 0
    assert "Pictures 1-2: on the list that platforms fetch." in ended.out.decode()
    assert number not in (ended.out + ended.err).decode()
    document = helpline("status", "-", "--json", stdin=number).document()
    assert document["schema"] == "takedown.status"
    assert [item["state"] for item in document["items"]] == ["listed", "listed"]


def test_a_case_is_shown_and_withdrawn_in_the_language_of_the_settings(helpline: Helpline) -> None:
    sent = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json").document()
    case = sent["case_number"]
    settings = {"TAKEDOWN_LANG": "fr", "TAKEDOWN_INTAKE": helpline.address}
    shown = run("status", "-", cwd=helpline.folder, stdin=case.encode(), env=settings)
    assert "Photos 1-2" in shown.out.decode()
    document = run("status", "-", "--json", cwd=helpline.folder, stdin=case.encode(), env=settings).document()
    assert document == helpline("status", "-", "--json", stdin=case).document()
    none = run("withdraw", "-", "--item", "9", "--yes", cwd=helpline.folder, stdin=case.encode(), env=settings)
    assert none.code == 4
    assert "Ce numéro n’existe pas dans ce dossier." in none.said
    gone = run("withdraw", "-", "--yes", cwd=helpline.folder, stdin=case.encode(), env=settings)
    assert "Tout" in gone.out.decode()
    unknown = run("status", "-", cwd=helpline.folder, stdin=str(CaseNumber.draw()).encode(), env=settings)
    assert unknown.code == 9
    assert "Erreur :" in unknown.said


def test_pictures_are_withdrawn_one_by_one_and_then_all(helpline: Helpline) -> None:
    sent = helpline("submit", "photos", "--age", "unsure", "--for", "self", "--yes", "--json").document()
    case = sent["case_number"]
    one = helpline("withdraw", "-", "--file", "photos/secret-name-1.png", "--yes", "--json", stdin=case).document()
    assert sorted(item["state"] for item in one["items"]) == ["listed", "withdrawn"]
    everything = helpline("withdraw", "-", "--yes", stdin=case)
    assert "Everything in this case is withdrawn" in everything.out.decode()


def test_pictures_are_withdrawn_by_the_numbers_of_the_status(helpline: Helpline) -> None:
    """As on the page for callers, so that nobody needs the picture at hand."""
    sent = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json").document()
    case = sent["case_number"]
    one = helpline("withdraw", "-", "--item", "2", "--yes", "--json", stdin=case)
    assert (one.code, one.document()["withdrawn"]) == (0, 1)
    assert [item["state"] for item in one.document()["items"]] == ["listed", "withdrawn"]
    more = helpline("withdraw", "-", "--item", "1-2,7", "--yes", stdin=case)
    assert more.code == 3
    assert "2 pictures and videos withdrawn." in more.said
    assert "1 number not found in this case." in more.said
    none = helpline("withdraw", "-", "--item", "9", "--yes", stdin=case)
    assert (none.code, "No such number in this case." in none.said) == (4, True)
    assert "takedown status -" in none.said


@pytest.mark.parametrize("wrong", [["--item", "0"], ["--item", "two"], ["--item", "2-"], ["--item", "4-1"],
                                   ["--item", "1", "--file", "a.png"], ["--item", "1", "--copies", "all"]])  # fmt: skip
def test_item_numbers_that_are_not_valid_withdraw_nothing(helpline: Helpline, number: str, wrong: list[str]) -> None:
    ended = helpline("withdraw", "-", *wrong, "--yes", stdin=number)
    assert ended.code == 2
    assert "--item" in ended.said
    items = helpline("status", "-", "--json", stdin=number).document()["items"]
    assert [item["state"] for item in items] == ["listed", "listed"]


def test_a_motion_photo_is_withdrawn_with_its_clip(helpline: Helpline) -> None:
    folder = helpline.folder / "moving"
    folder.mkdir()
    (folder / "moving.jpg").write_bytes(motion_photo())
    (folder / "moving.heic").write_bytes(burst())
    sent = helpline("submit", "moving", "--age", "adult", "--for", "self", "--yes", "--json").document()
    case = sent["case_number"]
    items = helpline("status", "-", "--json", stdin=case).document()["items"]
    assert sorted(item["media"] for item in items) == ["image", "image", "video", "video"]
    one = helpline("withdraw", "-", "--file", "moving/moving.jpg", "--yes", "--json", stdin=case)
    assert one.code == 0
    states = {(item["media"], item["state"]) for item in one.document()["items"]}
    assert ("video", "withdrawn") in states
    assert ("video", "listed") in states


def test_predicted_copies_are_withdrawn_and_the_pictures_stay(helpline: Helpline) -> None:
    sent = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json").document()
    case = sent["case_number"]
    before = helpline("status", "-", "--json", stdin=case).document()["items"]
    odd = helpline("withdraw", "-", "--copies", "sideways", "--yes", stdin=case)
    assert odd.code == 2
    none = helpline("withdraw", "-", "--copies", "crops", "--yes", stdin=case)
    assert (none.code, none.err.count(b"nothing was withdrawn")) == (4, 1)
    one = helpline(
        "withdraw", "-", "--copies", "flips,crops", "--file", "photos/secret-name-1.png", "--yes", "--json", stdin=case
    )
    assert (one.code, one.document()["withdrawn"]) == (0, 1)
    all_ = helpline("withdraw", "-", "--copies", "all", "--yes", "--json", stdin=case).document()
    assert all_["withdrawn"] == 1
    assert [item["state"] for item in all_["items"]] == ["listed", "listed"]
    assert all(0 < now["fingerprints"] < was["fingerprints"] for now, was in zip(all_["items"], before, strict=True))


def test_withdrawing_what_is_not_in_the_case_is_said(helpline: Helpline, number: str) -> None:
    fixtures.picture(77, (400, 300)).save(helpline.folder / "other.png")
    none = helpline("withdraw", "-", "--file", "other.png", "--yes", stdin=number)
    assert none.code == 4
    assert "No match in this case. Nothing was withdrawn." in none.said
    slip = helpline("withdraw", "-", "--file", "typo.png", "--yes", stdin=number)
    assert slip.code == 2
    items = helpline("status", "-", "--json", stdin=number).document()["items"]
    assert [item["state"] for item in items] == ["listed", "listed"]


#: The command with a shorter time between two questions.
IMPATIENT = (
    "import takedown_cli.cli.commands.status as s; s._WATCH_SECONDS = 0.1; "
    "from takedown_cli.cli.app import main; main()"
)


def test_watching_shows_what_changes_also_after_the_intake_was_away(helpline: Helpline) -> None:
    sent = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json").document()
    (helpline.folder / "watched.txt").write_text(sent["case_number"])
    watching = subprocess.Popen(
        [sys.executable, "-c", IMPATIENT, "status", "watched.txt", "--watch", "--json", "--intake", helpline.address],
        cwd=helpline.folder,
        env=environment(helpline.folder),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert watching.stdout is not None
        first = json.loads(watching.stdout.readline())
        assert [item["state"] for item in first["items"]] == ["listed", "listed"]
        helpline.kill()
        helpline.start()
        assert helpline("withdraw", "-", "--yes", stdin=sent["case_number"]).code == 0
        second = json.loads(watching.stdout.readline())
        assert [item["state"] for item in second["items"]] == ["withdrawn", "withdrawn"]
        watching.send_signal(signal.SIGINT)
        assert watching.wait(PATIENCE) == 130
    finally:
        watching.kill()
        watching.communicate()


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [("7K3M-9QWX", 2, "it has 8 of 24 characters."), (str(CaseNumber.draw()), 9, "The intake has no such case.")],
    ids=["mistyped", "unknown"],
)
def test_a_wrong_number_is_said(helpline: Helpline, typed: str, code: int, said: str) -> None:
    ended = helpline("status", "-", stdin=typed)
    assert (ended.code, ended.out) == (code, b"")
    assert said in ended.said
    assert typed not in ended.said


def test_a_number_among_the_arguments_is_refused(helpline: Helpline, number: str) -> None:
    ended = helpline("status", number)
    assert ended.code == 2
    assert number not in ended.said


def test_an_unreachable_intake_leaves_the_number_and_says_what_to_do(helpline: Helpline) -> None:
    card = (helpline.folder / "home" / "intake-card.json").read_bytes()
    assert card
    dead = run("status", "-", cwd=helpline.folder, stdin=str(CaseNumber.draw()).encode(),
               env={"TAKEDOWN_INTAKE": "http://127.0.0.1:9"})  # fmt: skip
    assert dead.code == 7
    assert "Try again later" in dead.said


def test_a_mistyped_number_can_be_typed_again_and_be_seen(helpline: Helpline) -> None:
    made = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json").document()
    number = made["case_number"]
    code, screen = in_terminal(
        "status", "-",
        cwd=helpline.folder,
        answers=[("Enter alone", f"{number[:-1]}\r"), ("Enter alone", "\r"),
                 ("six groups of four", f"{number}\r")],
        env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
    )  # fmt: skip
    assert code == 0, screen
    assert "it has 23 of 24 characters. A case number has six groups of four. Two more tries." in " ".join(
        screen.split()
    )
    assert screen.count(number) == 1  # the one time that it was asked for
    until = date.fromisoformat(made["receipt"]["expires"])
    said = re.search(rf"until {until} \(in (\d+) days\)\.", " ".join(screen.split()))
    assert said is not None, screen
    assert SYSTEM.day() in {str(until - timedelta(days=int(said[1]) - passed)) for passed in (0, 1)}  # 1 at midnight


def test_three_wrong_numbers_are_enough(helpline: Helpline) -> None:
    code, screen = in_terminal(
        "status", "-",
        cwd=helpline.folder,
        answers=[("Enter alone", "7K3M\r"), ("Enter alone", "UUUU\r"), ("Enter alone", "x\r")],
        env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
    )  # fmt: skip
    assert code == 2
    assert "7K3M" not in screen
    assert "No number has a U, or signs. One more try." in " ".join(screen.split())
