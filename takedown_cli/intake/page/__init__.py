"""The page on which a caller sees what happened to a case, and withdraws it: what ``make web`` built, ready to serve.

The sources are the TypeScript files in ``src``. The keys are derived in the browser, so nothing here knows of a case.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePath
from typing import Final

PAGE: Final = "/case"
#: The media types of the files by their ending. A catalogue of a language is a JSON file.
_MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page, as it is and compressed."""

    media_type: str
    body: bytes
    compressed: bytes


@cache
def page_files() -> dict[str, PageFile]:
    """Return the files of the page by their path at the intake; empty where the page is not built."""
    folder = files(__name__) / "built"
    if not (folder / "page.html").is_file():
        return {}
    found: dict[str, PageFile] = {}
    for file in folder.iterdir():
        media_type = _MEDIA_TYPES.get(PurePath(file.name).suffix)
        if media_type is not None:
            body = file.read_bytes()
            path = PAGE if file.name == "page.html" else f"{PAGE}/{file.name}"
            found[path] = PageFile(media_type, body, gzip.compress(body, mtime=0))
    return found


def page_digest() -> str | None:
    """Return the SHA-256 of the page in hexadecimal digits, or None where it is not built.

    The page names its script and style sheet with their digests, and the script those of the catalogues. So this
    one stands for all of it.
    """
    page = page_files().get(PAGE)
    return None if page is None else sha256(page.body).hexdigest()
