"""The system's own key store (Keychain, Credential Locker, Secret Service) as a keeper of an organisation's secret.

It guarantees that a store which keeps nothing, or keeps it readable, is refused.
It must never show what a store says: its errors can quote what was stored.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from takedown_cli.errors import MissingExtraError, OrganisationKeyError

_SERVICE: Final = "takedown organisation key"
_UNSAFE: Final = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")


def get(name: str) -> str | None:
    """What is kept under the name. Raises OrganisationKeyError, MissingExtraError."""
    keyring, error = _keyring()
    try:
        found = keyring.get_password(_SERVICE, name)
    except error:
        raise OrganisationKeyError("The system's key store did not open.", hint="Is it locked?") from None
    return None if found is None else str(found)


def put(name: str, secret: str) -> None:
    """Keep it in one step, in place of what was there. Raises OrganisationKeyError, MissingExtraError."""
    keyring, error = _keyring()
    try:
        keyring.set_password(_SERVICE, name, secret)
    except error:
        raise OrganisationKeyError("The system's key store did not take the key.", hint="Is it locked?") from None


def _keyring() -> tuple[Any, type[Exception]]:
    try:
        keyring = import_module("keyring")
    except ImportError:
        raise MissingExtraError(hint="Install it: pip install 'takedown-cli[keyring]'.") from None
    store = keyring.get_keyring()
    first = next(iter(getattr(store, "backends", ())), store)  # a chain writes to its first store
    if type(first).__module__.startswith(_UNSAFE):
        raise OrganisationKeyError(
            "This system has no key store that can be used.",
            hint="Use file:PATH with a passphrase instead.",
        )
    return keyring, import_module("keyring.errors").KeyringError
