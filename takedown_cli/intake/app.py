"""The intake's web interface for people: a table of routes, and for each the few lines between HTTP and the service.

It guarantees that work which computes or waits for the disk never holds up the loop that listens.
It must never decide anything about a case, nor keep anything of a request.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Literal

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from takedown_cli.bundle.seal import BUCKETS
from takedown_cli.intake import platforms
from takedown_cli.intake.door import EXCEPTION_HANDLERS, Door, read_body
from takedown_cli.intake.service import Intake
from takedown_cli.intake.workers import Workers, committed

#: Header line, sealed keys and tag around the padded content.
_OVERHEAD: Final = 4096
SUBMISSION_LIMIT: Final = BUCKETS[-1] + _OVERHEAD
REQUEST_LIMIT: Final = 256 * 1024 + _OVERHEAD
_THREADS: Final = 4


def make_app(intake: Intake) -> ASGIApp:
    """The ASGI application; it starts and stops the intake's writer."""
    workers = Workers(_THREADS)
    desk = Desk(intake, workers)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        intake.start()
        workers.start()
        try:
            yield
        finally:
            await to_thread.run_sync(workers.stop)
            await to_thread.run_sync(intake.stop)

    routes = [
        Route("/healthz", desk.health, methods=["GET"]),
        Route("/v1/keys", desk.keys, methods=["GET"]),
        Route("/v1/submit", desk.submit, methods=["POST"]),
        Route("/v1/status", desk.status, methods=["POST"]),
        Route("/v1/withdraw", desk.withdraw, methods=["POST"]),
        *platforms.routes(intake, workers),
    ]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=EXCEPTION_HANDLERS)
    app.router.redirect_slashes = False  # no client of ours follows a redirect
    return Door(app)


class Desk:
    """The handlers, over one intake."""

    def __init__(self, intake: Intake, workers: Workers) -> None:
        self._intake = intake
        self._workers = workers

    async def health(self, _: Request) -> Response:
        return Response(b"ok\n", media_type="text/plain")

    async def keys(self, _: Request) -> Response:
        return Response(self._intake.identity.card, media_type="application/json")

    async def submit(self, request: Request) -> Response:
        body = await read_body(request, SUBMISSION_LIMIT)
        submission = await self._workers.run(partial(self._intake.admit, body))
        receipt = await committed(self._intake.accept(submission))
        return Response(self._intake.signed(receipt), media_type="application/json")

    async def status(self, request: Request) -> Response:
        return await self._inquire(request, "status")

    async def withdraw(self, request: Request) -> Response:
        return await self._inquire(request, "withdraw")

    async def _inquire(self, request: Request, action: Literal["status", "withdraw"]) -> Response:
        body = await read_body(request, REQUEST_LIMIT)
        answer = await self._workers.run(partial(self._intake.inquire, body, action))
        return Response(answer, media_type="application/octet-stream")
