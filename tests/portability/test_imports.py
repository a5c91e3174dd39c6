"""Every module is imported in a process that has nothing that only POSIX systems have."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.portability import without_posix

#: Modules that need python-threatexchange anyway.
_OPTIONAL = ("tests.interop.", "takedown_cli.platform.extension: ", "takedown_cli.platform.threatexchange.")


def run(*arguments: str) -> list[str]:
    ended = subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True)
    return ended.stdout.splitlines()


@pytest.mark.parametrize("package", ["takedown_cli", pytest.param("tests", marks=pytest.mark.slow)])
def test_every_module_can_be_imported_without_posix(package: str) -> None:
    *faults, count = run("-m", "tests.portability.without_posix", package)
    assert [fault for fault in faults if not fault.startswith(_OPTIONAL)] == []
    assert int(count.split()[0]) > 200


@pytest.mark.parametrize("line", ["import fcntl", "import os; os.geteuid()", "from signal import SIGKILL"])
def test_a_module_that_needs_posix_is_found(line: str, tmp_path: Path) -> None:
    (tmp_path / "needs_posix.py").write_text(line)
    code = (
        "import sys; from tests.portability import without_posix as w; "
        f"w.forget_posix(); sys.path.insert(0, {str(tmp_path)!r}); print(*w.find_faults(['needs_posix']))"
    )
    (found,) = run("-c", code)
    assert found.startswith("needs_posix: ")


def test_windows_lacks_what_is_taken_away() -> None:
    """The list has no name that Windows has: a test that runs there compares it with the real thing."""
    there = [
        f"{module.__name__}.{name}"
        for module, names in without_posix.NAMES.items()
        for name in names
        if hasattr(module, name)
    ]
    if sys.platform == "win32":
        assert there == []
    else:
        assert len(there) > 100
