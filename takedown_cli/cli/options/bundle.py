"""Reads a command's bundle from a file or standard input, verifies it, and opens it with its case number."""

from __future__ import annotations

import sys
from pathlib import Path

from takedown_cli.api import Bundle
from takedown_cli.api.bundle import read_bytes
from takedown_cli.cli.options.paths import require_paths
from takedown_cli.cli.terminal.prompts import read_case_number
from takedown_cli.core.errors import SealError, UsageError


def read_bundle(name: str, case: str | None = None) -> bytes:
    """Return the bytes of a bundle file, or of standard input for ``-``.

    Raise UsageError when it cannot be read, BundleError when it is larger than any bundle.
    """
    if name == "-" and case == "-":
        raise UsageError("The bundle and the case number cannot both come from standard input.")
    if name != "-":
        require_paths([Path(name)])
    try:
        if name == "-":
            return read_bytes(sys.stdin.buffer)
        with Path(name).open("rb") as stream:
            return read_bytes(stream)
    except IsADirectoryError:
        raise UsageError("This is a folder, not a bundle.", hint="'takedown hash -o' makes one.") from None
    except (OSError, ValueError, AttributeError):
        raise UsageError("The bundle cannot be read.", hint="Check its name; 'takedown hash -o' makes one.") from None


def open_bundle(data: bytes, case: str | None) -> Bundle:
    """Return the verified bundle. A sealed bundle stays sealed without its case number.

    Raise BundleError, SignatureError, SealError, and what ``read_case_number`` raises.
    """
    if case is None:
        return Bundle.parse(data)
    Bundle.parse(data)  # what is no bundle at all is refused before anybody types a number
    return Bundle.parse(data, read_case_number(case))


def open_whole(data: bytes, case: str | None, sealed_sentence: str) -> Bundle:
    """Return the bundle, opened. Raise SealError with that sentence when it is sealed and ``case`` is None."""
    bundle = open_bundle(data, case)
    if not bundle.opened:
        raise SealError(sealed_sentence)
    return bundle


def read_bundle_among(paths: list[Path]) -> bytes | None:
    """Return the bytes of the bundle among ``paths`` ("-" is one on standard input), or None if they name pictures.

    Raise UsageError for a bundle that is not the only path, and what ``read_bundle`` raises.
    """
    from takedown_cli.protocol.bundle.file import is_bundle_file

    if not any(str(path) == "-" or is_bundle_file(path) for path in paths):
        return None
    if len(paths) > 1:
        raise UsageError("A bundle must be the only path.", hint="Send several bundles one after another.")
    return read_bundle(str(paths[0]))
