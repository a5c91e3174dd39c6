"""The argument that all commands of ``takedown intake`` share, and the intake that it names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.core.errors import UsageError

if TYPE_CHECKING:
    from takedown_cli.intake.service import Intake
    from takedown_cli.intake.settings import Home

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The intake's folder.")]
#: A participant's or an organisation's name.
Name = Annotated[str, typer.Argument(metavar="NAME", help="The name as cases show it.")]
#: For ``revoke``: the day on which its keys were stolen.
Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DAY", help="Undo only what came on this day or later (YYYY-MM-DD)."),
]


def parse_day(text: str | None) -> str | None:
    """Return the day that ``--since`` names. Raise UsageError."""
    try:
        return None if text is None else date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError("--since must be a day in the form YYYY-MM-DD.") from None


def intake_home(folder: Path) -> Home:
    """Return the places of an intake's files in ``folder``. Raise MissingExtraError."""
    from takedown_cli.intake import require_extra

    require_extra()
    from takedown_cli.intake.settings import Home

    return Home(folder)


@contextmanager
def open_intake(folder: Path) -> Iterator[Intake]:
    """Open the intake in ``folder``, which another process may be serving. Raise ConfigError, MissingExtraError."""
    home = intake_home(folder)
    from takedown_cli.intake.service import Intake

    intake = Intake.open(home)
    try:
        yield intake
    finally:
        intake.close()
