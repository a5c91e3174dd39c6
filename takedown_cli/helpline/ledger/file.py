"""The ledger's file: sealed frames, only ever appended, read and written by several programs at once.

It guarantees that a frame is whole and on the disk once ``append`` returns, that what a crash cut off is not believed,
and that a fault elsewhere is told and never written over.
It must never hold anything in the clear but its magic, a salt and the lengths of its frames.
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
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from takedown_cli.errors import LedgerError, LedgerKeyError, OutputError
from takedown_cli.helpline.ledger import locks

MAGIC: Final = b"takedown ledger 1\n"
_SALT, _NONCE, _TAG = 16, 12, 16
_HEAD: Final = len(MAGIC) + _SALT
#: Before each frame: its length in bytes, and a CRC-32 of that length and of the frame's place in the order, which
#: tells a frame that was cut off from a length that was damaged.
_FRAME: Final = struct.Struct("<II")
_FLAGS: Final = (
    os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
)  # fmt: skip


class LedgerFile:
    """An open ledger file under 32 secret bytes. Everything but ``exclusive`` is used inside of ``exclusive``.

    Raises LedgerKeyError for another key, LedgerError for what is no ledger or is damaged, OutputError where the file
    cannot be read, written or locked.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self.path = path
        self._key = key
        self._mutex = threading.RLock()
        self._descriptor = -1
        self._fresh = True
        self.torn = False
        self.rewind()
        self._open()

    @staticmethod
    def create(path: Path, key: bytes, first: bytes) -> None:
        """Make a ledger with one frame, unless there is something at ``path`` already. Raises OutputError."""
        descriptor, beside = _written(path, key, [first])
        try:
            try:
                os.link(beside, path)  # unlike a rename, leaves alone what another made in the meantime
            except FileExistsError:
                pass
            except (OSError, NotImplementedError):  # a file system without hard links
                if not os.path.lexists(path):
                    beside.rename(path)
            _flush_folder(path.parent)
        except OSError:
            raise OutputError("The ledger could not be made.", hint="Check space and rights.") from None
        finally:
            os.close(descriptor)
            with suppress(OSError):
                beside.unlink()

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """The only one at work on the file, among threads, programs and computers, for as long as the block lasts."""
        with self._mutex:
            self._lock()
            try:
                yield
            finally:
                if self._descriptor >= 0:
                    locks.release(self._descriptor)

    def news(self) -> tuple[bool, list[bytes]]:
        """The frames that were added since the last call, and whether they are all there are, since the file is new.

        ``torn`` then tells whether something follows them that is no whole frame: what ``append`` writes over.
        """
        fresh, self._fresh = self._fresh, False
        size = os.fstat(self._descriptor).st_size
        if size < self._end:
            raise LedgerError("The ledger is shorter than it was.")
        found: list[bytes] = []
        while (frame := self._frame(size)) is not None:
            found.append(frame)
        if fresh and not found:
            raise LedgerKeyError
        self.torn = size > self._end
        return fresh, found

    def rewind(self) -> None:
        """Let ``news`` begin anew: whoever was interrupted does not know what they have taken of it."""
        self._end, self._sequence, self._fresh = _HEAD, 0, True

    def append(self, plain: bytes) -> None:
        """Add a frame after the last one that holds, and flush it to the disk. Raises OutputError, adding nothing."""
        sealed = _sealed(self._cipher, plain, self._sequence)
        try:
            os.ftruncate(self._descriptor, self._end)  # what a crash cut off
            _write(self._descriptor, sealed, self._end)
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise OutputError(
                "The ledger could not be written.", hint="Is the disk full? What is in it so far is safe."
            ) from None
        self._end += len(sealed)
        self._sequence += 1

    def replace(self, frames: Sequence[bytes]) -> None:
        """Put a new file with these frames, under a new salt, in the place of the old one, in one step.

        Raises OutputError; then the old one is as it was.
        """
        descriptor, beside = _written(self.path, self._key, frames)
        try:
            locks.acquire(descriptor, wait=True)  # before others can find it
            if os.name == "nt":  # Windows replaces no open file, and fails here when another program has it open
                self.close()
            beside.replace(self.path)
            _flush_folder(self.path.parent)
        except OSError:
            os.close(descriptor)
            with suppress(OSError):
                beside.unlink()
            if self._descriptor < 0:
                self._open()
            raise OutputError("The ledger could not be rewritten.", hint="Is another program using it?") from None
        self.close()
        self._adopt(descriptor)
        self.news()  # what we wrote is what we hold
        _clear_leftovers(self.path)

    @property
    def size(self) -> int:
        """Bytes up to the last frame that holds."""
        return self._end

    # --------------------------------------------------------------------------------------------------------- inside

    def _open(self) -> None:
        try:
            descriptor = os.open(self.path, _FLAGS)
        except FileNotFoundError:
            raise OutputError("There is no ledger of that name.", hint="'takedown batch run' makes one.") from None
        except (OSError, ValueError):
            raise OutputError(
                "The ledger cannot be opened for writing.", hint="Check the rights of the file and its folder."
            ) from None
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise LedgerError("What was named with --ledger is not a file.")
            if _has_other_names(self.path, descriptor):
                raise LedgerError(
                    "The ledger has a second name (a hard link), by which two runs would not see each other.",
                    hint="Leave one name and remove the others; copy it instead.",
                )
            self._adopt(descriptor)
        except BaseException:
            os.close(descriptor)
            self._descriptor = -1
            raise

    def _adopt(self, descriptor: int) -> None:
        head = _read(descriptor, 0, _HEAD)
        if len(head) < _HEAD or not head.startswith(MAGIC):
            raise LedgerError("What was named with --ledger is no ledger.", hint="Name another file.")
        self._descriptor = descriptor
        self._cipher = _cipher(self._key, head[len(MAGIC) :])
        self.rewind()

    def _lock(self) -> None:
        while True:
            try:
                locks.acquire(self._descriptor, wait=True)
                here, there = os.fstat(self._descriptor), self.path.stat()
            except FileNotFoundError:
                raise OutputError("The ledger was taken away.", hint="Put it back.") from None
            except OSError:
                raise OutputError("The ledger cannot be locked.", hint="Keep it on a disk with locks.") from None
            if (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino):
                return
            self.close()  # somebody rewrote it: the lock is on a file without a name
            self._open()

    def _frame(self, size: int) -> bytes | None:
        """The next frame, None at the end or where a crash cut it off. Raises LedgerError for other faults."""
        left = size - self._end
        if left < _FRAME.size:
            return None
        head = _read(self._descriptor, self._end, _FRAME.size)
        length, check = _FRAME.unpack(head)
        if check != _check(length, self._sequence):
            if not any(_read(self._descriptor, self._end + _FRAME.size, left)):
                return None  # a power cut left room behind it that was never filled
            raise self._fault()
        if length > left - _FRAME.size:
            return None
        sealed = _read(self._descriptor, self._end + _FRAME.size, length)
        try:
            place = self._sequence.to_bytes(8, "little")
            plain = zlib.decompress(self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place))
        except (InvalidTag, ValueError, zlib.error):
            if self._sequence == 0:
                raise LedgerKeyError from None
            if length == left - _FRAME.size:
                return None  # the last one, and not all of it reached the disk
            raise self._fault() from None
        self._end += _FRAME.size + length
        self._sequence += 1
        return plain

    def _fault(self) -> LedgerError:
        return LedgerKeyError() if self._sequence == 0 else LedgerError()


