"""JSON from outside, read with one meaning or not at all.

It guarantees that duplicate names, NaN, huge numbers, deep nesting and bytes that are no UTF-8 are refused.
It must never raise anything but Refused.
"""

from __future__ import annotations

import json
from typing import Final, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from takedown_cli.intake.refusal import Refused

M = TypeVar("M", bound=BaseModel)

MAX_DEPTH: Final = 16
_MAX_DIGITS: Final = 19


def read(kind: type[M], data: bytes) -> M:
    """Read a body as a document of this kind. Raises Refused."""
    try:
        text = data.decode("utf-8")
        _check_depth(text)
        value = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_bounded, parse_float=_refuse
        )
        return kind.model_validate(value)
    except (ValueError, RecursionError, ValidationError):
        raise Refused("invalid") from None


def _check_depth(text: str) -> None:
    """Count brackets outside strings before the parser recurses on them."""
    depth, inside, escaped = 0, False, False
    for character in text:
        if inside:
            inside, escaped = escaped or character != '"', character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ValueError
        elif character in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _bounded(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError
    return int(digits)


def _refuse(_: str) -> NoReturn:
    raise ValueError
