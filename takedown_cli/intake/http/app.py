"""The intake's web interface: the table of routes, and the handlers between HTTP and the service for people's routes.

Other threads or processes compute and wait for the disk, so that the event loop is always free to listen.
Nothing here decides anything about a case or keeps anything of a request.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final, Literal

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from takedown_cli.intake.http import feed_routes, page_routes
from takedown_cli.intake.http.admission_gate import AdmissionGate, WorkRequired, split_work
from takedown_cli.intake.http.gauges import Gauges
from takedown_cli.intake.http.hardening import HardenedApp
from takedown_cli.intake.http.metrics import Metrics
from takedown_cli.intake.http.request_bodies import OpenRequests, RequestBodies
from takedown_cli.intake.messages.unsealers import ThreadUnsealers, Unsealers, is_large
from takedown_cli.intake.operations.upkeep import clock_doubt
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.runtime.events import log_event, log_failure, log_warning
from takedown_cli.intake.runtime.thread_pool import ThreadPool
from takedown_cli.intake.service import Intake
from takedown_cli.intake.store.writer import MAX_QUEUED
from takedown_cli.protocol.bundle.seal import BUCKETS
from takedown_cli.protocol.wire import Refusal

#: Proof of work and header line in front, sealed keys and tag around the padded content.
_OVERHEAD: Final = 4096
SUBMISSION_LIMIT: Final = BUCKETS[-1] + _OVERHEAD
REQUEST_LIMIT: Final = 256 * 1024 + _OVERHEAD
_THREADS: Final = 4
_PURGE_SECONDS: Final = 12 * 3600.0
_RETRY_SECONDS: Final = 900.0
_LOG_SECONDS: Final = 900.0


def make_app(intake: Intake, unsealers: Unsealers | None = None) -> ASGIApp:
    """Return the ASGI application, which starts and stops the intake's writer and ``unsealers`` (default: threads)."""
    pool = ThreadPool(_THREADS)
    metrics = Metrics(intake.metrics_token)
    open_requests = OpenRequests()
    bodies = RequestBodies(open_requests)
    unsealing = unsealers or ThreadUnsealers(pool, intake.identity, intake.denied)

    def load(large: bool) -> float:
        return max(open_requests.load, intake.writer.queued / MAX_QUEUED, unsealing.load(large=large))

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        intake.start()
        pool.start()
        await unsealing.start()
        tasks = [asyncio.create_task(_purge_regularly(intake, pool)), asyncio.create_task(_log_regularly(metrics))]
        log_event("serving")
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await unsealing.stop()
            await to_thread.run_sync(pool.stop)
            await to_thread.run_sync(intake.stop)
            metrics.log_answers(fewest=1)
            log_event("stopped")

    gate, gauges = AdmissionGate(intake, unsealing, pool, load), Gauges(intake, pool, load)
    handlers = Handlers(intake, pool, bodies, unsealing, gate, metrics, gauges)
    # Starlette's own application would put two more layers between the socket and a handler, only to turn errors into
    # answers, which HardenedApp does. It has no redirects either: no client of ours follows one.
    router = Router(make_routes(handlers, intake, pool, bodies), redirect_slashes=False, lifespan=lifespan)
    return HardenedApp(FastRoutes(router, handlers), metrics, open_requests)


def make_routes(handlers: Handlers, intake: Intake, pool: ThreadPool, bodies: RequestBodies) -> list[BaseRoute]:
    """Return every route there is."""
    return [
        Route("/v1/submit", handlers.submit, methods=["POST"]),
        Route("/v1/status", handlers.status, methods=["POST"]),
        Route("/v1/withdraw", handlers.withdraw, methods=["POST"]),
        Route("/healthz", handlers.health, methods=["GET"]),
        Route("/metrics", handlers.metrics, methods=["GET"]),
        Route("/v1/keys", handlers.keys, methods=["GET"]),
        *page_routes.make_routes(intake),
        *feed_routes.make_routes(intake, pool, bodies),
    ]


