"""The only way to the network: plain requests to one server, over TLS, a proxy or Tor.

Only the given origin is contacted, no redirect is followed, and nothing in the environment (proxies, certificates, key
logs, netrc) changes that. No header, cookie or user agent distinguishes one person or machine from another.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent import futures
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx

from takedown_cli.client.failures import Phase, explain_failure, explain_silence
from takedown_cli.client.tls import make_context
from takedown_cli.client.waiting import Exchange, OnWaiting
from takedown_cli.core.errors import ConfigError, UntrustedIntakeError
from takedown_cli.protocol.addresses import IntakeAddress

USER_AGENT: Final = "takedown"
MAX_REPLY: Final = 9 << 20
#: Everything else is bounded by the ``Exchange``, from outside.
_TIMEOUT: Final = httpx.Timeout(None, connect=20)
_CHUNK: Final = 1 << 14
#: Windows hears Ctrl-C only between waits of the main thread.
_LONGEST_WAIT: Final = 0.5


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` is the HTTP code; ``retry_after`` is in seconds, when the intake named it.

    The names of ``headers`` are in lower case. The body is as it came, even if it is compressed.
    """

    status: int
    body: bytes
    retry_after: int | None
    headers: Mapping[str, str] = field(default_factory=dict)


class Transport:
    """A connection to one server. ``proxy`` is a URL; with ``socks5h`` the host name goes to the proxy as well.

    ``ca`` is a file with the only authorities (PEM) to trust. ``on_waiting`` is called while a server lets us wait.
    ``headers`` go with every request: for a platform, which is known to the intake, and never for a person.
    Raises ConfigError for an unusable proxy or file: the server is then not contacted in another way instead.
    """

    def __init__(
        self,
        address: IntakeAddress,
        proxy: str | None = None,
        *,
        ca: Path | None = None,
        on_waiting: OnWaiting = lambda _: None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if address.is_onion and proxy is None:
            raise ConfigError(
                "An onion service can be reached only through Tor.", hint="Add --proxy socks5h://127.0.0.1:9050."
            )
        if proxy is not None and not proxy.startswith(("socks5h://", "http://", "https://")):
            raise ConfigError("The proxy must be a socks5h://, http:// or https:// URL.")
        self._origin, self._proxy, self._ca, self._on_waiting = address.origin, proxy, ca, on_waiting
        self._headers = headers or {}
        self._connection: _Connection | None = self._open()
        #: The server's name as a person knows it: the host, with its port if it is an unusual one.
        self.server = urlsplit(address.origin).netloc
        self._proxy_name = None if proxy is None else urlsplit(proxy).netloc.rpartition("@")[2]

    def _open(self) -> _Connection:
        try:
            return _Connection(self._origin, self._proxy, self._ca, self._headers)
        except OSError:
            if self._ca is not None:
                raise ConfigError("The file of the certificate authority has no readable certificate (PEM).") from None
            raise ConfigError("This computer has no usable list of certificate authorities.") from None
        except (ValueError, ImportError, httpx.HTTPError):
            raise ConfigError("The proxy address is not valid.") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def get(self, path: str, exchange: Exchange | None = None) -> Reply:
        return self._request("GET", path, None, exchange)

    def post(
        self,
        path: str,
        body: bytes,
        content_type: str = "application/octet-stream",
        exchange: Exchange | None = None,
    ) -> Reply:
        return self._request("POST", path, body, exchange, content_type)

    def delete(self, path: str, exchange: Exchange | None = None) -> Reply:
        return self._request("DELETE", path, None, exchange)

    def announce_pause(self, exchange: Exchange, seconds: float) -> None:
        """Say that the server is left alone for some seconds before the next try."""
        self._on_waiting(exchange.notice(self.server, seconds))

    def _request(
        self, method: str, path: str, body: bytes | None, exchange: Exchange | None, content_type: str = ""
    ) -> Reply:
        """Make one request. Raise UnreachableError without an answer, UntrustedIntakeError for one we cannot trust.

        Whatever the server does, this ends when ``exchange`` has no time left.
        """
        exchange = exchange or Exchange()
        exchange.begin_try()
        connection = self._connection = self._connection or self._open()
        asked = connection.start(method, path, body, content_type, exchange)
        try:
            while not asked.done():
                wait = min(exchange.remaining(), exchange.until_notice(), _LONGEST_WAIT)
                futures.wait([asked], max(0.0, wait))
                if asked.done():
                    break
                if exchange.remaining() <= 0:
                    raise explain_silence(self.server, self._proxy_name, connection.phase, exchange.waited())
                if not exchange.until_notice():
                    self._on_waiting(exchange.notice(self.server))
        except BaseException:  # also when the person stops it
            connection.abandon()
            self._connection = None
            raise
        try:
            return asked.result()
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            own_ca = self._ca is not None
            raise explain_failure(error, self.server, self._proxy_name, connection.phase, own_ca=own_ca) from error


class _Connection:
    """One connection, whose requests run in threads of their own, so that the caller can stop waiting for them."""

    def __init__(self, origin: str, proxy: str | None, ca: Path | None, headers: Mapping[str, str]) -> None:
        self.phase = Phase.CONNECT
        self._host, self._has_proxy = urlsplit(origin).hostname, proxy is not None
        self._socket: socket.socket | None = None
        self._abandoned = threading.Event()
        # A proxy that is reached by TLS gets our context too: the library's own would obey the environment.
        to_proxy = make_context() if proxy is not None and proxy.startswith("https://") else None
        self._client = httpx.Client(
            base_url=origin,
            headers={"user-agent": USER_AGENT, "accept-encoding": "identity", **headers},
            timeout=_TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            verify=make_context(ca),
            proxy=proxy and httpx.Proxy(proxy, ssl_context=to_proxy),
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1),
        )

    def close(self) -> None:
        self._client.close()

    def start(
        self, method: str, path: str, body: bytes | None, content_type: str, exchange: Exchange
    ) -> futures.Future[Reply]:
        """Start one request, and return its reply to come."""
        asked: futures.Future[Reply] = futures.Future()

        def perform() -> None:
            try:
                asked.set_result(self._perform(method, path, body, content_type, exchange))
            except BaseException as error:
                asked.set_exception(error)
            finally:
                if self._abandoned.is_set():
                    self._client.close()

        threading.Thread(target=perform, daemon=True).start()
        return asked

    def abandon(self) -> None:
        """Let a running request end as soon as it can; nothing more is sent by it."""
        self._abandoned.set()
        if self._socket is not None:
            with suppress(OSError):  # not SSLSocket's own method, which is not for use beside a read
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _perform(self, method: str, path: str, body: bytes | None, content_type: str, exchange: Exchange) -> Reply:
        headers = {} if body is None else {"content-type": content_type, "Content-Length": str(len(body))}
        content = None if body is None else _in_chunks(body, exchange)
        extensions = {"trace": self._note_event}
        try:
            with self._client.stream(method, path, content=content, headers=headers, extensions=extensions) as response:
                if response.is_redirect:
                    raise UntrustedIntakeError("The intake tried to send the request elsewhere.")
                received = bytearray()
                for chunk in response.iter_raw():
                    received += chunk
                    exchange.count_body(len(chunk))
                    if len(received) > MAX_REPLY:
                        raise UntrustedIntakeError("The intake's answer is too large.")
                retry_after = _parse_retry_after(response.headers.get("retry-after"))
                return Reply(response.status_code, bytes(received), retry_after, dict(response.headers))
        finally:
            self._client.cookies.clear()

    def _note_event(self, event: str, info: dict[str, Any]) -> None:
        """Note how far the request came; httpcore calls this (its "trace" extension)."""
        if self._abandoned.is_set():
            raise httpx.ReadError("abandoned")
        step, ending = event.split(".")[-2:]
        if step == "connect_tcp":
            self.phase = Phase.PROXY if self._has_proxy and ending == "complete" else Phase.CONNECT
        elif step == "start_tls" and ending == "started" and info.get("server_hostname") == self._host:
            self.phase = Phase.TLS
        elif step == "setup_socks5_connection" and ending == "complete":
            self.phase = Phase.ANSWER
        if step in {"connect_tcp", "start_tls"} and ending == "complete":
            self._socket = info["return_value"].get_extra_info("socket")
            if self.phase is Phase.TLS or (step == "connect_tcp" and not self._has_proxy):
                self.phase = Phase.ANSWER


def _in_chunks(body: bytes, exchange: Exchange) -> Iterator[bytes]:
    for start in range(0, len(body), _CHUNK):
        chunk = body[start : start + _CHUNK]
        yield chunk
        exchange.count_body(len(chunk))  # the connection has taken it


def _parse_retry_after(text: str | None) -> int | None:
    """Return the seconds that a server asks us to wait, at most an hour, or None for a date or nonsense."""
    return min(int(text), 3600) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else None
