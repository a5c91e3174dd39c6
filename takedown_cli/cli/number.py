"""Showing a new case number, the one time that it is shown.

It guarantees that whoever sees the number is told in the same breath what it is for.
It must never show a number that was typed in, or the same one twice.
"""

from __future__ import annotations

import sys

from takedown_cli.cli.console import console


def tell_number(number: str | None, *, to_stderr: bool = False) -> None:
    """Show a number that was drawn now; None, for a case that already had one, shows nothing."""
    if number is None:
        return
    line = f"Case number: {console.style(number, 'bold', sys.stderr if to_stderr else sys.stdout)}"
    if to_stderr:
        console.error_line(line)
    else:
        console.result(line)
    console.say(
        "Write it down and keep it private. It is shown only now, nobody can recover it, and it is the only way "
        "to see what happens to the case or to take it back."
    )
