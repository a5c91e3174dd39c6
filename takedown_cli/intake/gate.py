"""The gate: which submissions are opened at once, and which have to show work first.

It guarantees that work is looked at before anything that costs more, and never more than a few at once. It must never
turn away for want of work what an organisation known here countersigned, or what was taken in before, while there is
time to look.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from typing import Final

from takedown_cli import work
from takedown_cli.errors import BundleError
from takedown_cli.intake.admission import Submission
from takedown_cli.intake.openers import Openers
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import Intake
from takedown_cli.intake.toll import Toll
from takedown_cli.intake.workers import Workers
from takedown_cli.wire import Challenge, Work

#: Checks of work at once, each of 8 MiB; and messages without work that are opened at once to see whose they are.
_CHECKS: Final = 2
_LOOKS: Final = 1


class Owed(Exception):  # noqa: N818 - an answer, not a fault
    """Work has to be done first; nothing was stored."""

    def __init__(self, challenge: Challenge) -> None:
        super().__init__()
        self.challenge = challenge


class Gate:
    """In front of the openers; ``load`` as ``Toll`` has it. Used in the loop's thread only."""

    def __init__(self, intake: Intake, openers: Openers, workers: Workers, load: Callable[[], float]) -> None:
        self._intake = intake
        self._toll = Toll(intake.settings, intake.policy, intake.identity.keyring.derived("toll"), load)
        self._openers = openers
        self._workers = workers
        self._checks = asyncio.Semaphore(_CHECKS)
        self._looks = asyncio.Semaphore(_LOOKS)

    @asynccontextmanager
    async def admitted(self, done: Work | None, message: bytes, address: str | None) -> AsyncIterator[Submission]:
        """A message, opened and checked, for as long as it takes to store it. Raises Refused, Owed.

        Work that was taken for it still counts when the intake is too busy after all. Work that did not hold, or that
        another message was let in for, does not become good again by that.
        """
        bits = self._toll.bits(address)
        paid = done if bits and done is not None and await self._paid(done, message) else None
        try:
            known_only = bits and paid is None
            yield await (self._on_sight(message, bits) if known_only else self._openers.submission(message))
        except Refused as refused:
            if paid is not None and refused.reason == "busy":
                self._toll.give_back(paid)
            raise

    async def _paid(self, done: Work, message: bytes) -> bool:
        if not self._toll.take(done, sha256(message).digest()):
            return False
        async with self._checks:
            return await self._workers.run(partial(work.holds, done))

    async def _on_sight(self, message: bytes, bits: int) -> Submission:
        """Open one that did not work, if there is time, and let it pass if it need not."""
        if not self._looks.locked():
            async with self._looks:
                submission = await self._openers.submission(message)
                if await self._workers.run(partial(self._intake.needs_no_work, submission)):
                    return submission
        raise Owed(self._toll.challenge(sha256(message).digest(), bits))


def parted(body: bytes) -> tuple[Work | None, bytes]:
    """The work in front of a message, if any, and the message. Raises Refused."""
    try:
        return work.unpacked(body)
    except BundleError:
        raise Refused("invalid") from None
