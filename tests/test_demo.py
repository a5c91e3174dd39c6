"""The whole loop, as a newcomer runs it: every step true, nothing left behind, nothing but loopback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

import pytest

from takedown_cli import demo, fixtures
from takedown_cli.core.errors import NothingToDoError
from takedown_cli.intake.page import page_files
from tests.cli.runner import in_terminal, run


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


def test_the_page_can_be_opened_while_the_demo_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "page_files", lambda: {"/case": b""})
    for step in demo.run():
        if step.id == "page":
            address = str(step.facts["page"])
            assert address in step.sentence
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/case#[0-9a-f]{40}", address)
            with urlopen(address.replace("/case", "/healthz")) as answer:  # the intake is still there
                assert answer.status == 200
            break
    else:
        raise AssertionError("no page")


def test_without_the_built_page_the_demo_says_how_to_build_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "page_files", dict)
    [step] = [step for step in demo.run() if step.id == "page"]
    assert "make web" in step.sentence
    assert step.facts == {}


@pytest.mark.skipif(not page_files(), reason="the page is not built: run 'make web'")
def test_open_shows_the_page_in_the_persons_browser_and_waits(tmp_path: Path) -> None:
    browser = tmp_path / "browser.py"
    browser.write_text(
        "import sys, urllib.request\n"
        "page = urllib.request.urlopen(sys.argv[1]).read()\n"
        "open('seen', 'w').write(sys.argv[1] + ' ' + str(b'Your case' in page))\n"
    )
    code, screen = in_terminal(
        "demo", "--open", cwd=tmp_path, answers=[("Press Enter", "\n")],
        env={"BROWSER": f"{sys.executable} {browser} %s"},
    )  # fmt: skip
    assert code == 0, screen
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/case#[0-9a-f]{40} True", (tmp_path / "seen").read_text())
    number = re.search(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}", screen)
    assert number is not None
    assert number[0] not in (tmp_path / "seen").read_text()


def test_open_needs_a_person_who_looks(tmp_path: Path) -> None:
    ended = run("demo", "--open", cwd=tmp_path)
    assert ended.code == 2
    assert ended.out == b""
    assert "--open" in ended.said


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
