"""Reads the bodies of requests, and limits their size, their slowness, and the memory of all together.

A slow sender does not take the place of a request in progress. If the memory for slow senders is full, the slowest one
is dropped. Nothing here looks at who sends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import ClientDisconnect, Request

from takedown_cli.intake.refusal import Refused

#: Requests that may be in progress at once.
MAX_CONCURRENT: Final = 512
#: A body has this many seconds, and one more for every MIN_RATE bytes that have arrived.
BODY_SECONDS: Final = 10.0
MIN_RATE: Final = 8 * 1024
#: There is always room for bodies up to SMALL_BODY bytes. MAX_HELD bounds the bytes beyond that, of all bodies.
SMALL_BODY: Final = 64 * 1024
MAX_HELD: Final = 64 * 1024 * 1024


@dataclass(slots=True)
class OpenRequests:
    """Counts the requests in progress. A request does not count while it waits for its client."""

    count: int = 0

    @property
    def full(self) -> bool:
        return self.count >= MAX_CONCURRENT

    @property
    def load(self) -> float:
        """The share of the places that is taken, from 0 to 1."""
        return self.count / MAX_CONCURRENT


@dataclass(eq=False, slots=True)
class _ArrivingBody:
    begun: float
    timeout: asyncio.Timeout
    body: bytearray = field(default_factory=bytearray)
    dropped: bool = False

    @property
    def beyond_small(self) -> int:
        return max(0, len(self.body) - SMALL_BODY)

    def rate(self, now: float) -> float:
        """Return bytes a second. The first second is free: a body that has just begun is not slow."""
        return len(self.body) / max(1.0, now - self.begun)

    def drop(self) -> int:
        """Forget what has arrived and end the request; return the bytes beyond SMALL_BODY that this frees."""
        freed = self.beyond_small
        self.dropped = True
        self.body.clear()
        self.timeout.reschedule(0)
        return freed


class RequestBodies:
    """All bodies that are arriving, or being worked on, in one event loop."""

    def __init__(self, open_requests: OpenRequests) -> None:
        self._open_requests = open_requests
        self._arriving: set[_ArrivingBody] = set()
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes beyond SMALL_BODY that all bodies together hold."""
        return self._held

    @asynccontextmanager
    async def read(self, request: Request, limit: int) -> AsyncIterator[bytes]:
        """Give the whole body, at most ``limit`` bytes, which counts as held until the block ends. Raise Refused."""
        declared = request.headers.get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()) or "content-encoding" in request.headers:
            raise Refused("invalid")
        if int(declared[:18]) > limit:
            raise Refused("too-large")
        arriving = _ArrivingBody(time.monotonic(), asyncio.timeout(BODY_SECONDS))
        self._arriving.add(arriving)
        self._open_requests.count -= 1  # a request whose body is still arriving takes no place
        try:
            await self._receive(arriving, request, limit)
            if self._open_requests.full:
                raise Refused("busy")
        except BaseException:
            self._held -= arriving.beyond_small
            raise
        finally:
            self._open_requests.count += 1
            self._arriving.discard(arriving)
        body, held = bytes(arriving.body), arriving.beyond_small
        del arriving  # or its buffer would be held as well as the copy
        try:
            yield body
        finally:
            self._held -= held

    async def _receive(self, arriving: _ArrivingBody, request: Request, limit: int) -> None:
        try:
            async with arriving.timeout:
                async for chunk in request.stream():
                    self._take_chunk(arriving, chunk)
                    if len(arriving.body) > limit:
                        raise Refused("too-large")
            if arriving.dropped:  # the last chunk arrived before the timeout could end the request
                raise Refused("busy")
        except TimeoutError:
            raise Refused("busy" if arriving.dropped else "invalid") from None
        except ClientDisconnect:
            raise Refused("invalid") from None

    def _take_chunk(self, arriving: _ArrivingBody, chunk: bytes) -> None:
        if arriving.dropped:
            return
        before = arriving.beyond_small
        if arriving.body:
            loop = asyncio.get_running_loop()
            spent = time.monotonic() - arriving.begun
            arriving.timeout.reschedule(loop.time() - spent + BODY_SECONDS + len(arriving.body) / MIN_RATE)
        arriving.body += chunk
        self._held += arriving.beyond_small - before
        if self._held > MAX_HELD:
            now = time.monotonic()
            # A body whose time is up ends by itself, and its timeout can no longer be set.
            large = [other for other in self._arriving if other.beyond_small and not other.timeout.expired()]
            if large:
                self._held -= min(large, key=lambda other: other.rate(now)).drop()
