"""Decides which submissions are opened at once, and which must show proof of work first.

Work is checked before any step that costs more, and only a few checks run at once. If there is time to look, a small
submission without work passes if a known organisation countersigned it or if it was accepted before. A large one is
not opened before its work is done, because opening it costs as much as thousands of small ones.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Final

from takedown_cli.core.errors import BundleError
from takedown_cli.intake.cases.holds import count_units
from takedown_cli.intake.http.work_demand import WorkDemand
from takedown_cli.intake.messages.admission import Submission
from takedown_cli.intake.messages.unsealers import SMALL_MESSAGE, Unsealers, is_large
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.runtime.thread_pool import ThreadPool
from takedown_cli.intake.service import Intake
from takedown_cli.protocol import proof_of_work
from takedown_cli.protocol.wire import Challenge, SolvedChallenge

#: Checks of work at once, each of 8 MiB and on half of the processors; and messages without work that are opened at
#: once to see whose they are.
_MAX_CHECKS: Final = max(1, (os.cpu_count() or 1) // 2)
_MAX_LOOKS: Final = 1
#: Answers to large messages that are remembered, so that a sender who did not get the answer need not work again.
_MAX_ANSWERS: Final = 1000
_HOUR: Final = 3600.0


class WorkRequired(Exception):  # noqa: N818 - an answer, not a fault
    """The sender must do work first. Nothing was stored."""

    def __init__(self, challenge: Challenge) -> None:
        super().__init__()
        self.challenge = challenge


class AdmissionGate:
    """In front of the unsealers; for ``load`` see ``WorkDemand``. Used in the loop's thread only."""

    def __init__(self, intake: Intake, unsealers: Unsealers, pool: ThreadPool, load: Callable[[bool], float]) -> None:
        self._intake = intake
        self._demand = WorkDemand(intake.settings, intake.policy, intake.identity.keyring.derive_key("toll"), load)
        self._unsealers = unsealers
        self._pool = pool
        self._checks = asyncio.Semaphore(_MAX_CHECKS)
        self._looks = asyncio.Semaphore(_MAX_LOOKS)
        #: SHA-256 of large messages that were accepted: when, and the answer.
        self._accepted: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()

    def earlier_answer(self, message: bytes) -> bytes | None:
        """Return the answer to a large message (its SHA-256) if it was accepted within the hour."""
        found = self._accepted.get(message)
        return None if found is None or found[0] < time.monotonic() - _HOUR else found[1]

    def keep_answer(self, message: bytes, size: int, answer: bytes) -> None:
        """Remember the answer to an accepted message (its SHA-256 and its size), if it is a large one."""
        if size > SMALL_MESSAGE:
            self._accepted[message] = time.monotonic(), answer
            if len(self._accepted) > _MAX_ANSWERS:
                self._accepted.popitem(last=False)

    @asynccontextmanager
    async def admit(
        self, work: SolvedChallenge | None, message: bytes, digest: bytes, address: str | None, arrived: float
    ) -> AsyncIterator[Submission]:
        """Give the opened and checked submission; store it inside the block. Raise Refused, WorkRequired.

        ``digest`` is the message's SHA-256, and ``arrived`` is when it began to arrive (Unix seconds). When the intake
        turns out to be too busy to store it, work that was accepted for this message stays good. Work that did not
        hold, or that was spent on another message, does not become good again.
        """
        size = len(message)
        bits = self._demand.required_bits(address, size, self._intake.clock.day())
        accepted = bits and work is not None and await self._accept_work(work, digest, bits, arrived)
        paid = work if accepted else None
        try:
            if bits and paid is None:
                yield await self._open_if_exempt(message, digest, bits)
                return
            units = count_units(0, size)
            self._demand.count_attempt(size, units)
            submission = await self._unsealers.unseal_submission(message)
            more = count_units(submission.hash_count, size) - units
            self._demand.count_attempt(size, more)
            yield replace(submission, paid=paid is not None)
            if submission.organisation is not None and await self._is_known(submission):
                self._demand.count_attempt(size, -units - more)
        except Refused as refused:
            if paid is not None and refused.reason == "busy":
                self._demand.return_solution(paid)
            raise

    async def _accept_work(self, work: SolvedChallenge, digest: bytes, bits: int, arrived: float) -> bool:
        if not self._demand.accept_solution(work, digest, bits, arrived):
            return False
        async with self._checks:
            return await self._pool.run(partial(proof_of_work.is_solved, work))

    async def _open_if_exempt(self, message: bytes, digest: bytes, bits: int) -> Submission:
        """Open a small message that came without work, if there is time, and let it pass if it needs none."""
        if not is_large(message) and not self._looks.locked():
            async with self._looks:
                submission = await self._unsealers.unseal_submission(message)
                if await self._pool.run(partial(self._intake.needs_no_work, submission)):
                    return submission
        raise WorkRequired(self._demand.make_challenge(digest, bits))

    async def _is_known(self, submission: Submission) -> bool:
        return await self._pool.run(partial(self._intake.is_of_organisation, submission))


def split_work(body: bytes) -> tuple[SolvedChallenge | None, bytes]:
    """Return the work in front of a message, if there is any, and the message. Raise Refused."""
    try:
        return proof_of_work.split_off_work(body)
    except BundleError:
        raise Refused("invalid") from None
