"""The address of an intake (an origin and, after a ``#``, the id of the key that must answer there), or of an HMA bank.

Plain HTTP is accepted only where nobody can listen in: on the loopback interface and for onion services.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import SplitResult, urlsplit

from takedown_cli.core.errors import ConfigError

_PIN = re.compile(r"[0-9a-f]{40}")
_BANK = re.compile(r"hma\+(https?://[^/?#\s]+)/([A-Z0-9_]{1,100})/?")


@dataclass(frozen=True, slots=True)
class IntakeAddress:
    """``origin`` is scheme, host and port in lower case; ``pin`` is the signing key's id, or None when not known."""

    origin: str
    pin: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``https://intake.example#<40 hex digits>``. Raise ConfigError with what is wrong."""
        parts, host, port = _split_url(text, "The intake address is not a valid URL.")
        if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
            raise ConfigError("The intake address must look like https://intake.example, optionally with #key-id.")
        if parts.path not in {"", "/"} or parts.query or parts.username is not None:
            raise ConfigError("The intake address must be an origin: no path, no query, no user name.")
        if parts.fragment and not _PIN.fullmatch(parts.fragment.lower()):
            raise ConfigError("The key id after '#' in the intake address must be 40 hexadecimal digits.")
        if parts.scheme == "http" and not _is_private_without_tls(host):
            raise ConfigError("An intake on another machine must be reached by https:// (or be an onion service).")
        return cls(_join_origin(parts.scheme, host, port), parts.fragment.lower() or None)

    @property
    def is_onion(self) -> bool:
        """Whether this is an onion service. Its name must never be looked up at a name server."""
        return (urlsplit(self.origin).hostname or "").endswith(".onion")

    @property
    def page_for_callers(self) -> str:
        """The address of the intake's page for callers: never with a case number, since browsers keep addresses."""
        return f"{self.origin}/case#{self.pin}" if self.pin else f"{self.origin}/case"

    def __str__(self) -> str:
        return f"{self.origin}#{self.pin}" if self.pin else self.origin


@dataclass(frozen=True, slots=True)
class BankAddress:
    """A bank of an HMA server: where the server is, and the bank's name in capitals, digits and underscores."""

    server: IntakeAddress
    bank: str

    @classmethod
    def parse(cls, text: str, *, plain: bool = False) -> Self:
        """Read ``hma+https://hma.example/BANK``; ``plain`` allows ``hma+http`` to any machine. Raise ConfigError."""
        found = _BANK.fullmatch(text.strip())
        if found is None:
            raise ConfigError("The address of an HMA bank must look like hma+https://hma.example/BANK_NAME.")
        parts, host, port = _split_url(found[1], "The address of the HMA bank is not a valid URL.")
        if not _HOST.fullmatch(host) or parts.username is not None:
            raise ConfigError("The address of an HMA bank has no user name.")
        if parts.scheme == "http" and not (plain or _is_private_without_tls(host)):
            raise ConfigError(
                "An HMA server on another machine must be reached by hma+https://.",
                hint="Put TLS in front of it. With --plain-http, others on the network can read the hashes.",
            )
        return cls(IntakeAddress(_join_origin(parts.scheme, host, port)), found[2])

    def __str__(self) -> str:
        return f"hma+{self.server.origin}/{self.bank}"


_HOST = re.compile(r"[a-z0-9.:-]*[a-z0-9:]")


def _split_url(text: str, sentence: str) -> tuple[SplitResult, str, int | None]:
    """Return the parts of a URL, with its host and port. Raise ConfigError with that ``sentence``."""
    try:
        parts = urlsplit(text.strip())
        return parts, parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(sentence) from None


def _join_origin(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}" if port in {None, {"http": 80, "https": 443}[scheme]} else f"{scheme}://{name}:{port}"


def _is_private_without_tls(host: str) -> bool:
    return is_loopback(host) or host.endswith(".onion")


def is_loopback(host: str) -> bool:
    """Return whether it is this computer, without asking a name server."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
