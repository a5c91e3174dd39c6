"""The processes that open messages: what one of them says that is no answer, and when one says nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from takedown_cli.intake import openers
from takedown_cli.intake.openers import InProcesses
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings


@pytest.mark.parametrize("said", [b"\0\0\0\4junk", b"\0\0\0\2N." * 3], ids=["no pickle", "more than was asked"])
def test_a_process_that_says_nonsense_is_asked_no_more_and_nobody_waits_for_it(said: bytes, tmp_path: Path) -> None:
    program = tmp_path / "nonsense.py"
    program.write_text(f"import os\nos.read(0, 100)\nos.write(1, {said!r})\nwhile os.read(0, 100):\n    pass\n")

    async def ask() -> None:
        opening = InProcesses(tmp_path, "http://127.0.0.1:1", 1)
        opening._command[1:] = [str(program)]
        await opening.start()
        child = opening._running[0]
        try:
            with contextlib.suppress(Refused):  # the answer in front of the nonsense is one
                await asyncio.wait_for(opening.request("status", b"a"), 20)
            await asyncio.wait_for(child.exited.wait(), 20)
            with pytest.raises(Refused):
                await asyncio.wait_for(opening.request("status", b"b"), 20)
        finally:
            await opening.stop()

    asyncio.run(ask())


def test_a_process_that_is_stopped_is_replaced_and_nobody_waits_for_ever(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = make_intake(Home(home), Settings(name="Test intake", test=True))

    async def ask() -> None:
        opening = InProcesses(home, identity.audience.origin, 1)
        await opening.start()
        try:
            assert await asyncio.wait_for(opening.request("status", b"a"), 30) == (None, None)
            stopped = opening._running[0]
            os.kill(stopped._transport.get_pid(), signal.SIGSTOP)
            monkeypatch.setattr(openers, "SILENT_SECONDS", 0.5)
            for _ in range(2):
                with pytest.raises(Refused) as refused:
                    await asyncio.wait_for(opening.request("status", bytes(2 << 20)), 30)
                assert (refused.value.status, refused.value.retry_after) == (503, 2)
            await asyncio.wait_for(stopped.exited.wait(), 30)
            monkeypatch.undo()  # a process that begins may take longer
            while opening._running[0] is stopped:
                await asyncio.sleep(0.05)
            assert await asyncio.wait_for(opening.request("status", b"b"), 30) == (None, None)
        finally:
            await opening.stop()

    asyncio.run(ask())


def test_a_stopped_process_does_not_outlive_the_intake(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openers, "_STOP_SECONDS", 0.2)
    identity = make_intake(Home(home), Settings(name="Test intake", test=True))

    async def stop() -> None:
        opening = InProcesses(home, identity.audience.origin, 1)
        await opening.start()
        child = opening._running[0]
        os.kill(child._transport.get_pid(), signal.SIGSTOP)
        await opening.stop()
        await asyncio.wait_for(child.exited.wait(), 30)

    asyncio.run(stop())
