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

_CHECK: Final = "Check the address, and that this computer is online."
_LATER: Final = "Try again later."
_ONLINE: Final = "Check that this computer is online, then try again."
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
    waited = "within a second" if round(seconds) <= 1 else f"within {seconds:.0f} seconds"
    if proxy is not None and phase in {Phase.CONNECT, Phase.PROXY}:
        return UnreachableError(f"The proxy at {proxy} did not answer {waited}.", hint="Check --proxy. Is it running?")
    if phase is Phase.CONNECT:
        return UnreachableError(f"No server answered at {server} {waited}.", hint=_CHECK)
    if phase is Phase.TLS:
        return UnreachableError(f"{server} made no secure connection {waited}.", hint=_LATER)
    return UnreachableError(
        f"{server} accepted the connection, but did not answer {waited}.",
        hint="Try again later, or wait longer with --timeout.",
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
                f"{proxy if through_proxy else server} does not speak TLS (https).", hint="Check the address and port."
            )
        if isinstance(cause, httpx.ProxyError):
            return _explain_proxy(cause, server, proxy or "")
        if isinstance(cause, ConnectionRefusedError):
            if through_proxy:
                return UnreachableError(
                    f"No proxy answered at {proxy} (connection refused).", hint="Check --proxy. Is it running?"
                )
            return UnreachableError(
                f"No server answered at {server} (connection refused).", hint=f"Check the address. {_LATER}"
            )
        if isinstance(cause, OSError) and cause.errno in _NO_ROUTE:
            return UnreachableError(f"There is no way from this computer to {server}.", hint=_ONLINE)
        if isinstance(cause, httpx.TimeoutException):
            return explain_silence(server, proxy, phase, 20)
    who = f"The proxy at {proxy}" if through_proxy else server
    if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in str(error):
        return UnreachableError(f"{who} answered, but not as a web server.", hint="Check the address and port.")
    return UnreachableError(f"{who} closed the connection without an answer.", hint=_LATER)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the causes, the first one of all first."""
    if error is not None:
        yield from _chain(error.__cause__ or error.__context__)
        yield error


def _explain_name(error: socket.gaierror, host: str, *, of_proxy: bool) -> UnreachableError:
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    whose = "The proxy's name" if of_proxy else "The name"
    if error.errno == socket.EAI_AGAIN:
        return UnreachableError(f"{whose} {name} could not be looked up: no name server answered.", hint=_ONLINE)
    return UnreachableError(f"{whose} {name} was not found.", hint=_CHECK)


def _explain_certificate(error: ssl.SSLCertVerificationError, host: str, *, own_ca: bool) -> UnreachableError:
    found = UnreachableError(f"The certificate of {host} is not trusted.")
    found.lasting = True
    if error.verify_code in _EXPIRED:
        found.sentence = f"The certificate of {host} is not valid today."
        found.hint = "Check this computer's date. If it is right, tell the people who run the server."
    elif error.verify_code in _OTHER_NAME:
        found.sentence = f"The certificate that {host} showed is for another name."
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
        return UnreachableError(f"The proxy at {proxy} answered {number}.", hint=f"Check --proxy. {_LATER}")
    return UnreachableError(f"The proxy at {proxy} could not connect to {server}.", hint=f"Check --proxy. {_LATER}")
