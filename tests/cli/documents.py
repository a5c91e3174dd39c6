"""Reads what a command printed with ``--json`` as its published schema describes it."""

from __future__ import annotations

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs  # comes with schemathesis

import takedown_cli

SCHEMAS = Path(takedown_cli.__file__).parents[1] / "docs" / "schemas"


def published(text: str | bytes) -> dict[str, Any]:
    """Return the one object in ``text``, valid by its published schema and without a field the schema does not know."""
    document: dict[str, Any] = json.loads(text)
    validator(f"{document['schema']}.v{document['version']}").validate(document)
    return document


@cache
def validator(name: str) -> Any:
    """Return the validator of the published schema ``name``, closed against fields that it does not know."""
    schema = _closed(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))
    return jsonschema_rs.validator_for(schema)


def _closed(node: Any) -> Any:
    """The schema with every object closed: published objects are open, so that a later version may add a field."""
    node = deepcopy(node)
    pending = [node]
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            if "properties" in part and part.get("type") == "object":
                part.setdefault("additionalProperties", False)
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    return node
