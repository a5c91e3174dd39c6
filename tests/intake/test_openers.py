"""The processes that open messages: what one of them says that is no answer."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from takedown_cli.intake.openers import InProcesses
from takedown_cli.intake.refusal import Refused


@pytest.mark.parametrize("said", [b"\0\0\0\4junk", b"\0\0\0\2N." * 3], ids=["no pickle", "more than was asked"])
def test_a_process_that_says_nonsense_is_asked_no_more_and_nobody_waits_for_it(said: bytes, tmp_path: Path) -> None:
    program = tmp_path / "nonsense.py"
    program.write_text(f"import os\nos.read(0, 100)\nos.write(1, {said!r})\nwhile os.read(0, 100):\n    pass\n")

    async def ask() -> None:
        openers = InProcesses(tmp_path, "http://127.0.0.1:1", 1)
        openers._command[1:] = [str(program)]
        await openers.start()
        child = openers._running[0]
        try:
            with contextlib.suppress(Refused):  # the answer in front of the nonsense is one
                await asyncio.wait_for(openers.request("status", b"a"), 20)
            await asyncio.wait_for(child.exited.wait(), 20)
            with pytest.raises(Refused):
                await asyncio.wait_for(openers.request("status", b"b"), 20)
        finally:
            await openers.stop()

    asyncio.run(ask())
