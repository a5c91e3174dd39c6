"""The ledger's file: sealed frames, only ever appended. Several programs read and write it at once.

A frame is on the disk when ``append`` returns. A crash can leave an incomplete end, which is ignored. Damage elsewhere
is an error, and is never overwritten. Only the magic, the salt and the lengths of frames are not encrypted.
"""

from __future__ import annotations

import os
import re
import secrets
import stat
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from takedown_cli.core import atomic_file
from takedown_cli.core.append_only_file import OPEN_FLAGS, read_at, write_at
from takedown_cli.core.errors import LedgerError, LedgerKeyError, OutputError
from takedown_cli.core.file_lock import acquire_lock
from takedown_cli.core.file_names import literal_path
from takedown_cli.core.flush import flush_file, flush_folder
from takedown_cli.core.sealed_log import LogFormat, open_record, seal_record

MAGIC: Final = b"takedown ledger 1\n"
_FORMAT: Final = LogFormat(MAGIC, b"takedown/ledger/v1")
#: How often the file is opened again because another run replaced it at that moment.
_TRIES: Final = 100
#: Before each frame: its length in bytes, and a CRC-32 of that length and of the frame's place in the order. It shows
#: whether a frame was cut off or its length was damaged.
_FRAME: Final = struct.Struct("<II")


