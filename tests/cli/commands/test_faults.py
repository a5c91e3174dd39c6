"""Each fault that a person may meet in the first hour: the sentence, the next step, the exit code, the error's id.

How each cause is recognised is tested in ``tests.client.test_failures``; here it is what the command says of it.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import certifi
import pytest

from takedown_cli.fixtures.texture import picture
from takedown_cli.protocol.public_keys import key_id
from tests.cli.commands.helpline import Helpline
from tests.cli.runner import Ended, after, in_terminal, run
from tests.client import raw
from tests.client.hostile import serving
from tests.client.test_tls import serving_tls
from tests.intake.process import free_port
from tests.waiting import PATIENCE

NUMBER = b"0000-0000-0000-0000-0000-0000"
DECLARED = ("--age", "adult", "--for", "self")
#: What a server that stays silent is waited for, and what all others are.
SHORT, LONG = ("--timeout", "3"), ("--timeout", str(PATIENCE))
ERROR_PAGE = b"<!doctype html><html><title>502 Bad Gateway</title><h1>nginx</h1></html>"
#: The command, which begins its next attempt at once.
QUICK = "import takedown_cli.client.retries as retries; retries._FIRST_PAUSE = 0.01"
#: A resolver without an answer. Which one the system asks is not a test's business.
RESOLVER = "import socket\ndef fail(*a, **k): raise socket.gaierror(socket.{}, 'x')\nsocket.getaddrinfo = fail"


@dataclass(frozen=True)
class Met:
    """Where a fault is met: the intake to name, further options, and how the command is started."""

    intake: str
    options: tuple[str, ...] = ()
    command: tuple[str, ...] = tuple(after(QUICK))


@contextmanager
def served(serve: raw.Serve, *options: str) -> Iterator[Met]:
    with raw.listening(serve) as address:
        yield Met(address.origin, options)


@contextmanager
def answering(status: int, content: bytes) -> Iterator[Met]:
    with serving(lambda *_: (status, {"content-type": "text/html", "retry-after": "0"}, content)) as (address, _):
        yield Met(address.origin, LONG)


@contextmanager
def unresolved(error: str) -> Iterator[Met]:
    yield Met("https://intake.exmaple", LONG, tuple(after(f"{QUICK}; exec({RESOLVER.format(error)!r})")))


@contextmanager
def refused() -> Iterator[Met]:
    yield Met(f"http://127.0.0.1:{free_port()}", LONG)


@contextmanager
def proxied(scheme: str) -> Iterator[Met]:
    yield Met("https://intake.example", (*LONG, "--proxy", f"{scheme}://127.0.0.1:{free_port()}"))


@contextmanager
def silent_proxy() -> Iterator[Met]:
    with raw.listening(raw.stay_silent) as address:
        proxy = address.origin.replace("http:", "socks5h:")
        yield Met("https://intake.example", (*SHORT, "--proxy", proxy))


@contextmanager
def certified(host: str, *options: str, trusted: bool = False, days: tuple[int, int] = (-3, 1)) -> Iterator[Met]:
    with tempfile.TemporaryDirectory() as folder, serving_tls(Path(folder), days=days) as tls:
        ca = ("--ca", str(tls.authority)) if trusted else ()
        yield Met(f"https://{host}:{tls.server.server_port}", (*LONG, *ca, *options))


@dataclass(frozen=True)
class Fault:
    meet: Callable[[], AbstractContextManager[Met]]
    code: int
    id: str
    said: str
    next: str


FAULTS = {
    "silent server": Fault(
        lambda: served(raw.stay_silent, *SHORT), 7, "unreachable",
        "accepted the connection, but did not answer within 3 seconds.", "wait longer with --timeout",
    ),
    "slow server": Fault(
        lambda: served(raw.ENDLESS["a body"], *SHORT), 7, "unreachable",
        "did not answer within 3 seconds.", "wait longer with --timeout",
    ),
    "closes": Fault(
        lambda: served(raw.close_at_once, *LONG), 7, "unreachable",
        "closed the connection without an answer.", "Try again later.",
    ),
    "no web server": Fault(
        lambda: served(raw.speak_smtp, *LONG), 7, "unreachable",
        "answered, but not as a web server.", "Check the address and port.",
    ),
    "unknown name": Fault(
        lambda: unresolved("EAI_NONAME"), 7, "unreachable",
        "The name intake.exmaple was not found.", "Check the address",
    ),
    "no name server": Fault(
        lambda: unresolved("EAI_AGAIN"), 7, "unreachable",
        "could not be looked up: no name server answered.", "Check that this computer is online",
    ),
    "refused": Fault(refused, 7, "unreachable", "(connection refused).", "Check the address."),
    "dead SOCKS proxy": Fault(
        lambda: proxied("socks5h"), 7, "unreachable", "No proxy answered at 127.0.0.1:", "Check --proxy."
    ),
    "dead HTTP proxy": Fault(
        lambda: proxied("http"), 7, "unreachable", "No proxy answered at 127.0.0.1:", "Check --proxy."
    ),
    "silent proxy": Fault(silent_proxy, 7, "unreachable", "did not answer within 3 seconds.", "Check --proxy."),
    "502 with HTML": Fault(
        lambda: answering(502, ERROR_PAGE), 7, "unreachable",
        "answered 502: the server behind it does not answer.", "Try again later.",
    ),
    "a fault of the server": Fault(
        lambda: answering(500, ERROR_PAGE), 7, "unreachable",
        "answered 500: something is wrong on that side.", "Try again later.",
    ),
    "half an answer": Fault(
        lambda: served(raw.close_within_the_answer, *LONG), 7, "unreachable",
        "closed the connection in the middle of its answer.", "Try again later.",
    ),
    "a redirect": Fault(
        lambda: answering(302, ERROR_PAGE), 6, "intake-untrusted",
        "The intake tried to send the request elsewhere.", "Ask the helpline",
    ),
    "another kind of file": Fault(
        lambda: answering(200, ERROR_PAGE), 6, "intake-untrusted",
        "The intake's card is not valid.", "Ask the helpline",
    ),
    "a web site": Fault(
        lambda: answering(404, ERROR_PAGE), 6, "intake-untrusted",
        "There is no takedown intake at this address: 127.0.0.1:", "Ask the helpline",
    ),
    "untrusted certificate": Fault(
        lambda: certified("localhost"), 7, "unreachable",
        "is not trusted.", "--ca FILE or the setting 'intake_ca'",
    ),
    "wrong authority": Fault(
        lambda: certified("localhost", "--ca", certifi.where()), 7, "unreachable",
        "is not trusted.", "not from the certificate authority that --ca",
    ),
    "certificate of another name": Fault(
        lambda: certified("127.1", trusted=True), 7, "unreachable", "is for another name.", "Check the address."
    ),
    "expired certificate": Fault(
        lambda: certified("localhost", trusted=True, days=(-3, -1)), 7, "unreachable",
        "is not valid today.", "Check this computer's date.",
    ),
    "certificate of next year": Fault(
        lambda: certified("localhost", trusted=True, days=(365, 730)), 7, "unreachable",
        "is not valid today.", "Check this computer's date.",
    ),
}  # fmt: skip


def check_words(ended: Ended, fault: Fault) -> None:
    said = " ".join(ended.said.split())
    assert ended.code == fault.code, said
    assert fault.said in said
    assert fault.next in said
    assert f"[{fault.id}]" in said
    assert "<" not in said  # nothing of what a server sent
    assert "Traceback" not in said
    assert NUMBER.decode() not in said


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_of_each_fault_a_person_who_asks_reads_the_cause_and_the_next_step(fault: Fault, tmp_path: Path) -> None:
    with fault.meet() as met:
        ended = run(
            "status", "-", "--intake", met.intake, *met.options, cwd=tmp_path, stdin=NUMBER, command=met.command
        )
    check_words(ended, fault)
    assert ended.out == b""


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_of_each_fault_a_person_who_submits_reads_it_before_anything_is_hashed(fault: Fault, tmp_path: Path) -> None:
    picture(1, (320, 240)).save(tmp_path / "one.png")
    with fault.meet() as met:
        ended = run(
            "submit", "one.png", *DECLARED, "--yes", "--intake", met.intake, *met.options,
            cwd=tmp_path, command=met.command,
        )  # fmt: skip
    check_words(ended, fault)
    assert "can be protected" not in ended.said
    assert ended.out == b""
    if fault.code == 7:
        assert "Nothing was hashed." in ended.said


def test_a_wrong_pin_stops_everything(helpline: Helpline) -> None:
    origin = helpline.address.partition("#")[0]
    for command, stdin in ((("status", "-"), NUMBER), (("submit", "photos", *DECLARED, "--yes"), None)):
        ended = run(*command, "--intake", f"{origin}#{key_id(bytes(range(32)))}", cwd=helpline.folder, stdin=stdin)
        assert (ended.code, ended.out) == (6, b""), ended.said
        assert "The server's key or answer is not the expected one" in ended.said
        assert "compare the two. [intake-untrusted]" in ended.said
        assert "can be protected" not in ended.said


def test_a_second_submission_of_a_bundle_says_that_nothing_was_added(helpline: Helpline) -> None:
    assert helpline("hash", "photos", "-o", "again.tdb", *DECLARED).code == 0
    for _ in range(2):
        ended = helpline("submit", "again.tdb", "--yes")
        assert ended.code == 0
        assert "If this bundle was sent before, nothing was added" in ended.said


CTRL_C = "\x03"
NOTHING_SENT = "Stopped. Nothing was sent. [interrupted]"
#: Each question of a command, and what is typed. ``{away}`` is an intake that is not there.
QUESTIONS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    "whose pictures": (("submit", "photos"), (("Your answer", CTRL_C),)),
    "the age": (("submit", "photos"), (("Your answer (1-3)", "1\n"), ("Your answer (1-4)", CTRL_C))),
    "the authority": (("submit", "photos", "--age", "adult", "--for", "other"), (("Your answer", CTRL_C),)),
    "send this?": (("submit", "photos", *DECLARED), (("Send this?", CTRL_C),)),
    "hash now?": (("submit", "photos", *DECLARED, "--intake", "{away}"), (("[y/N]", CTRL_C),)),
    "case to add to": (("submit", "photos", *DECLARED, "--case", "-"), (("Case number", CTRL_C),)),
    "case to see": (("status", "-"), (("Case number", CTRL_C),)),
    "case, shown": (("status", "-"), (("Case number", "\n"), ("six groups of four", CTRL_C))),
    "second attempt": (("status", "-"), (("Case number", "1234\n"), ("Case number", CTRL_C))),
    "case to withdraw": (("withdraw", "-"), (("Case number", CTRL_C),)),
    "passphrase": (("keys", "new", "file:a.key"), (("assphrase", CTRL_C),)),
    "passphrase again": (("keys", "new", "file:a.key"), (("assphrase", "horse battery\n"), ("again", CTRL_C))),
    "organisation": (("batch", "init"), (("rganisation", CTRL_C),)),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_ctrl_c_at_a_question_is_one_line_and_leaves_nothing(question: str, helpline: Helpline, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    picture(1, (320, 240)).save(tmp_path / "photos" / "one.png")
    arguments, answers = QUESTIONS[question]
    code, screen = in_terminal(
        *(word.replace("{away}", f"http://127.0.0.1:{free_port()}") for word in arguments),
        cwd=tmp_path,
        answers=answers,
        env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
    )
    assert code == 130, screen
    assert screen.splitlines()[-1] == NOTHING_SENT
    assert not any(word in screen for word in ("Error", "Traceback"))
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_ctrl_c_while_a_server_is_silent(tmp_path: Path) -> None:
    with raw.listening(raw.stay_silent) as address:
        code, screen = in_terminal(
            "status", "-", "--intake", address.origin,
            cwd=tmp_path,
            answers=[("Case number", f"{NUMBER.decode()}\n"), ("To stop, press Ctrl-C.", CTRL_C)],
        )  # fmt: skip
    assert code == 130
    assert screen.splitlines()[-1] == "Stopped. No half-written file was left. [interrupted]"


def test_ctrl_c_while_the_card_is_awaited(helpline: Helpline) -> None:
    with raw.listening(raw.stay_silent) as address:
        code, screen = in_terminal(
            "submit", "photos", *DECLARED, "--intake", address.origin,
            cwd=helpline.folder,
            answers=[("To stop, press Ctrl-C.", CTRL_C)],
        )  # fmt: skip
    assert code == 130
    assert screen.splitlines()[-1] == NOTHING_SENT


def test_ctrl_c_while_sending_says_how_to_find_out(helpline: Helpline) -> None:
    """The proxy hands out the card, and then keeps the bundle for itself."""
    over = threading.Event()

    def keeps(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if method == "GET":
            with urlopen(path, timeout=PATIENCE) as answer:
                return 200, {}, answer.read()
        over.wait(PATIENCE)
        raise ConnectionAbortedError

    with serving(keeps) as (proxy, _):
        try:
            code, screen = in_terminal(
                "submit", "photos", *DECLARED, "--proxy", proxy.origin,
                cwd=helpline.folder,
                answers=[("Send this?", "y\n"), ("To stop, press Ctrl-C.", CTRL_C)],
                env={"TAKEDOWN_INTAKE": helpline.address, "NO_COLOR": "1"},
            )  # fmt: skip
        finally:
            over.set()
    assert code == 130, screen
    assert "Stopped while sending." in screen
    assert "It may or may not have arrived. To find out, run:\r\n  takedown status" in screen
    assert "Case number: " in screen


#: Surroundings of a computer that is not set up as usual.
SURROUNDINGS = {
    "no home": {"HOME": "", "XDG_CONFIG_HOME": ""},
    "a home that is not there": {"HOME": "/nonexistent/home", "XDG_CONFIG_HOME": ""},
    "LANG=C": {"LC_ALL": "", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "TERM=dumb": {"TERM": "dumb"},
    "no TERM": {"TERM": ""},
    "an unknown language": {"LC_ALL": "xx_XX.UTF-8", "LANG": "xx_XX.UTF-8"},
}


@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_an_odd_environment_changes_nothing(surroundings: dict[str, str], helpline: Helpline) -> None:
    env = {"TAKEDOWN_INTAKE": helpline.address, **surroundings}
    sent = run("submit", "photos", *DECLARED, "--yes", "--json", cwd=helpline.folder, env=env)
    assert sent.code == 0, sent.said
    asked = run("status", "-", cwd=helpline.folder, env=env, stdin=sent.document()["case_number"].encode())
    assert asked.code == 0, asked.said
    assert b"Pictures 1-2: on the list that platforms fetch." in asked.out
    for ended in (sent, asked):
        assert "\x1b" not in ended.said


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_simple_terminal_gets_no_escapes_and_can_answer(term: str, helpline: Helpline) -> None:
    code, screen = in_terminal(
        "submit", "photos", *DECLARED,
        cwd=helpline.folder,
        answers=[("Send this?", "y\n")],
        env={"TAKEDOWN_INTAKE": helpline.address, "TERM": term, "NO_COLOR": "1"},
    )  # fmt: skip
    assert code == 0, screen
    assert "\x1b" not in screen
    assert "Case number: " in screen


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("submit", "photos"), 8, "takedown cannot ask you here"),
        (("submit", "photos", *DECLARED), 8, "Run it again with --yes"),
        (("submit", "photos", "--yes"), 8, "--age and --for must be given"),
        (("status",), 2, "Give it on standard input with '-'"),
        (("withdraw",), 2, "Give it on standard input with '-'"),
        (("keys", "new", "file:a.key"), 2, "--passphrase-file or --passphrase-fd"),
        (("batch", "init"), 2, "is missing."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_without_a_terminal_nothing_waits(arguments: tuple[str, ...], code: int, said: str, helpline: Helpline) -> None:
    ended = helpline(*arguments)
    assert ended.code == code, ended.said
    assert said in ended.said
    assert ended.out == b""


#: Lets every file end at 1,000 bytes, as a full disk does. Compiled modules would end there too, and break other tests.
FULL = (
    "import resource, signal, sys; sys.dont_write_bytecode = True; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
)


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize("command", [("hash", "photos"), ("submit", "photos", "--yes")], ids=" ".join)
def test_a_full_disk_is_named_and_leaves_no_half_bundle(command: tuple[str, ...], helpline: Helpline) -> None:
    ended = run(
        *command, *DECLARED, "-o", "full.tdb",
        cwd=helpline.folder, env={"TAKEDOWN_INTAKE": helpline.address}, command=after(FULL),
    )  # fmt: skip
    assert (ended.code, ended.out) == (2, b""), ended.said
    assert "[output]" in ended.said
    assert not [path.name for path in helpline.folder.iterdir() if "full" in path.name]
