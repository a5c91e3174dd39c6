"""The published schemas: one for every document, valid, and unchanged for as long as their version is the same."""

from __future__ import annotations

import ast
import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs  # comes with schemathesis
import pytest

from docs.tools.published import broken, merged, shape
from docs.tools.reference import shapes_now, shapes_published
from docs.tools.schemas import documents, schema
from takedown_cli import cli

ROOT = Path(cli.__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = documents()


def test_what_is_published_kept_its_shape() -> None:
    published, now = shapes_published(DOCS), shapes_now()
    assert not broken(published, now), "\n".join(broken(published, now))
    assert merged(published, now) == published, "a document or a field is new: run 'make docs'"


def test_every_version_ever_published_is_still_there() -> None:
    for name in shapes_published(DOCS):
        assert (DOCS / "schemas" / f"{name}.json").is_file(), name


def test_every_document_that_the_source_makes_has_a_schema() -> None:
    """Found in the source: a dictionary with a ``schema`` that nobody declared would have no promise behind it."""
    declared = {name.rpartition(".v")[0] for name in DOCUMENTS}
    for path in (
        path for place in ("cli", "fixtures") for path in sorted((ROOT / "takedown_cli" / place).rglob("*.py"))
    ):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Dict):
                fields = {key.value: value for key, value in _named(node)}
                if {"schema", "version"} <= fields.keys() and path.name != "result.py":
                    name = fields["schema"]
                    assert isinstance(name, ast.Constant), f"{path}:{name.lineno}: name the schema in full"
                    assert name.value in declared, f"{path}:{name.lineno}: declare it as a Result"


def _named(node: ast.Dict) -> Iterator[tuple[ast.Constant, ast.expr]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant):
            yield key, value


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_is_valid_named_and_described(name: str) -> None:
    made = schema(name, DOCUMENTS[name])
    jsonschema_rs.meta.validate(made)
    assert made["$id"] == f"{name}.json"
    assert made["title"]
    assert made["description"], "a document says in its docstring what it is"
    assert not re.search(r"`[A-Z]\w*\.\w", json.dumps(made)), "a published description names nothing of the code"
    family, _, version = name.rpartition(".v")
    if "schema" in made["properties"]:
        assert made["properties"]["schema"]["const"] == family
        assert made["properties"]["version"]["const"] == int(version)


def _report() -> dict[str, Any]:
    return schema("takedown.hash.v1", DOCUMENTS["takedown.hash.v1"])


def _without(made: dict[str, Any]) -> None:
    del made["properties"]["bundle"]


def _renamed(made: dict[str, Any]) -> None:
    made["$defs"]["FileRow"]["properties"]["sort"] = made["$defs"]["FileRow"]["properties"].pop("media")


def _other_type(made: dict[str, Any]) -> None:
    made["$defs"]["Summary"]["properties"]["bytes"]["type"] = "string"


def _optional(made: dict[str, Any]) -> None:
    made["required"].remove("summary")


def _another_value(made: dict[str, Any]) -> None:
    made["$defs"]["FileRow"]["properties"]["outcome"]["enum"].append("ignored")


@pytest.mark.parametrize("change", [_without, _renamed, _other_type, _optional, _another_value])
def test_a_change_within_a_version_is_found_and_said(change: Any) -> None:
    before, after = _report(), copy.deepcopy(_report())
    change(after)
    faults = broken({"takedown.hash.v1": shape(before)}, {"takedown.hash.v1": shape(after)})
    assert faults
    assert all("new version" in fault for fault in faults)


def test_a_field_more_is_no_break_but_has_to_be_published() -> None:
    before, after = _report(), copy.deepcopy(_report())
    after["properties"]["host"] = {"type": "string"}
    old, new = {"takedown.hash.v1": shape(before)}, {"takedown.hash.v1": shape(after)}
    assert not broken(old, new)
    assert merged(old, new) != old


def test_what_travels_may_not_even_gain_a_field() -> None:
    before = schema("takedown.receipt.v1", DOCUMENTS["takedown.receipt.v1"])
    after = copy.deepcopy(before)
    after["properties"]["place"] = {"type": "string"}
    assert broken({"takedown.receipt.v1": shape(before)}, {"takedown.receipt.v1": shape(after)})


def test_a_document_does_not_vanish_but_may_get_a_successor() -> None:
    old = {"takedown.hash.v1": shape(_report())}
    assert broken(old, {})
    assert not broken(old, {"takedown.hash.v2": []})


def test_the_lock_is_what_a_reader_can_check() -> None:
    lines = json.loads((DOCS / "schemas" / "published.json").read_text(encoding="utf-8"))["takedown.error.v1"]
    assert [line for line in lines if "s" in line.partition(":")[0]] == [
        'schema: "takedown.error"',
        "sentence: string",
        "version: 1",
    ]