class LedgerFile:
    """A ledger file under 32 secret bytes. Call every method except ``create`` and ``exclusive`` inside ``exclusive``.

    Raises LedgerKeyError for another key, LedgerError for a damaged ledger or another kind of file, OutputError if the
    file cannot be read, written or locked.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = literal_path(path)
        self._key = key
        self._mutex = threading.RLock()
        #: Open only inside ``exclusive``: on Windows nobody can replace a file that another program has open.
        self._descriptor = -1
        self._head = b""
        self.torn = False
        self._end, self._sequence, self._fresh = 0, 0, True

    @staticmethod
    def create(path: Path, key: bytes, first: bytes) -> None:
        """Make a ledger with one frame, unless there is something at ``path`` already. Raises OutputError."""
        if os.path.lexists(path):
            return
        try:
            atomic_file.write_file(path, _contents(key, [first]), force=False)
        except OutputError:
            if not os.path.lexists(path):  # otherwise another program was faster, and its ledger is used
                raise OutputError(
                    "The ledger could not be made.", hint="Check its name, the free space and the folder's permissions."
                ) from None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Open and lock the file for this thread alone, among threads, programs and computers, for the block."""
        with self._mutex:
            if self._descriptor >= 0:  # an outer block of this thread has it
                yield
                return
            try:
                self._open_locked()
                yield
            finally:
                self._close()

    def news(self) -> tuple[bool, list[bytes]]:
        """Return whether the file is new to us, and the frames since the last call (all of them if it is new).

        ``torn`` is then true if an incomplete frame follows them, which ``append`` overwrites.
        """
        fresh, self._fresh = self._fresh, False
        size = os.fstat(self._descriptor).st_size
        if size < self._end:
            raise LedgerError("The ledger is shorter than it was.")
        found: list[bytes] = []
        while (frame := self._frame(size)) is not None:
            found.append(frame)
        if fresh and not found:  # ``create`` writes a frame, so there is one, and this key does not open it
            raise LedgerKeyError
        self.torn = size > self._end
        return fresh, found

    def rewind(self) -> None:
        """Let ``news`` start again. Call this after an interruption: nobody knows how much was read."""
        self._end, self._sequence, self._fresh = _FORMAT.head_size, 0, True

    def append(self, plain: bytes) -> None:
        """Add a frame after the last valid one, and flush it to the disk. Raises OutputError, and then adds nothing."""
        sealed = _sealed(self._cipher, plain, self._sequence)
        try:
            os.ftruncate(self._descriptor, self._end)  # what a crash cut off
            write_at(self._descriptor, sealed, self._end)
            flush_file(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise OutputError(
                "The ledger could not be written.", hint="Is the disk full? The earlier content is safe."
            ) from None
        self._end += len(sealed)
        self._sequence += 1

    def replace(self, frames: Sequence[bytes]) -> bool:
        """Replace the file in one step by a new one with these frames, under a new salt.

        Return False if another program has the file open on a system that then replaces nothing. Raise OutputError. In
        both cases the old file is unchanged.
        """
        beside = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}.part")
        try:
            descriptor = os.open(beside, OPEN_FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                write_at(descriptor, _contents(self._key, frames), 0)
                flush_file(descriptor)
            finally:
                os.close(descriptor)
            if not self._put_in_place(beside):
                return False
        except OSError:
            raise OutputError(
                "The ledger could not be rewritten.", hint="Is the disk full? The old ledger is unchanged."
            ) from None
        finally:
            with suppress(OSError):
                beside.unlink()
        flush_folder(self.path.parent)
        _clear_leftovers(self.path)
        return True

    def _put_in_place(self, beside: Path) -> bool:
        try:
            beside.replace(self.path)  # under the lock: nobody writes to the old file in the meantime
        except PermissionError:
            # Windows replaces no open file, not even our own. What another program writes after we closed it is not
            # lost either: while that program has the file open, this fails.
            self._close()
            try:
                beside.replace(self.path)
            except (PermissionError, FileNotFoundError):  # another run rewrote it, and removed our file
                return False
        return True

    @property
    def size(self) -> int:
        """The number of bytes up to the last valid frame."""
        return self._end

    # --------------------------------------------------------------------------------------------------------- inside

    def _open_locked(self) -> None:
        for _ in range(_TRIES):
            self._open()
            try:
                acquire_lock(self._descriptor, wait=True)
                current = os.path.samestat(os.fstat(self._descriptor), self.path.stat())
            except FileNotFoundError:
                raise _removed_error() from None
            except OSError:
                break
            if current:
                self._read_head()
                return
            self._close()  # somebody rewrote it: the lock is on a file without a name
        raise OutputError("The ledger cannot be locked.", hint="Keep it on a disk that supports locks.")

    def _open(self) -> None:
        if _has_other_names(self.path):
            raise LedgerError(
                "The ledger has a second name (a hard link), by which two runs would not see each other.",
                hint="Leave one name and remove the others; copy it instead.",
            )
        try:
            self._descriptor = os.open(self.path, OPEN_FLAGS)
        except FileNotFoundError:
            if self._head:
                raise _removed_error() from None
            raise OutputError("No such ledger.", hint="'takedown batch run' makes one.") from None
        except (OSError, ValueError):
            raise OutputError(
                "The ledger cannot be opened for writing.",
                hint="Is it open in another program? Check the permissions of the file and its folder.",
            ) from None
        if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            raise LedgerError("--ledger does not name a file.")

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _read_head(self) -> None:
        """Note whether this is the file that we read before: each has a salt of its own."""
        head = read_at(self._descriptor, 0, _FORMAT.head_size)
        if len(head) < _FORMAT.head_size or not head.startswith(MAGIC):
            raise LedgerError("The file named with --ledger is not a ledger.", hint="Name another file.")
        if head != self._head:
            self._head, self._cipher = head, _cipher(self._key, head)
            self.rewind()

    def _frame(self, size: int) -> bytes | None:
        """Return the next frame, None at the end or where a crash cut it off. Raises LedgerError for other faults."""
        left = size - self._end
        if left < _FRAME.size:
            return None
        head = read_at(self._descriptor, self._end, _FRAME.size)
        length, check = _FRAME.unpack(head)
        if check != _check(length, self._sequence):
            if not any(read_at(self._descriptor, self._end + _FRAME.size, left)):
                return None  # a power cut left room behind it that was never filled
            raise LedgerKeyError if self._sequence == 0 else LedgerError
        if length > left - _FRAME.size:
            return None
        sealed = read_at(self._descriptor, self._end + _FRAME.size, length)
        try:
            plain = zlib.decompress(open_record(self._cipher, sealed, self._sequence))
        except (InvalidTag, ValueError, zlib.error):
            if self._sequence == 0:
                raise LedgerKeyError from None
            if length == left - _FRAME.size:
                return None  # the last one, and not all of it reached the disk
            raise LedgerError from None
        self._end += _FRAME.size + length
        self._sequence += 1
        return plain


def _check(length: int, sequence: int) -> int:
    return zlib.crc32(struct.pack("<IQ", length, sequence))


def _cipher(key: bytes, head: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(_FORMAT.derive_key(key, head))


def _sealed(cipher: ChaCha20Poly1305, plain: bytes, sequence: int) -> bytes:
    body = seal_record(cipher, zlib.compress(plain, 1), sequence)
    return _FRAME.pack(len(body), _check(len(body), sequence)) + body


def _contents(key: bytes, frames: Sequence[bytes]) -> bytes:
    """Return the bytes of a whole ledger with these frames, under a salt of its own."""
    head = _FORMAT.new_head()
    cipher = _cipher(key, head)
    return b"".join([head, *(_sealed(cipher, frame, sequence) for sequence, frame in enumerate(frames))])


def _removed_error() -> OutputError:
    return OutputError("The ledger was removed.", hint="Put it back.")


def _clear_leftovers(path: Path) -> None:
    """Remove files that an interrupted rewrite left beside the ledger. They may hold forgotten cases."""
    ours = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.part")
    with suppress(OSError):
        for left in path.parent.iterdir():
            if ours.fullmatch(left.name):
                with suppress(OSError):  # another run may be writing it
                    left.unlink()


def _has_other_names(path: Path) -> bool:
    """Return whether the file has another name, apart from the temporary one that an interrupted start left."""
    with suppress(OSError, ValueError):
        mine = path.lstat()
        if mine.st_nlink < 2:
            return False
        for left in path.parent.iterdir():
            if left != path and left.suffix == ".part" and os.path.samestat(left.lstat(), mine):
                left.unlink()
        return path.lstat().st_nlink > 1
    return False
