"""The intake as a process of its own, stopped by a signal and operated by the command line."""

from __future__ import annotations

import signal
import socket
import subprocess
from pathlib import Path

import pytest

from tests.intake.person import HTTP, Person
from tests.intake.process import TAKEDOWN, run, served
from tests.intake.served import new_intake
from tests.waiting import PATIENCE


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_lets_what_has_begun_end(number: signal.Signals, home: Path) -> None:
    new_intake(home, test=True)
    with served(home) as (process, address):
        card = HTTP.get(f"{address['origin']}/v1/keys").content
        person = Person(address["origin"], card)
        message = person.message(person.bundle())
        host, port = address["origin"].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as slow:
            head = f"POST /v1/submit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(message)}\r\n\r\n".encode()
            slow.sendall(head + message[:1000])
            HTTP.get(f"{address['origin']}/healthz")  # by now the request above has begun
            process.send_signal(number)
            slow.sendall(message[1000:])
            assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        assert process.wait(PATIENCE) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_an_operators_day(home: Path, tmp_path: Path) -> None:
    new_intake(home, test=True)
    where = str(home)
    first = run(
        "participant", "add", where, "Platform", "--media", "video", "--copies", "none", "--confirmed", "--submit"
    )
    assert set(first["function_keys"]) == {"FetchHashes", "SubmitFeedback", "SubmitHashes"}
    assert run("participant", "rotate", where, "Platform", "--yes")["subscription_key"] != first["subscription_key"]
    [listed] = run("participant", "list", where)["participants"]
    assert (listed["media"], listed["copies"], listed["confirmed"]) == (["video"], [], True)
    reported = subprocess.run([*TAKEDOWN, "participant", "list", where], capture_output=True, text=True, check=True)
    assert " ".join(reported.stdout.splitlines()[1].split()).startswith(
        "Platform under-18, adult, confirmed only videos none since "
    )
    run("participant", "revoke", where, "Platform", "--yes")
    assert run("participant", "list", where)["participants"][0]["revoked"]
    assert run("participant", "audit", where)["pulls"] == []
    run("organisation", "add", where, "Helpline", "ab" * 32, "--quota", "7")
    run("organisation", "add", where, "Other", "not a key", code=2)
    [helpline] = run("organisation", "list", where)["organisations"]
    assert (helpline["name"], helpline["quota"], helpline["today"]) == ("Helpline", 7, 0)
    run("organisation", "revoke", where, "Helpline")
    assert run("review", where) == {
        "schema": "takedown.intake.review", "version": 1, "released": 0, "dropped": 0, "held": [], "provisional": {},
    }  # fmt: skip
    assert run("purge", where)["cases"] == 0
    assert run("verify", where)["wrong"] == []
    run("backup", where, str(tmp_path / "copy"))
    run("backup", where, str(tmp_path / "copy"), code=2)
    run("restore", str(tmp_path / "copy"), str(tmp_path / "again"))
    assert run("verify", str(tmp_path / "again"))["wrong"] == []
    assert len(run("metrics-token", where)["token"]) == 64
