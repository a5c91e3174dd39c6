"""An organisation's key on a PKCS#11 token: a smart card, a hardware module, or SoftHSM. The private keys never leave
the token, and errors repeat neither a PIN nor what a token says. Source: PKCS #11 v3.0 (CKM_EDDSA, CKM_SHA256_HMAC).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from takedown_cli.core.errors import MissingExtraError, OrganisationKeyError, PassphraseError
from takedown_cli.helpline.keys.key_uri import TokenUri
from takedown_cli.helpline.keys.secret import EarlierKey, KeyDescription
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle

#: The curve as PKCS #11 v3.0, section 2.3.1, names it: PrintableString "edwards25519".
_CURVE: Final = bytes.fromhex("130c") + b"edwards25519"
_FOR_LEDGER: Final = b"takedown/ledger/v1"


def _library() -> ModuleType:
    try:
        return import_module("pkcs11")
    except ImportError:
        raise MissingExtraError(
            "Keys on a token need a library that is not installed.",
            hint="In a clone of takedown, install it with: pip install '.[pkcs11]'.",
        ) from None


@contextmanager
def _session(uri: TokenUri, pin: Callable[[], str], *, write: bool = False) -> Iterator[Any]:
    """Open a session, and replace the library's errors by OrganisationKeyError and PassphraseError."""
    pkcs11 = _library()
    errors = import_module("pkcs11.exceptions")
    try:
        token = pkcs11.lib(str(uri.module)).get_token(
            token_label=uri.token, token_serial=None if uri.serial is None else uri.serial.encode()
        )
    except (errors.PKCS11Error, RuntimeError, OSError):
        raise OrganisationKeyError(
            "No such token, or its library cannot be used.", hint="Is it plugged in? Check the URI."
        ) from None
    secret = pin()
    try:
        with token.open(rw=write, user_pin=secret) as session:
            yield session
    except (errors.PinIncorrect, errors.PinInvalid, errors.PinLenRange, errors.PinLocked):
        raise PassphraseError(
            "The token rejected the PIN.", hint="Do not guess: a token locks itself after several wrong PINs."
        ) from None
    except (errors.PKCS11Error, RuntimeError):
        raise OrganisationKeyError("The token could not carry out the request.") from None


def _objects(session: Any, uri: TokenUri, kind: str) -> dict[int, Any]:
    """Return the token's objects of that kind under the label, by generation, which is their CKA_ID."""
    pkcs11 = _library()
    wanted = {pkcs11.Attribute.CLASS: getattr(pkcs11.ObjectClass, kind), pkcs11.Attribute.LABEL: uri.label}
    found = {}
    for each in session.get_objects(wanted):
        identifier = each[pkcs11.Attribute.ID]
        if len(identifier) == 8:
            found[struct.unpack(">Q", identifier)[0]] = each
    return found


def _public_of(key: Any) -> bytes:
    point = bytes(key[_library().Attribute.EC_POINT])
    return point[2:] if point[:2] == b"\x04\x20" else point  # as DER, or bare as some tokens have it


def _current(session: Any, uri: TokenUri) -> tuple[int, Any, bytes]:
    """Return the newest generation that has both halves. An interrupted rotation leaves the old one or the new one."""
    private, public = _objects(session, uri, "PRIVATE_KEY"), _objects(session, uri, "PUBLIC_KEY")
    both = private.keys() & public.keys()
    if not both or not _objects(session, uri, "SECRET_KEY"):
        raise OrganisationKeyError("No such key on the token.", hint="'takedown keys new' makes one.")
    newest = max(both)
    return newest, private[newest], _public_of(public[newest])


