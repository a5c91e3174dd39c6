"""The plugin as others use it: the example of the documentation, in a fresh pytest, against both kinds of intake."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import takedown_cli
from takedown_cli.fixtures import bundles
from takedown_cli.intake import running
from takedown_cli.testing import FrozenClock

ROOT = Path(takedown_cli.__file__).parents[1]
PAGE = ROOT / "docs" / "how-to" / "test-your-software.md"


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A folder with the files of the documentation, word for word."""
    folder = tmp_path / "suite"
    folder.mkdir()
    found = re.findall(r"<!-- example: (\S+) -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert [name for name, _ in found] == ["conftest.py", "test_intake.py"]
    for name, text in found:
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def fresh_pytest(folder: Path, *options: str) -> tuple[int, str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), *options, "."],
        cwd=folder, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_the_example_of_the_documentation_runs(suite: Path) -> None:
    code, said = fresh_pytest(suite)
    assert code == 0, said
    assert f"{len(bundles.NAMES) + 2} passed" in said


def test_the_example_runs_against_an_intake_that_is_named(suite: Path, tmp_path: Path) -> None:
    with running(tmp_path / "other", test=True) as server:
        code, said = fresh_pytest(suite, "--takedown-intake", server.address)
        assert code == 0, said
        assert f"{len(bundles.NAMES) + 1} passed, 1 skipped" in said
        assert server.intake.check_integrity().cases > 0


def test_an_intake_that_answers_wrongly_fails(suite: Path, tmp_path: Path) -> None:
    """In production mode every answer is another one: the checks must notice."""
    with running(tmp_path / "other", test=False) as server:
        code, said = fresh_pytest(suite, "--takedown-intake", server.address, "-k", "answer")
    assert code == 1
    assert f"{len(bundles.NAMES)} failed" in said


def test_media_come_with_their_manifest(suite: Path) -> None:
    (suite / "test_media.py").write_text(
        "from takedown_cli.fixtures import library\n"
        "def test_media(takedown_media):\n"
        "    rows = library.read(takedown_media)['files']\n"
        "    assert all((takedown_media / row['file']).stat().st_size == row['bytes'] for row in rows)\n"
    )
    code, said = fresh_pytest(suite, "-k", "media")
    assert code == 0, said


def test_nothing_of_it_is_loaded_unasked(tmp_path: Path) -> None:
    (tmp_path / "test_plain.py").write_text(
        "import sys\ndef test_plain(pytestconfig):\n    assert 'takedown_cli.testing' not in sys.modules\n"
    )
    assert fresh_pytest(tmp_path)[0] == 0


def test_the_clock_stands_still_and_never_runs_back() -> None:
    clock = FrozenClock("2024-02-28")
    assert (clock.day, clock.clock.day(), clock.clock.seconds()) == ("2024-02-28", "2024-02-28", 1709121600.0)
    clock.advance(days=1)
    assert clock.clock.day() == "2024-02-29"
    clock.move_to("2024-03-05")
    assert clock.day == "2024-03-05"
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(days=-1)
    with pytest.raises(ValueError, match="backwards"):
        clock.move_to("2024-03-04")
