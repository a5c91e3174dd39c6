"""The intake's web interface for people: a table of routes, and for each the few lines between HTTP and the service.

It guarantees that work which computes or waits for the disk never holds up the loop that listens.
It must never decide anything about a case, nor keep anything of a request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, Literal

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from takedown_cli.bundle.seal import BUCKETS
from takedown_cli.intake import platforms
from takedown_cli.intake.bodies import read_body
from takedown_cli.intake.door import AT_ONCE, EXCEPTION_HANDLERS, Door, on_database, refusal
from takedown_cli.intake.events import tell, tell_failure, tell_trouble
from takedown_cli.intake.gate import Gate, Owed, parted
from takedown_cli.intake.metrics import Metrics
from takedown_cli.intake.openers import InThreads, Openers
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import Intake
from takedown_cli.intake.workers import Workers
from takedown_cli.intake.writer import QUEUE

#: Work and header line in front, sealed keys and tag around the padded content.
_OVERHEAD: Final = 4096
SUBMISSION_LIMIT: Final = BUCKETS[-1] + _OVERHEAD
REQUEST_LIMIT: Final = 256 * 1024 + _OVERHEAD
_THREADS: Final = 4
_UPKEEP_SECONDS: Final = 12 * 3600.0
_AGAIN_SECONDS: Final = 900.0
_REPORT_SECONDS: Final = 900.0


def make_app(intake: Intake, openers: Openers | None = None) -> ASGIApp:
    """The ASGI application; it starts and stops the intake's writer, and what opens messages: threads if not told."""
    workers = Workers(_THREADS)
    metrics = Metrics(intake.metrics_token)
    openers = openers or InThreads(workers, intake.identity, intake.denied)

    def load() -> float:
        return max(door.inside / AT_ONCE, intake.writer.waiting / QUEUE)

    desk = Desk(intake, workers, openers, Gate(intake, openers, workers, load), metrics)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        intake.start()
        workers.start()
        await openers.start()
        tasks = [asyncio.create_task(_upkeep(intake, workers)), asyncio.create_task(_report(metrics))]
        tell("serving")
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await openers.stop()
            await to_thread.run_sync(workers.stop)
            await to_thread.run_sync(intake.stop)
            metrics.tell(fewest=1)
            tell("stopped")

    table = routes(desk, intake, workers)
    app = Starlette(routes=table, lifespan=lifespan, exception_handlers=EXCEPTION_HANDLERS)
    app.router.redirect_slashes = False  # no client of ours follows a redirect
    door: Door = Door(_Hatch(app, desk), metrics)
    return door


def routes(desk: Desk, intake: Intake, workers: Workers) -> list[BaseRoute]:
    """Every route there is."""
    return [
        Route("/healthz", desk.health, methods=["GET"]),
        Route("/metrics", desk.metrics, methods=["GET"]),
        Route("/v1/keys", desk.keys, methods=["GET"]),
        Route("/v1/submit", desk.submit, methods=["POST"]),
        Route("/v1/status", desk.status, methods=["POST"]),
        Route("/v1/withdraw", desk.withdraw, methods=["POST"]),
        *platforms.routes(intake, workers),
    ]


class _Hatch:
    """In front of the table of routes, the three that carry nearly all of the work: walking the table costs as much
    as what the loop itself does for one of them."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._handlers = {"/v1/submit": desk.submit, "/v1/status": desk.status, "/v1/withdraw": desk.withdraw}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["path"]) if scope.get("method") == "POST" else None
        if handler is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await handler(request)
        except Refused as refused:
            response = refusal(refused)
        except SQLAlchemyError as error:
            response = await on_database(request, error)
        await response(scope, receive, send)


async def _upkeep(intake: Intake, workers: Workers) -> None:
    """Delete what is past its day, now and twice a day. What fails is tried again soon."""
    while True:
        pause = _AGAIN_SECONDS
        try:
            begun = time.perf_counter()
            purged = await workers.run(intake.purge)
            seconds = round(time.perf_counter() - begun, 3)
            tell("purged", cases=purged.cases, hashes=purged.hashes, seconds=seconds)
            if purged.erased:
                pause = _UPKEEP_SECONDS
            else:
                tell_trouble("log-not-emptied")
        except Exception as error:  # whatever it was: an intake that deletes no more keeps people for ever
            tell_failure("purge-failed", error)
        await asyncio.sleep(pause)


async def _report(metrics: Metrics) -> None:
    """Tell how many answers there were: as sums of many minutes, so that nobody's visit is in the log."""
    while True:
        await asyncio.sleep(_REPORT_SECONDS)
        metrics.tell()


class Desk:
    """The handlers, over one intake."""

    def __init__(self, intake: Intake, workers: Workers, openers: Openers, gate: Gate, metrics: Metrics) -> None:
        self._intake = intake
        self._gate = gate
        self._openers = openers
        self._workers = workers
        self._metrics = metrics

    async def health(self, _: Request) -> Response:
        return Response(b"ok\n", media_type="text/plain")

    async def metrics(self, request: Request) -> Response:
        """For the operator's Prometheus, by a token that ``takedown intake metrics-token`` shows."""
        if not self._metrics.admits(request.headers.get("authorization", "")):
            raise Refused("no-such-case")
        gauges = {"orders_waiting": self._intake.writer.waiting, "work_waiting": self._workers.waiting}
        return Response(self._metrics.text(gauges), media_type="text/plain; version=0.0.4")

    async def keys(self, _: Request) -> Response:
        return Response(self._intake.identity.card, media_type="application/json")

    async def submit(self, request: Request) -> Response:
        body = await read_body(request, SUBMISSION_LIMIT)
        done, message = parted(body)
        address = request.client.host if request.client else None
        try:
            async with self._gate.admitted(done, message, address) as submission:
                receipt = await self._workers.committed(self._intake.accept(submission))
        except Owed as owed:
            signed = self._intake.signed_challenge(owed.challenge)
            return Response(signed, 429, {"retry-after": "1"}, "application/json")
        except Refused as refused:
            if refused.reason == "busy":
                raise
            signed = self._intake.signed_refusal(refused.reason, message)
            return Response(signed, refused.status, media_type="application/json")
        return Response(self._intake.signed(receipt), media_type="application/json")

    async def status(self, request: Request) -> Response:
        return await self._inquire(request, "status")

    async def withdraw(self, request: Request) -> Response:
        return await self._inquire(request, "withdraw")

    async def _inquire(self, request: Request, action: Literal["status", "withdraw"]) -> Response:
        body = await read_body(request, REQUEST_LIMIT)
        asked, reply = await self._openers.request(action, body)
        answer = self._intake.quick_answer(asked, reply) if action == "status" else None
        if answer is None:
            answer = await self._workers.run(partial(self._intake.answer, asked, reply, action))
        return Response(answer, media_type="application/octet-stream")
