"""A household for each test, and an intake that keeps what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proof.capture import Capture, capturing
from tests.proof.household import Household


@pytest.fixture
def house(tmp_path: Path) -> Household:
    return Household(tmp_path / "house")


@pytest.fixture
def intake() -> Iterator[Capture]:
    with capturing() as server:
        yield server
