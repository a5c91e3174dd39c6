"""English sentences that can still be said in another language: those that errors, reasons and reports carry.

What makes them does not know the reader's language; JSON keeps their English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping


class Filled(str):
    """An English text. ``template`` is its key in the catalogues; ``values`` are what its ``{name}``s stand for.

    ``plural`` holds both forms and the count, where the text depends on one.
    """

    __slots__ = ("plural", "template", "values")
    template: str
    values: Mapping[str, object]
    plural: tuple[str, str, int] | None


def filled(english: str, /, **values: object) -> Filled:
    """Return the sentence with each ``{name}`` in it replaced.

    Numbers and lists of phrases are written as each language writes them; a float has one decimal. A value that is
    itself ``Filled`` is said in the reader's language, any other text stays as it is.
    """
    return english if isinstance(english, Filled) else _made(english, values, None)


def filled_many(one: str, several: str, count: int, /, **values: object) -> Filled:
    """Return the form of the sentence for this many. ``{count}`` needs no value."""
    return _made(one if count == 1 else several, {"count": count, **values}, (one, several, count))


def joined(parts: Iterable[str], separator: str = " ") -> Filled:
    """Return whole sentences or phrases one after the other; those that are not ``Filled`` are looked up as well."""
    values = {f"part{number}": filled(part) for number, part in enumerate(parts)}
    return filled(separator.join(f"{{{name}}}" for name in values), **values)


def fill(template: str, values: Mapping[str, object], written: Callable[[object], str]) -> str:
    """Return the template with its values, each as ``written`` writes it. Without values it stays as it is."""
    return template.format(**{name: written(value) for name, value in values.items()}) if values else template


def _made(english: str, values: Mapping[str, object], plural: tuple[str, str, int] | None) -> Filled:
    made = Filled(fill(english, values, in_english))
    made.template, made.values, made.plural = english, values, plural
    return made


def in_english(value: object) -> str:
    """Return a value as an English sentence shows it: ``1,234``, ``0.5``, ``2 pictures, 1 video``."""
    if isinstance(value, tuple):
        return ", ".join(map(in_english, value))
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
