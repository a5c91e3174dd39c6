"""Computes the cryptographic digests of a file in one read. For files too large to keep, memory stays constant."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

#: The digests of every file: they identify it, and platforms match exact copies by them.
ALWAYS = ("sha256", "md5")
#: Made on request (``--also``): the NCMEC list uses it.
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


def digest_stream(stream: BinaryIO, size: int, also: frozenset[str] = frozenset(), *, keep: bool = True) -> Digests:
    """Return the digests of ``stream`` from where it is to its end; ``size`` is the expected one. Raise OSError."""
    kinds = (*ALWAYS, *(kind for kind in OPTIONAL if kind in also))
    # MD5 and SHA-1 are here because platforms' lists hold them, not for security.
    digests = {kind: hashlib.new(kind, usedforsecurity=False) for kind in kinds}
    data, read = None, 0
    if keep and size <= KEEP:
        # One byte more than expected: a file that has grown is noticed, and no buffer is larger than the file.
        data = stream.read(size + 1)
        read = len(data)
        for digest in digests.values():
            digest.update(data)
    while (data is None or read > size) and (chunk := stream.read(_CHUNK)):
        data = None
        read += len(chunk)
        for digest in digests.values():
            digest.update(chunk)
    return Digests({kind: digest.hexdigest() for kind, digest in digests.items()}, read, data if read <= size else None)
