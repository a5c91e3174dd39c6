"""The URI of an organisation's key: a passphrase file, the system's key store, or a PKCS#11 token.

A secret in the URI is refused, because other programs and the shell's history show it. Source: RFC 7512 (``pkcs11:``).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from takedown_cli.core.errors import ConfigError

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


def parse_key_uri(text: str) -> KeyUri:
    """Return the parsed URI. Raise ConfigError, which repeats no part of the URI: that may hold a PIN."""
    scheme, mark, rest = text.strip().partition(":")
    if mark and rest and scheme == "file":
        return FileUri(Path(file_path(rest, windows=os.name == "nt")))
    if mark and scheme == "keyring" and _NAME.fullmatch(rest):
        return KeyringUri(rest)
    if mark and rest and scheme == "pkcs11":
        return _token(rest)
    raise ConfigError("This is not the URI of a key.", hint=_EXAMPLES)


def file_path(rest: str, *, windows: bool) -> str:
    """Return the path in a file URI, without its scheme. Raise ConfigError for a file on another computer.

    A path without ``//`` is taken as it is. Source: RFC 8089, with appendices E.2 (drive letters) and E.3 (UNC).
    """
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        path = unquote(slash + path)
        if host not in {"", "localhost"} or not slash or (windows and path.startswith(("//", "/\\"))):
            raise ConfigError("A key file must be on this computer: file:PATH or file:///PATH.")
        rest = path
    if windows and re.match(r"/[A-Za-z][:|](?:[/\\]|$)", rest):
        rest = f"{rest[1]}:{rest[3:]}"
    return rest


def _token(rest: str) -> TokenUri:
    path, _, query = rest.partition("?")
    attributes = _attributes(path, ";", _PATH_ATTRIBUTES)
    options = _attributes(query, "&", _QUERY_ATTRIBUTES)
    if "pin-value" in options:
        raise ConfigError(
            "Do not put a PIN in the URI of a key: the shell's history and other programs can see it.",
            hint="Leave out pin-value. takedown asks for the PIN, or reads it with --passphrase-file.",
        )
    if "pin-source" in options:
        raise ConfigError("pin-source is not supported. Give the PIN with --passphrase-file.")
    if attributes.get("type", "private") != "private":
        raise ConfigError("The URI must name a private key.")
    module = options.get("module-path", "")
    if not Path(module).is_absolute():
        raise ConfigError(
            "The URI must name the token's library: ?module-path=/path/to/module.so.",
            hint="The token's documentation says where the library is.",
        )
    if not attributes.get("token") or not attributes.get("object"):
        raise ConfigError("The URI must name the token and the key: pkcs11:token=NAME;object=NAME.")
    return TokenUri(attributes["token"], attributes["object"], Path(module), attributes.get("serial"))


def _attributes(text: str, separator: str, known: frozenset[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, text.split(separator)):
        name, _, value = part.partition("=")
        if name in found or name not in known:  # RFC 7512, section 2.3: once each
            raise ConfigError("The pkcs11 URI holds an unknown or duplicate attribute.", hint=_EXAMPLES)
        try:
            found[name] = unquote(value, errors="strict")
        except UnicodeDecodeError:
            raise ConfigError("The pkcs11 URI holds an attribute that is not UTF-8.") from None
    return found
