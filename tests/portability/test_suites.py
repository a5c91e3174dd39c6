"""The suites of hashing, sending and files as other systems run them: the part that costs minutes of a processor.

By hand, any test can be run so: ``python -m pytest -p tests.portability.windows_process tests/cli``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_POOL, _HASH = "tests/hashing/pool/test_supervisor.py", "tests/cli/commands/test_hash.py"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux imitates other systems here")
@pytest.mark.parametrize(
    ("system", "suites"),
    [
        ("windows_process", ["tests/hashing/discover", _POOL]),
        ("windows_process", [_HASH, "tests/cli/commands/test_submit.py"]),
        (
            "mac_process",
            ["tests/hashing/pool/test_interpreter.py", "tests/cli/commands/test_doctor.py", "tests/test_demo.py"],
        ),
        (
            "sharing_rule",
            ["tests/core", "tests/helpline/ledger", "tests/hashing/test_journal.py", "tests/test_demo.py"],
        ),
        ("sharing_rule", ["tests/cli/commands/batch", "tests/cli/commands/test_submit.py", "tests/intake/operations"]),
    ],
    ids=["windows-hashing", "windows-commands", "mac", "sharing-files", "sharing-commands"],
)
def test_the_suites_pass_as_on_another_system(system: str, suites: list[str]) -> None:
    options = ["-m", "not slow", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", f"tests.portability.{system}"]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *suites], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout[-8000:]
