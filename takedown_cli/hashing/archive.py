"""Reads what is in a ZIP archive, as clouds, messengers and Office write it. This runs inside a decoding process.

Nothing is unpacked to a disk. A member's name is only ever shown, and no number in the archive is believed.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from itertools import pairwise
from typing import BinaryIO, Final

from takedown_cli.core.model import Entry, Inside, Limits, Listing, Media, Member
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover.sniff import HEAD, sniff

#: How a member may be packed: not at all, or deflated (APPNOTE 4.4.5). Others need decoders of their own.
_READ: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
#: Flags of a member that is encrypted, or whose place in the archive is (APPNOTE 4.4.4).
_ENCRYPTED: Final = 0x1 | 0x40
#: Unpacked, a member, and all of them, may have this many times the packed bytes, or ``_FREE`` bytes if that is more.
#: Pictures and videos are compressed already, and few plain bitmaps shrink a hundredfold.
MOST_RATIO: Final = 100
_FREE: Final = 64 << 20
#: The archive's directory may be this long: some 300,000 members.
_LONGEST_DIRECTORY: Final = 32 << 20
#: A member of up to this many bytes is unpacked once, in memory. A longer one is unpacked as it is read.
_KEEP: Final = 256 << 20
_LOCAL_HEADER: Final = 30
#: What ``zipfile`` raises for what is not as it says.
_DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError)


class DamagedError(Exception):
    """The archive, or the member, is not what it says. Never leaves the decoding process."""


def list_members(stream: BinaryIO, size: int, limits: Limits) -> Listing:
    """Return the first ``limits.members`` files in the archive behind ``stream`` (``size`` bytes), with their kinds.

    Raise DamagedError where its directory cannot be read, or where members share bytes.
    """
    try:
        with zipfile.ZipFile(_BoundedFile(stream)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    except _DAMAGE as error:
        raise DamagedError from error
    entries = [
        Entry(Member(number, info.filename), info.header_offset, info.compress_size, info.file_size, info.CRC,
              info.compress_type)
        for number, info in enumerate(infos, start=1)
    ]  # fmt: skip
    # An entry that shares its bytes with another one is how a small archive becomes an endless one.
    for one, other in pairwise(sorted(entries, key=lambda entry: entry.offset)):
        if one.offset + _LOCAL_HEADER + one.packed > other.offset:
            raise DamagedError
    budget = min(limits.file_size, max(_FREE, MOST_RATIO * size))
    inside: list[Inside] = []
    for info, entry in zip(infos[: limits.members], entries, strict=False):
        holds = Reason.ARCHIVE if info.flag_bits & _ENCRYPTED else _recognise(stream, entry, limits)
        budget -= 0 if isinstance(holds, Reason) else entry.size
        if budget < 0:
            return Listing(tuple(inside), limited=True)
        inside.append(Inside(entry, holds))
    return Listing(tuple(inside), limited=len(infos) > limits.members)


def open_member(stream: BinaryIO, entry: Entry) -> BinaryIO:
    """Return the content of a member, open for reading and seekable, ``entry.size`` bytes long. Raise DamagedError."""
    if entry.size > _KEEP:
        return io.BufferedReader(_find_content(stream, entry))
    data = _read(stream, entry, entry.size + 1)
    if len(data) != entry.size:
        raise DamagedError
    return io.BytesIO(data)


def _recognise(stream: BinaryIO, entry: Entry, limits: Limits) -> tuple[Media, str] | Reason:
    if entry.method not in _READ:
        return Reason.ARCHIVE
    if entry.size > max(_FREE, MOST_RATIO * entry.packed):
        return Reason.ARCHIVE_LIMIT
    try:
        holds = sniff(_read(stream, entry, HEAD))
    except DamagedError:
        return Reason.DAMAGED
    return Reason.TOO_BIG if isinstance(holds, tuple) and entry.size > limits.file_size else holds


def _read(stream: BinaryIO, entry: Entry, most: int) -> bytes:
    try:
        return _find_content(stream, entry).read(most)
    except _DAMAGE as error:
        raise DamagedError from error


def _find_content(stream: BinaryIO, entry: Entry) -> _Stored | zipfile.ZipExtFile:
    """Return the unpacked content behind the member's own header, which is all that is read of the archive."""
    stream.seek(entry.offset)
    header = stream.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or header[:4] != b"PK\3\4" or int.from_bytes(header[6:8], "little") & _ENCRYPTED:
        raise DamagedError
    # The lengths of the name and of the extra field (APPNOTE 4.3.7).
    start = entry.offset + _LOCAL_HEADER + sum(int.from_bytes(header[at : at + 2], "little") for at in (26, 28))
    if entry.method == zipfile.ZIP_STORED:
        if entry.size != entry.packed:
            raise DamagedError
        return _Stored(stream, start, entry.size)
    stream.seek(start)
    info = zipfile.ZipInfo()
    info.compress_type, info.compress_size, info.file_size, info.CRC = entry.method, entry.packed, entry.size, entry.crc
    return zipfile.ZipExtFile(stream, "r", info)


class _Stored(io.RawIOBase):
    """A member that is not packed: a part of the archive. ``zipfile`` reads from its start again for every seek."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream, self._start, self._size, self._at = stream, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1, /) -> bytes:
        left = max(0, self._size - self._at)
        self._stream.seek(self._start + self._at)
        data = self._stream.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _BoundedFile(io.RawIOBase):
    """The archive as ``zipfile`` sees it, which reads a directory of any length at once."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size if 0 <= size <= _LONGEST_DIRECTORY else _LONGEST_DIRECTORY + 1)
        if len(data) > _LONGEST_DIRECTORY:
            raise zipfile.BadZipFile
        return data
