"""The promise that a published document keeps its shape: what may change within a version, and what needs a new one.

The shape of a document is one line for each field, so that any difference is found and can be shown.
A published line is never removed or changed, because a script somewhere reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

Shapes = Mapping[str, list[str]]

#: What a shape is about; titles and descriptions may be worded better at any time.
_BOUNDS: Final = ("pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "exclusiveMaximum")
_CLOSED: Final = "nothing else"


def shape(schema: Mapping[str, Any]) -> list[str]:
    """Return the shape of a JSON Schema: for each field a line ``path: type``, with ``?`` when it may be absent."""
    return sorted(_lines(schema, schema.get("$defs", {}), "", ""))


def _lines(node: Mapping[str, Any], defs: Mapping[str, Any], path: str, mark: str) -> Iterator[str]:
    node = _resolved(node, defs)
    if path:
        yield f"{path}{mark}: {_type(node, defs)}"
    for part in (node, *(_resolved(one, defs) for one in node.get("anyOf", ()))):
        required = part.get("required", ())
        for name, inner in part.get("properties", {}).items():
            yield from _lines(inner, defs, f"{path}.{name}".lstrip("."), "" if name in required else "?")
        if "items" in part:
            yield from _lines(part["items"], defs, f"{path}[]", "")
        rest = part.get("additionalProperties")
        if isinstance(rest, Mapping):
            yield from _lines(rest, defs, f"{path}.*", "")
        elif rest is False:
            yield f"{path}: {_CLOSED}"


def _resolved(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = node.get("$ref")
    return node if reference is None else defs[reference.rpartition("/")[2]]


def _type(node: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    if "anyOf" in node:
        return " | ".join(sorted(_type(_resolved(one, defs), defs) for one in node["anyOf"]))
    if "const" in node:
        return json.dumps(node["const"])
    if "enum" in node:
        return " | ".join(sorted(json.dumps(value) for value in node["enum"]))
    bounds = "".join(f" {name}={node[name]}" for name in _BOUNDS if name in node)
    return f"{node.get('type', 'anything')}{bounds}"


def broken(published: Shapes, now: Shapes) -> list[str]:
    """Return a sentence for each change that needs a new version; new fields may come where an object is open."""
    changed = [
        f"{name}: '{line}' {what}. What is published stays as it is: give the document a new version."
        for name in sorted(published.keys() & now.keys())
        for line, what in _changes(published[name], now[name])
    ]
    current = {_family(name) for name in now}
    lost = [
        f"{name}: no version of it is declared any more, although a script somewhere reads it."
        for name in sorted(published.keys() - now.keys())
        if _family(name) not in current
    ]
    return [*changed, *lost]


def _family(name: str) -> str:
    return name.rpartition(".v")[0]


def _changes(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    known = {_path(line) for line in before}
    closed = {line.rpartition(":")[0] for line in before if line.endswith(f": {_CLOSED}")}
    for line in before:
        if line not in after:
            yield line, "is gone or has changed"
    for line in after:
        if line not in before and _path(line) not in known and _parent(_path(line)) in closed:
            yield line, "is new, and this document allows nothing new"


def _path(line: str) -> str:
    return line.partition(": ")[0].rstrip("?")


def _parent(path: str) -> str:
    return path.rpartition(".")[0]


def merged(published: Shapes, now: Shapes) -> dict[str, list[str]]:
    """Return what is published from now on: documents, versions and fields are added, never removed."""
    lines = {name: sorted({*published.get(name, ()), *now.get(name, ())}) for name in {*published, *now}}
    return dict(sorted(lines.items()))
