"""Ctrl-C, SIGTERM and a closed terminal at random moments; the long form is ``make hostile``."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns.hostile.interrupts import Moments
from tests.campaigns.hostile.measure import environment

if sys.platform != "linux":
    pytest.skip("signals, and /proc to find orphans", allow_module_level=True)


def test_at_random_moments_nothing_half_made_and_no_orphan_remains(tmp_path: Path) -> None:
    tried = Moments(tmp_path, pictures=6)
    assert tried.at_random(10, seed=3) == []


def test_an_orphan_is_noticed(tmp_path: Path) -> None:
    """The search for orphans can fail: a process of the same session that is still there."""
    tried = Moments(tmp_path, pictures=1)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        from tests.campaigns.hostile.interrupts import members, session

        assert members({session(process.pid)}) == {process.pid}
        process.kill()
    assert tried.length > 0


def test_an_interruption_that_a_library_wraps_is_still_one(tmp_path: Path) -> None:
    """Interrupted inside an import, numpy and others raise ImportError: it was reported as a bug of ours."""
    script = (
        "import os, signal, sys\n"
        "from takedown_cli.cli import app\nfrom takedown_cli.cli.typer_glue import group\n"
        "def importing(_arguments):\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGHUP)\n"
        "    except BaseException:\n"
        "        raise ImportError('cannot load module') from None\n"
        "group.invoke = importing\n"
        "sys.argv = ['takedown', 'hash']\n"
        "app.main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], env=environment(tmp_path), capture_output=True, check=False)
    assert ended.returncode == 128 + signal.SIGHUP
    assert b"bug" not in ended.stderr


def test_a_signal_before_the_command_begins_shows_no_traceback(tmp_path: Path) -> None:
    """Between taking the signals over and catching what they raise, they end the process at once."""
    script = (
        "import os, signal\n"
        "from takedown_cli.cli.terminal import signals\n"
        "signals.install()\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], env=environment(tmp_path), capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, b"")
