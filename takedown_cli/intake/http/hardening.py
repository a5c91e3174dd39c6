"""The rules for every request, before and after the intake looks at it.

The number of requests at once is limited. Every answer has the same safe headers. An error inside is answered as "busy"
instead of as a server error. The address of a request is neither logged nor kept.
"""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from takedown_cli.intake.http.metrics import Metrics
from takedown_cli.intake.http.request_bodies import OpenRequests
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.runtime.events import log_failure
from takedown_cli.protocol.wire import Refusal, encode

_HEADERS: Final = [
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]


class HardenedApp:
    """ASGI middleware around the table of routes; the one place that turns an error into an answer."""

    def __init__(self, app: ASGIApp, metrics: Metrics, open_requests: OpenRequests) -> None:
        self._app = app
        self._metrics = metrics
        self._open_requests = open_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, begun = False, time.perf_counter()

        async def send_hardened(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._metrics.count_answer(scope["path"], message["status"], time.perf_counter() - begun)
                own = list(message.get("headers", []))
                named = {name for name, _ in own}
                message["headers"] = own + [header for header in _HEADERS if header[0] not in named]
            self._open_requests.count -= 1  # a client that does not read its answer takes no place
            try:
                await send(message)
            finally:
                self._open_requests.count += 1

        if any(name == b"transfer-encoding" for name, _ in scope["headers"]):
            # Nothing more is read from a connection on which a body of unknown length may still arrive.
            await _error_response(Refused("invalid"), {"connection": "close"})(scope, receive, send)
            return
        if self._open_requests.full:
            await _error_response(Refused("busy"))(scope, receive, send_hardened)
            return
        self._open_requests.count += 1
        scope["app"] = self  # has the router raise HTTPException for a wrong path or method, instead of answering
        try:
            await self._app(scope, receive, send_hardened)
        except Exception as error:  # the last boundary: a bug must not become a server error with a traceback
            answer = _error_response(error)
            if not started:
                await answer(scope, receive, send_hardened)
        finally:
            self._open_requests.count -= 1


def _error_response(error: Exception, headers: dict[str, str] | None = None) -> Response:
    """Return the answer to a request that was refused or failed, and log a failure."""
    if isinstance(error, HTTPException):  # from the router: no such route, or not by this method
        return Response(encode(Refusal(reason="invalid")), error.status_code, error.headers, "application/json")
    if isinstance(error, Refused):
        refused = error
    else:
        log_failure("database-failed" if isinstance(error, SQLAlchemyError) else "request-failed", error)
        refused = Refused("busy")
    headers = dict(headers or {})
    if refused.retry_after is not None:
        headers["retry-after"] = str(refused.retry_after)
    return Response(encode(Refusal(reason=refused.reason)), refused.status, headers, "application/json")
