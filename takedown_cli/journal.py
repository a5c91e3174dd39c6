"""What a large run has done so far, in a sealed file, so that an interrupted one goes on without hashing again.

It guarantees that a record counts only for the same file (path, size, time of change) under the same recipe, and that
whoever finds the journal without its key learns only how many files were done.
It must never be written unless asked for, nor hold a path: files are known by a keyed digest alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from takedown_cli.errors import OutputError, SealError
from takedown_cli.growing import append, foreign, read_at, reading_in
from takedown_cli.model import Failed, Found, Hashed, Hasher, Limits, MediaFile, Outcome, Recipe, Skipped
from takedown_cli.pool import record
from takedown_cli.reasons import Reason

MAGIC: Final = b"takedown journal 1\n"
_SALT, _NONCE, _TAG, _ID = 16, 12, 16, 32
_HEAD: Final = len(MAGIC) + _SALT
_FRAME = struct.Struct("<I")  # length of the sealed record that follows
#: A journal that is longer has been begun: its head, and the first record of one byte.
_BEGUN: Final = _HEAD + _FRAME.size + _NONCE + 1 + _TAG
_LONGEST: Final = record.MAX_RECORD + record.REQUEST_SIZE + _ID
#: Written and flushed to the disk together: at most this many records, or what came in this many seconds.
_BATCH, _SECONDS = 64, 2.0
#: Failures that the content causes: the same file would fail again. Others are tried again.
_LASTING: Final = frozenset({
    Reason.DAMAGED, Reason.TOO_MANY_PIXELS, Reason.TOO_SLOW, Reason.TOO_MUCH_MEMORY, Reason.DECODER_CRASHED,
    Reason.NO_FRAMES, Reason.UNSUPPORTED,
})  # fmt: skip

Opened = tuple[int, MediaFile] | Hashed | Skipped | Failed


class Journal:
    """An open journal, as a context manager. ``new`` tells that it was made now, ``fresh_case`` what it was made for.

    ``key`` is 32 secret bytes. Raises SealError for another key than the one it was made under, BundleError for a file
    that is no journal, OutputError where it cannot be read, written or locked.
    """

    def __init__(self, path: Path, key: bytes, recipe: Recipe, *, fresh_case: bool = False) -> None:
        with reading_in(path, "journal", "--resume") as self._descriptor:
            self._recipe = _digest_of(recipe)
            self._waiting: list[bytes] = []
            self._written = time.monotonic()
            self._sequence = 0
            self._done: dict[bytes, tuple[int, int, int]] = {}
            self._working: dict[Path, tuple[bytes, MediaFile]] = {}
            head = read_at(self._descriptor, 0, _BEGUN)
            self.new = _is_new(head)
            salt = secrets.token_bytes(_SALT) if self.new else head[len(MAGIC) : _HEAD]
            if not self.new and not head.startswith(MAGIC):
                raise foreign("journal", "--resume")
            # A salt of its own makes two journals of one case share no key.
            keys = HKDF(SHA256(), 64, salt, b"takedown/journal/v1").derive(key)
            self._cipher, self._naming = ChaCha20Poly1305(keys[:32]), keys[32:]
            if self.new:
                os.ftruncate(self._descriptor, 0)
                self.fresh_case = fresh_case
                self._waiting.append(MAGIC + salt)
                self._add(bytes([fresh_case]))
                self.flush()
            else:
                self.fresh_case = self._load()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.flush()
        except OutputError:
            if kind is None:
                raise
        finally:
            os.close(self._descriptor)

    def __len__(self) -> int:
        """How many files are in it."""
        return len(self._done)

    # ------------------------------------------------------------------------------------------------- around the pool

    def opener(
        self, opens: Callable[[Found, Limits], tuple[int, MediaFile] | Skipped | Failed]
    ) -> Callable[[Found, Limits], Opened]:
        """``opens``, except that a file which is in the journal gives its outcome at once."""

        def open_or_recall(found: Found, limits: Limits) -> Opened:
            opened = opens(found, limits)
            if not isinstance(opened, tuple):
                return opened
            descriptor, file = opened
            known = self._identity(file, os.fstat(descriptor))
            told = self._recall(known, file)
            if told is None:
                self._working[file.path] = known, file
                return opened
            os.close(descriptor)
            return told

        return open_or_recall

    def around(self, hasher: Hasher) -> Journaled:
        """The hasher, whose opener is this journal's, as something that writes down what it did."""
        return Journaled(self, hasher)

    def is_itself(self, path: Path) -> bool:
        """Whether this file, met on the walk, is the journal."""
        try:
            info = path.lstat()
        except (OSError, ValueError):
            return False
        mine = os.fstat(self._descriptor)
        return (info.st_dev, info.st_ino) == (mine.st_dev, mine.st_ino)

    def keep(self, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
        """The outcomes as they come, each that is worth it written down first."""
        for outcome in outcomes:
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
        """Put on the disk what is waiting. Raises OutputError."""
        data, self._waiting = b"".join(self._waiting), []
        self._written = time.monotonic()
        if data:
            append(self._descriptor, data, "journal")

    # ----------------------------------------------------------------------------------------------------- the file

    def _identity(self, file: MediaFile, info: os.stat_result) -> bytes:
        path = os.fsencode(file.path.absolute())
        said = struct.pack("<QqI", file.size, info.st_mtime_ns, len(path)) + path + self._recipe
        return hmac.digest(self._naming, said, "sha256")

    def _add(self, plain: bytes) -> None:
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, plain, self._sequence.to_bytes(8, "little"))
        self._waiting.append(_FRAME.pack(len(sealed)) + sealed)
        self._sequence += 1

    def _open_record(self, at: int, length: int, sequence: int) -> bytes:
        """Raises InvalidTag for a record that is torn, changed, or not the one that was written there."""
        sealed = read_at(self._descriptor, at, length)
        if len(sealed) != length or length < _NONCE + _TAG:
            raise InvalidTag
        return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], sequence.to_bytes(8, "little"))

    def _load(self) -> bool:
        """Read everything up to the first record that does not hold, and forget the rest of the file."""
        at, end = _HEAD, os.fstat(self._descriptor).st_size
        fresh = False
        while at + _FRAME.size <= end:
            (length,) = _FRAME.unpack(read_at(self._descriptor, at, _FRAME.size))
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
                "The journal was made under another case number.", hint="Give the number it was made with (--case -)."
            )
        os.ftruncate(self._descriptor, at)
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


class Journaled:
    """A hasher for ``pipeline.outcomes``."""

    def __init__(self, journal: Journal, hasher: Hasher) -> None:
        self._journal, self._hasher = journal, hasher

    def outcomes(self, found: Iterable[Found | Skipped | Failed]) -> Iterator[Outcome]:
        others = (item for item in found if not self._journal.is_itself(item.path))
        return self._journal.keep(self._hasher.outcomes(others))


def begun(path: Path) -> bool:
    """Whether there is a journal, or anything else, at ``path`` that must not be begun anew."""
    try:
        with path.open("rb") as stream:
            return not _is_new(stream.read(_BEGUN))
    except OSError:
        return False


def _is_new(head: bytes) -> bool:
    """Nothing there yet, or a journal whose very beginning did not reach the disk."""
    return len(head) < _BEGUN and head[: len(MAGIC)] == MAGIC[: len(head)]


def _digest_of(recipe: Recipe) -> bytes:
    fields = (sorted(recipe.copies), sorted(recipe.also), recipe.video, recipe.fast, recipe.limits)
    return hashlib.sha256(repr(fields).encode()).digest()
