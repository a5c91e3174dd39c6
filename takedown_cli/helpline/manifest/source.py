"""A caller's folder or ready-made bundle, looked at before any work: is it there, is it theirs alone, may it be sent?

It guarantees that a source lies below the manifest's folder without a link on the way, so that it cannot be another's.
It must never open a picture: of a folder only the names of what is in it are read.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from takedown_cli.bundle import file, seal
from takedown_cli.errors import BundleError, SignatureError

if TYPE_CHECKING:
    from takedown_cli.address import IntakeAddress
    from takedown_cli.bundle.file import Opened
    from takedown_cli.wire import Audience

MAX_BUNDLE: Final = 16 << 20
_OLDEST: Final = timedelta(days=366)
_AHEAD: Final = timedelta(days=1)  # the other computer may be in another time zone
_MOST_FOLDERS: Final = 10_000  # looked into for a first file, before a folder counts as filled


class WrongSource(ValueError):  # noqa: N818 - it says what is wrong
    """``reason`` is a fault's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Source:
    """A source that may be used. ``opened`` is there for a bundle that can be read.

    ``place`` is its device and inode, ``above`` those of the folders that it lies in, below the manifest's: two
    spellings of one place are the same there.
    """

    path: Path = field(repr=False)
    place: tuple[int, int]
    folder: bool
    above: tuple[tuple[int, int], ...] = ()
    opened: Opened | None = field(default=None, repr=False)
    audience: Audience | None = None
    digest: str | None = field(default=None, repr=False)


def find(cell: str, root: Path) -> Source:
    """What the cell of a manifest whose folder is ``root`` (without links) names. Raises WrongSource."""
    path = _below(cell, root)
    *folders, info = _lstat_all(path, root)
    above = tuple(map(_place, folders))
    if stat.S_ISDIR(info.st_mode):
        if _place(info) == _place(root.stat()):
            raise WrongSource("source-manifest-folder")
        if not _holds_a_file(path):
            raise WrongSource("source-empty")
        return Source(path, _place(info), folder=True, above=above)
    if not stat.S_ISREG(info.st_mode):
        raise WrongSource("source-kind")
    return replace(_bundle(path), above=above)


def _below(cell: str, root: Path) -> Path:
    if not cell:
        raise WrongSource("source-missing")
    if re.match(r"[a-z][a-z0-9+.-]+:", cell, re.IGNORECASE):
        raise WrongSource("source-url")
    if "\\" in cell and os.sep == "/":
        raise WrongSource("source-backslash")
    if cell.startswith(("/", "~")) or Path(cell).is_absolute() or re.match(r"[A-Za-z]:", cell):
        raise WrongSource("source-absolute")
    parts = Path(cell).parts
    if ".." in parts:
        raise WrongSource("source-outside")
    if not parts:
        raise WrongSource("source-manifest-folder")
    return root.joinpath(*parts)


def _lstat_all(path: Path, root: Path) -> list[os.stat_result]:
    """Of every part below ``root``, none of which is a link."""
    at = root
    found: list[os.stat_result] = []
    for part in path.relative_to(root).parts:
        at /= part
        try:
            info = at.lstat()
        except (FileNotFoundError, NotADirectoryError):
            raise WrongSource("source-wildcard" if re.search(r"[*?\[]", str(path)) else "source-not-there") from None
        except PermissionError:
            raise WrongSource("source-unreadable") from None
        except (OSError, ValueError):
            raise WrongSource("source-name") from None
        if stat.S_ISLNK(info.st_mode):
            raise WrongSource("source-symlink")
        found.append(info)
    return found


def _place(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _holds_a_file(folder: Path) -> bool:
    waiting, seen = [folder], 0
    while waiting and seen < _MOST_FOLDERS:
        seen += 1
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
        except OSError:
            if seen == 1:
                raise WrongSource("source-unreadable") from None
    return bool(waiting)


def _bundle(path: Path) -> Source:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as stream:
            info = os.fstat(stream.fileno())
            data = stream.read(MAX_BUNDLE + 1)
    except OSError:
        raise WrongSource("source-unreadable") from None
    if not data:
        raise WrongSource("bundle-empty")
    if not file.looks_like_bundle(data[:32]):
        raise WrongSource("source-not-bundle")
    if len(data) > MAX_BUNDLE:
        raise WrongSource("bundle-too-large")
    place = _place(info)
    try:
        if file.is_sealed(data):
            sealed = seal.parse(data)
            if sealed.kind != "bundle":
                raise WrongSource("bundle-invalid")
            return Source(path, place, folder=False, audience=sealed.audience, digest=_digest(data))
        opened = file.open_signed(data)
    except SignatureError:
        raise WrongSource("bundle-signature") from None
    except BundleError:
        raise WrongSource("bundle-invalid") from None
    bundle = opened.bundle
    return Source(path, place, False, opened=opened, audience=bundle.audience, digest=bundle.case.lookup_id)


def _digest(data: bytes) -> str:
    from hashlib import sha256

    return sha256(data).hexdigest()


def wrong_with_bundle(
    source: Source, intake: IntakeAddress | None, *, test: bool, today: date, organisation: bytes | None
) -> str | None:
    """Why a ready-made bundle may not be sent to ``intake``; None when it may, or when it cannot be read.

    ``test`` says whether the intake takes tests, ``organisation`` is the one public key that may stand beside.
    """
    audience = source.audience
    if audience is not None and intake is not None:
        pinned = intake.pin is None or intake.pin == audience.key_id
        if audience.origin != intake.origin or not pinned:
            return "bundle-other-intake"
    if source.opened is None:
        return None
    bundle = source.opened.bundle
    if bundle.test != test:
        return "bundle-test" if bundle.test else "bundle-not-test"
    if bundle.adds:
        return "bundle-adds"
    if set(source.opened.countersigners) - {organisation}:
        return "bundle-countersigned"
    made = date.fromisoformat(bundle.created)
    if made > today + _AHEAD:
        return "bundle-future"
    return "bundle-old" if made < today - _OLDEST else None
