"""The journal: a sealed file of the finished work of a large run, so that an interrupted run can continue.

A record counts only for the same file (path, size, time of change) with the same recipe. Files are named by a keyed
digest, so without the key the journal shows only the number of finished files.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from takedown_cli.core.append_only_file import AppendOnlyFile
from takedown_cli.core.errors import OutputError, SealError
from takedown_cli.core.file_names import literal_path, one_spelling
from takedown_cli.core.model import (
    Failed,
    Found,
    Hashed,
    Hasher,
    Limits,
    MediaFile,
    Outcome,
    Recipe,
    Skipped,
    VideoProgress,
)
from takedown_cli.core.reasons import Reason
from takedown_cli.core.sealed_log import SEAL_SIZE, LogFormat, open_record, seal_record
from takedown_cli.hashing.pool import record
from takedown_cli.hashing.pool.supervisor import OpenFile

MAGIC: Final = b"takedown journal 1\n"
_FORMAT: Final = LogFormat(MAGIC, b"takedown/journal/v1")
_ID: Final = 32
_FRAME = struct.Struct("<I")  # length of the sealed record that follows
#: A journal of this length has been begun: its head, and the first record of one byte.
_BEGUN: Final = _FORMAT.head_size + _FRAME.size + SEAL_SIZE + 1
_LONGEST: Final = record.MAX_RECORD + record.REQUEST_SIZE + _ID
#: Records are written and flushed to the disk together: at most this many, or those of this many seconds.
_BATCH, _SECONDS = 64, 2.0
#: Failures that the content causes: the same file would fail again. Others are tried again.
_LASTING: Final = frozenset({
    Reason.DAMAGED, Reason.TOO_MANY_PIXELS, Reason.TOO_SLOW, Reason.TOO_MUCH_MEMORY, Reason.DECODER_CRASHED,
    Reason.NO_FRAMES, Reason.UNSUPPORTED,
})  # fmt: skip

#: The default limit on pixels until 2026-11-30. Journals of that time hold what was hashed under it.
_PIXELS_BEFORE: Final = 100_000_000


class Journal:
    """An open journal, as a context manager. ``new``: it was made now. ``fresh_case``: it was made for a new case.

    ``key`` is 32 secret bytes. Raises SealError for another key, BundleError for a file that is not a journal, and
    OutputError if it cannot be read, written or locked.
    """

    def __init__(self, path: Path, key: bytes, recipe: Recipe, *, fresh_case: bool = False) -> None:
        with ExitStack() as on_failure:
            self._file = on_failure.enter_context(AppendOnlyFile(path, "journal", "--resume"))
            self._recipe = _digest_recipe(recipe, recipe.limits)
            before = replace(recipe.limits, pixels=_PIXELS_BEFORE)
            self._recipe_before = _digest_recipe(recipe, before) if recipe.limits.pixels == Limits().pixels else None
            self._waiting: list[bytes] = []
            self._written = time.monotonic()
            self._sequence = 0
            self._done: dict[bytes, tuple[int, int, int]] = {}
            self._working: dict[Path, tuple[bytes, MediaFile]] = {}
            head = self._file.read(0, _BEGUN)
            self.new = _is_new(head)
            if self.new:
                head = _FORMAT.new_head()
            elif not head.startswith(MAGIC):
                raise self._file.foreign_error()
            keys = _FORMAT.derive_key(key, head, 64)
            self._cipher, self._naming = ChaCha20Poly1305(keys[:32]), keys[32:]
            if self.new:
                self._file.truncate(0)
                self.fresh_case = fresh_case
                self._waiting.append(head)
                self._add(bytes([fresh_case]))
                self.flush()
            else:
                self.fresh_case = self._load()
            on_failure.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            self.flush()
        except OutputError:
            if kind is None:
                raise
        finally:
            self._file.close()

    def __len__(self) -> int:
        """How many files are in it."""
        return len(self._done)

    # ------------------------------------------------------------------------------------------------- around the pool

    def recalling(self, open_file: OpenFile) -> OpenFile:
        """Return ``open_file``, except that a file which is in the journal gives its outcome at once."""

        def open_or_recall(found: Found, limits: Limits) -> tuple[int, MediaFile] | Outcome:
            opened = open_file(found, limits)
            if not isinstance(opened, tuple):
                return opened
            descriptor, file = opened
            info = os.fstat(descriptor)
            identity = self._identity(file, info, self._recipe)
            outcome = self._recall(identity, file)
            if outcome is None and self._recipe_before is not None:
                # What is hashed stays so; what an earlier version could not read is worth another try.
                earlier = self._recall(self._identity(file, info, self._recipe_before), file)
                outcome = earlier if isinstance(earlier, Hashed) else None
            if outcome is None:
                self._working[file.path] = identity, file
                return opened
            os.close(descriptor)
            return outcome

        return open_or_recall

    def recording(self, hasher: Hasher) -> Hasher:
        """Return a hasher that writes down what ``hasher`` did, which has to open files by ``recalling``."""
        return _RecordingHasher(self, hasher)

    def is_itself(self, path: Path) -> bool:
        """Return whether this file, found in a folder, is the journal itself."""
        try:
            info = literal_path(path).lstat()
        except (OSError, ValueError):
            return False
        mine = os.fstat(self._file.descriptor)
        return (info.st_dev, info.st_ino) == (mine.st_dev, mine.st_ino)

    def write_down(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """Yield the outcomes as they come, each that is worth it written down first."""
        for outcome in outcomes:
            if outcome.member is not None:  # its path is that of the archive
                yield outcome
                continue
            known = self._working.pop(outcome.path, None)
            lasting = outcome.partial is not Reason.TIME_LIMIT if isinstance(outcome, Hashed) else (
                outcome.reason in _LASTING
            )  # fmt: skip
            if known is not None and lasting and known[1].size == outcome.size:
                identity, file = known
                self._add(identity + record.encode_request(0, file) + record.encode_outcome(outcome))
                if len(self._waiting) >= _BATCH or time.monotonic() - self._written > _SECONDS:
                    self.flush()
            yield outcome

    def flush(self) -> None:
        """Write the waiting records to the disk. Raise OutputError."""
        data, self._waiting = b"".join(self._waiting), []
        self._written = time.monotonic()
        if data:
            self._file.append(data)

    # ----------------------------------------------------------------------------------------------------- the file

    def _identity(self, file: MediaFile, info: os.stat_result, recipe: bytes) -> bytes:
        path = os.fsencode(one_spelling(file.path.absolute()))
        described = struct.pack("<QqI", file.size, info.st_mtime_ns, len(path)) + path + recipe
        return hmac.digest(self._naming, described, "sha256")

    def _add(self, plain: bytes) -> None:
        sealed = seal_record(self._cipher, plain, self._sequence)
        self._waiting.append(_FRAME.pack(len(sealed)) + sealed)
        self._sequence += 1

    def _open_record(self, at: int, length: int, sequence: int) -> bytes:
        """Return a record. Raise InvalidTag if it is torn, changed, or in another record's place."""
        return open_record(self._cipher, self._file.read(at, length), sequence)

    def _load(self) -> bool:
        """Read up to the first invalid record, and cut off the rest. Return ``fresh_case``."""
        at, end = _FORMAT.head_size, self._file.size
        fresh = False
        while at + _FRAME.size <= end:
            (length,) = _FRAME.unpack(self._file.read(at, _FRAME.size))
            start = at + _FRAME.size
            try:
                if length > _LONGEST or start + length > end:
                    raise InvalidTag
                plain = self._open_record(start, length, self._sequence)
            except InvalidTag:
                break
            if self._sequence == 0:
                fresh = plain == b"\1"
            else:
                self._done[plain[:_ID]] = start, length, self._sequence
            self._sequence += 1
            at = start + length
        if self._sequence == 0:
            raise SealError(
                "The journal was made with another case number.",
                hint="Add --case - and type the number that was shown for this journal.",
            )
        self._file.truncate(at)
        return fresh

    def _recall(self, identity: bytes, file: MediaFile) -> Hashed | Skipped | Failed | None:
        place = self._done.get(identity)
        if place is None:
            return None
        try:
            plain = self._open_record(*place)
            _, kept = record.decode_request(plain[_ID : _ID + record.REQUEST_SIZE])
            if (kept.size, kept.media, kept.format) != (file.size, file.media, file.format):
                return None
            return record.decode_outcome(plain[_ID + record.REQUEST_SIZE :], file)
        except (InvalidTag, record.RecordError, struct.error, IndexError):
            return None  # written by another version of the tables: hash it again


