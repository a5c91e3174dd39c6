"""The manual page: every command is in it, and groff sets it without a complaint, word for word."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import takedown_cli
from takedown_cli.cli.manual import page

MANUAL = Path(takedown_cli.__file__).parents[1] / "docs" / "reference" / "takedown.1"


def _set(path: Path) -> str:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    ended = subprocess.run(
        ["groff", "-man", "-Tutf8", "-P-cbou", "-ww", path.name], cwd=path.parent, capture_output=True, check=True
    )
    assert ended.stderr == b""
    return ended.stdout.decode()


def test_groff_sets_it_without_a_warning() -> None:
    said = _set(MANUAL)
    assert "takedown submit case.tdb" in said
    assert "--max-file-size SIZE" in said
    assert "TAKEDOWN INTAKE PARTICIPANT" in said


def test_a_line_is_text_whatever_it_looks_like(tmp_path: Path) -> None:
    awkward = [".SH not a heading", "'quoted'", r"a \\ and \\fB", "--option"]
    (tmp_path / "x.1").write_text(page({"takedown": "\n".join(awkward)}))
    said = _set(tmp_path / "x.1")
    for line in awkward:
        assert line in said
