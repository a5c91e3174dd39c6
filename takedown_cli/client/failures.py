"""Says what went wrong between this computer and a server: one sentence for each cause, with what to do next.

The sentence names the host, as the person gave it, and nothing else. The chain of causes stays with the error.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

import httpx

from takedown_cli.core.errors import UnreachableError
from takedown_cli.locale.filled import filled, filled_many

_CHECK: Final = "Check the address, and that this computer is online."
_LATER: Final = "Try again later."
_ONLINE: Final = "Check that this computer is online, then try again."
_CHECK_PROXY: Final = "Check --proxy. Is it running?"
_CHECK_PORT: Final = "Check the address and port."
_PROXY_LATER: Final = "Check --proxy. Try again later."
_PROXY_SILENT: Final = (
    "The proxy at {proxy} did not answer within a second.",
    "The proxy at {proxy} did not answer within {count} seconds.",
)
_NO_ANSWER: Final = (
    "No server answered at {server} within a second.",
    "No server answered at {server} within {count} seconds.",
)
_NOT_SECURED: Final = (
    "{server} made no secure connection within a second.",
    "{server} made no secure connection within {count} seconds.",
)
_SILENT: Final = (
    "{server} accepted the connection, but did not answer within a second.",
    "{server} accepted the connection, but did not answer within {count} seconds.",
)
_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})
#: OpenSSL's numbers (x509_vfy.h): the certificate is not yet valid, or no longer; its name is not the host's.
_EXPIRED: Final = frozenset({9, 10})
_OTHER_NAME: Final = frozenset({62, 64})


class Phase(StrEnum):
    """How far a request came."""

    CONNECT = "connect"
    PROXY = "proxy"  # connected to the proxy, which has to connect to the server
    TLS = "tls"
    ANSWER = "answer"


def explain_silence(server: str, proxy: str | None, phase: Phase, seconds: float) -> UnreachableError:
    """Return the error for a server, or its proxy, that let the time pass."""
    count = max(1, round(seconds))
    if proxy is not None and phase in {Phase.CONNECT, Phase.PROXY}:
        return UnreachableError(filled_many(*_PROXY_SILENT, count, proxy=proxy), hint=_CHECK_PROXY)
    if phase is Phase.CONNECT:
        return UnreachableError(filled_many(*_NO_ANSWER, count, server=server), hint=_CHECK)
    if phase is Phase.TLS:
        return UnreachableError(filled_many(*_NOT_SECURED, count, server=server), hint=_LATER)
    return UnreachableError(
        filled_many(*_SILENT, count, server=server), hint="Try again later, or wait longer with --timeout."
    )


def explain_failure(
    error: Exception, server: str, proxy: str | None, phase: Phase, *, own_ca: bool
) -> UnreachableError:
    """Return the error for a request that failed. ``own_ca`` says that the person named an authority."""
    through_proxy = proxy is not None and phase in {Phase.CONNECT, Phase.PROXY}
    for cause in _chain(error):
        if isinstance(cause, socket.gaierror):
            return _explain_name(cause, proxy if through_proxy and proxy else server, of_proxy=through_proxy)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _explain_certificate(cause, proxy if through_proxy and proxy else server, own_ca=own_ca)
        if isinstance(cause, ssl.SSLError):
            return UnreachableError(
                filled("{server} does not speak TLS (https).", server=proxy if through_proxy else server),
                hint=_CHECK_PORT,
            )
        if isinstance(cause, httpx.ProxyError):
            return _explain_proxy(cause, server, proxy or "")
        if isinstance(cause, ConnectionRefusedError):
            if through_proxy:
                return UnreachableError(
                    filled("No proxy answered at {proxy} (connection refused).", proxy=proxy), hint=_CHECK_PROXY
                )
            return UnreachableError(
                filled("No server answered at {server} (connection refused).", server=server),
                hint="Check the address. Try again later.",
            )
        if isinstance(cause, OSError) and cause.errno in _NO_ROUTE:
            return UnreachableError(
                filled("There is no way from this computer to {server}.", server=server), hint=_ONLINE
            )
        if isinstance(cause, httpx.TimeoutException):
            return explain_silence(server, proxy, phase, 20)
    who = filled("The proxy at {proxy}", proxy=proxy) if through_proxy else server
    if isinstance(error, httpx.RemoteProtocolError) and "peer closed" in str(error):
        return UnreachableError(
            filled("{server} closed the connection in the middle of its answer.", server=who), hint=_LATER
        )
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        return UnreachableError(filled("{server} answered, but not as a web server.", server=who), hint=_CHECK_PORT)
    return UnreachableError(filled("{server} closed the connection without an answer.", server=who), hint=_LATER)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the causes, the first one of all first."""
    if error is not None:
        yield from _chain(error.__cause__ or error.__context__)
        yield error


def _explain_name(error: socket.gaierror, host: str, *, of_proxy: bool) -> UnreachableError:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if error.errno == socket.EAI_AGAIN:
        sentence = (
            "The proxy's name {name} could not be looked up: no name server answered." if of_proxy
            else "The name {name} could not be looked up: no name server answered."
        )  # fmt: skip
        return UnreachableError(filled(sentence, name=name), hint=_ONLINE)
    sentence = "The proxy's name {name} was not found." if of_proxy else "The name {name} was not found."
    return UnreachableError(filled(sentence, name=name), hint=_CHECK)


def _explain_certificate(error: ssl.SSLCertVerificationError, host: str, *, own_ca: bool) -> UnreachableError:
    found = UnreachableError(filled("The certificate of {host} is not trusted.", host=host))
    found.lasting = True
    if error.verify_code in _EXPIRED:
        found.sentence = filled("The certificate of {host} is not valid today.", host=host)
        found.hint = "Check this computer's date. If it is right, tell the people who run the server."
    elif error.verify_code in _OTHER_NAME:
        found.sentence = filled("The certificate that {host} showed is for another name.", host=host)
        found.hint = "Check the address. On a public network, sign in to it first. Nothing was sent."
    elif own_ca:
        found.hint = (
            "It is not from the certificate authority that --ca or the setting 'intake_ca' names. Nothing was sent."
        )
    else:
        found.hint = (
            "Somebody may be reading along, so nothing was sent. If the people who run the server gave you the file "
            "of their own certificate authority, name it with --ca FILE or the setting 'intake_ca'."
        )
    return found


def _explain_proxy(error: httpx.ProxyError, server: str, proxy: str) -> UnreachableError:
    """HTTP proxies answer with a status, which the text begins with; those of SOCKS with a sentence of the library."""
    number = str(error)[:3]
    if number.isascii() and number.isdigit():
        return UnreachableError(
            filled("The proxy at {proxy} answered {number}.", proxy=proxy, number=number), hint=_PROXY_LATER
        )
    return UnreachableError(
        filled("The proxy at {proxy} could not connect to {server}.", proxy=proxy, server=server), hint=_PROXY_LATER
    )
