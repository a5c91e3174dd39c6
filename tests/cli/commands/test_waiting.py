"""A server that lets a person wait: the command says whom it waits for, ends, and names the cause."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from takedown_cli import fixtures
from tests.cli.commands.helpline import Helpline
from tests.cli.runner import Ended, in_terminal, run
from tests.client import raw
from tests.client.hostile import serving
from tests.client.test_tls import Tls, eavesdropper
from tests.intake.process import free_port

__all__ = ["eavesdropper"]

NUMBER = b"0000-0000-0000-0000-0000-0000"
DECLARED = ("--age", "adult", "--for", "self")


def status(intake: str, *options: str | Path, cwd: Path, env: dict[str, str] | None = None) -> Ended:
    return run("status", "-", "--intake", intake, *options, cwd=cwd, stdin=NUMBER, env=env)


def test_after_two_seconds_the_person_is_told_whom_it_waits_for(tmp_path: Path) -> None:
    with raw.listening(raw.stay_silent) as address:
        ended = status(address.origin, "--timeout", "4", cwd=tmp_path)
    where = address.origin.removeprefix("http://")
    assert ended.code == 7
    assert f"Waiting for {where}: 2 s of at most 4 s." in ended.said
    assert f"{where} accepted the connection, but did not answer within 4 seconds." in ended.said
    assert "bundle" not in ended.said
    assert ended.out == b""


def test_quiet_says_only_how_it_ended(tmp_path: Path) -> None:
    with raw.listening(raw.stay_silent) as address:
        ended = status(address.origin, "--timeout", "4", "-q", cwd=tmp_path)
    assert "Waiting" not in ended.said
    assert "did not answer" in ended.said


def test_scripts_get_it_as_json(tmp_path: Path) -> None:
    with raw.listening(raw.stay_silent) as address:
        ended = status(address.origin, "--timeout", "4", "--progress=json", cwd=tmp_path)
    line = json.loads(ended.said.splitlines()[0])
    assert (line["schema"], line["version"]) == ("takedown.waiting", 1)
    assert (line["attempt"], line["attempts"], line["timeout"]) == (1, 4, 4.0)
    assert line["server"] == address.origin.removeprefix("http://")


def test_the_next_try_is_announced(tmp_path: Path) -> None:
    with serving(lambda *_: (503, {"retry-after": "2"}, b"")) as (address, _):
        ended = status(address.origin, cwd=tmp_path)
    assert "is busy or away. Asking again in 2 s (try 2 of 4)." in ended.said
    assert "(answer 503)" in ended.said


def test_verbose_shows_the_causes_without_secrets(tmp_path: Path) -> None:
    ended = status(f"http://127.0.0.1:{free_port()}", "-v", cwd=tmp_path)
    assert "connection refused" in ended.said
    assert "because of ConnectError" in ended.said
    assert "ConnectionRefusedError" in ended.said
    assert "0000-0000" not in ended.said
    assert str(tmp_path) not in ended.said


def test_a_private_authority_is_trusted_when_it_is_named(eavesdropper: Tls, tmp_path: Path) -> None:
    refused = status(eavesdropper.origin, cwd=tmp_path)
    assert refused.code == 7
    assert "is not trusted" in refused.said
    assert "--ca FILE" in refused.said
    for named in (
        status(eavesdropper.origin, "--ca", eavesdropper.authority, cwd=tmp_path),
        status(eavesdropper.origin, cwd=tmp_path, env={"TAKEDOWN_INTAKE_CA": str(eavesdropper.authority)}),
    ):
        assert named.code == 6, named.said  # it answers, and is no intake
    assert status(eavesdropper.origin, "--ca", "gone.pem", cwd=tmp_path).code == 2
    assert "'intake_ca'" in status(eavesdropper.origin, cwd=tmp_path, env={"TAKEDOWN_INTAKE_CA": "gone"}).said


@pytest.mark.parametrize("yes", [(), ("--yes",)])
def test_nothing_is_hashed_for_an_intake_that_is_away(yes: tuple[str, ...], tmp_path: Path) -> None:
    fixtures.picture(1, (400, 300)).save(tmp_path / "one.png")
    ended = run("submit", "one.png", *DECLARED, "--yes", "--intake", f"http://127.0.0.1:{free_port()}", cwd=tmp_path)
    assert ended.code == 7
    assert "Nothing was hashed." in ended.said
    assert "\n  takedown hash PATH -o case.tdb\n" in ended.said
    assert "can be protected" not in ended.said


def test_the_bundle_can_be_kept_while_the_intake_is_away(helpline: Helpline) -> None:
    fixtures.picture(1, (400, 300)).save(helpline.folder / "one.png")
    code, screen = in_terminal(
        "submit", "one.png", *DECLARED, "-o", "later.tdb", "--intake", f"http://127.0.0.1:{free_port()}",
        cwd=helpline.folder,
        answers=[("[y/N]", "y\n")],
    )  # fmt: skip
    assert code == 7, screen
    assert "Case number: " in screen
    assert "  takedown submit later.tdb" in screen
    assert helpline("submit", "later.tdb", "--yes").code == 0


def test_a_refusal_to_hash_leaves_nothing(tmp_path: Path) -> None:
    fixtures.picture(1, (400, 300)).save(tmp_path / "one.png")
    code, screen = in_terminal(
        "submit", "one.png", *DECLARED, "--intake", f"http://127.0.0.1:{free_port()}",
        cwd=tmp_path,
        answers=[("[y/N]", "n\n")],
    )  # fmt: skip
    assert code == 7
    assert "Nothing was hashed." in screen
    assert not (tmp_path / "case.tdb").exists()


def test_a_name_that_does_not_exist_is_named(tmp_path: Path) -> None:
    """The system's resolver answers so; which one is asked is not a test's business."""
    from tests.cli.runner import after

    code = "import socket\ndef gone(*a, **k): raise socket.gaierror(socket.EAI_NONAME, 'x')\nsocket.getaddrinfo = gone"
    command = ["-c", f"{code}\nfrom takedown_cli.cli.app import main; main()"]
    python = after("pass")[0]
    ended = run(
        "status", "-", "--intake", "https://intake.exmaple", cwd=tmp_path, stdin=NUMBER, command=[python, *command]
    )
    assert ended.code == 7
    assert "The name intake.exmaple was not found." in ended.said
    assert socket.EAI_NONAME
