"""The JSON Schema of every document: what commands print with ``--json``, and what crosses the network.

It guarantees that a document is published by being declared: each type with a ``schema`` and a ``version`` is found.
It must never name a place on the network: a schema's ``$id`` is the name of its file.
"""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from inspect import cleandoc
from typing import Any, Final, get_args, get_type_hints

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import is_typeddict

from takedown_cli import cli, fixtures, wire
from takedown_cli.bundle.document import Bundle
from takedown_cli.cli.documents import FileRow

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
#: Documents without ``schema`` and ``version`` of their own, by the name and version they are published under.
UNMARKED: Final = {"takedown.hash.file.v1": FileRow}
#: Packages whose modules ``…documents`` declare what commands print.
_PLACES: Final = (cli, fixtures)
_WIRE: Final = (
    wire.IntakeCard,
    wire.Receipt,
    wire.Refusal,
    wire.Challenge,
    wire.Work,
    wire.CaseRequestV1,
    wire.CaseRequest,
    wire.CaseStatusV1,
    wire.CaseStatus,
    Bundle,
)


class _Plain(GenerateJsonSchema):
    """Without a title for each field, which would only repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def documents() -> dict[str, Any]:
    """Every document's type by the name of its schema (``takedown.hash.v1``). Raises ValueError for a name twice."""
    found: dict[str, Any] = dict(UNMARKED)
    for name, kind in (*_printed(), *_travelling()):
        if name in found:
            raise ValueError(f"two documents are called {name}")
        found[name] = kind
    return dict(sorted(found.items()))


def _printed() -> Iterator[tuple[str, Any]]:
    for place in _PLACES:
        for module_info in pkgutil.iter_modules(place.__path__):
            if module_info.name.endswith("documents"):
                yield from _declared(import_module(f"{place.__name__}.{module_info.name}"))


def _declared(module: Any) -> Iterator[tuple[str, Any]]:
    for kind in vars(module).values():
        if is_typeddict(kind) and kind.__module__ == module.__name__:
            hints = get_type_hints(kind)
            if "schema" in hints:
                [name], [version] = get_args(hints["schema"]), get_args(hints["version"])
                yield f"{name}.v{version}", kind


def _travelling() -> Iterator[tuple[str, Any]]:
    for kind in _WIRE:
        fields = kind.model_fields
        yield f"{fields['schema_'].default}.v{fields['version'].default}", kind


def schema(name: str, kind: Any) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the document ``name``."""
    made = TypeAdapter(kind).json_schema(by_alias=True, schema_generator=_Plain)
    made |= {
        "$schema": DIALECT,
        "$id": f"{name}.json",
        "title": re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize(),
        "description": cleandoc(kind.__doc__ or "").replace("``", "`"),
    }
    return made
