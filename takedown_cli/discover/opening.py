"""Opens one file of the walk for reading and tells by its content what it is.

It guarantees a descriptor of a regular file at offset 0, opened without blocking and without following links, and that
no access time is left where the system allows it. It must never trust a name, nor hand out what is no regular file.
"""

from __future__ import annotations

import errno
import os
import stat

from takedown_cli.discover.folders import open_folder, reason_of
from takedown_cli.discover.sniff import HEAD, sniff
from takedown_cli.model import Failed, Found, Limits, Media, MediaFile, Skipped
from takedown_cli.reasons import Reason

_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY", "O_NOINHERIT"):
    _FLAGS |= getattr(os, _name, 0)
#: An access time tells whoever looks later which pictures were looked at, and when; only the owner may suppress it.
_NOATIME: int = getattr(os, "O_NOATIME", 0)


#: Four channels of sixteen bits, twice: a longer picture file holds more than the pixel limit, or mostly nothing.
_BYTES_A_PIXEL = 16


def open_media(found: Found, limits: Limits) -> tuple[int, MediaFile] | Skipped | Failed:
    """A descriptor at offset 0 and what it holds; the caller closes it. ``size`` is the file's size now, in bytes.

    *Skipped*: empty, not media, unsupported, replaced by a link or a device, larger than ``limits.file_size``.
    *Failed*: gone, no permission, a storage error, a folder on the way replaced by a link (``CHANGED``), or a picture
    file too large for any picture within ``limits.pixels``.
    """
    try:
        descriptor = _open(found)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in _REPLACED:
            return Skipped(found.path, _REPLACED[error.errno], found.size)
        return Failed(found.path, reason_of(error), found.size)
    try:
        outcome = _examine(descriptor, found, limits)
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


#: What open(2) says of a last component that is now a link (ELOOP; EMLINK on FreeBSD), a socket or a dead device.
_REPLACED: dict[int | None, Reason] = {
    errno.ELOOP: Reason.SYMLINK,
    errno.EMLINK: Reason.SYMLINK,
    errno.ENXIO: Reason.NOT_REGULAR,
    errno.EISDIR: Reason.NOT_REGULAR,
    errno.ENODEV: Reason.NOT_REGULAR,
}


def _open(found: Found) -> int:
    """The file itself, looked up inside its folder so that neither length nor a new link on the way matters."""
    path = found.path
    folder = open_folder(path.parents[found.depth], path.parts[-1 - found.depth : -1], lookup=True)
    try:
        try:
            return folder.open(path.name, _FLAGS | _NOATIME)
        except PermissionError:
            if not _NOATIME:
                raise
            return folder.open(path.name, _FLAGS)
    finally:
        folder.close()


def _examine(descriptor: int, found: Found, limits: Limits) -> MediaFile | Skipped | Failed:
    info = os.fstat(descriptor)
    if not stat.S_ISREG(info.st_mode):
        return Skipped(found.path, Reason.NOT_REGULAR)
    told = sniff(_head(descriptor))
    if isinstance(told, Reason):
        return Skipped(found.path, told, info.st_size)
    if info.st_size > limits.file_size:  # after the look inside: a large disk image is no picture, whatever the limit
        return Skipped(found.path, Reason.TOO_BIG, info.st_size)
    media, form = told
    if media is Media.IMAGE and info.st_size > _BYTES_A_PIXEL * limits.pixels:
        return Failed(found.path, Reason.TOO_MANY_PIXELS, info.st_size, media)
    return MediaFile(found.path, info.st_size, media, form)


def _head(descriptor: int) -> bytes:
    """The first ``HEAD`` bytes, or fewer at the end of the file; the offset is 0 afterwards."""
    head = b""
    while len(head) < HEAD:
        if hasattr(os, "pread"):
            more = os.pread(descriptor, HEAD - len(head), len(head))
        else:
            more = os.read(descriptor, HEAD - len(head))
        if not more:
            break
        head += more
    os.lseek(descriptor, 0, os.SEEK_SET)
    return head
