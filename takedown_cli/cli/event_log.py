"""``takedown intake serve --log``: the events of a serving intake on stderr, as JSON lines or as text.

It guarantees that a line has the minute, the event's name and its facts. It must never show anything else of a record:
what another library says is not for this log.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Final

from takedown_cli.cli.console import console

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
    from takedown_cli.intake.events import log

    if form != "none":
        log.setLevel(logging.INFO)
        log.addHandler(_Lines(form))
