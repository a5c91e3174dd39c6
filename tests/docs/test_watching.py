"""The page on watching an intake lists exactly what there is: metrics, events of the log, and what needs attention."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import takedown_cli
from tests.docs.markdown import DOCS

INTAKE = Path(takedown_cli.__file__).parent / "intake"
PAGE = (DOCS / "how-to/watch-an-intake.md").read_text(encoding="utf-8")


def first_cells(heading: str) -> set[str]:
    """The names in the first column of the table with this heading."""
    table = PAGE.split(f"\n| {heading} |")[1].split("\n\n")[0]
    return {name for row in table.splitlines()[2:] for name in re.findall(r"`([\w-]+)`", row.split("|")[1])}


def first_arguments(path: Path, *callees: str) -> Iterator[str]:
    """The literal first argument of each call of one of these functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in callees and node.args:
            for part in ast.walk(node.args[0]):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_every_event_of_the_log_is_explained() -> None:
    events = {
        name
        for path in INTAKE.rglob("*.py")
        for name in first_arguments(path, "log_event", "log_warning", "log_failure")
    }
    assert first_cells("event") == events


def test_every_metric_is_explained() -> None:
    files = (INTAKE / "http/gauges.py", INTAKE / "http/metrics.py")
    names = {name for file in files for name in first_arguments(file, "Gauge", "_single")}
    names -= {"last_", "_timestamp_seconds"}  # of the two chores
    names |= {"last_purge_timestamp_seconds", "last_backup_timestamp_seconds"}
    assert first_cells("metric, after `takedown_intake_`") == names


def test_everything_that_needs_attention_is_explained() -> None:
    assert first_cells("id") == set(first_arguments(INTAKE / "operations/inspection.py", "Attention"))
