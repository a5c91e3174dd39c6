"""Processes that open messages are replaced when they die, hang or answer nonsense."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from pathlib import Path

import httpx
import pytest

from takedown_cli.intake.messages import unsealers
from takedown_cli.intake.messages.unsealers import ProcessUnsealers
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import HTTP, Person
from tests.intake.process import served
from tests.intake.served import new_intake
from tests.waiting import PATIENCE


@pytest.mark.parametrize("said", [b"\0\0\0\4junk", b"\0\0\0\2N." * 3], ids=["no pickle", "more than was asked"])
def test_a_process_that_says_nonsense_is_asked_no_more_and_nobody_waits_for_it(said: bytes, tmp_path: Path) -> None:
    program = tmp_path / "nonsense.py"
    program.write_text(f"import os\nos.read(0, 100)\nos.write(1, {said!r})\nwhile os.read(0, 100):\n    pass\n")

    async def ask() -> None:
        opening = ProcessUnsealers(tmp_path, "http://127.0.0.1:1", 1)
        opening._command[1:] = [str(program)]
        await opening.start()
        child = opening._running[0]
        try:
            with contextlib.suppress(Refused):  # the answer in front of the nonsense is one
                await asyncio.wait_for(opening.unseal_request("status", b"a"), 20)
            await asyncio.wait_for(child.exited.wait(), 20)
            with pytest.raises(Refused):
                await asyncio.wait_for(opening.unseal_request("status", b"b"), 20)
        finally:
            await opening.stop()

    asyncio.run(ask())


def test_a_process_that_is_stopped_is_replaced_and_nobody_waits_for_ever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = make_intake(Home(home), Settings(name="Test intake", test=True))

    async def ask() -> None:
        opening = ProcessUnsealers(home, identity.audience.origin, 1)
        await opening.start()
        try:
            assert await asyncio.wait_for(opening.unseal_request("status", b"a"), 30) == (None, None)
            stopped = opening._running[0]
            if sys.platform == "win32":
                pytest.skip("Windows stops no process")
            os.kill(stopped._transport.get_pid(), signal.SIGSTOP)
            monkeypatch.setattr(unsealers, "SILENT_SECONDS", 0.5)
            for _ in range(2):
                with pytest.raises(Refused) as refused:
                    await asyncio.wait_for(opening.unseal_request("status", bytes(2 << 20)), 30)
                assert (refused.value.status, refused.value.retry_after) == (503, 2)
            await asyncio.wait_for(stopped.exited.wait(), 30)
            monkeypatch.undo()  # a process that begins may take longer
            while opening._running[0] is stopped:
                await asyncio.sleep(0.05)
            assert await asyncio.wait_for(opening.unseal_request("status", b"b"), 30) == (None, None)
        finally:
            await opening.stop()

    asyncio.run(ask())


def test_a_stopped_process_does_not_outlive_the_intake(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsealers, "_STOP_SECONDS", 0.2)
    identity = make_intake(Home(home), Settings(name="Test intake", test=True))

    async def stop() -> None:
        opening = ProcessUnsealers(home, identity.audience.origin, 1)
        await opening.start()
        child = opening._running[0]
        if sys.platform == "win32":
            pytest.skip("Windows stops no process")
        os.kill(child._transport.get_pid(), signal.SIGSTOP)
        await opening.stop()
        await asyncio.wait_for(child.exited.wait(), 30)

    asyncio.run(stop())


def children(process: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


def ended(process: int) -> bool:
    """Whether it is only waited for by whoever takes over orphans."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc on this system")
def test_a_process_that_opens_messages_is_replaced_when_it_dies_and_ends_with_its_parent(home: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("looks into /proc")
    new_intake(home, test=True)
    with served(home, options=("--processes", "2")) as (process, address):
        person = Person(address["origin"], HTTP.get(f"{address['origin']}/v1/keys").content)
        assert person.submit().status_code == 200
        before = children(process.pid)
        assert len(before) == 2
        for child in before:
            os.kill(child, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE
        answers: list[httpx.Response] = []
        while not answers or answers[-1].status_code != 200:
            assert time.monotonic() < deadline
            if answers:
                time.sleep(0.2)  # each attempt counts, and many would be asked for work
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
