"""The command line is written on the API: a command that hashed or bundled in a way of its own could drift from it."""

from __future__ import annotations

import ast
from pathlib import Path

import takedown_cli

PACKAGE = Path(takedown_cli.__file__).parent
#: What the API is written on.
BENEATH = {
    "takedown_cli.hashing.pipeline": {"outcomes", "bundle"},
    "takedown_cli.protocol.bundle.file": {"encode_bundle", "open_sealed", "open_signed", "payload_of", "seal_for"},
    "takedown_cli.client.client": {"IntakeClient"},
}


def names_from_beneath(source: str) -> set[str]:
    """Return what a module imports of the functions that the API is written on."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module in BENEATH:
            found |= {alias.name for alias in node.names} & BENEATH[node.module]
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"pipeline.outcomes", "pipeline.bundle"}:
            found.add(node.attr)
    return found


def test_no_command_goes_past_the_api() -> None:
    modules = [PACKAGE / "demo.py", *(PACKAGE / "cli").rglob("*.py")]
    past = {
        str(path.relative_to(PACKAGE)): names
        for path in modules
        if (names := names_from_beneath(path.read_text(encoding="utf-8")))
    }
    assert past == {}


def test_a_module_that_goes_past_the_api_is_found() -> None:
    assert names_from_beneath("from takedown_cli.hashing.pipeline import Tally, outcomes") == {"outcomes"}
    assert names_from_beneath("from takedown_cli.hashing import pipeline\npipeline.bundle([])") == {"bundle"}
    assert names_from_beneath("from takedown_cli.client.client import IntakeClient") == {"IntakeClient"}


def test_the_commands_use_the_api() -> None:
    users = [path.stem for path in (PACKAGE / "cli").rglob("*.py") if "takedown_cli.api" in path.read_text("utf-8")]
    assert {"hashing_run", "check", "export", "status", "submit", "intake", "bundle", "progress", "ledger"} <= {*users}
