"""Names that other people's scripts, files and dashboards rely on: each that was published is still there."""

from __future__ import annotations

import ast
import json
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperCommand, TyperGroup

import takedown_cli
from takedown_cli.cli.typer_glue.group import load
from takedown_cli.core import config, errors, reasons
from takedown_cli.intake.messages import signals
from takedown_cli.intake.store import migrations
from takedown_cli.intake.store.tables import metadata
from tests.compatibility.kept import FOLDER

PUBLISHED: dict[str, Any] = json.loads((FOLDER / "names.json").read_text(encoding="utf-8"))


def test_settings_keep_their_names_variables_and_defaults() -> None:
    now = {known.name: {"variable": known.variable, "default": known.default} for known in config.KNOWN}
    assert PUBLISHED["settings"].items() <= now.items()


def test_errors_keep_their_ids_and_exit_codes() -> None:
    now = {error.id: error.exit_code for error in errors.every_error()}
    assert PUBLISHED["errors"].items() <= now.items()


def test_reasons_keep_their_names() -> None:
    assert set(PUBLISHED["reasons"]) <= {reason.value for reason in reasons.Reason}


def test_tables_and_migrations_keep_their_names() -> None:
    now = {table.name: {column.name for column in table.columns} for table in metadata.sorted_tables}
    for name, columns in PUBLISHED["tables"].items():
        assert set(columns) <= now[name], name
    files = {path.stem for path in (Path(migrations.__file__).parent / "versions").glob("*.py")}
    assert set(PUBLISHED["migrations"]) <= files


def test_classes_keep_their_bits() -> None:
    kinds: list[Any] = ["flips", "screens", "crops", "borders", "captions", "tilts"]
    bits = PUBLISHED["class bits"]
    assert {kind: signals.predicted([kind]) for kind in kinds} == {kind: bits[kind] for kind in kinds}
    for medium in ("image", "video"):
        assert signals.classes_for(medium, []) == bits[medium]
        assert signals.classes_for(medium) & bits[f"other {medium}"]
    assert signals.classes_for("all") & bits["every"] == bits["every"]


@cache
def literals() -> frozenset[str | bytes]:
    """Every text and every bytes that the package writes out."""
    package = Path(takedown_cli.__file__).parent
    return frozenset(
        node.value
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    )


@pytest.mark.parametrize("kind", ["log events", "ledger events"])
def test_events_keep_their_names(kind: str) -> None:
    assert set(PUBLISHED[kind]) <= literals()


def test_file_and_key_labels_are_unchanged() -> None:
    written = literals()
    gone = [label for label in PUBLISHED["labels"] if label not in written and label.encode() not in written]
    assert gone == []


def leaves(path: tuple[str, ...], command: TyperCommand | TyperGroup) -> Iterator[tuple[str, set[str]]]:
    if isinstance(command, TyperGroup):
        for name, child in command.commands.items():
            assert isinstance(child, TyperCommand | TyperGroup)
            yield from leaves((*path, name), child)
        return
    yield (
        " ".join(path),
        {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)},
    )


@pytest.mark.parametrize("command", sorted(PUBLISHED["options"]))
def test_a_command_still_takes_its_options(command: str) -> None:
    first = command.split(maxsplit=1)[0]
    now = dict(leaves((first,), load(first)))
    assert set(PUBLISHED["options"][command]) <= now[command]


def test_the_kept_database_has_the_published_tables() -> None:
    """What is listed here is what the files beside it really hold."""
    with sqlite3.connect(f"file:{FOLDER / 'home' / 'intake.db'}?mode=ro&immutable=1", uri=True) as database:
        for name, columns in PUBLISHED["tables"].items():
            assert [row[1] for row in database.execute(f"PRAGMA table_info({name})")] != []
            assert sorted(row[1] for row in database.execute(f"PRAGMA table_info({name})")) == columns
