"""An organisation's secret in the system's key store, in entries that stay short however often the key is rotated.

Windows' Credential Locker takes 1,280 characters an entry (2,560 bytes of UTF-16). The entry of the secret holds the
newest earlier public keys. Older ones are in entries of their own, and nothing of them is lost.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from takedown_cli.helpline.keys import system_keyring
from takedown_cli.helpline.keys.secret import OrganisationSecret, PastKey
from takedown_cli.protocol.wire import Document, decode, encode

#: Earlier keys in one entry: each takes about 125 characters, and the secret without them about 260.
_IN_AN_ENTRY: Final = 6


class _EarlierKeys(Document):
    past: tuple[PastKey, ...]


def read_whole_secret(name: str) -> OrganisationSecret | None:
    """Return the secret with all its earlier keys, or None.

    Raise BundleError for an entry of another kind, OrganisationKeyError, MissingExtraError.
    """
    found = system_keyring.read_secret(name)
    if found is None:
        return None
    secret = decode(OrganisationSecret, found.encode("ascii", "replace"))
    older: list[PastKey] = []
    while (entry := system_keyring.read_secret(_entry_name(name, secret, len(older)))) is not None:
        older += decode(_EarlierKeys, entry.encode("ascii", "replace")).past
    # An interrupted rotation may have written keys to an older entry that are still beside the secret.
    past = {each.public: each for each in (*older, *secret.past)}
    return secret.model_copy(update={"past": tuple(past.values())})


def store_whole_secret(name: str, secret: OrganisationSecret) -> None:
    """Store the secret in place of an earlier one. Raise OrganisationKeyError, MissingExtraError."""
    kept = 0
    while len(secret.past) - kept > _IN_AN_ENTRY:
        older = _EarlierKeys(past=secret.past[kept : kept + _IN_AN_ENTRY])
        system_keyring.store_secret(_entry_name(name, secret, kept), encode(older).decode("ascii"))
        kept += _IN_AN_ENTRY
    newest = secret.model_copy(update={"past": secret.past[kept:]})
    system_keyring.store_secret(name, encode(newest).decode("ascii"))  # last: until now the earlier secret counts


def _entry_name(name: str, secret: OrganisationSecret, first: int) -> str:
    """Return a name that another key called ``name``, made later, does not use."""
    return f"{name} {sha256(bytes.fromhex(secret.ledger)).hexdigest()[:16]} {first}"
