"""Stores an organisation's secret in the system's key store (Keychain, Credential Locker, Secret Service).

The key store's errors are never shown, because they can quote the stored secret.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from takedown_cli.core.errors import MissingExtraError, OrganisationKeyError

_SERVICE: Final = "takedown organisation key"
_UNSAFE: Final = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


def read_secret(name: str) -> str | None:
    """Return the secret with this name, or None. Raise OrganisationKeyError, MissingExtraError."""
    keyring, error = _keyring()
    try:
        found = keyring.get_password(_SERVICE, name)
    except error:
        raise OrganisationKeyError("The system's key store did not open.", hint="Is it locked?") from None
    return None if found is None else str(found)


def store_secret(name: str, secret: str) -> None:
    """Store the secret in one step, in place of an earlier one. Raises OrganisationKeyError, MissingExtraError."""
    keyring, error = _keyring()
    try:
        keyring.set_password(_SERVICE, name, secret)
    except error:
        raise OrganisationKeyError("The system's key store did not accept the key.", hint="Is it locked?") from None


def _keyring() -> tuple[Any, type[Exception]]:
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise MissingExtraError(hint="In a clone of takedown, install it with: pip install '.[keyring]'.") from None
    store = keyring.get_keyring()
    first = next(iter(getattr(store, "backends", ())), store)  # a chain writes to its first store
    if type(first).__module__.startswith(_UNSAFE):
        raise OrganisationKeyError(
            "This system has no key store that can be used.",
            hint="Use file:PATH with a passphrase instead.",
        )
    return keyring, import_module("keyring.errors").KeyringError
