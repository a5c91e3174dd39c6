"""The hardened door: what holds for every request before and after the intake looks at it.

It guarantees a bounded number of requests at once, the same careful headers on every answer, and never a server
error: what goes wrong inside is answered as "busy".
It must never log or keep where a request came from.
"""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from takedown_cli.intake.bodies import Bodies
from takedown_cli.intake.events import tell_failure
from takedown_cli.intake.metrics import Metrics
from takedown_cli.intake.refusal import Refused
from takedown_cli.wire import Refusal, encode

AT_ONCE: Final = 512

_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


def refusal(refused: Refused, *, closing: bool = False) -> Response:
    """The answer to a refused request; with ``closing``, nothing more is read from the connection."""
    headers = {} if refused.retry_after is None else {"retry-after": str(refused.retry_after)}
    if closing:
        headers["connection"] = "close"
    return Response(encode(Refusal(reason=refused.reason)), refused.status, headers, "application/json")


class Door:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics
        self._bodies = Bodies()
        self._inside = 0

    @property
    def inside(self) -> int:
        """Requests that are being answered now."""
        return self._inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, begun = False, time.perf_counter()

        async def careful(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._metrics.answered(scope["path"], message["status"], time.perf_counter() - begun)
                message["headers"] = [*message.get("headers", []), *_HEADERS]
            self._inside -= 1  # a client that does not read what it was answered before takes nobody's place
            try:
                await send(message)
            finally:
                self._inside += 1

        if any(name == b"transfer-encoding" for name, _ in scope["headers"]):
            await refusal(Refused("invalid"), closing=True)(scope, receive, send)
            return
        if self._inside >= AT_ONCE:
            await refusal(Refused("busy"))(scope, receive, careful)
            return
        self._inside += 1
        scope["takedown.read"] = self._read
        try:
            await self._app(scope, receive, careful)
        except Exception as error:  # the last boundary: a bug must not become a server error with a trace
            tell_failure("request-failed", error)
            if not started:
                await refusal(Refused("busy"))(scope, receive, careful)
        finally:
            self._inside -= 1
            self._bodies.release(scope.get("takedown.body", 0))

    async def _read(self, request: Request, limit: int) -> bytes:
        """A request whose body is still coming takes nobody's place."""
        self._inside -= 1
        try:
            body = await self._bodies.read(request, limit)
        finally:
            self._inside += 1
        request.scope["takedown.body"] = len(body)
        if self._inside > AT_ONCE:
            raise Refused("busy")
        return body


async def on_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(error)


async def on_database(_: Request, error: Exception) -> Response:
    tell_failure("database-failed", error)
    return refusal(Refused("busy"))


async def on_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(encode(Refusal(reason="invalid")), error.status_code, error.headers, "application/json")


EXCEPTION_HANDLERS: Final = {Refused: on_refused, SQLAlchemyError: on_database, HTTPException: on_http}
