"""The options that name an organisation's key, and where its passphrase or PIN comes from."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import secret
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.core.errors import ConfigError, UsageError
from takedown_cli.core.given_text import SAVE_AS_UTF8, read_first_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from takedown_cli.helpline.keys import OrganisationKey
    from takedown_cli.helpline.keys.key_uri import KeyUri

_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class PassphraseSource:
    """Where the passphrase comes from: a file, a descriptor, or (both None) a prompt. Never an argument."""

    file: Path | None
    descriptor: int | None

    def known(self, uri: KeyUri) -> Callable[[], str]:
        """Return a function that asks for the passphrase of an existing key, or the PIN of its token."""
        which = "PIN of the token: " if _is_token(uri) else "Passphrase of the organisation's key: "
        return lambda: self._read() or _ask_passphrase(which)

    def new(self, uri: KeyUri) -> Callable[[], str]:
        """Return a function that asks for the passphrase of a new key. At a prompt, the person types it twice.

        The PIN of a token exists before, and is typed once.
        """
        return self.known(uri) if _is_token(uri) else lambda: self._read() or _ask_new_passphrase()

    def _read(self) -> str | None:
        """Return the first line of the file or descriptor, or None if neither was named."""
        if self.file is None and self.descriptor is None:
            return None
        try:
            with self.file.open("rb") if self.file is not None else os.fdopen(self.descriptor or 0, "rb") as stream:
                info = os.fstat(stream.fileno())
                text = read_first_line(stream, _LONGEST)
        except UnicodeError:
            raise UsageError("The passphrase is not in UTF-8.", hint=SAVE_AS_UTF8) from None
        except (OSError, ValueError):
            text = ""
        if not text:
            raise UsageError("The passphrase could not be read.", hint="It must be one line of UTF-8 text.")
        if os.name == "posix" and stat.S_ISREG(info.st_mode) and info.st_mode & 0o077:
            console.warn("Other users of this computer can read the passphrase file. Set its mode to 600 (chmod 600).")
        return text


def _is_token(uri: KeyUri) -> bool:
    from takedown_cli.helpline.keys.key_uri import TokenUri

    return isinstance(uri, TokenUri)


def _ask_passphrase(prompt: str) -> str:
    return secret(prompt, what="The passphrase", otherwise="Give it with --passphrase-file or --passphrase-fd.")


def _ask_new_passphrase() -> str:
    typed = _ask_passphrase("Passphrase for the new key (12 characters or more): ")
    if _ask_passphrase("Type it again: ") != typed:
        raise UsageError("The two passphrases differ.", hint="No key was made. Run the command again.")
    return typed


def _read_passphrase_source(
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", metavar="FILE", help="Read the passphrase from this file.")
    ] = None,
    passphrase_fd: Annotated[
        int | None,
        typer.Option("--passphrase-fd", metavar="N", min=0, help="Read the passphrase from this open descriptor."),
    ] = None,
) -> PassphraseSource:
    if passphrase_file is not None and passphrase_fd is not None:
        raise UsageError("Give either --passphrase-file or --passphrase-fd, not both.")
    return PassphraseSource(passphrase_file, passphrase_fd)


PassphraseOptions = Annotated[PassphraseSource, OptionGroup(_read_passphrase_source)]


@dataclass(frozen=True, slots=True)
class KeySource:
    """Which organisation's key a command uses; nothing is read before ``unlock``."""

    uri: str | None
    passphrase: PassphraseSource

    def unlock(self) -> OrganisationKey:
        """Return the unlocked key.

        Raises ConfigError when no key is named, OrganisationKeyError, PassphraseError, MissingExtraError, UsageError.
        """
        from takedown_cli.helpline.keys.key_uri import parse_key_uri
        from takedown_cli.helpline.keys.lifecycle import load_key

        uri = setting("key", self.uri)
        if uri is None:
            raise ConfigError(
                "No organisation's key is named.",
                hint="Name it with --key, TAKEDOWN_KEY or the settings file. 'takedown keys new' makes a key.",
            )
        place = parse_key_uri(uri)
        return load_key(place, self.passphrase.known(place))


def _read_key_source(
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="URI", help="The organisation's key: file:PATH, keyring:NAME or pkcs11:…"),
    ] = None,
    *,
    passphrase: PassphraseOptions,
) -> KeySource:
    return KeySource(key, passphrase)


KeyOptions = Annotated[KeySource, OptionGroup(_read_key_source)]
