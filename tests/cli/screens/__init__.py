"""What people read of the main commands, on terminals of 60, 80 and 120 columns: a stored text for each screen.

``make screens`` writes the texts again. Read the difference before you commit it.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Final
from unittest.mock import patch

from takedown_cli.cli.terminal.console import Console, console
from tests.cli.screens import made_up

TEXTS: Final = Path(__file__).parent / "texts"
WIDTHS: Final = (60, 80, 120)
#: The screens by name. Each writes to the terminal as its command does.
SCREENS: Final[dict[str, Callable[[], object]]] = {
    "submit-preview": made_up.preview,
    "submit-receipt": made_up.receipt,
    "status-quiet": made_up.quiet_case,
    "status-busy": made_up.busy_case,
    "check-one": made_up.one_copy,
    "check-several": made_up.several_copies,
    "hash-summary": made_up.hash_summary,
    "inspect": made_up.inspection,
    "batch-run": made_up.batch_run,
    "batch-status": made_up.batch_status,
    "participant-list": made_up.participants,
    "errors": made_up.errors,
    "waiting": made_up.waiting,
}


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@contextmanager
def _terminal(columns: int) -> Iterator[_Terminal]:
    """A terminal without colours, to which both streams write, on a fixed day."""
    screen = _Terminal()
    before = dict(vars(console))
    vars(console).update(vars(Console()))
    try:
        with (
            patch.dict(os.environ, {"COLUMNS": str(columns), "LINES": "50", "NO_COLOR": "1"}),
            patch("sys.stdout", screen),
            patch("sys.stderr", screen),
            patch("takedown_cli.cli.results.case.SYSTEM", SimpleNamespace(day=lambda: "2026-03-05")),
        ):
            yield screen
    finally:
        vars(console).update(before)


def screen_text(name: str) -> str:
    """Return one screen at every width, as it is stored."""
    parts = []
    for width in WIDTHS:
        with _terminal(width) as screen:
            SCREENS[name]()
        parts.append(f"{f'-- {width} columns '.ljust(width, '-')}\n{screen.getvalue()}")
    return "\n".join(parts)
