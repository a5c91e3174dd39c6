"""submit, status and withdraw as real processes against a real intake on loopback, killed and started again between."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from takedown_cli import fixtures
from takedown_cli.case import CaseNumber
from tests.cli.runner import COMMAND, PATIENCE, Ended, environment, in_terminal, run

NUMBER = re.compile(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}")


@dataclass
class Helpline:
    """An intake as a helpline runs it: one process, one folder."""

    folder: Path
    port: str = "0"
    address: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "intake", "serve", str(self.folder / "home"), "--port", self.port],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(self.folder),
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.port = self.address.partition("#")[0].rpartition(":")[2]

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def __call__(self, *arguments: str | Path, stdin: str | None = None) -> Ended:
        """A command of a person who has this intake in the settings."""
        return run(
            *arguments,
            cwd=self.folder,
            stdin=None if stdin is None else stdin.encode(),
            env={"TAKEDOWN_INTAKE": self.address},
        )


@pytest.fixture(scope="module")
def helpline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Helpline]:
    folder = tmp_path_factory.mktemp("helpline")
    (folder / "photos").mkdir()
    for seed in (1, 2):
        fixtures.picture(seed, (400, 300)).save(folder / "photos" / f"secret-name-{seed}.png")
    assert run("intake", "init", folder / "home", "--name", "Helpline", cwd=folder).code == 0
    line = Helpline(folder)
    line.start()
    yield line
    line.kill()


@pytest.fixture(scope="module")
def number(helpline: Helpline) -> str:
    """The number of a case of two pictures, submitted as a script does it."""
    ended = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json")
    assert ended.code == 0, ended.said
    document = ended.document()
    assert set(document["receipt"]) == {"day", "expires"}
    return str(document["case_number"])


def test_the_preview_says_what_leaves_and_no_name(helpline: Helpline) -> None:
    ended = helpline("submit", "photos", "--age", "adult", "--for", "self", "--dry-run")
    assert ended.code == 0
    assert "2 pictures" in ended.said
    assert "18 or over: 2, for the adult list" in ended.said
    assert helpline.address.partition("#")[0] in ended.said
    assert "secret-name" not in ended.said
    assert ended.out == b""


def test_the_preview_says_what_is_there_twice(helpline: Helpline) -> None:
    doubled = helpline.folder / "doubled"
    doubled.mkdir()
    for name in ("one.png", "again.png"):
        fixtures.picture(79, (400, 300)).save(doubled / name)
    ended = helpline("submit", "doubled", "--age", "adult", "--for", "self", "--dry-run")
    assert b"2 can be protected." in ended.err
    assert b"1 of them shows what another does" in ended.err
    assert b"1 picture:" in ended.err


def test_without_a_confirmation_nothing_is_sent(helpline: Helpline) -> None:
    ended = helpline("submit", "photos", "--age", "adult", "--for", "self")
    assert ended.code == 8
    assert not NUMBER.search(ended.out.decode())


def test_on_a_terminal_it_asks_and_shows_the_number_once(helpline: Helpline) -> None:
    code, screen = in_terminal(
        "submit",
        "photos",
        cwd=helpline.folder,
        answers=[("Your answer", "1\n"), ("Your answer", "2\n"), ("Send this? [y/N]", "y\n")],
        env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
    )
    assert code == 0, screen
    assert len(NUMBER.findall(screen)) == 1


def test_status_reads_the_number_from_stdin(helpline: Helpline, number: str) -> None:
    ended = helpline("status", "-", stdin=number.lower())
    assert ended.code == 0
    assert "Pictures 1-2: on the list that platforms read, marked as provisional until two" in ended.out.decode()
    assert number not in (ended.out + ended.err).decode()
    document = helpline("status", "-", "--json", stdin=number).document()
    assert document["schema"] == "takedown.status"
    assert [item["state"] for item in document["items"]] == ["listed", "listed"]


def test_a_bundle_sent_twice_is_one_case_even_over_a_kill(helpline: Helpline) -> None:
    made = helpline("hash", "photos", "-o", "twice.tdb", "--age", "adult", "--for", "self", "--json").document()
    first = helpline("submit", "twice.tdb", "--yes", "--json").document()
    helpline.kill()
    helpline.start()
    second = helpline("submit", "twice.tdb", "--yes", "--json").document()
    assert first == second
    assert first["case_number"] is None
    items = helpline("status", "-", "--json", stdin=made["case_number"]).document()["items"]
    assert len(items) == 2


def test_pictures_are_withdrawn_one_by_one_and_then_all(helpline: Helpline) -> None:
    sent = helpline("submit", "photos", "--age", "unsure", "--for", "self", "--yes", "--json").document()
    case = sent["case_number"]
    one = helpline("withdraw", "-", "--file", "photos/secret-name-1.png", "--yes", "--json", stdin=case).document()
    assert sorted(item["state"] for item in one["items"]) == ["listed", "withdrawn"]
    everything = helpline("withdraw", "-", "--yes", stdin=case)
    assert "Everything in this case is withdrawn" in everything.out.decode()


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
    assert "None of these files is in this case" in none.said
    slip = helpline("withdraw", "-", "--file", "typo.png", "--yes", stdin=number)
    assert slip.code == 2
    items = helpline("status", "-", "--json", stdin=number).document()["items"]
    assert [item["state"] for item in items] == ["listed", "listed"]


#: The command with a shorter time between two questions.
IMPATIENT = "import takedown_cli.cli.status as s; s._WATCH_SECONDS = 0.1; from takedown_cli.cli.app import main; main()"


def test_watching_tells_what_changes_also_after_the_intake_was_away(helpline: Helpline) -> None:
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


def test_an_addition_repeated_adds_nothing(helpline: Helpline) -> None:
    case = helpline("submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json").document()["case_number"]
    (helpline.folder / "number.txt").write_text(case)
    fixtures.picture(78, (400, 300)).save(helpline.folder / "later.png")
    add = ("submit", "later.png", "--case", "number.txt", "--age", "adult", "--for", "self", "--yes", "--json")
    assert [helpline(*add).code for _ in range(2)] == [0, 0]
    assert len(helpline("status", "number.txt", "--json").document()["items"]) == 3


def test_a_rewritten_destination_is_not_followed(helpline: Helpline) -> None:
    """The outside of a sealed bundle is not signed: it may not lead anywhere that the settings do not name."""
    card = helpline.folder / "home" / "intake-card.json"
    made = run("hash", "photos", "-o", "bound.tdb", "--intake-card", card, "--age", "adult", "--for", "self", "-q",
               cwd=helpline.folder)  # fmt: skip
    assert made.code == 0, made.said
    sealed = (helpline.folder / "bound.tdb").read_bytes()
    head, _, rest = sealed.partition(b'"origin":"')
    (helpline.folder / "evil.tdb").write_bytes(head + b'"origin":"http://127.0.0.1:9"' + rest[rest.index(b'"') + 1 :])
    assert helpline("submit", "evil.tdb", "--yes").code == 2
    unnamed = run("submit", "evil.tdb", "--yes", cwd=helpline.folder)
    assert unnamed.code == 8
    assert "127.0.0.1:9" in unnamed.said


def test_the_preview_is_there_for_scripts(helpline: Helpline) -> None:
    ended = helpline("submit", "photos", "--age", "adult", "--for", "child", "--dry-run", "--json")
    document = ended.document()
    assert document["schema"] == "takedown.preview"
    assert document["media"] == {"image": 2}
    assert document["ages"] == {"adult": 2}
    assert (document["for"], document["authority"]) == ("child", "parent-or-guardian")


def test_when_nobody_knows_whether_it_arrived_the_number_is_not_lost(helpline: Helpline) -> None:
    """Somebody on the way answers in the intake's place: the case may be registered, so its number must be out."""
    from urllib.request import Request, urlopen

    from tests.submit.hostile import serving

    def forwards_then_lies(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        request = Request(path, body or None, {"content-type": "application/octet-stream"}, method=method)
        with urlopen(request, timeout=PATIENCE) as answer:
            told: bytes = answer.read()
        return (200, {}, told) if method == "GET" else (200, {}, b"<html>hotel network</html>")

    with serving(forwards_then_lies) as (proxy, _):
        ended = helpline(
            "submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json", "--proxy", proxy.origin
        )
    assert ended.code == 6
    document = ended.document()
    assert document["receipt"] is None
    assert "It is not certain that it arrived" in ended.said
    assert helpline("status", "-", stdin=document["case_number"]).code == 0


def test_a_mixed_folder_is_split(helpline: Helpline) -> None:
    ended = helpline(
        "submit",
        "photos",
        "--age",
        "adult",
        "--under-18",
        "photos/secret-name-1.png",
        "--for",
        "self",
        "--yes",
        "--json",
    )
    items = helpline("status", "-", "--json", stdin=ended.document()["case_number"]).document()["items"]
    assert sorted(item["age"] for item in items) == ["adult", "under-18"]


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [("7K3M-9QWX", 2, "mistyped"), (str(CaseNumber.draw()), 9, "no such case")],
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


def test_a_damaged_bundle_is_not_sent(helpline: Helpline) -> None:
    helpline("hash", "photos", "-o", "whole.tdb", "--age", "adult", "--for", "self", "-q")
    data = bytearray((helpline.folder / "whole.tdb").read_bytes())
    data[200] ^= 1
    (helpline.folder / "damaged.tdb").write_bytes(data)
    assert helpline("submit", "damaged.tdb", "--yes").code == 5


def test_an_intake_in_production_refuses_test_content(helpline: Helpline) -> None:
    ended = helpline("submit", "photos", "--age", "adult", "--for", "self", "--test", "--yes")
    assert ended.code == 6
    assert "does not take tests" in ended.said


def test_without_an_intake_a_person_is_told_where_to_go(helpline: Helpline) -> None:
    for arguments in (("submit", "photos"), ("status", "-"), ("withdraw", "-")):
        ended = run(*arguments, cwd=helpline.folder, stdin=b"")
        assert ended.code == 2
        assert "takeitdown.ncmec.org" in ended.said
        assert "stopncii.org" in ended.said


def test_an_unreachable_intake_leaves_the_number_and_says_what_to_do(helpline: Helpline) -> None:
    card = (helpline.folder / "home" / "intake-card.json").read_bytes()
    assert card
    dead = run("status", "-", cwd=helpline.folder, stdin=str(CaseNumber.draw()).encode(),
               env={"TAKEDOWN_INTAKE": "http://127.0.0.1:9"})  # fmt: skip
    assert dead.code == 7
    assert "Try again later" in dead.said
