"""``takedown demo``: the whole loop on this machine, each step one line that a newcomer understands.

It guarantees that what it shows really happened, with exit 1 if a step did not do what it says.
It must never show the file names of ``--dir``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from takedown_cli.cli.console import console
from takedown_cli.cli.options import application

if TYPE_CHECKING:
    from takedown_cli.cli.installation_documents import DemoReport, DemoStepRow

app = application()


@app.command()
def demo(
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="PATH", help="Your own pictures instead of made-up ones.")
    ] = None,
) -> None:
    """The whole loop on this machine, with made-up pictures.

    \b
    takedown demo
    takedown demo --dir photos/ --json

    An intake is started on the loopback interface and stopped again. Nothing
    leaves this computer and nothing stays on it.
    """
    from takedown_cli import demo as loop

    steps: list[DemoStepRow] = []
    for number, step in enumerate(loop.run(directory), start=1):
        steps.append(cast("DemoStepRow", {"id": step.id, **step.facts}))
        if not console.json:
            console.result(f"{number:2}  {step.sentence}")
    if console.json:
        report: DemoReport = {"schema": "takedown.demo", "version": 1, "steps": steps}
        console.emit(report)
