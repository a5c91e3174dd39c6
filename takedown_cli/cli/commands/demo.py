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
from takedown_cli.cli.terminal.prompts import can_ask, wait_for_enter
from takedown_cli.core.errors import UsageError

app = application()


@app.command()
def demo(
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="PATH", help="Your own pictures instead of made-up ones.")
    ] = None,
    open_page: Annotated[
        bool, typer.Option("--open", help="Open the page for callers in your browser, and wait meanwhile.")
    ] = False,
) -> None:
    """Run the whole loop on this machine, with made-up pictures.

    \b
    takedown demo
    takedown demo --dir photos/ --json
    takedown demo --open

    An intake is started on the loopback interface and stopped again. Nothing
    leaves this computer and nothing stays on it.
    """
    from takedown_cli import demo as loop

    if open_page:
        _check_page_can_be_opened()
    steps: list[DemoStepRow] = []
    for number, step in enumerate(loop.run(directory), start=1):
        facts: dict[str, Any] = step.facts
        steps.append(DemoStepRow(id=step.id, **facts))
        console.show_line(f"{number:2}  {step.sentence}")
        if open_page and "page" in facts:
            _show_page(facts["page"])
    console.show(DemoReport(steps=steps))


def _check_page_can_be_opened() -> None:
    """Raise UsageError now, not after the work."""
    from takedown_cli.intake.page import page_files

    if not page_files():
        raise UsageError("--open needs the page for callers, which is not built here.", hint="Build it with: make web")
    if not can_ask():
        raise UsageError("--open waits while you look at the page, so it needs a terminal.", hint="Leave out --open.")


def _show_page(address: str) -> None:
    """Open the page in the person's browser, and wait until they have seen it."""
    import webbrowser

    if not webbrowser.open(address):
        console.warn("No browser could be started. Open the address above yourself.")
    wait_for_enter("Type the case number there. Press Enter here to go on.")
