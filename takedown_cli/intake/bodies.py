"""Bodies: how large one may be, how slowly it may come, and how much all may hold until they are answered.

It guarantees that slow senders hold neither the places of those who are being answered nor more memory than is set
aside for them: where it is short, the slowest gives way. It must never look at who sends.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import ClientDisconnect, Request

from takedown_cli.intake.refusal import Refused

#: A body has so many seconds, and one more for each so many bytes that have come.
PATIENCE: Final = 10.0
SLOWEST: Final = 8 * 1024
#: Bodies up to the first size always have room; what is beyond, of all bodies together, is bounded by the second.
SMALL: Final = 64 * 1024
HELD: Final = 64 * 1024 * 1024


@dataclass(eq=False, slots=True)
class _Arriving:
    begun: float
    timeout: asyncio.Timeout
    body: bytearray = field(default_factory=bytearray)
    gave_way: bool = False

    @property
    def beyond(self) -> int:
        return max(0, len(self.body) - SMALL)

    def rate(self, now: float) -> float:
        """Bytes a second, of which the first second is given: a body that just began is not slow."""
        return len(self.body) / max(1.0, now - self.begun)

    def give_way(self) -> int:
        """Drop what has come and end; the bytes beyond the small that were dropped."""
        freed = self.beyond
        self.gave_way = True
        self.body.clear()
        self.timeout.reschedule(0)
        return freed


class Bodies:
    """All that are arriving, or waiting for their answer, in one event loop."""

    def __init__(self) -> None:
        self._arriving: set[_Arriving] = set()
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes beyond the small that all of them hold."""
        return self._held

    async def read(self, request: Request, limit: int) -> bytes:
        """The whole body, at most ``limit`` bytes, which counts as held until it is released. Raises Refused."""
        declared = request.headers.get("content-length", "0")
        if not (declared.isascii() and declared.isdigit()) or "content-encoding" in request.headers:
            raise Refused("invalid")
        if int(declared[:18]) > limit:
            raise Refused("too-large")
        one = _Arriving(time.monotonic(), asyncio.timeout(PATIENCE))
        self._arriving.add(one)
        whole = False
        try:
            await self._receive(one, request, limit)
            whole = True
        finally:
            self._arriving.discard(one)
            if not whole:
                self._held -= one.beyond
        return bytes(one.body)

    async def _receive(self, one: _Arriving, request: Request, limit: int) -> None:
        try:
            async with one.timeout:
                async for chunk in request.stream():
                    self._take(one, chunk)
                    if len(one.body) > limit:
                        raise Refused("too-large")
            if one.gave_way:  # and its last chunk was there before it could be told
                raise Refused("busy")
        except TimeoutError:
            raise Refused("busy" if one.gave_way else "invalid") from None
        except ClientDisconnect:
            raise Refused("invalid") from None

    def release(self, size: int) -> None:
        """A body of so many bytes was answered."""
        self._held -= max(0, size - SMALL)

    def _take(self, one: _Arriving, chunk: bytes) -> None:
        if one.gave_way:
            return
        before = one.beyond
        if one.body:
            loop = asyncio.get_running_loop()
            spent = time.monotonic() - one.begun
            one.timeout.reschedule(loop.time() - spent + PATIENCE + len(one.body) / SLOWEST)
        one.body += chunk
        self._held += one.beyond - before
        if self._held > HELD:
            now = time.monotonic()
            # One whose time is up goes by itself, and its timeout can be set no more.
            large = [other for other in self._arriving if other.beyond and not other.timeout.expired()]
            if large:
                self._held -= min(large, key=lambda other: other.rate(now)).give_way()


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body of a request that came through the door, at most ``limit`` bytes. Raises Refused."""
    body: bytes = await request.scope["takedown.read"](request, limit)
    return body