class TokenKey:
    """An ``OrganisationKey`` on a token. Each signature needs the token, so the PIN is kept in memory."""

    def __init__(self, uri: TokenUri, pin: Callable[[], str]) -> None:
        self._uri, self._pin = uri, cache(pin)
        pkcs11 = _library()
        with _session(uri, self._pin) as session:
            _, _, self._public = _current(session, uri)
            ledger = next(iter(_objects(session, uri, "SECRET_KEY").values()))
            self._ledger = bytes(ledger.sign(_FOR_LEDGER, mechanism=pkcs11.Mechanism.SHA256_HMAC))

    @property
    def public(self) -> bytes:
        return self._public

    def _sign(self, message: bytes) -> bytes:
        with _session(self._uri, self._pin) as session:
            private = _objects(session, self._uri, "PRIVATE_KEY")
            public = {n: _public_of(key) for n, key in _objects(session, self._uri, "PUBLIC_KEY").items()}
            mine = [key for n, key in private.items() if public.get(n) == self._public]
            if not mine:
                raise OrganisationKeyError("The key was rotated in the meantime.", hint="Run the command again.")
            return bytes(mine[0].sign(message, mechanism=_library().Mechanism.EDDSA))

    def countersign(self, signed: bytes) -> bytes:
        """Raises BundleError, SignatureError, OrganisationKeyError."""
        return envelope.countersign_by(signed, Bundle.TYPE, self._public, self._sign)

    def ledger_key(self) -> bytes:
        return self._ledger


def create_token_key(uri: TokenUri, pin: Callable[[], str]) -> KeyDescription:
    """Make the key pair and the ledger's secret on the token. Raises OrganisationKeyError when there is a key."""
    pkcs11 = _library()
    with _session(uri, pin, write=True) as session:
        if _objects(session, uri, "PRIVATE_KEY"):
            raise OrganisationKeyError("A key with that name exists already.", hint="'takedown keys rotate' renews it.")
        if not _objects(session, uri, "SECRET_KEY"):
            session.generate_key(
                pkcs11.KeyType.GENERIC_SECRET,
                256,
                mechanism=pkcs11.Mechanism.GENERIC_SECRET_KEY_GEN,
                store=True,
                label=uri.label,
                id=struct.pack(">Q", 0),
                template={
                    pkcs11.Attribute.SIGN: True,
                    pkcs11.Attribute.SENSITIVE: True,
                    pkcs11.Attribute.EXTRACTABLE: False,
                },
            )
        _generate(session, uri, 1)
        return _described(session, uri)


def _generate(session: Any, uri: TokenUri, generation: int) -> None:
    pkcs11 = _library()
    parameters = session.create_domain_parameters(
        pkcs11.KeyType.EC_EDWARDS, {pkcs11.Attribute.EC_PARAMS: _CURVE}, local=True
    )
    parameters.generate_keypair(
        mechanism=pkcs11.Mechanism.EC_EDWARDS_KEY_PAIR_GEN,
        store=True,
        label=uri.label,
        id=struct.pack(">Q", generation),
    )


def rotate_token_key(uri: TokenUri, pin: Callable[[], str]) -> KeyDescription:
    """Make a pair of the next generation, then destroy the old private key. Its public half stays."""
    with _session(uri, pin, write=True) as session:
        newest, _, _ = _current(session, uri)
        highest = max(_objects(session, uri, "PUBLIC_KEY"))  # one without a private half is of a broken rotation
        _generate(session, uri, highest + 1)
        for generation, key in _objects(session, uri, "PRIVATE_KEY").items():
            if generation <= newest:
                key.destroy()
        return _described(session, uri)


def describe_token_key(uri: TokenUri, pin: Callable[[], str]) -> KeyDescription:
    with _session(uri, pin) as session:
        return _described(session, uri)


def _described(session: Any, uri: TokenUri) -> KeyDescription:
    newest, _, public = _current(session, uri)
    earlier = sorted((n, _public_of(key)) for n, key in _objects(session, uri, "PUBLIC_KEY").items() if n < newest)
    return KeyDescription(public, None, tuple(EarlierKey(key) for _, key in earlier))
