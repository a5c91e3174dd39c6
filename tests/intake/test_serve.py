"""The intake as a process of its own: made, served, killed and stopped by the command line."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from takedown_cli.bundle import envelope
from takedown_cli.cli import event_log
from takedown_cli.intake import events
from takedown_cli.intake.metrics import FEWEST, Metrics
from takedown_cli.wire import IntakeCard, decode
from tests.intake.person import HTTP, Person, balanced, picture

TAKEDOWN = [sys.executable, "-m", "takedown_cli", "intake"]


def run(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = subprocess.run([*TAKEDOWN, *arguments, "--json"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@contextmanager
def served(
    home: Path, port: int = 0, options: tuple[str, ...] = ()
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    process = subprocess.Popen(
        [*TAKEDOWN, "serve", str(home), "--port", str(port), "--json", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate()


def test_init_makes_an_intake_for_its_owner_alone(home: Path) -> None:
    made = run("init", str(home), "--name", "Example", "--origin", "https://intake.example.org/", "--test")
    assert made["address"] == f"https://intake.example.org#{made['key_id']}"
    card = decode(IntakeCard, envelope.verify((home / "intake-card.json").read_bytes(), IntakeCard.TYPE).payload)
    assert (card.name, card.origin, card.test) == ("Example", "https://intake.example.org", True)
    for path in [home, *home.rglob("*")]:
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path.name


def test_init_never_replaces_an_intake(home: Path) -> None:
    run("init", str(home))
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert run("init", str(home), code=2)["id"] == "config"
    assert before == {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("arguments", [["--name", ""], ["--name", "a\nb"], ["--origin", "http://example.org"]])
def test_init_refuses_settings_that_cannot_work(arguments: list[str], home: Path) -> None:
    run("init", str(home), *arguments, code=2)
    assert not home.exists()


def test_a_key_that_others_can_read_stops_it(home: Path) -> None:
    run("init", str(home))
    (home / "keys" / "signing.key").chmod(0o644)
    assert run("participant", "list", str(home), code=2)["id"] == "config"


def test_there_is_no_intake_in_an_empty_folder(tmp_path: Path) -> None:
    assert run("serve", str(tmp_path), code=2)["id"] == "config"


def test_participants_are_taken_in_while_it_serves(home: Path) -> None:
    run("init", str(home), "--test")
    with served(home) as (_, address):
        added = run("participant", "add", str(home), "Example Platform", "--list", "adult")
        assert run("participant", "add", str(home), "Example Platform", code=2)["id"] == "config"
        listed = run("participant", "list", str(home))["participants"]
        assert [(one["name"], one["lists"]) for one in listed] == [("Example Platform", ["adult"])]
        headers = {
            "x-functions-key": added["function_keys"]["FetchHashes"],
            "Ocp-Apim-Subscription-Key": added["subscription_key"],
        }
        assert HTTP.get(f"{address['origin']}/v1/FetchHashes", headers=headers).json()["count"] == 0
    everything = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for key in (added["subscription_key"], *added["function_keys"].values(), added["ncmec"]["password"]):
        assert key.encode() not in everything


def test_what_was_acknowledged_survives_being_killed(home: Path) -> None:
    run("init", str(home), "--test")
    port = free_port()
    people: list[tuple[Person, bytes, bytes]] = []
    for round_ in range(3):
        with served(home, port) as (process, address):
            card = HTTP.get(f"{address['origin']}/v1/keys").content
            for n in range(10):
                person = Person(address["origin"], card)
                message = person.message(person.bundle(picture(balanced((round_, n)))))
                people.append((person, message, person.post("submit", message).content))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    with served(home, port):
        for person, message, receipt in people:
            assert person.post("submit", message).content == receipt
            assert person.status().items[0].state == "listed"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_lets_what_has_begun_end(number: signal.Signals, home: Path) -> None:
    run("init", str(home), "--test")
    with served(home) as (process, address):
        card = HTTP.get(f"{address['origin']}/v1/keys").content
        person = Person(address["origin"], card)
        message = person.message(person.bundle())
        host, port = address["origin"].removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as slow:
            head = f"POST /v1/submit HTTP/1.1\r\nHost: x\r\nContent-Length: {len(message)}\r\n\r\n".encode()
            slow.sendall(head + message[:1000])
            HTTP.get(f"{address['origin']}/healthz")  # by now the request above has begun
            process.send_signal(number)
            slow.sendall(message[1000:])
            assert slow.recv(4096).startswith(b"HTTP/1.1 200")
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def children(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc on this system")
def test_a_process_that_opens_messages_is_replaced_when_it_dies_and_ends_with_its_parent(home: Path) -> None:
    run("init", str(home), "--test")
    with served(home, options=("--processes", "2")) as (process, address):
        person = Person(address["origin"], HTTP.get(f"{address['origin']}/v1/keys").content)
        assert person.submit().status_code == 200
        before = children(process.pid)
        assert len(before) == 2
        for child in before:
            os.kill(child, signal.SIGKILL)
        deadline = time.monotonic() + 60
        answers: list[httpx.Response] = []
        while not answers or answers[-1].status_code != 200:
            assert time.monotonic() < deadline
            answers.append(person.post("submit", person.message(person.bundle(adds=True))))
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in answers[:-1])
        assert person.status().known
        while len(after := children(process.pid)) < 2:
            assert time.monotonic() < deadline
        process.kill()
        process.wait()
        while any(Path(f"/proc/{child}").exists() and not ended(child) for child in after):
            assert time.monotonic() < deadline


def ended(process: int) -> bool:
    """Whether it is only waited for by whoever takes over orphans."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_an_operators_day(home: Path, tmp_path: Path) -> None:
    run("init", str(home), "--test")
    where = str(home)
    first = run(
        "participant", "add", where, "Platform", "--media", "video", "--copies", "none", "--confirmed", "--submit"
    )
    assert set(first["function_keys"]) == {"FetchHashes", "SubmitFeedback", "SubmitHashes"}
    assert run("participant", "rotate", where, "Platform")["subscription_key"] != first["subscription_key"]
    [listed] = run("participant", "list", where)["participants"]
    assert (listed["media"], listed["copies"], listed["confirmed"]) == (["video"], [], True)
    told = subprocess.run([*TAKEDOWN, "participant", "list", where], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines()[1:] == ["  videos; no predicted copies"]
    run("participant", "revoke", where, "Platform")
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


@pytest.mark.parametrize("damage", ["beginning", "page", "rows"])
def test_a_damaged_database_is_told_by_code_5(damage: str, home: Path) -> None:
    run("init", str(home), "--test")
    run("participant", "add", str(home), "Example Platform")
    file = home / "intake.db"
    with closing(sqlite3.connect(file)) as connection:
        if damage == "rows":  # a key of nobody
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute("DELETE FROM participants")
            connection.commit()
        [at] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'participant_keys'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if damage != "rows":
        with file.open("r+b") as stream:
            stream.seek(0 if damage == "beginning" else (at - 1) * size)
            stream.write(b"\xa5" * size)
    said = run("verify", str(home), code=5)
    if damage == "rows":
        assert said["wrong"] == ["The database file is damaged."]
    elif said["schema"] == "takedown.error":
        assert (said["id"], said["exit_code"]) == ("intake-database", 5)
    else:
        assert said["wrong"]


def test_purge_fails_when_what_it_deleted_may_be_in_the_log(home: Path) -> None:
    run("init", str(home), "--test")
    with closing(sqlite3.connect(home / "intake.db", isolation_level=None)) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM hashes").fetchone()
        run("participant", "add", str(home), "Example Platform")
        assert run("purge", str(home), code=2)["cases"] == 0
    assert run("purge", str(home))["cases"] == 0


@pytest.mark.parametrize("form", ["json", "text", "none"])
def test_the_log_tells_counts_and_nothing_of_anybody(form: str, home: Path) -> None:
    run("init", str(home), "--test")
    keys = run("participant", "add", str(home), "Example Platform")
    process = subprocess.Popen(
        [*TAKEDOWN, "serve", str(home), "--port", "0", "--json", "--log", form],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = json.loads(process.stdout.readline())
    person = Person(address["origin"], HTTP.get(f"{address['origin']}/v1/keys").content)
    value = balanced(("log", form))
    assert person.submit(picture(value)).status_code == 200
    assert person.post("submit", b"\0").status_code == 400
    person.status()
    headers = {
        "x-functions-key": keys["function_keys"]["FetchHashes"],
        "Ocp-Apim-Subscription-Key": keys["subscription_key"],
    }
    assert HTTP.get(f"{address['origin']}/v1/FetchHashes", headers=headers).json()["count"] == 1
    HTTP.get(f"{address['origin']}/{value}")
    person.withdraw()
    process.terminate()
    log = process.communicate(timeout=60)[1]
    telling = [
        "127.0.0.1", person.number.symbols, person.number.lookup_id(), person.place[1].hex(), value, "Example Platform",
        keys["subscription_key"], "python-httpx", address["key_id"],
    ]  # fmt: skip
    assert [one for one in telling if one in log] == []
    if form != "json":
        assert ("answers" in log) == (form == "text")
        return
    events = [json.loads(line) for line in log.splitlines()]
    assert events[0]["event"] == "serving"
    assert events[-1]["event"] == "stopped"
    counts = {(one["route"], one["status"]): one["count"] for one in events if one["event"] == "answers"}
    assert counts["/v1/submit", 200] == counts["/v1/submit", 400] == counts["/v1/withdraw", 200] == 1
    assert counts["other", 404] == 1
    assert all(len(one["time"]) == len("2026-01-31T12:00Z") for one in events)


def test_few_answers_have_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines = event_log._Lines("json")
    events.log.addHandler(lines)
    events.log.setLevel(logging.INFO)
    try:
        metrics = Metrics("token")
        for answers in (FEWEST - 1, 1, 1, FEWEST):
            for _ in range(answers):
                metrics.answered("/v1/submit", 200, 0.001)
            metrics.tell()
        metrics.answered("/v1/withdraw", 200, 0.001)
        metrics.tell()
        metrics.tell(fewest=1)
    finally:
        events.log.removeHandler(lines)
        events.log.setLevel(logging.NOTSET)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(one["route"], one["count"]) for one in told] == [
        ("/v1/submit", FEWEST), ("/v1/submit", FEWEST + 1), ("/v1/withdraw", 1),
    ]  # fmt: skip