class _RecordingHasher:
    """A hasher for ``pipeline.outcomes``."""

    def __init__(self, journal: Journal, hasher: Hasher) -> None:
        self._journal, self._hasher = journal, hasher

    @property
    def video(self) -> VideoProgress | None:
        video: VideoProgress | None = getattr(self._hasher, "video", None)
        return video

    def outcomes(self, found: Iterable[Found | Skipped | Failed], *, in_order: bool = True) -> Iterator[Outcome]:
        others = (item for item in found if not self._journal.is_itself(item.path))
        return self._journal.write_down(self._hasher.outcomes(others, in_order=in_order))


def _digest_recipe(recipe: Recipe, limits: Limits) -> bytes:
    fields = (sorted(recipe.copies), sorted(recipe.also), recipe.video, recipe.fast, limits)
    # Journals from before screenshots were recognised have only these.
    screens = (recipe.whole, recipe.pictures) if recipe.whole or recipe.pictures else ()
    readings = ("readings",) if recipe.readings else ()
    return hashlib.sha256(repr((*fields, *screens, *readings)).encode()).digest()


def has_begun(path: Path) -> bool:
    """Return whether there is a journal, or anything else, at ``path`` that must not be overwritten."""
    try:
        with path.open("rb") as stream:
            return not _is_new(stream.read(_BEGUN))
    except OSError:
        return False


def _is_new(head: bytes) -> bool:
    """Return whether nothing is there yet, or only a journal whose first bytes did not reach the disk."""
    return len(head) < _BEGUN and head[: len(MAGIC)] == MAGIC[: len(head)]
