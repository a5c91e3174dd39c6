"""Ctrl-C, SIGTERM, a closed terminal and a reader that goes away: the right code, nothing half-written, no orphan."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from takedown_cli.cli.terminal import signals
from takedown_cli.core.errors import Interrupted
from tests.cli.runner import COMMAND, environment, start
from tests.waiting import PATIENCE

if sys.platform == "win32":
    pytest.skip("POSIX signals", allow_module_level=True)

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


def _members(session: int) -> set[int]:
    """Processes of a session that are still alive."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.add(int(entry.name))
    return found


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_signal_in_the_middle(number: signal.Signals, code: int, many: Path, tmp_path: Path) -> None:
    process = start("hash", many, "-o", tmp_path / "x.tdb", "--jsonl", cwd=tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b'{"path"')
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == code
    assert b"Stopped. Nothing was sent. [interrupted]" in err
    assert b"Traceback" not in err
    assert out.splitlines()[-1].startswith(b'{"schema": "takedown.error"')
    assert list(tmp_path.iterdir()) == []
    if sys.platform == "linux":
        until = time.monotonic() + PATIENCE
        while _members(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert not _members(process.pid)


def test_a_signal_while_names_are_read(tmp_path: Path) -> None:
    process = start("hash", "--files-from", "-", cwd=tmp_path, stdin=subprocess.PIPE)
    _until_catching(process, signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 143
    process.communicate()


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    script = (
        "import sys, time, os, signal\n"
        "from takedown_cli.cli import app\nfrom takedown_cli.cli.typer_glue import group\n"
        "def stuck(_arguments):\n"
        "    try:\n"
        "        print('ready', flush=True); time.sleep(600)\n"
        "    finally:\n"
        "        print('unwinding', flush=True); time.sleep(600)\n"
        "group.invoke = stuck\n"
        "sys.argv = ['takedown', 'hash']\n"
        "app.main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == b"unwinding\n"
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    process.communicate()


def _until_catching(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Wait until the process has its handler in place, as the kernel shows."""
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        time.sleep(2)
        return
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
        if int(caught.split()[1], 16) >> (number - 1) & 1:
            return
        time.sleep(0.01)


def test_what_the_caller_ignores_stays_ignored(tmp_path: Path) -> None:
    script = (
        "import signal, takedown_cli.cli.terminal.signals as i\n"
        "i.install(); print(signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)\n"
    )
    ended = subprocess.run(
        ["nohup", sys.executable, "-c", script], env=environment(tmp_path), capture_output=True, check=True
    )
    assert ended.stdout == b"True\n"


@pytest.mark.parametrize("options", ["hash photos --json", "hash photos --jsonl", "doctor --privacy", "--help"])
def test_a_reader_that_goes_away_is_no_news(options: str, photos: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, *options.split(), *(["-q"] if "--help" not in options else [])],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    err = process.stderr.read() if process.stderr is not None else b""
    assert process.wait(PATIENCE) == 141
    assert err == b""


def test_no_bundle_is_left_whose_number_nobody_saw(good: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "hash", "good", "-o", "x.tdb"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(PATIENCE) == 141
    assert [path.name for path in tmp_path.iterdir()] == ["good"]


@pytest.mark.skipif(sys.platform == "win32", reason="no shell that closes a stream")
@pytest.mark.parametrize(
    ("closed", "code"), [("<&-", 0), ("2>&-", 0), ("<&- 2>&-", 0), (">&-", 2), ("<&- >&-", 2), ("<&- >&- 2>&-", 2)]
)
def test_closed_streams_are_no_place_for_other_files(closed: str, code: int, good: Path, tmp_path: Path) -> None:
    """Pipes to a decoder had their numbers. A number that cannot be shown leaves no bundle."""
    command = shlex.join([*COMMAND, "hash", "good", "-o", "x.tdb", "--age", "adult", "--for", "self"])
    ended = subprocess.run(
        ["sh", "-c", f"{command} {closed}"], cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=False
    )
    assert ended.returncode == code, ended.stderr
    assert (tmp_path / "x.tdb").exists() is (code == 0)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_behind_stdout_is_said(good: Path, tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ended = subprocess.run(
            [*COMMAND, "hash", "good", "--json"],
            cwd=tmp_path,
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert ended.returncode == 2
    assert b"[output]" in ended.stderr
    assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(("event", "closes"), [(0, False), (1, False), (2, True), (5, True), (6, True)])
def test_a_closed_window_of_windows_ends_with_129(monkeypatch: pytest.MonkeyPatch, event: int, *, closes: bool) -> None:
    """Windows ends the process when its call returns, so that has to wait for the main thread."""
    state = {"armed": os.getpid(), "came": 0, "closed": 0}
    waited: list[float] = []
    passed_on: list[int] = []
    monkeypatch.setattr(signals, "_state", state)
    monkeypatch.setattr("_thread.interrupt_main", passed_on.append)
    monkeypatch.setattr("time.sleep", waited.append)
    assert signals._handle_window(event) == closes
    assert (len(passed_on), len(waited)) == (closes, closes)
    with pytest.raises(Interrupted) as stopped:
        signals._handle_signal(21, None)
    assert stopped.value.exit_code == (129 if closes else 149)