class FastRoutes:
    """Look up the routes that carry nearly all of the work by their path, and leave the rest to the router.

    Walking the table of routes costs a quarter of what all other code between uvicorn and a handler costs.
    """

    def __init__(self, router: ASGIApp, handlers: Handlers) -> None:
        self._router = router
        self._handlers = {
            "/v1/submit": handlers.submit, "/v1/status": handlers.status, "/v1/withdraw": handlers.withdraw,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        handler = self._handlers.get(scope["path"]) if scope.get("method") == "POST" else None
        if handler is None:
            await self._router(scope, receive, send)
        else:
            response = await handler(Request(scope, receive))
            await response(scope, receive, send)


def _sha256(message: bytes) -> bytes:
    return sha256(message).digest()


async def _purge_regularly(intake: Intake, pool: ThreadPool) -> None:
    """Delete expired data now and twice a day. After a failure, try again soon."""
    while True:
        pause = _RETRY_SECONDS
        try:
            if clock_doubt(intake.home, intake.clock.day()) is None:
                if await _purge(intake, pool):
                    pause = _PURGE_SECONDS
            else:
                log_warning("clock-doubtful")
        except Exception as error:  # any failure: an intake that stops deleting would keep people's cases for ever
            log_failure("purge-failed", error)
        await asyncio.sleep(pause)


async def _purge(intake: Intake, pool: ThreadPool) -> bool:
    """Delete expired data, and return whether nothing of it is left in the database's log."""
    begun = time.perf_counter()
    purged = await pool.run(intake.purge)
    seconds = round(time.perf_counter() - begun, 3)
    log_event("purged", cases=purged.cases, hashes=purged.hashes, seconds=seconds)
    if not purged.erased:
        log_warning("log-not-emptied")
    return purged.erased


async def _log_regularly(metrics: Metrics) -> None:
    """Log the number of answers, as sums over many minutes, so that no single visit is in the log."""
    while True:
        await asyncio.sleep(_LOG_SECONDS)
        metrics.log_answers()


@dataclass(frozen=True, slots=True)
class Handlers:
    """The handlers of everything but the feeds, over one intake."""

    _intake: Intake
    _pool: ThreadPool
    _bodies: RequestBodies
    _unsealers: Unsealers
    _gate: AdmissionGate
    _metrics: Metrics
    _gauges: Gauges

    async def health(self, _: Request) -> Response:
        return Response(b"ok\n", media_type="text/plain")

    async def metrics(self, request: Request) -> Response:
        """Answer the operator's Prometheus, which has the token that ``takedown intake metrics-token`` shows."""
        if not self._metrics.accepts_token(request.headers.get("authorization", "")):
            raise Refused("no-such-case")
        text = self._metrics.render_text(await self._gauges.read())
        return Response(text, media_type="text/plain; version=0.0.4")

    async def keys(self, _: Request) -> Response:
        return Response(self._intake.identity.card, media_type="application/json")

    async def submit(self, request: Request) -> Response:
        address = request.client.host if request.client else None
        arrived = time.time()
        async with self._bodies.read(request, SUBMISSION_LIMIT) as body:
            work, message = split_work(body)
            # Hashing a large message takes longer than all else that the loop does for it.
            hash_it = partial(_sha256, message)
            digest = await self._pool.run(hash_it) if is_large(message) else hash_it()
            if (known := self._gate.earlier_answer(digest)) is not None:
                return Response(known, media_type="application/json")
            try:
                async with self._gate.admit(work, message, digest, address, arrived) as submission:
                    receipt = await self._pool.wait_for_commit(self._intake.store_submission(submission))
            except WorkRequired as required:
                signed = self._intake.sign(required.challenge)
                return Response(signed, 429, {"retry-after": "1"}, "application/json")
            except Refused as refused:
                if refused.reason == "busy":
                    raise
                signed = self._intake.sign(Refusal(reason=refused.reason, message=digest.hex()))
                return Response(signed, refused.status, media_type="application/json")
            signed = self._intake.sign(receipt)
            self._gate.keep_answer(digest, len(message), signed)
            return Response(signed, media_type="application/json")

    async def status(self, request: Request) -> Response:
        return await self._answer_inquiry(request, "status")

    async def withdraw(self, request: Request) -> Response:
        return await self._answer_inquiry(request, "withdraw")

    async def _answer_inquiry(self, request: Request, action: Literal["status", "withdraw"]) -> Response:
        async with self._bodies.read(request, REQUEST_LIMIT) as body:
            inquiry, reply = await self._unsealers.unseal_request(action, body)
        answer = self._intake.quick_answer(inquiry, reply) if action == "status" else None
        if answer is None:
            answer = await self._pool.run(partial(self._intake.answer_inquiry, inquiry, reply, action))
        return Response(answer, media_type="application/octet-stream")
