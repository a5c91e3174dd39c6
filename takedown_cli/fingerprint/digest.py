"""The cryptographic digests of a file, in one read.

It guarantees that every digest is of the same bytes, and constant memory for files too large to keep.
It must never look into the content.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

#: What every file gets: identity, and the platforms' exact tier.
ALWAYS = ("sha256", "md5")
#: Asked for with ``--also``: the NCMEC list carries it.
OPTIONAL = ("sha1",)
#: Files up to this many bytes are kept in memory for the decoder.
KEEP = 256 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Digests:
    """Lower-case hexadecimal ``values`` by kind, the number of bytes read, and the ``data`` if it is small enough."""

    values: dict[str, str]
    size: int
    data: bytes | None


def read(stream: BinaryIO, size: int, also: frozenset[str] = frozenset(), *, keep: bool = True) -> Digests:
    """Digests of ``stream`` from where it is to its end; ``size`` is the expected one. Raises OSError."""
    kinds = (*ALWAYS, *(kind for kind in OPTIONAL if kind in also))
    # MD5 and SHA-1 are here because platforms' lists hold them, not for security.
    digests = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    if keep and size <= KEEP:
        # One byte more than expected: a file that has grown is noticed, and no buffer is larger than the file.
        data = stream.read(size + 1)
        for digest in digests.values():
            digest.update(data)
        if len(data) <= size:
            return Digests({kind: digest.hexdigest() for kind, digest in digests.items()}, len(data), data)
        read = len(data)
    else:
        read = 0
    while chunk := stream.read(_CHUNK):
        read += len(chunk)
        for digest in digests.values():
            digest.update(chunk)
    return Digests({kind: digest.hexdigest() for kind, digest in digests.items()}, read, None)
