"""Expands ``*.jpg`` as other systems' shells do: on Windows every program gets the wildcard itself."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath
from typing import Final, TypeVar

_WILD: Final = re.compile(r"[*?]")
AnyPath = TypeVar("AnyPath", bound=PurePath)


def typed_paths(text: str) -> list[Path]:
    """Return the paths that an argument stands for. Only Windows' shells leave wildcards in it."""
    return expand_wildcards(Path(text), _names_in) if os.name == "nt" else [Path(text)]


def expand_wildcards(path: AnyPath, list_names: Callable[[AnyPath], Iterable[str]]) -> list[AnyPath]:
    """Return the paths that match ``*`` and ``?`` in any part of ``path``, in order; the path itself if none does.

    Case makes no difference, and brackets are ordinary characters, as in names on Windows. ``list_names`` gives the
    names in a folder.
    """
    if not any(map(_WILD.search, path.parts)):
        return [path]
    found = [type(path)(path.anchor)]
    wild = False
    for part in path.parts[1 if path.anchor else 0 :]:
        wild = wild or _WILD.search(part) is not None
        if wild:
            matches = re.compile(_pattern(part), re.IGNORECASE | re.DOTALL).fullmatch
            found = [folder / name for folder in found for name in sorted(filter(matches, list_names(folder)))]
        else:
            found = [folder / part for folder in found]
    return found or [path]


def _pattern(part: str) -> str:
    return re.escape(part).replace(r"\*", ".*").replace(r"\?", ".")


def _names_in(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
