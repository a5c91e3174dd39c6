"""Decoding processes killed all the time: no hash changes. 500 files are for ``make hostile``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.campaigns.hostile.kills import disturbed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="children are found in /proc")


def test_a_random_child_killed_every_20_files_changes_nothing(tmp_path: Path) -> None:
    outcome = disturbed(tmp_path, files=80, every=20)
    assert outcome.kills >= 2
    assert outcome.different == 0
    assert outcome.lost <= outcome.kills // 2