def _check(length: int, sequence: int) -> int:
    return zlib.crc32(struct.pack("<IQ", length, sequence))


def _cipher(key: bytes, salt: bytes) -> ChaCha20Poly1305:
    """A salt of its own makes two files of one organisation share no key."""
    return ChaCha20Poly1305(HKDF(SHA256(), 32, salt, b"takedown/ledger/v1").derive(key))


def _sealed(cipher: ChaCha20Poly1305, plain: bytes, sequence: int) -> bytes:
    # A random nonce, not the place: after a crash another frame may take the same place.
    nonce = secrets.token_bytes(_NONCE)
    body = nonce + cipher.encrypt(nonce, zlib.compress(plain, 1), sequence.to_bytes(8, "little"))
    return _FRAME.pack(len(body), _check(len(body), sequence)) + body


def _written(path: Path, key: bytes, frames: Sequence[bytes]) -> tuple[int, Path]:
    """A whole ledger beside ``path``, on the disk: its descriptor and name. Raises OutputError."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
    salt = secrets.token_bytes(_SALT)
    cipher = _cipher(key, salt)
    descriptor = -1
    try:
        descriptor = os.open(beside, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600)
        at = _write(descriptor, MAGIC + salt, 0)
        for sequence, frame in enumerate(frames):
            at = _write(descriptor, _sealed(cipher, frame, sequence), at)
        os.fsync(descriptor)
    except (OSError, ValueError):
        if descriptor >= 0:
            os.close(descriptor)
        with suppress(OSError, ValueError):
            beside.unlink()
        raise OutputError("The ledger could not be written.", hint="Check its folder, space and rights.") from None
    return descriptor, beside


def _clear_leftovers(path: Path) -> None:
    """Remove what killed rewritings left beside the ledger: it may hold what was forgotten since."""
    ours = _leftover(path)
    with suppress(OSError):
        for left in path.parent.iterdir():
            if ours.fullmatch(left.name):
                left.unlink(missing_ok=True)


def _has_other_names(path: Path, descriptor: int) -> bool:
    """Whether it goes by another name as well, but for the one under which it was made, if that was interrupted."""
    mine = os.fstat(descriptor)
    if mine.st_nlink < 2:
        return False
    with suppress(OSError):
        for left in path.parent.iterdir():
            if _leftover(path).fullmatch(left.name) and os.path.samestat(left.lstat(), mine):
                left.unlink(missing_ok=True)
    return os.fstat(descriptor).st_nlink > 1


def _leftover(path: Path) -> re.Pattern[str]:
    return re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.part")


def _write(descriptor: int, data: bytes, at: int) -> int:
    """Write all of it there; where it ends. Raises OSError."""
    os.lseek(descriptor, at, os.SEEK_SET)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    return at + len(data)


def _read(descriptor: int, at: int, size: int) -> bytes:
    os.lseek(descriptor, at, os.SEEK_SET)
    data = bytearray()
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return bytes(data)


def _flush_folder(folder: Path) -> None:
    with suppress(OSError):  # where folders cannot be opened, the system sees to it
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
