"""The one network door: plain requests to one intake, over TLS, a proxy or Tor.

It guarantees that only the given origin is contacted, that no redirect is followed, that a reply is bounded, and that
nothing of the environment (proxies, certificates, key logs, netrc) changes that.
It must never send a header, cookie or user agent that tells one person or machine from another.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import httpx

from takedown_cli.address import IntakeAddress
from takedown_cli.errors import ConfigError, UnreachableError, UntrustedIntakeError
from takedown_cli.submit import tls

USER_AGENT: Final = "takedown"
MAX_REPLY: Final = 9 << 20
_TIMEOUT: Final = httpx.Timeout(connect=20, read=60, write=60, pool=20)
#: Seconds in which the body of an answer has to come, whatever its size: by drops it would come for ever.
_LONGEST_ANSWER: Final = 600.0


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` is the HTTP code; ``retry_after`` is in seconds, when the intake named it."""

    status: int
    body: bytes
    retry_after: int | None


class Door:
    """A connection to one intake. ``proxy`` is a URL; with ``socks5h`` the host name goes to the proxy as well.

    Raises ConfigError for an unusable proxy: it fails closed, never directly.
    """

    def __init__(self, address: IntakeAddress, proxy: str | None = None) -> None:
        if address.is_onion and proxy is None:
            raise ConfigError(
                "An onion service is reached through Tor only.", hint="Add --proxy socks5h://127.0.0.1:9050."
            )
        if proxy is not None and not proxy.startswith(("socks5h://", "http://", "https://")):
            raise ConfigError("The proxy must be a socks5h://, http:// or https:// URL.")
        self._origin = address.origin
        try:
            self._client = httpx.Client(
                base_url=address.origin,
                headers={"user-agent": USER_AGENT, "accept-encoding": "identity"},
                timeout=_TIMEOUT,
                follow_redirects=False,
                trust_env=False,
                verify=tls.context(),
                proxy=_proxy(proxy),
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
            )
        except OSError:
            raise ConfigError("This computer has no usable list of certificate authorities.") from None
        except (ValueError, ImportError, httpx.HTTPError):
            raise ConfigError("The proxy address cannot be used.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str) -> Reply:
        return self._exchange("GET", path, None)

    def post(self, path: str, body: bytes, content_type: str = "application/octet-stream") -> Reply:
        return self._exchange("POST", path, body, content_type)

    def delete(self, path: str) -> Reply:
        return self._exchange("DELETE", path, None)

    def _exchange(self, method: str, path: str, body: bytes | None, content_type: str = "") -> Reply:
        """Raises UnreachableError when no answer came, UntrustedIntakeError when one may not be believed."""
        headers = {} if body is None else {"content-type": content_type}
        try:
            with self._client.stream(method, path, content=body, headers=headers) as response:
                if response.is_redirect:
                    raise UntrustedIntakeError("The intake tried to send the request elsewhere.")
                content, until = bytearray(), time.monotonic() + _LONGEST_ANSWER
                for chunk in response.iter_raw():
                    content += chunk
                    if len(content) > MAX_REPLY:
                        raise UntrustedIntakeError("The intake's answer is too large.")
                    if time.monotonic() > until:
                        raise UnreachableError
                return Reply(response.status_code, bytes(content), _seconds(response.headers.get("retry-after")))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ssl.SSLError):
            raise UnreachableError from None
        finally:
            self._client.cookies.clear()


def _proxy(url: str | None) -> httpx.Proxy | None:
    """A proxy that is reached by TLS gets our context too, or the library would make one that obeys the environment."""
    if url is None:
        return None
    return httpx.Proxy(url, ssl_context=tls.context() if url.startswith("https://") else None)


def _seconds(text: str | None) -> int | None:
    return min(int(text), 3600) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else None
