"""Lets an option take several words: ``--copy a.jpg b.jpg`` and ``--copies flips screens``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final

#: For each option: whether a word after its first value is one more value of it.
_OPTIONS: Final[dict[str, Callable[[str], bool]]] = {"--copy": lambda word: True}


def take_several(option: str, words: Collection[str]) -> None:
    """Let every command's ``option`` take several of ``words``, with spaces or commas between them."""
    _OPTIONS[option] = lambda word: all(part in words for part in word.split(","))


def repeat_options(arguments: list[str], options: Collection[str]) -> Iterator[str]:
    """Yield ``arguments`` with those of ``options`` that take several values repeated before each value."""
    current, first = "", False
    for at, argument in enumerate(arguments):
        if argument == "--":
            yield from arguments[at:]
            return
        if argument.startswith("-") and argument != "-":
            name, equals, _ = argument.partition("=")
            current, first = (name if name in _OPTIONS and name in options else ""), not equals
        elif current and not first:
            if _OPTIONS[current](argument):
                yield current
            else:
                current = ""
        else:
            first = False
        yield argument
