"""The folder that the faulty rows need."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpline.manifest.faulty_rows import make_office


@pytest.fixture
def office(tmp_path: Path) -> Path:
    return make_office(tmp_path)
