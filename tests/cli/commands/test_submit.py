"""submit as a real process against a real intake on loopback, killed and started again between."""

from __future__ import annotations

import re
from urllib.request import Request, urlopen

import numpy as np
import pytest

from takedown_cli import fixtures
from takedown_cli.protocol.case_number import CaseNumber
from tests.benchmarks.reposts.layouts import LAYOUTS
from tests.cli.commands.helpline import Helpline
from tests.cli.documents import published
from tests.cli.runner import after, in_terminal, run
from tests.client.hostile import serving
from tests.protocol.bundle.factory import signed_card
from tests.waiting import PATIENCE

NUMBER = re.compile(r"(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}")
#: The next attempt begins without a pause.
AT_ONCE = "import takedown_cli.client.retries as retries; retries._FIRST_PAUSE = 0.01"
Answer = tuple[int, dict[str, str], bytes]


def forward(method: str, url: str, body: bytes) -> Answer:
    """What an honest proxy does."""
    request = Request(url, body or None, {"content-type": "application/octet-stream"}, method=method)
    with urlopen(request, timeout=PATIENCE) as answer:
        return 200, {}, answer.read()


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
    assert b"1 duplicate will be sent only once." in ended.err
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

    def forwards_then_lies(method: str, url: str, body: bytes) -> Answer:
        answer = forward(method, url, body)
        return answer if method == "GET" else (200, {}, b"<html>hotel network</html>")

    with serving(forwards_then_lies) as (proxy, _):
        ended = helpline(
            "submit", "photos", "--age", "adult", "--for", "self", "--yes", "--json", "--proxy", proxy.origin
        )
    assert ended.code == 6
    document = ended.document()
    assert document["receipt"] is None
    assert "It may or may not have arrived" in ended.said
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


def test_a_damaged_bundle_is_not_sent(helpline: Helpline) -> None:
    helpline("hash", "photos", "-o", "whole.tdb", "--age", "adult", "--for", "self", "-q")
    data = bytearray((helpline.folder / "whole.tdb").read_bytes())
    data[200] ^= 1
    (helpline.folder / "damaged.tdb").write_bytes(data)
    assert helpline("submit", "damaged.tdb", "--yes").code == 5


def test_an_intake_in_production_refuses_test_content(helpline: Helpline) -> None:
    ended = helpline("submit", "photos", "--age", "adult", "--for", "self", "--test", "--yes")
    assert ended.code == 6
    assert "does not accept tests" in ended.said


def test_without_an_intake_a_person_reads_where_to_go(helpline: Helpline) -> None:
    for arguments in (("submit", "photos"), ("status", "-"), ("withdraw", "-")):
        ended = run(*arguments, cwd=helpline.folder, stdin=b"")
        assert ended.code == 2
        assert "takeitdown.ncmec.org" in ended.said
        assert "stopncii.org" in ended.said


@pytest.mark.parametrize("card", ["gone.json", "another.json"])
def test_a_stale_intake_card_in_the_settings_does_not_break_submit(helpline: Helpline, card: str) -> None:
    """The card only matters where a bundle is sealed without a network: ``submit`` asks the intake for its own."""
    (helpline.folder / "another.json").write_bytes(signed_card())
    folder = helpline.folder / "stale" / "takedown"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(f'intake_card = "{card}"\n')
    env = {"TAKEDOWN_INTAKE": helpline.address, "XDG_CONFIG_HOME": str(folder.parent)}
    options = ("photos", "--age", "adult", "--for", "self")
    assert run("submit", *options, "--yes", cwd=helpline.folder, env=env).code == 0
    to_bank = ("--to", "hma+http://127.0.0.1:9/NCII", "--dry-run")
    assert run("hma", "submit", *options, *to_bank, cwd=helpline.folder, env=env).code == 0
    made = run("hash", *options, "-o", "x.tdb", cwd=helpline.folder, env=env)
    assert made.code == (2 if card == "gone.json" else 6)
    if card == "gone.json":
        assert "the setting 'intake_card'" in made.said
    assert not (helpline.folder / "x.tdb").exists()


def test_the_bundle_that_is_kept_is_the_one_that_was_sent(helpline: Helpline) -> None:
    options = ("photos", "--age", "adult", "--for", "self", "--yes", "--json")
    sent = helpline("submit", *options, "-o", "kept.tdb").document()
    again = helpline("submit", "kept.tdb", "--yes", "--json").document()
    assert again["receipt"] == sent["receipt"]
    items = helpline("status", "-", "--json", stdin=sent["case_number"]).document()["items"]
    assert len(items) == 2


DECLARED = ("--age", "adult", "--for", "self")


