"""Showing a new case number, the one time that it is shown."""

from __future__ import annotations

import sys

from takedown_cli.cli.terminal.console import console


def show_case_number(number: str | None, *, to_stderr: bool = False) -> None:
    """Show a new case number and what it is for. Show nothing for None: that case already had its number."""
    if number is None:
        return
    shown = console.style(number, "bold", sys.stderr if to_stderr else sys.stdout)
    line = console.language.say("Case number: {number}", number=shown)
    (console.error_line if to_stderr else console.result)(line)
    console.say(
        console.language.say(
            "Write it down and keep it private. It is shown only now, and nobody can recover it. "
            "You need it to see what happens to the case, and to withdraw it."
        )
    )
