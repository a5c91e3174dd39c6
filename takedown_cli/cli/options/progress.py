"""How progress is shown: chosen by ``--progress``, the environment or the settings file."""

from __future__ import annotations

from typing import Annotated

import typer

from takedown_cli.cli.options.common import complete, one_of
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.terminal.progress import MODES, ProgressDisplay

ProgressMode = Annotated[
    str | None,
    typer.Option(
        "--progress", metavar="|".join(MODES), help="How to show progress, on stderr.", autocompletion=complete(MODES)
    ),
]


def chosen_progress(flag: str | None) -> ProgressDisplay:
    """Return the display for one run, given the value of ``--progress``. Raises UsageError, ConfigError."""
    return ProgressDisplay(chosen_progress_mode(flag), asked=flag is not None)


def chosen_progress_mode(flag: str | None) -> str:
    """Return how to show progress, given the value of ``--progress``. Raises UsageError, ConfigError."""
    return one_of("--progress", setting("progress", flag) or "auto", MODES)
