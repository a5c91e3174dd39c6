"""Make, describe, rotate and unlock the organisation's key, wherever it is stored. The command line gives the
passphrase and the way to write a file.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

from takedown_cli.core.errors import BundleError, OrganisationKeyError
from takedown_cli.helpline.keys import OrganisationKey, passphrase_file, pkcs11_token, system_keyring
from takedown_cli.helpline.keys.key_uri import FileUri, KeyringUri, KeyUri, TokenUri
from takedown_cli.helpline.keys.keyring_secret import read_whole_secret, store_whole_secret
from takedown_cli.helpline.keys.passphrase_file import Cost
from takedown_cli.helpline.keys.secret import EarlierKey, KeyDescription, OrganisationSecret
from takedown_cli.protocol.wire import decode, encode

#: Returns the passphrase or PIN. It is called at most once, and not at all if none is needed.
Passphrase = Callable[[], str]
#: Writes bytes to a path in one step, mode 0600; the last argument says whether an existing file is replaced.
Write = Callable[[Path, bytes, bool], None]


def load_key(uri: KeyUri, passphrase: Passphrase) -> OrganisationKey:
    """Return the unlocked key. Raise OrganisationKeyError, PassphraseError, MissingExtraError."""
    if isinstance(uri, TokenUri):
        return pkcs11_token.TokenKey(uri, passphrase)
    return _secret(uri, passphrase)[0].unlocked()


def describe_key(uri: KeyUri, passphrase: Passphrase) -> KeyDescription:
    """Return the facts about the key that may be shown. Raise what ``load_key`` raises.

    This unlocks the key. Otherwise anybody could put a false public key there, and it would reach an intake's operator.
    """
    if isinstance(uri, TokenUri):
        return pkcs11_token.describe_token_key(uri, passphrase)
    return _describe(_secret(uri, passphrase)[0])


def create_key(uri: KeyUri, passphrase: Passphrase, day: str, write: Write, cost: Cost | None = None) -> KeyDescription:
    """Make a key and store it. Raise OrganisationKeyError when there is one, and what ``write`` raises."""
    if isinstance(uri, TokenUri):
        return pkcs11_token.create_token_key(uri, passphrase)
    secret = OrganisationSecret.draw(day)
    if isinstance(uri, FileUri):
        if os.path.lexists(uri.path):
            raise OrganisationKeyError("A file with that name exists already.", hint="Choose another name.")
        write(uri.path, passphrase_file.seal_secret(encode(secret), passphrase(), cost), False)
    elif system_keyring.read_secret(uri.name) is not None:
        raise OrganisationKeyError("A key with that name exists already.", hint="Choose another name.")
    else:
        store_whole_secret(uri.name, secret)
    return _describe(secret)


def rotate_key(uri: KeyUri, passphrase: Passphrase, day: str, write: Write, cost: Cost | None = None) -> KeyDescription:
    """Replace the signing key by a fresh one; the ledger's key stays. Raises what ``load_key`` and ``write`` raise."""
    if isinstance(uri, TokenUri):
        return pkcs11_token.rotate_token_key(uri, passphrase)
    once = cache(passphrase)
    secret, before = _secret(uri, once)
    after = secret.rotated(day)
    if isinstance(uri, FileUri):
        data = passphrase_file.seal_secret(encode(after), once(), cost)
        if _read(uri.path) != before:  # another rotation would be lost, and its key may be registered already
            raise OrganisationKeyError(
                "The key was changed in the meantime.", hint="To see it, run:\n  takedown keys show URI"
            )
        write(uri.path, data, True)
    else:
        store_whole_secret(uri.name, after)
    return _describe(after)


def _describe(secret: OrganisationSecret) -> KeyDescription:
    past = tuple(EarlierKey(bytes.fromhex(each.public), each.since, each.until) for each in secret.past)
    return KeyDescription(secret.public, secret.since, past)


def _secret(uri: FileUri | KeyringUri, passphrase: Passphrase) -> tuple[OrganisationSecret, bytes]:
    """Return the secret, and the bytes of the file it was read from."""
    try:
        if isinstance(uri, FileUri):
            kept = _read(uri.path)
            return decode(OrganisationSecret, passphrase_file.unseal_secret(kept, passphrase())), kept
        secret = read_whole_secret(uri.name)
    except BundleError:
        raise OrganisationKeyError("The entry with that name is not an organisation's key.") from None
    if secret is None:
        raise OrganisationKeyError("No such key.", hint="'takedown keys new' makes one.")
    return secret, b""


def _read(path: Path) -> bytes:
    """Return the file. Raises OrganisationKeyError unless only this user can read and change it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as stream:
            info = os.fstat(stream.fileno())
            data = stream.read(passphrase_file.LARGEST + 1) if stat.S_ISREG(info.st_mode) else b""
    except FileNotFoundError:
        raise OrganisationKeyError("No such key file.", hint="'takedown keys new' makes one.") from None
    except (OSError, ValueError):
        raise OrganisationKeyError("The key file could not be read.", hint="Check its permissions.") from None
    if sys.platform != "win32" and (info.st_mode & 0o077 or info.st_uid not in {0, os.geteuid()}):
        raise OrganisationKeyError(
            "The key file belongs to somebody else, or others can read it.",
            hint="Set its mode to 600 (chmod 600). A stick has no modes: copy the key to a disk that has.",
        )
    return data
