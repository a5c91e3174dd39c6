"""The address of an intake: an origin and, after a ``#``, the id of the key that must answer there.

It guarantees that plain HTTP is used only where nothing can listen in: the loopback interface and onion services.
It must never resolve a name or open a connection.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from takedown_cli.errors import ConfigError

_PIN = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class IntakeAddress:
    """``origin`` is scheme, host and port in lower case; ``pin`` is the signing key's id, or None when not known."""

    origin: str
    pin: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``https://intake.example#<40 hex digits>``. Raises ConfigError with what is wrong."""
        try:
            parts = urlsplit(text.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise ConfigError("The intake address is not a valid URL.") from None
        if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[a-z0-9.:-]*[a-z0-9:]", host):
            raise ConfigError("The intake address must look like https://intake.example, optionally with #key-id.")
        if parts.path not in {"", "/"} or parts.query or parts.username is not None:
            raise ConfigError("The intake address must be an origin: no path, no query, no user name.")
        if parts.fragment and not _PIN.fullmatch(parts.fragment.lower()):
            raise ConfigError("The key id after '#' in the intake address must be 40 hexadecimal digits.")
        if parts.scheme == "http" and not (_is_loopback(host) or _is_onion(host)):
            raise ConfigError("An intake on another machine must be reached by https:// (or be an onion service).")
        name = f"[{host}]" if ":" in host else host
        default = {"http": 80, "https": 443}[parts.scheme]
        origin = f"{parts.scheme}://{name}" if port in {None, default} else f"{parts.scheme}://{name}:{port}"
        return cls(origin, parts.fragment.lower() or None)

    @property
    def is_onion(self) -> bool:
        """Whether it is an onion service, whose name must never be asked of a name server."""
        return _is_onion(urlsplit(self.origin).hostname or "")

    def __str__(self) -> str:
        return f"{self.origin}#{self.pin}" if self.pin else self.origin


def _is_onion(host: str) -> bool:
    return host.endswith(".onion")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
