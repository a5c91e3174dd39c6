"""The organisation's key wherever it is kept: made, shown, rotated, and unlocked for the caseload.

It guarantees that a rotation ends with the old key or the new one, whole, and with the ledger's key unchanged.
It must never print, ask or choose a place: the command line gives the passphrase and the way to write a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from takedown_cli.errors import BundleError, OrganisationKeyError
from takedown_cli.helpline.keys import file as key_file
from takedown_cli.helpline.keys import system as key_system
from takedown_cli.helpline.keys import token as key_token
from takedown_cli.helpline.keys.file import Cost
from takedown_cli.helpline.keys.organisation import OrganisationKey
from takedown_cli.helpline.keys.secret import Described, OrganisationSecret, Past
from takedown_cli.helpline.keys.uri import FileUri, KeyringUri, KeyUri, TokenUri
from takedown_cli.wire import decode, encode

#: Gives the passphrase or PIN; called at most once, and not at all where none is needed.
Passphrase = Callable[[], str]
#: Writes bytes to a path in one step, mode 0600; the last argument says whether an existing file is replaced.
Write = Callable[[Path, bytes, bool], None]


def load(uri: KeyUri, passphrase: Passphrase) -> OrganisationKey:
    """Unlock the key. Raises OrganisationKeyError, PassphraseError, MissingExtraError."""
    if isinstance(uri, TokenUri):
        return key_token.TokenKey(uri, passphrase)
    return _secret(uri, passphrase)[0].unlocked()


def describe(uri: KeyUri, passphrase: Passphrase) -> Described:
    """What may be told of the key. It has to be unlocked for that: a public key that anybody could have put there
    must not be handed to an intake's operator. Raises as ``load``.
    """
    if isinstance(uri, TokenUri):
        return key_token.describe(uri, passphrase)
    return _told(_secret(uri, passphrase)[0])


def create(uri: KeyUri, passphrase: Passphrase, day: str, write: Write, cost: Cost | None = None) -> Described:
    """Draw a key and keep it there. Raises OrganisationKeyError when there is one, and what ``write`` raises."""
    if isinstance(uri, TokenUri):
        return key_token.create(uri, passphrase)
    secret = OrganisationSecret.draw(day)
    if isinstance(uri, FileUri):
        if os.path.lexists(uri.path):
            raise OrganisationKeyError("There is a file of that name already.", hint="Choose another name.")
        write(uri.path, key_file.seal(encode(secret), passphrase(), cost), False)
    elif key_system.get(uri.name) is not None:
        raise OrganisationKeyError("There is a key of that name already.", hint="Choose another name.")
    else:
        key_system.put(uri.name, encode(secret).decode("ascii"))
    return _told(secret)


def rotate(uri: KeyUri, passphrase: Passphrase, day: str, write: Write, cost: Cost | None = None) -> Described:
    """A fresh signing key in place of the old; the ledger's key stays. Raises what ``load`` and ``write`` raise."""
    if isinstance(uri, TokenUri):
        return key_token.rotate(uri, passphrase)
    typed: list[str] = []

    def once() -> str:
        if not typed:
            typed.append(passphrase())
        return typed[0]

    secret, before = _secret(uri, once)
    after = secret.rotated(day)
    if isinstance(uri, FileUri):
        data = key_file.seal(encode(after), once(), cost)
        if _read(uri.path) != before:  # another rotation would be lost, and its key may be registered already
            raise OrganisationKeyError("The key was changed in the meantime.", hint="See 'takedown keys show'.")
        write(uri.path, data, True)
    else:
        key_system.put(uri.name, encode(after).decode("ascii"))
    return _told(after)


def _told(secret: OrganisationSecret) -> Described:
    past = tuple(Past(bytes.fromhex(each.public), each.since, each.until) for each in secret.past)
    return Described(secret.public, secret.since, past)


def _secret(uri: FileUri | KeyringUri, passphrase: Passphrase) -> tuple[OrganisationSecret, bytes]:
    """The secret, and the bytes it was read from."""
    if isinstance(uri, FileUri):
        kept = _read(uri.path)
        plain = key_file.unseal(kept, passphrase())
    else:
        found = key_system.get(uri.name)
        if found is None:
            raise OrganisationKeyError("There is no key of that name.", hint="'takedown keys new' makes one.")
        kept = plain = found.encode("ascii", "replace")
    try:
        return decode(OrganisationSecret, plain), kept
    except BundleError:
        raise OrganisationKeyError("What is kept under that name is not an organisation's key.") from None


def _read(path: Path) -> bytes:
    """Raises OrganisationKeyError unless it is a file of this user's that nobody else can read or change."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as stream:
            info = os.fstat(stream.fileno())
            data = stream.read(key_file.LARGEST + 1) if stat.S_ISREG(info.st_mode) else b""
    except FileNotFoundError:
        raise OrganisationKeyError("There is no such key file.", hint="'takedown keys new' makes one.") from None
    except (OSError, ValueError):
        raise OrganisationKeyError("The key file cannot be read.", hint="Check its permissions.") from None
    if os.name == "posix" and (info.st_mode & 0o077 or info.st_uid not in {0, os.geteuid()}):
        raise OrganisationKeyError(
            "The key file belongs to somebody else, or others can read it.", hint="Set its mode to 600 (chmod 600)."
        )
    return data
