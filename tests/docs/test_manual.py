"""The manual page: every command is in it, groff sets it without a complaint, and the wheel installs it."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from docs.tools.command_tree import read_commands
from docs.tools.manual import set_as_is
from tests.docs.markdown import DOCS, ROOT

MANUAL = DOCS / "reference" / "takedown.1"


def _set_by_groff(path: Path) -> str:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    ended = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", path.name], cwd=path.parent, capture_output=True, check=True
    )
    assert ended.stderr == b""
    return ended.stdout.decode()


def test_groff_sets_it_without_a_warning() -> None:
    shown = _set_by_groff(MANUAL)
    assert "takedown submit case.tdb" in shown
    assert "--max-file-size SIZE" in shown
    assert "\n   takedown intake participant add\n" in shown
    for title in ("EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"):
        assert f"\n{title}\n" in shown


def test_every_command_has_a_part() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    for name in read_commands():
        assert name == "takedown" or f'.SS "{name}"' in text


def test_a_line_is_text_whatever_it_looks_like(tmp_path: Path) -> None:
    awkward = [".SH not a heading", "'quoted'", r"a \\ and \\fB", "--option"]
    (tmp_path / "x.1").write_text(f'.TH X 1 "" "x" "x"\n.SH X\n{set_as_is(chr(10).join(awkward))}')
    shown = _set_by_groff(tmp_path / "x.1")
    for line in awkward:
        assert line in shown


def test_the_wheel_installs_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert {str(ROOT / source): place for source, place in shared.items()} == {str(MANUAL): "share/man/man1/takedown.1"}
