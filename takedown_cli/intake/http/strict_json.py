"""Reads JSON from outside, and rejects JSON that two parsers could read differently."""

from __future__ import annotations

import json
from typing import Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from takedown_cli.intake.refusal import Refused

M = TypeVar("M", bound=BaseModel)

MAX_DEPTH: Final = 16
_MAX_DIGITS: Final = 19


def read_json(kind: type[M], data: bytes) -> M:
    """Return a body as a document of this kind.

    Raise Refused for anything that two parsers could read differently or that costs too much to read: duplicate
    names, NaN, fractions, huge numbers, deep nesting, bytes that are not UTF-8.
    """
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_refuse_duplicates,
            parse_constant=_refuse,
            parse_int=_bounded_int,
            parse_float=_refuse,
        )
        _check_depth(value)
        return kind.model_validate(value)
    # The parser itself gives up with RecursionError after a few hundred brackets, long before a body ends.
    except (ValueError, RecursionError, ValidationError):
        raise Refused("invalid") from None


def _check_depth(value: object) -> None:
    """Raise ValueError for lists and objects nested deeper than MAX_DEPTH.

    This looks at one level of nesting at a time. Counting brackets in the text took eight times as long as parsing.
    """
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    if any(isinstance(inner, list | dict) for inner in level):
        raise ValueError


def _refuse_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _bounded_int(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError
    return int(digits)


def _refuse(_: str) -> NoReturn:
    raise ValueError