def test_the_report_has_what_hash_says_of_every_file(helpline: Helpline) -> None:
    mixed = helpline.folder / "mixed"
    mixed.mkdir()
    fixtures.picture(80, (400, 300)).save(mixed / "good.png")
    (mixed / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(200))
    hashed = helpline("hash", "mixed", "--json").document()
    ended = helpline("submit", "mixed", *DECLARED, "--yes", "--json")
    assert ended.code == 3
    sent = published(ended.out)
    assert sent["files"] == hashed["files"]
    assert {**sent["summary"], "seconds": 0} == {**hashed["summary"], "seconds": 0}
    said = helpline("submit", "mixed", *DECLARED, "--yes", "--show-paths")
    assert "cut.jpg: " in said.said
    assert "cut.jpg" not in helpline("submit", "mixed", *DECLARED, "--yes").said


def test_without_a_declaration_yes_is_not_enough(helpline: Helpline) -> None:
    for given, missing in (((), "--age and --for"), (("--age", "adult"), "--for"), (("--for", "self"), "--age")):
        ended = helpline("submit", "photos", "--yes", *given)
        assert ended.code == 8
        assert f"{missing} must be given" in ended.said
        assert "can be protected" not in ended.said
    assert helpline("hash", "photos", "-o", "guessed.tdb").code == 0
    again = helpline("submit", "guessed.tdb", "--yes")
    assert again.code == 0
    assert "The bundle says 'not sure' about the age" in again.said


def test_a_bundle_comes_from_standard_input_too(helpline: Helpline) -> None:
    made = helpline("hash", "photos", "-o", "piped.tdb", *DECLARED, "--json").document()
    ended = run("submit", "-", "--yes", cwd=helpline.folder, stdin=(helpline.folder / "piped.tdb").read_bytes(),
                env={"TAKEDOWN_INTAKE": helpline.address})  # fmt: skip
    assert ended.code == 0, ended.said
    assert helpline("status", "-", stdin=made["case_number"]).code == 0


def test_some_of_each_age_leads_to_the_options(helpline: Helpline) -> None:
    code, screen = in_terminal(
        "submit",
        "photos",
        cwd=helpline.folder,
        answers=[("Your answer (1-3)", "1\n"), ("Your answer (1-4)", "4\n")],
        env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
    )
    assert code == 8
    assert "\r\n  --age adult --under-18 FILE_OR_FOLDER\r\n" in screen


def test_the_same_folder_added_to_its_case_does_not_double_the_items_and_that_is_said(helpline: Helpline) -> None:
    case = helpline("submit", "photos", *DECLARED, "--yes", "--json").document()["case_number"]
    (helpline.folder / "same.txt").write_text(case)
    add = ("submit", "photos", "--case", "same.txt", *DECLARED, "--yes")
    again = helpline(*add)
    assert again.code == 0
    assert "2 pictures and videos were in the case already, and were not added again." in again.out.decode()
    assert len(helpline("status", "same.txt", "--json").document()["items"]) == 2
    fixtures.picture(81, (400, 300)).save(helpline.folder / "photos" / "new.png")
    try:
        more = helpline(*add).out.decode()
        assert "1 picture or video was added to the case." in more
        assert "2 pictures and videos were in the case already" in more
        assert len(helpline("status", "same.txt", "--json").document()["items"]) == 3
        assert helpline(*add, "--json").document()["added"] == 0
    finally:
        (helpline.folder / "photos" / "new.png").unlink()
    assert run("intake", "verify", helpline.folder / "home", cwd=helpline.folder).code == 0


def test_withdrawn_pictures_are_added_again(helpline: Helpline) -> None:
    case = helpline("submit", "photos", *DECLARED, "--yes", "--json").document()["case_number"]
    assert helpline("withdraw", "-", "--item", "1", "--yes", stdin=case).code == 0
    again = helpline("submit", "photos", "--case", "-", *DECLARED, "--yes", "--json", stdin=case).document()
    assert again["added"] == 1
    states = [item["state"] for item in helpline("status", "-", "--json", stdin=case).document()["items"]]
    assert states == ["withdrawn", "listed", "listed"]


def test_a_case_that_is_not_there_is_said_before_anything_is_hashed(helpline: Helpline) -> None:
    ended = helpline("submit", "photos", "--case", "-", *DECLARED, "--yes", stdin=str(CaseNumber.draw()))
    assert (ended.code, ended.out) == (6, b"")
    assert "The intake has no such case. Check the number." in " ".join(ended.said.split())
    assert "can be protected" not in ended.said


