"""The JSON Schema of every document: what commands print with ``--json``, and what crosses the network.

A document is published because it is declared: each type with a ``schema`` and a ``version`` is found.
A schema's ``$id`` is the name of its file, because the project has no public address.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from importlib import import_module
from inspect import cleandoc
from typing import Any, Final, get_args, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import is_typeddict

from takedown_cli.cli import failure, results
from takedown_cli.cli.results.result import ABSENT, Result, json_name
from takedown_cli.cli.terminal import progress, waiting
from takedown_cli.fixtures import documents as fixtures_documents
from takedown_cli.protocol import feed, wire
from takedown_cli.protocol.bundle.document import Bundle

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: Packages and modules that declare what commands print.
_PLACES: Final = (results, failure, progress, waiting, fixtures_documents)
_WIRE: Final = (
    wire.IntakeCard,
    wire.Receipt,
    wire.Refusal,
    wire.Challenge,
    wire.SolvedChallenge,
    wire.CaseRequestV1,
    wire.CaseRequestV2,
    wire.CaseRequest,
    wire.ItemsRequest,
    wire.PageDigest,
    wire.CaseStatusV1,
    wire.CaseStatus,
    feed.FeedPage,
    feed.ClipPage,
    feed.Verdicts,
    Bundle,
)


class _Plain(GenerateJsonSchema):
    """Without a title for each field, which would only repeat its name."""

    #: ``ABSENT`` is no JSON value, and is not meant to be one.
    ignored_warning_kinds = {"skipped-choice", "non-serializable-default"}  # noqa: RUF012

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def documents() -> dict[str, Any]:
    """Return each document's type by the name of its schema, such as ``takedown.hash.v1``.

    Raise ValueError when two have one name.
    """
    found: dict[str, Any] = {}
    for name, kind in (*_printed(), *_travelling()):
        if name in found:
            raise ValueError(f"two documents are called {name}")
        found[name] = kind
    return dict(sorted(found.items()))


def _printed() -> Iterator[tuple[str, Any]]:
    for place in _PLACES:
        yield from _declared(place)
        for module_info in pkgutil.walk_packages(getattr(place, "__path__", ()), f"{place.__name__}."):
            yield from _declared(import_module(module_info.name))


def _declared(module: Any) -> Iterator[tuple[str, Any]]:
    for kind in vars(module).values():
        if getattr(kind, "__module__", None) != module.__name__:
            continue
        if isinstance(kind, type) and issubclass(kind, Result) and kind is not Result:
            yield f"{kind.SCHEMA}.v{kind.VERSION}", kind
        elif is_typeddict(kind):
            hints = get_type_hints(kind)
            if "schema" in hints:
                [name], [version] = get_args(hints["schema"]), get_args(hints["version"])
                yield f"{name}.v{version}", kind


def _travelling() -> Iterator[tuple[str, Any]]:
    for kind in _WIRE:
        fields = kind.model_fields
        yield f"{fields['schema_'].default}.v{fields['version'].default}", kind


def schema(name: str, kind: Any) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of the document ``name``."""
    made = TypeAdapter(kind).json_schema(by_alias=True, schema_generator=_Plain)
    if isinstance(kind, type) and issubclass(kind, Result):
        _mark(made, kind)
    made |= {
        "$schema": DIALECT,
        "$id": f"{name}.json",
        "title": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize(),
        "description": cleandoc(kind.__doc__ or "").replace("``", "`"),
    }
    return made


def _mark(made: dict[str, Any], kind: type[Result]) -> None:
    """Add ``schema`` and ``version``, and require every field that is always there: a default is no absence."""
    kinds = {found.__name__: found for found in _dataclasses(kind)}
    for name, node in ((kind.__name__, made), *made.get("$defs", {}).items()):
        if name in kinds:
            node["required"] = []
            for each in fields(kinds[name]):
                property_ = node["properties"].pop(each.name)
                property_.pop("default", None)
                if (published := json_name(each)) is not None:
                    node["properties"][published] = property_
                    node["required"] += [published] if each.default is not ABSENT else []
    constants = {
        "schema": {"const": kind.SCHEMA, "type": "string"},
        "version": {"const": kind.VERSION, "type": "integer"},
    }
    made["properties"] = {**constants, **made["properties"]}
    made["required"] = [*constants, *made["required"]]


def _dataclasses(kind: Any) -> Iterator[Any]:
    """Yield the dataclass ``kind`` and those in its fields, however deep."""
    if is_dataclass(kind):
        yield kind
        for hint in get_type_hints(kind).values():
            yield from _dataclasses(hint)
    for argument in get_args(kind):
        yield from _dataclasses(argument)
