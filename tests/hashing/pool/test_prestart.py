"""The fork server that starts before its recipe is known: the next pool takes it over, or it ends with us."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from takedown_cli.core.model import Found, Hashed, Recipe
from takedown_cli.fixtures import picture
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool import launch, prestart
from takedown_cli.hashing.pool.supervisor import Pool
from tests.waiting import PATIENCE

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a fork server")


def test_the_next_pool_takes_over_what_was_started_ahead(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    picture(1, (160, 120)).save(path)
    prestart.prestart_fork_server()
    ((_, process),) = prestart._started
    with Pool(Recipe(also=frozenset({"sha1"})), 1, open_file=open_media) as pool:
        assert not prestart._started
        (outcome,) = pool.outcomes([Found(path, path.stat().st_size)])
        assert isinstance(pool._launcher, launch.ForkServer)
        assert pool._launcher._process is process
    assert isinstance(outcome, Hashed)
    assert "sha1" in {fingerprint.kind for fingerprint in outcome.fingerprints}
    assert process.poll() is not None


@pytest.mark.parametrize("end", ["pass", "os._exit(1)", "os.kill(os.getpid(), 9)", "time.sleep(1)"])
def test_what_no_pool_takes_over_ends_with_the_process_that_started_it(end: str) -> None:
    script = (
        "import os, time; from takedown_cli.hashing.pool import prestart; prestart.prestart_fork_server();"
        f"print(prestart._started[0][1].pid, flush=True); {end}"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    left = Path("/proc") / run.stdout.strip()
    deadline = time.monotonic() + PATIENCE
    while _runs(left) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert run.stdout.strip().isdigit()
    assert not _runs(left)


def _runs(process: Path) -> bool:
    try:
        return ") Z " not in (process / "stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
