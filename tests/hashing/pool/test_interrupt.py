"""Whatever happens to the parent, no decoding process outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.hashing.pool.conftest import draw
from tests.waiting import PATIENCE

if sys.platform != "linux":
    pytest.skip("looks into /proc", allow_module_level=True)

_ENDLESS = """
import sys
from itertools import repeat
from pathlib import Path
from takedown_cli.hashing.discover import open_media
from takedown_cli.core.model import Found, Recipe
from takedown_cli.hashing.pool.supervisor import Pool
with Pool(Recipe(), 2, open_file=open_media) as pool:
    for number, _ in enumerate(pool.outcomes(repeat(Found(Path(sys.argv[1]), 1)))):
        if number == 5:
            print(pool._launcher._process.pid, *pool.pids, flush=True)
"""


def alive(pid: int) -> bool:
    """Whether the process still runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_until_gone(pids: list[int]) -> list[int]:
    """Those that are left after far longer than it may take."""
    end = time.monotonic() + PATIENCE
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < end:
        time.sleep(0.01)
    return left


@pytest.mark.parametrize("size", [(300, 200), (2600, 2000)], ids=["small", "large"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_child_outlives_its_parent(sent: signal.Signals, size: tuple[int, int], tmp_path: Path) -> None:
    picture = draw(tmp_path / "picture.png", size, 1)
    parent = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(picture)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(children) == 3
        assert all(alive(pid) for pid in children)
        parent.send_signal(sent)
        parent.wait()
        assert wait_until_gone(children) == []


def test_ctrl_c_of_the_terminal_does_not_reach_the_children(tmp_path: Path) -> None:
    """The parent alone decides what an interruption means; a second Ctrl-C must not cut its last words off."""
    picture = draw(tmp_path / "picture.png", (300, 200), 1)
    parent = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(picture)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[3], start_new_session=True,
    )  # fmt: skip
    with parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        try:
            assert children
            assert all(os.getpgid(pid) != os.getpgid(parent.pid) for pid in children)
            assert all(os.getsid(pid) != os.getsid(parent.pid) for pid in children)
        finally:
            parent.kill()
        parent.wait()
        assert wait_until_gone(children) == []
