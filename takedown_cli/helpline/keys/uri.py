"""Where an organisation's key is kept, as one URI: a sealed file, the system's key store, or a PKCS#11 token.

It guarantees that a secret written into the URI is refused, since lists of processes and shell histories show it.
It must never open what it names. Source: RFC 7512 for ``pkcs11:``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from takedown_cli.errors import ConfigError

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_PATH_ATTRIBUTES: Final = frozenset({"token", "manufacturer", "serial", "model", "object", "type", "id"})
_QUERY_ATTRIBUTES: Final = frozenset({"module-path", "module-name", "pin-source", "pin-value"})
_EXAMPLES: Final = "Such as file:KEY, keyring:NAME or 'pkcs11:token=NAME;object=NAME?module-path=/path/to/module.so'."


@dataclass(frozen=True, slots=True)
class FileUri:
    path: Path


@dataclass(frozen=True, slots=True)
class KeyringUri:
    name: str


@dataclass(frozen=True, slots=True)
class TokenUri:
    """``label`` is that of the key's objects on the token; ``module`` the path of the token's own library."""

    token: str
    label: str
    module: Path
    serial: str | None = None


KeyUri = FileUri | KeyringUri | TokenUri


def parse(text: str) -> KeyUri:
    """Raises ConfigError with what is wrong; never with a part of the URI, which may hold a PIN."""
    scheme, mark, rest = text.strip().partition(":")
    if mark and rest and scheme == "file":
        if rest.startswith("//"):  # RFC 8089: file:///path
            rest = unquote(rest[2:])
            if not rest.startswith("/"):
                raise ConfigError("A key file lies on this computer: file:PATH or file:///PATH.")
        return FileUri(Path(rest))
    if mark and scheme == "keyring" and _NAME.fullmatch(rest):
        return KeyringUri(rest)
    if mark and rest and scheme == "pkcs11":
        return _token(rest)
    raise ConfigError("That is not the URI of a key.", hint=_EXAMPLES)


def _token(rest: str) -> TokenUri:
    path, _, query = rest.partition("?")
    attributes = _attributes(path, ";", _PATH_ATTRIBUTES)
    options = _attributes(query, "&", _QUERY_ATTRIBUTES)
    if "pin-value" in options:
        raise ConfigError(
            "A PIN does not belong into the URI of a key: the shell's history and the list of processes show it.",
            hint="Leave pin-value out; the PIN is asked for, or read with --passphrase-file.",
        )
    if "pin-source" in options:
        raise ConfigError("The PIN is read with --passphrase-file, not with pin-source.")
    if attributes.get("type", "private") != "private":
        raise ConfigError("The URI must name a private key.")
    module = options.get("module-path", "")
    if not Path(module).is_absolute():
        raise ConfigError(
            "The URI must name the token's library: ?module-path=/path/to/module.so.",
            hint="Its maker's documentation says where it is.",
        )
    if not attributes.get("token") or not attributes.get("object"):
        raise ConfigError("The URI must name the token and the key: pkcs11:token=NAME;object=NAME.")
    return TokenUri(attributes["token"], attributes["object"], Path(module), attributes.get("serial"))


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, _, value = part.partition("=")
        if name in found or name not in known:  # RFC 7512, section 2.3: once each
            raise ConfigError("The pkcs11 URI holds an attribute that is not known, or one twice.", hint=_EXAMPLES)
        try:
            found[name] = unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise ConfigError("The pkcs11 URI holds an attribute that is no UTF-8.") from None
    return found