def test_an_intake_that_falls_silent_after_the_receipt_takes_nothing_from_it(helpline: Helpline) -> None:
    """The proxy passes on the card, the question and the bundle, and no second question."""
    case = helpline("submit", "photos", *DECLARED, "--yes", "--json").document()["case_number"]
    left = iter(range(3))

    def forwards_three(method: str, url: str, body: bytes) -> Answer:
        if next(left, None) is None:
            raise ConnectionAbortedError
        return forward(method, url, body)

    with serving(forwards_three) as (proxy, _):
        ended = run(
            "submit", "photos", "--case", "-", *DECLARED, "--yes", "--json", "--proxy", proxy.origin,
            cwd=helpline.folder, stdin=case.encode(), env={"TAKEDOWN_INTAKE": helpline.address}, command=after(AT_ONCE),
        )  # fmt: skip
    assert ended.code == 0, ended.said
    assert ended.document()["receipt"] is not None
    assert "added" not in ended.document()


def test_a_no_is_no_error_and_one_line(helpline: Helpline) -> None:
    code, screen = in_terminal(
        "submit", "photos", *DECLARED, "-q",
        cwd=helpline.folder,
        answers=[("Send this? [y/N]", "n\n")],
        env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
    )  # fmt: skip
    assert code == 8
    assert "Error" not in screen
    assert "Stopped, as you chose. Nothing was sent or changed. [declined]" in screen


def test_a_person_is_asked_and_answered_in_their_language(helpline: Helpline) -> None:
    """The questions, the preview and the sentence about the number; the choices are the same numbers as in English."""
    code, screen = in_terminal(
        "submit", "photos", "--intake", helpline.address, "--lang", "de", cwd=helpline.folder,
        answers=[("Wen zeigen die Bilder?", "1\n"), ("Wie alt waren Sie", "2\n"), ("Das senden? [ja/nein]", "j\n")],
        env={"COLUMNS": "200"},
    )  # fmt: skip
    assert code == 0, screen
    for sentence in (
        "Was diesen Computer verlassen würde:", "Fingerabdrücke von 2 Bildern:", "Alter 18 oder älter: 2",
        "für Sie selbst", "kein Bild, kein Dateiname", "Fallnummer: ", "niemand kann sie wiederherstellen",
        "Die Annahmestelle hat den Fall am",
    ):  # fmt: skip
        assert sentence in screen, sentence


def test_the_json_is_the_same_in_every_language(helpline: Helpline) -> None:
    """Errors too: a program may compare their sentences."""
    said = [
        helpline("submit", "nothing-here", "--age", "adult", "--for", "self", "--yes", "--json", "--lang", tag)
        for tag in ("en", "ar")
    ]
    assert said[0].out == said[1].out
    shown = [
        helpline("submit", "photos", "--age", "adult", "--for", "self", "--dry-run", "--json", "--lang", tag).document()
        for tag in ("en", "fr")
    ]
    assert shown[0] == shown[1]


@pytest.mark.parametrize("question", ["Your answer", "Send this?"])
def test_ctrl_c_at_a_question_says_in_one_line_that_nothing_was_sent(helpline: Helpline, question: str) -> None:
    code, screen = in_terminal(
        "submit", "photos", *(() if question == "Your answer" else DECLARED),
        cwd=helpline.folder,
        answers=[(question, "\x03")],
        env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
    )  # fmt: skip
    assert code == 130
    assert screen.splitlines()[-1] == "Stopped. Nothing was sent. [interrupted]"
    assert "Error" not in screen


def test_of_a_screenshot_the_picture_in_it_is_sent_and_withdrawn_again(helpline: Helpline) -> None:
    original, other = fixtures.picture(61, (1000, 750)), fixtures.picture(62, (800, 600))
    screen = LAYOUTS["web page"](original, other, np.random.default_rng(5))
    screen.save(helpline.folder / "shot.png")
    original.save(helpline.folder / "original.jpg", quality=80)
    report = helpline("hash", "shot.png", "--json", "--copies", "none").document()
    left, top, right, bottom = report["files"][0]["inside"]
    assert (0 < left < right < screen.width, 0 < top < bottom < screen.height) == (True, True)
    made = ("--age", "adult", "--for", "self", "--yes", "--json", "--copies", "none")
    sent = helpline("submit", "shot.png", *made)
    assert "This looks like a screenshot; the picture in it is protected, the screen around it is not." in sent.said
    checked = helpline("check", "shot.png", "--copy", "original.jpg", "--json").document()
    assert checked["copies"][0]["caught"]
    whole = helpline("submit", "shot.png", "--whole", *made)
    assert "screenshot" not in whole.said
    for ended in (sent, whole):
        case = ended.document()["case_number"]
        assert (
            helpline("withdraw", "-", "--file", "shot.png", "--yes", "--json", stdin=case).document()["withdrawn"] == 1
        )


@pytest.mark.parametrize("given", [["--inside", "0"], ["--inside", "1,x"], ["--inside", "1", "--whole"]])
def test_what_to_take_of_a_screenshot_is_checked_before_anything_is_read(helpline: Helpline, given: list[str]) -> None:
    ended = helpline("hash", "photos", *given)
    assert ended.code == 2
    assert "--inside" in ended.said
