"""The options that name an organisation's key and say where its passphrase comes from.

It guarantees that a passphrase is read from a prompt, a file or an open descriptor, and at most once.
It must never take one from an argument or the environment.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final

import typer

from takedown_cli.cli.ask import secret
from takedown_cli.cli.console import console
from takedown_cli.cli.options import Shared
from takedown_cli.cli.settings import setting
from takedown_cli.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from takedown_cli.helpline.keys.organisation import OrganisationKey

_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class PassphraseSource:
    """Where the passphrase comes from: a file, a descriptor, or (both None) a prompt."""

    file: Path | None
    descriptor: int | None

    def known(self) -> Callable[[], str]:
        """A function that gives the passphrase of a key that is there."""
        return lambda: self._given() or _typed("Passphrase or PIN of the organisation's key: ")

    def new(self) -> Callable[[], str]:
        """A function that gives the passphrase of a key to be made; one that is typed has to be typed twice."""
        return lambda: self._given() or _typed_twice()

    def _given(self) -> str | None:
        if self.file is None and self.descriptor is None:
            return None
        try:
            with self.file.open("rb") if self.file is not None else os.fdopen(self.descriptor or 0, "rb") as stream:
                return _read(stream)
        except (OSError, ValueError):
            raise UsageError("The passphrase cannot be read.", hint="It must be one line of UTF-8.") from None


def _read(stream: BinaryIO) -> str:
    """The first line. Raises ValueError for none, or one that is too long or no text."""
    info = os.fstat(stream.fileno())
    if os.name == "posix" and stat.S_ISREG(info.st_mode) and info.st_mode & 0o077:
        console.warn("Others on this computer can read the file with the passphrase (chmod 600).")
    line = stream.readline(_LONGEST + 1)
    if len(line) > _LONGEST:
        raise ValueError
    text = line.decode("utf-8").rstrip("\r\n")
    if not text:
        raise ValueError
    return text


def _typed(prompt: str) -> str:
    return secret(prompt, what="The passphrase", otherwise="Give it with --passphrase-file or --passphrase-fd.")


def _typed_twice() -> str:
    typed = _typed("Passphrase for the new key (12 characters or more; or the token's PIN): ")
    if _typed("Once more: ") != typed:
        raise UsageError("The two are not the same.", hint="Nothing was made; run it again.")
    return typed


def _source(
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", metavar="FILE", help="Read the passphrase from this file.")
    ] = None,
    passphrase_fd: Annotated[
        int | None,
        typer.Option("--passphrase-fd", metavar="N", min=0, help="Read the passphrase from this open descriptor."),
    ] = None,
) -> PassphraseSource:
    if passphrase_file is not None and passphrase_fd is not None:
        raise UsageError("Either --passphrase-file or --passphrase-fd, not both.")
    return PassphraseSource(passphrase_file, passphrase_fd)


def _uri(
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="URI", help="The organisation's key: file:PATH, keyring:NAME or pkcs11:…"),
    ] = None,
) -> str:
    uri = setting("key", key)
    if uri is None:
        raise ConfigError(
            "No organisation's key is named.",
            hint="Name it with --key, or TAKEDOWN_KEY, or in the settings file; 'takedown keys new' makes one.",
        )
    return uri


#: For ``@carries``: the passphrase alone, and the URI of the key.
PASSPHRASE: Final = Shared(_source)
KEY: Final = Shared(_uri)


def unlock(meanwhile: Callable[[], None] = lambda: None) -> OrganisationKey:
    """The key that ``KEY`` and ``PASSPHRASE`` of the current command line name, unlocked.

    ``meanwhile`` is done beside it, for unlocking takes half a second of one processor; it must not fail.
    Raises ConfigError when none is named, OrganisationKeyError, PassphraseError, MissingExtraError, UsageError.
    """
    from takedown_cli.helpline.keys import store as key_store
    from takedown_cli.helpline.keys import uri as key_uri

    uri = key_uri.parse(KEY.get())
    beside = threading.Thread(target=meanwhile)
    beside.start()
    try:
        return key_store.load(uri, PASSPHRASE.get().known())
    finally:
        beside.join()  # two threads that import at once can see half a module
