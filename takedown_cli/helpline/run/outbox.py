"""Sends the parts of each case to the intakes, in threads and in order, and reports the answers.

A second part is sent only after the first was accepted. The number of waiting parts is limited.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from takedown_cli.core.errors import RefusedError, UntrustedIntakeError
from takedown_cli.helpline.connect import Connect, Intake
from takedown_cli.protocol.bundle.file import is_sealed, seal_for

MOST_WAITING: Final = 64
#: On Windows Ctrl-C does not end a wait for another thread, so the main thread's waits end by themselves.
WAKE_SECONDS: Final = 0.25
#: We do not wait for a thread with a silent intake. What it sends is in the ledger, and the intake counts it once.
_CLOSE_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Delivery:
    """The ``part``-th bundle of a case, counted from 0, for the intake at the address ``intake``."""

    item: int
    part: int
    intake: str
    bundle: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """An intake's receipt. The days are the intake's."""

    item: int
    part: int
    received: str
    expires: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """An intake's refusal for good, with its sentence. Nothing was registered of the part."""

    item: int
    why: str


class Outbox:
    """Sends from ``senders`` threads, as a context manager. ``error`` is the error that stopped it, if any."""

    def __init__(self, connect: Connect, senders: int) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._waiting: dict[int, deque[Delivery]] = {}
        self._turns: deque[int] = deque()  # cases of which something waits, and nothing is being sent
        self._count = 0
        self._results: list[Accepted | Rejected] = []
        self._closed = False
        self.error: BaseException | None = None
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(senders)]

    def __enter__(self) -> Outbox:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        until = time.monotonic() + _CLOSE_SECONDS
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    @property
    def idle(self) -> bool:
        """Whether nothing waits or is being sent."""
        return self._count == 0

    def put(self, letter: Delivery) -> None:
        """Add a part. Wait while there are too many, unless the sending has stopped."""
        with self._changed:
            while not self._changed.wait_for(
                lambda: self._count < MOST_WAITING or self.error is not None, WAKE_SECONDS
            ):
                pass
            if self.error is not None:
                return
            self._count += 1
            if letter.item in self._waiting:
                self._waiting[letter.item].append(letter)
            else:
                self._waiting[letter.item] = deque([letter])
                self._turns.append(letter.item)
            self._changed.notify_all()

    def results(self) -> list[Accepted | Rejected]:
        """Return the answers since the last call."""
        with self._changed:
            found, self._results = self._results, []
        return found

    def wait(self, seconds: float) -> None:
        """Wait until everything is sent, the sending has stopped, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0 or self.error is not None, seconds)

    # --------------------------------------------------------------------------------------------------- in the threads

    def _work(self) -> None:
        with ExitStack() as doors:
            intakes: dict[str, Intake] = {}
            try:
                while (item := self._next()) is not None:
                    self._send(item, intakes, doors)
            except BaseException as error:  # whatever it is, it ends the run, and the main thread raises it
                with self._changed:
                    self.error = self.error or error
                    self._changed.notify_all()

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._turns) or self._closed or self.error is not None)
            return None if self._closed or self.error is not None else self._turns.popleft()

    def _send(self, item: int, intakes: dict[str, Intake], doors: ExitStack) -> None:
        """Send one part of a case. Its other parts wait until the case is next again."""
        letter = self._waiting[item][0]
        intake = intakes.get(letter.intake)
        if intake is None:
            intake = intakes[letter.intake] = doors.enter_context(self._connect(letter.intake))
        result: Accepted | Rejected
        try:
            data = letter.bundle.encode("latin-1")
            receipt = intake.submit(data if is_sealed(data) else seal_for(data, intake.card()))
            result = Accepted(item, letter.part, receipt.day, receipt.expires)
        except UntrustedIntakeError:
            raise
        except RefusedError as refused:
            result = Rejected(item, refused.sentence)
        with self._changed:
            queue = self._waiting[item]
            over = len(queue) if isinstance(result, Rejected) else 1  # without its beginning, nothing of it is taken
            for _ in range(over):
                queue.popleft()
            self._count -= over
            if queue:
                self._turns.append(item)
            else:
                del self._waiting[item]
            self._results.append(result)
            self._changed.notify_all()
