"""Files and folders named on the command line: one that does not exist is named, before anything is read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from takedown_cli.cli.typer_glue.usage_errors import quote_argument
from takedown_cli.core.errors import UsageError
from takedown_cli.locale.filled import filled


def require_paths(paths: Sequence[Path], option: str | None = None) -> None:
    """Raise UsageError that names the first path that does not exist. Without ``option`` they are arguments."""
    for number, path in enumerate(paths, start=1):
        if not os.path.lexists(path):
            place = option or filled("argument {number}", number=number)
            name = quote_argument(str(path), [str(other) for other in paths])
            raise UsageError(
                filled("No such file or folder: {name} ({place}).", name=name, place=place) if name
                else filled("No such file or folder: {place}.", place=place),
                hint="Check the spelling. Names with spaces need quotes. Nothing was done.",
            )  # fmt: skip
