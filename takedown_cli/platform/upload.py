"""Reads one upload in memory as a platform should: decoded in the sandbox, with all readings of it.

Where no process can be started, the upload is decoded in this one, by the same allowlist of decoders and within the
same limits, but without the sandbox. ``UploadReader.sandboxed`` says which, and the log says it once.
"""

from __future__ import annotations

import atexit
import io
import logging
import os
import tempfile
import threading
from pathlib import Path
from typing import IO, Final

from takedown_cli.core.errors import DecoderStartError
from takedown_cli.core.model import MIN_QUALITY, Failed, Fingerprint, Found, Hashed, Limits, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover import sniff
from takedown_cli.hashing.discover.sniff import HEAD
from takedown_cli.hashing.matching import readings
from takedown_cli.hashing.pool.supervisor import Pool

#: What stands for the path of an upload, which has none.
_NOWHERE: Final = Path("upload")
#: Readings of one upload at most: HMA puts them into the address of a request.
MOST_READINGS: Final = 48
RECIPE: Final = Recipe(copies=frozenset(), readings=True)
_log = logging.getLogger(__name__)


class UploadReader:
    """Decodes uploads in one child process, which is started with the first one. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._upload: IO[bytes] | None = None
        self._kind: MediaFile | None = None
        #: The process that the pool belongs to: a server may fork after its first upload.
        self._owner = 0
        self._no_processes = False

    @property
    def sandboxed(self) -> bool:
        """Whether uploads are decoded in a process of their own."""
        return not self._no_processes

    def read(self, data: bytes) -> Hashed | Skipped | Failed:
        """Return the hashes of an upload, or why it has none. Never raises for what the upload holds."""
        sniffed = sniff(data[:HEAD])
        if isinstance(sniffed, Reason):
            return Skipped(_NOWHERE, sniffed, len(data))
        kind = MediaFile(_NOWHERE, len(data), *sniffed)
        with self._lock:
            if not self._no_processes:
                try:
                    return self._read_in_child(data, kind)
                except DecoderStartError:
                    self._no_processes = True
                    _log.warning(
                        "No decoding process can be started here. Uploads are decoded in this process, without the "
                        "sandbox: a hostile file could take it over."
                    )
        from takedown_cli.hashing.hash_media import hash_media

        return hash_media(io.BytesIO(data), kind, RECIPE)

    def _read_in_child(self, data: bytes, kind: MediaFile) -> Hashed | Skipped | Failed:
        if self._pool is None or self._owner != os.getpid():
            self._pool, self._owner = Pool(RECIPE, workers=1, open_file=self._open), os.getpid()
            atexit.register(self.close)
        with _in_memory(data) as stream:
            self._upload, self._kind = stream, kind
            [outcome] = self._pool.outcomes([Found(_NOWHERE, len(data))])
        return outcome

    def _open(self, found: Found, limits: Limits) -> tuple[int, MediaFile]:
        assert self._upload is not None
        assert self._kind is not None
        descriptor = os.dup(self._upload.fileno())
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor, self._kind

    def close(self) -> None:
        """End the child process."""
        pool, self._pool = self._pool, None
        if pool is not None and self._owner == os.getpid():
            pool.close()


def _in_memory(data: bytes) -> IO[bytes]:
    """Return a file with this content that has no name: in memory where the system can do that."""
    make = getattr(os, "memfd_create", None)
    stream: IO[bytes] = os.fdopen(make("upload"), "w+b") if make else tempfile.TemporaryFile()  # noqa: SIM115
    stream.write(data)
    stream.flush()
    return stream


def pdq_readings(outcome: Hashed | Skipped | Failed) -> list[Fingerprint]:
    """Return the PDQs to look up for an upload, each value once, the picture as it is first; none if it has none."""
    if not isinstance(outcome, Hashed):
        return []
    found: dict[str, Fingerprint] = {}
    for one in readings(outcome):
        if (one.quality or 0) >= MIN_QUALITY:
            found.setdefault(one.value, one)
    return list(found.values())[:MOST_READINGS]
