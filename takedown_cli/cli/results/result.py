"""A command's result: one typed value, shown to a script as one JSON object and to a person as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields, is_dataclass
from typing import Any, ClassVar, Final, Self, dataclass_transform

#: The default of a field that may be absent from the JSON object.
ABSENT: Final[Any] = object()


def people_only() -> Any:
    """Return a field for the sentences that a person reads, which is not part of the JSON object."""
    return field(metadata={"json": None})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field, people_only))
class Row:
    """Base of the parts of a result. Each subclass is a frozen dataclass whose fields are given by name."""

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True, kw_only=True)(cls)

    @classmethod
    def copied_from(cls, source: object, /, **others: Any) -> Self:
        """Return a row with ``others`` and, for its other fields, what ``source`` has under the same names.

        A field that may be absent is absent where ``source`` has None or nothing.
        """
        for each in fields(cls):  # type: ignore[arg-type]  # mypy does not know that every subclass is a dataclass
            found = getattr(source, each.name, None)
            if each.name not in others and (found is not None or each.default is not ABSENT):
                others[each.name] = found
        return cls(**others)


class Result(Row):
    """Base of every result. Its fields are the JSON object, in order.

    A subclass names its published schema: ``class Export(Result, schema="takedown.export")``.
    A field with the default ``ABSENT`` is left out of the object when it has no value.
    If a JSON name cannot be a Python name, put it in the metadata: ``field(metadata={"json": "for"})``.
    """

    SCHEMA: ClassVar[str]
    VERSION: ClassVar[int]

    def __init_subclass__(cls, schema: str, version: int = 1) -> None:
        super().__init_subclass__()
        cls.SCHEMA, cls.VERSION = schema, version

    def document(self) -> dict[str, object]:
        """Return the JSON object."""
        return {"schema": self.SCHEMA, "version": self.VERSION, **plain(self)}

    def lines(self) -> Iterable[str]:
        """Return what a person reads on stdout, a line or paragraph each."""
        return ()

    def notes(self) -> Iterable[str]:
        """Return the notes for stderr, shown with and without ``--json``; ``--quiet`` drops them."""
        return ()


def json_name(declared: Field[Any]) -> str | None:
    """Return the name of a field in the JSON object; None for one that is only for people."""
    name: str | None = declared.metadata.get("json", declared.name)
    return name


def plain(value: Any) -> Any:
    """Return ``value`` with dataclasses as dictionaries and tuples as lists, ready for JSON."""
    if is_dataclass(value):
        present = ((json_name(each), getattr(value, each.name)) for each in fields(value))
        return {name: plain(inner) for name, inner in present if name is not None and inner is not ABSENT}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return value
