"""Opens one file for reading, and recognises by its content what it is.

The descriptor is at offset 0 of a regular file, opened without blocking and without following links. If the system
allows it, the file's access time does not change.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import closing

from takedown_cli.core.file_kind import is_in_cloud
from takedown_cli.core.model import ARCHIVE, Failed, Found, Limits, Media, MediaFile, Skipped
from takedown_cli.core.reasons import FAILED, Reason
from takedown_cli.hashing.discover.folders import open_folder, reason_of
from takedown_cli.hashing.discover.sniff import HEAD, sniff

_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY", "O_NOINHERIT"):
    _FLAGS |= getattr(os, _name, 0)
#: An access time would show later which pictures were read, and when; only the owner may suppress it.
_NOATIME: int = getattr(os, "O_NOATIME", 0)


#: Four channels of sixteen bits, twice: a longer picture file holds more than the pixel limit, or mostly nothing.
_BYTES_A_PIXEL = 16
#: Empty files that Android, macOS and others put into folders as a mark: there was never anything in them.
_MARKS = frozenset({".nomedia", ".localized", "Icon\r", ".keep", ".gitkeep"})
#: The archives that can be opened: with members, and empty.
_ZIP = (b"PK\3\4", b"PK\5\6")


def open_media(found: Found, limits: Limits) -> tuple[int, MediaFile] | Skipped | Failed:
    """Return a descriptor at offset 0, which the caller closes, and what it holds with its size now in bytes.

    With ``limits.members`` it may be an archive, of the format ``ARCHIVE``.
    *Skipped*: empty, not media, unsupported, replaced by a link or a device, larger than ``limits.file_size``.
    *Failed*: gone, no permission, a storage error, a folder on the way replaced by a link (``CHANGED``), or a picture
    file too large for any picture within ``limits.pixels``.
    """
    try:
        descriptor = _open_in_folder(found)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _REPLACED:
            return Skipped(found.path, _REPLACED[error.errno], found.size)
        return Failed(found.path, reason_of(error), found.size)
    try:
        outcome = _recognise(descriptor, found, limits)
    except OSError as error:
        os.close(descriptor)
        return Failed(found.path, reason_of(error), found.size)
    except BaseException:  # an interruption must not leave the file open
        os.close(descriptor)
        raise
    if isinstance(outcome, MediaFile):
        return descriptor, outcome
    os.close(descriptor)
    return outcome


#: What open(2) reports of a last component that is now a link (ELOOP; EMLINK on FreeBSD), a socket or a dead device.
_REPLACED: dict[int | None, Reason] = {
    errno.ELOOP: Reason.SYMLINK,
    errno.EMLINK: Reason.SYMLINK,
    errno.ENXIO: Reason.NOT_REGULAR,
    errno.EISDIR: Reason.NOT_REGULAR,
    errno.ENODEV: Reason.NOT_REGULAR,
}


def _open_in_folder(found: Found) -> int:
    """Open the file itself, looked up inside its folder so that neither length nor a new link on the way matters."""
    path = found.path
    inside = path.parts[-1 - found.depth : -1]
    with closing(open_folder(path.parents[found.depth], inside, lookup=True)) as folder:
        try:
            return folder.open_file(path.name, _FLAGS | _NOATIME)
        except PermissionError:
            if not _NOATIME:
                raise
            return folder.open_file(path.name, _FLAGS)


def _recognise(descriptor: int, found: Found, limits: Limits) -> MediaFile | Skipped | Failed:
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        return Skipped(found.path, Reason.NOT_REGULAR)
    if is_in_cloud(info):
        return Failed(found.path, Reason.IN_CLOUD, info.st_size)
    head = _read_head(descriptor)
    sniffed = sniff(head)
    if sniffed is Reason.ARCHIVE and limits.members and head.startswith(_ZIP):
        # A video, for it takes as long, and may hold some.
        return MediaFile(found.path, info.st_size, Media.VIDEO, ARCHIVE)
    if sniffed is Reason.EMPTY and found.path.name in _MARKS:
        sniffed = Reason.NOT_MEDIA
    if isinstance(sniffed, Reason):
        kind = Failed if sniffed in FAILED else Skipped
        return kind(found.path, sniffed, info.st_size)
    if info.st_size > limits.file_size:  # only now: a large disk image is no picture, whatever the limit
        return Skipped(found.path, Reason.TOO_BIG, info.st_size)
    media, form = sniffed
    if media is Media.IMAGE and info.st_size > _BYTES_A_PIXEL * limits.pixels:
        return Failed(found.path, Reason.TOO_MANY_PIXELS, info.st_size, media)
    return MediaFile(found.path, info.st_size, media, form)


def _read_head(descriptor: int) -> bytes:
    """Return the first ``HEAD`` bytes, or fewer at the end of the file; the offset is 0 afterwards."""
    head = b""
    while len(head) < HEAD:
        more = os.read(descriptor, HEAD - len(head))
        if not more:
            break
        head += more
    os.lseek(descriptor, 0, os.SEEK_SET)
    return head
