"""How long tests wait for what has to come, and how: always for a condition, never for a fixed time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

#: Seconds. Far longer than anything takes on a crowded machine, and short enough that one test which hangs is found.
PATIENCE: Final = 300.0


def wait_until(condition: Callable[[], object]) -> None:
    """Return as soon as the condition holds; fail after PATIENCE."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "what the test waited for did not come"
        time.sleep(0.01)
