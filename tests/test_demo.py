"""The whole loop, as a newcomer runs it: every step true, nothing left behind, nothing but loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from takedown_cli import demo, fixtures
from takedown_cli.core.errors import NothingToDoError


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, object]]:
    return {step.id: step.facts for step in demo.run()}


def test_each_step_does_what_it_says(steps: dict[str, dict[str, object]]) -> None:
    assert steps["hash"]["hashed"] == steps["hash"]["files"] == 4
    assert steps["preview"]["items"] == 4
    assert steps["again"] == {"same_receipt": True}
    assert steps["match"]["matched"]
    assert steps["status"] == {"states": {"listed": 4}, "answers": {"blocked": 1, "seen": 3}}
    assert steps["withdraw"] == {"states": {"withdrawn": 4}, "answers": {}}
    assert steps["pull-again"]["active"] == 0
    assert steps["pull-again"]["withdrawn"] == steps["pull"]["active"]


def test_your_own_pictures_are_played_and_left_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    fixtures.picture(9, (640, 480)).save(own / "beach.jpg")
    before = (own / "beach.jpg").read_bytes()
    steps = {step.id: step for step in demo.run(own)}
    assert steps["match"].facts["matched"]
    assert not any("beach" in step.sentence for step in steps.values())
    assert [path.name for path in own.iterdir()] == ["beach.jpg"]
    assert (own / "beach.jpg").read_bytes() == before


def test_a_folder_without_pictures_is_said(tmp_path: Path) -> None:
    with pytest.raises(NothingToDoError):
        list(demo.run(tmp_path))


def test_the_command_leaves_nothing_behind(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    home.mkdir()
    temporary.mkdir()
    environ = {**os.environ, "HOME": str(home), "TMPDIR": str(temporary), "XDG_CONFIG_HOME": str(home / "c")}
    run = subprocess.run(
        [sys.executable, "-m", "takedown_cli", "demo", "--json"], capture_output=True, env=environ, check=True, cwd=home
    )
    document = json.loads(run.stdout)
    assert document["schema"] == "takedown.demo"
    assert [step["id"] for step in document["steps"]][-1] == "clean"
    assert list(home.rglob("*")) == []
    assert list(temporary.iterdir()) == []
    assert tempfile.gettempdir() not in run.stdout.decode()
