"""``takedown intake serve --log``: the events of a serving intake on stderr, as JSON lines or as text.

A line has the minute, the event's name and its facts. What another library logs is not shown.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

from takedown_cli.cli.terminal.console import console

FORMS: Final = ("json", "text", "none")


class _Lines(logging.Handler):
    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def emit(self, record: logging.LogRecord) -> None:
        minute = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%MZ")
        facts: dict[str, int | float | str] = getattr(record, "facts", {})
        if self._form == "json":
            console.error_line(json.dumps({"time": minute, "event": record.msg, **facts}))
        else:
            console.error_line(" ".join([minute, str(record.msg), *(f"{name}={fact}" for name, fact in facts.items())]))


def show(form: str) -> None:
    """Show the events of this process's intake in this form from now on."""
    from takedown_cli.intake.runtime.events import log

    if form != "none":
        log.setLevel(logging.INFO)
        log.addHandler(_Lines(form))
