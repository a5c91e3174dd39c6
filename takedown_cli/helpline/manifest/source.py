"""Checks a caller's folder or ready-made bundle before any work: does it exist, and may it be sent?

No part of its path may be a link. Of the files in a folder, only the names are read.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from takedown_cli.core.errors import BundleError, SignatureError
from takedown_cli.core.file_kind import entries_below, is_in_cloud, is_link
from takedown_cli.core.file_names import literal_path, one_spelling
from takedown_cli.helpline.manifest.faults import FaultError
from takedown_cli.protocol.bundle import file, seal
from takedown_cli.protocol.bundle.item_limits import is_far_over

if TYPE_CHECKING:
    from takedown_cli.protocol.addresses import IntakeAddress
    from takedown_cli.protocol.bundle.file import Opened
    from takedown_cli.protocol.wire import Audience

_OLDEST: Final = timedelta(days=366)
_AHEAD: Final = timedelta(days=1)  # the other computer may be in another time zone
_MOST_ENTRIES: Final = 100_000  # looked at for a first file, before a folder counts as filled


@dataclass(frozen=True, slots=True)
class Source:
    """A source that may be used. ``opened`` is set for a bundle that can be read.

    ``place`` is its device and inode, ``above`` those of the folders around it, below the manifest's: two spellings of
    one place are equal there.
    """

    path: Path = field(repr=False)
    place: tuple[int, int]
    folder: bool
    above: tuple[tuple[int, int], ...] = ()
    opened: Opened | None = field(default=None, repr=False)
    audience: Audience | None = None
    digest: str | None = field(default=None, repr=False)


def find_source(cell: str, root: Path) -> Source:
    """Return what the cell names in a manifest whose folder is ``root`` (without links). Raises FaultError."""
    path, (*folders, info) = _look_up_all(_below(cell, root), root)
    above = tuple(map(_place, folders))
    if stat.S_ISDIR(info.st_mode):
        if _place(info) == _place(root.stat()):
            raise FaultError("source-manifest-folder")
        if not _holds_a_file(path):
            raise FaultError("source-empty")
        return Source(path, _place(info), folder=True, above=above)
    if not stat.S_ISREG(info.st_mode):
        raise FaultError("source-kind")
    return replace(_bundle(path), above=above)


def _below(cell: str, root: Path) -> Path:
    if not cell:
        raise FaultError("source-missing")
    if re.match(r"[a-z][a-z0-9+.-]+:", cell, re.IGNORECASE):
        raise FaultError("source-url")
    if "\\" in cell and os.sep == "/":
        raise FaultError("source-backslash")
    if cell.startswith(("/", "~")) or Path(cell).is_absolute() or re.match(r"[A-Za-z]:", cell):
        raise FaultError("source-absolute")
    parts = Path(cell).parts
    if ".." in parts:
        raise FaultError("source-outside")
    if not parts:
        raise FaultError("source-manifest-folder")
    return root.joinpath(*parts)


def _look_up_all(path: Path, root: Path) -> tuple[Path, list[os.stat_result]]:
    """Return the path as the disk spells it, and the status of every part of it below ``root``.

    Raise FaultError when a part is a link, or only in the cloud.
    """
    at = root
    found: list[os.stat_result] = []
    for part in path.relative_to(root).parts:
        try:
            at, info = _look_up(at, part)
        except (FileNotFoundError, NotADirectoryError):
            raise FaultError("source-wildcard" if re.search(r"[*?\[]", str(path)) else "source-not-there") from None
        except PermissionError:
            raise FaultError("source-unreadable") from None
        except (OSError, ValueError):
            raise FaultError("source-name") from None
        if is_link(info):
            raise FaultError("source-symlink")
        if is_in_cloud(info):
            raise FaultError("source-in-cloud")
        found.append(info)
    return one_spelling(at), found


def _look_up(folder: Path, name: str) -> tuple[Path, os.stat_result]:
    """Return the entry and its status. Its accents may be composed in another way than they were typed.

    A Mac writes "é" as two characters, and every other system as one. Raise OSError.
    """
    path = folder / name
    try:
        return path, literal_path(path).lstat()
    except FileNotFoundError:
        if name.isascii():
            raise
        same = unicodedata.normalize("NFC", name)
        twins = [path for path in folder.iterdir() if unicodedata.normalize("NFC", path.name) == same]
        if len(twins) != 1:
            raise
        return twins[0], twins[0].lstat()


def _place(info: os.stat_result) -> tuple[int, int]:
    return info.st_dev, info.st_ino


def _holds_a_file(folder: Path) -> bool:
    """Return whether a file is in the folder. What is in the cloud counts as one: nobody can see what it is."""
    seen = 0
    try:
        for _, info in islice(entries_below(literal_path(folder)), _MOST_ENTRIES):
            if is_in_cloud(info) or (stat.S_ISREG(info.st_mode) and not is_link(info)):
                return True
            seen += 1
    except OSError:
        raise FaultError("source-unreadable") from None
    return seen == _MOST_ENTRIES


def _bundle(path: Path) -> Source:
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        with os.fdopen(os.open(literal_path(path), flags), "rb") as stream:
            info = os.fstat(stream.fileno())
            data = stream.read(file.MAX_SIZE + 1)
    except OSError:
        raise FaultError("source-unreadable") from None
    if not data:
        raise FaultError("bundle-empty")
    if not file.looks_like_bundle(data):
        raise FaultError("source-not-bundle")
    if len(data) > file.MAX_SIZE:
        raise FaultError("bundle-too-large")
    place = _place(info)
    try:
        if file.is_sealed(data):
            sealed = seal.parse(data)
            if sealed.kind != "bundle":
                raise FaultError("bundle-invalid")
            return Source(path, place, folder=False, audience=sealed.audience, digest=sha256(data).hexdigest())
        opened = file.open_signed(data)
    except SignatureError:
        raise FaultError("bundle-signature") from None
    except BundleError:
        raise FaultError("bundle-invalid") from None
    bundle = opened.bundle
    return Source(path, place, False, opened=opened, audience=bundle.audience, digest=bundle.case.lookup_id)


def count_unsigned_hashes(source: Source) -> int | None:
    """Return the number of hashes in a bundle that no organisation has countersigned yet; None for anything else."""
    if source.opened is None or source.opened.countersigners:
        return None
    return sum(len(item.fingerprints) for item in source.opened.bundle.items)


def bundle_fault(
    source: Source, intake: IntakeAddress | None, *, test: bool, today: date, organisation: bytes | None
) -> str | None:
    """Return why a ready-made bundle may not be sent to ``intake``, or None if it may or cannot be read.

    ``test`` says whether the intake takes tests; ``organisation`` is the only public key that may countersign.
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
    if any(is_far_over(item) for item in bundle.items):
        return "bundle-hashes"
    if set(source.opened.countersigners) - {organisation}:
        return "bundle-countersigned"
    made = date.fromisoformat(bundle.created)
    if made > today + _AHEAD:
        return "bundle-future"
    return "bundle-old" if made < today - _OLDEST else None
