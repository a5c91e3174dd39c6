r"""Names of files on every system: which ones can be made everywhere, and how Windows finds any name.

Windows reserves names, drops dots and spaces at the end, and takes 260 characters, unless a path begins with ``\\?\``.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Container
from pathlib import Path
from typing import Final

_RESERVED: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\..*)?", re.IGNORECASE | re.DOTALL
)
_MOST_CHARACTERS: Final = 64
_MOST_BYTES: Final = 200  # of the 255 that most file systems take


def is_reserved(name: str) -> bool:
    """Return whether Windows takes this name, with any ending, for a device."""
    return _RESERVED.fullmatch(name) is not None


def is_lost_on_windows(name: str) -> bool:
    """Return whether Windows opens something else under this name: a device, or a file without the last characters."""
    return is_reserved(name) or name.endswith((".", " "))


def safe_file_name(stem: str, suffix: str, taken: Container[str] = frozenset(), *, otherwise: str = "file") -> str:
    """Return a name that every system takes, made from ``stem``, or from ``otherwise`` if nothing of it can be used.

    It does not differ from a name in ``taken`` (as ``name_key`` gives them) by case or composition alone.
    """
    safe = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", stem)).strip(".-")[:_MOST_CHARACTERS]
    safe = safe.encode(errors="ignore")[:_MOST_BYTES].decode(errors="ignore") or otherwise
    if is_reserved(safe):
        safe = f"{otherwise}-{safe}"
    name, count = f"{safe}{suffix}", 1
    while name_key(name) in taken:
        count += 1
        name = f"{safe}-{count}{suffix}"
    return name


def name_key(name: str) -> str:
    """Return what is equal for names that some system cannot hold beside each other."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def literal_form(path: str) -> str:
    r"""Return an absolute Windows path in the form that Windows passes on as it is (``\\?\``), of any length."""
    turned = path.replace("/", "\\")
    if turned.startswith(("\\\\?\\", "\\\\.\\")):
        return turned
    if turned.startswith("\\\\"):
        return f"\\\\?\\UNC\\{turned[2:]}"
    return f"\\\\?\\{turned}" if re.match(r"[A-Za-z]:\\", turned) else path


def literal_path(path: Path) -> Path:
    """Return the path by which the system finds exactly this name, whatever its length. Elsewhere the same path."""
    if os.name != "nt":
        return path
    whole = os.fspath(path)
    if not path.is_absolute() or ".." in path.parts:
        whole = os.path.abspath(whole)  # noqa: PTH100 - links are resolved by nobody here
    return Path(literal_form(whole))


def one_spelling(path: Path) -> Path:
    """Return the same path for every way to type it. On macOS a letter with an accent may be one character or two."""
    return Path(unicodedata.normalize("NFC", os.fspath(path))) if sys.platform == "darwin" else path
