"""Where a caller's files were, as the ledger remembers it when the path has gone: a digest, to know the place again.

It guarantees that one place has one digest in every ledger. It must never give the path back.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Final

_LABEL: Final = b"takedown/ledger/place/v1\0"


def place_of(source: Path) -> str:
    """24 hexadecimal digits for a caller's folder or bundle, named by an absolute path without links."""
    return sha256(_LABEL + bytes(source)).hexdigest()[:24]
