"""``takedown demo``: the whole loop on this machine, each step one line that a newcomer understands.

The file names of ``--dir`` are never shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from takedown_cli.cli.options.common import application
from takedown_cli.cli.results.installation import DemoReport, DemoStepRow
from takedown_cli.cli.terminal.console import console

app = application()


@app.command()
def demo(
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="PATH", help="Your own pictures instead of made-up ones.")
    ] = None,
) -> None:
    """Run the whole loop on this machine, with made-up pictures.

    \b
    takedown demo
    takedown demo --dir photos/ --json

    An intake is started on the loopback interface and stopped again. Nothing
    leaves this computer and nothing stays on it.
    """
    from takedown_cli import demo as loop

    steps: list[DemoStepRow] = []
    for number, step in enumerate(loop.run(directory), start=1):
        facts: dict[str, Any] = step.facts
        steps.append(DemoStepRow(id=step.id, **facts))
        console.show_line(f"{number:2}  {step.sentence}")
    console.show(DemoReport(steps=steps))
