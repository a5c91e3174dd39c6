"""What is on its way to the intakes: threads that send the parts of each case in their order, and say how it went.

It guarantees that a case's second part is not sent before its first was taken, and that no more than a bounded number
waits. It must never send what is not in the ledger already, nor write to the ledger itself.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from takedown_cli.bundle.file import is_sealed, seal_for
from takedown_cli.errors import RefusedError, UntrustedIntakeError

if TYPE_CHECKING:
    from takedown_cli.submit.client import IntakeClient

#: Opens a connection of its own to an intake, for one thread.
Connect = Callable[[str], "AbstractContextManager[IntakeClient]"]

MOST_WAITING: Final = 64
#: A thread that waits for a silent intake is left behind; what it sends is in the ledger, and taken once.
_CLOSE_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Letter:
    """The ``part``-th bundle of a case, counted from 0, for the intake at the address ``intake``."""

    item: int
    part: int
    intake: str
    bundle: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """An intake's receipt. The days are the intake's."""

    item: int
    part: int
    received: str
    expires: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An intake's refusal for good, with its sentence; nothing was registered of this part."""

    item: int
    part: int
    why: str


class Outbox:
    """Sends from ``senders`` threads, as a context manager. ``error`` is what stopped it, when something did."""

    def __init__(self, connect: Connect, senders: int) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._waiting: dict[int, deque[Letter]] = {}
        self._turns: deque[int] = deque()  # cases of which something waits, and nothing is being sent
        self._count = 0
        self._results: list[Taken | Refusal] = []
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

    def put(self, letter: Letter) -> None:
        """Hand over a part; waits while too many wait, unless the sending has stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._count < MOST_WAITING or self.error is not None)
            if self.error is not None:
                return
            self._count += 1
            if letter.item in self._waiting:
                self._waiting[letter.item].append(letter)
            else:
                self._waiting[letter.item] = deque([letter])
                self._turns.append(letter.item)
            self._changed.notify_all()

    def results(self) -> list[Taken | Refusal]:
        """What was answered since the last call."""
        with self._changed:
            found, self._results = self._results, []
        return found

    def wait(self, seconds: float) -> None:
        """Until everything is sent, the sending has stopped, or this much time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._count == 0 or self.error is not None, seconds)

    # --------------------------------------------------------------------------------------------------- in the threads

    def _work(self) -> None:
        with ExitStack() as doors:
            clients: dict[str, IntakeClient] = {}
            try:
                while (item := self._next()) is not None:
                    self._send(item, clients, doors)
            except BaseException as error:  # whatever it is, it ends the run, and the main thread tells of it
                with self._changed:
                    self.error = self.error or error
                    self._changed.notify_all()

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._turns) or self._closed or self.error is not None)
            return None if self._closed or self.error is not None else self._turns.popleft()

    def _send(self, item: int, clients: dict[str, IntakeClient], doors: ExitStack) -> None:
        """One part of a case; what else waits of it comes when it is its turn again."""
        letter = self._waiting[item][0]
        client = clients.get(letter.intake)
        if client is None:
            client = clients[letter.intake] = doors.enter_context(self._connect(letter.intake))
        result: Taken | Refusal
        try:
            receipt = client.submit(_message(letter, client))
            result = Taken(item, letter.part, receipt.day, receipt.expires)
        except UntrustedIntakeError:
            raise
        except RefusedError as refused:
            result = Refusal(item, letter.part, refused.sentence)
        with self._changed:
            queue = self._waiting[item]
            over = len(queue) if isinstance(result, Refusal) else 1  # without its beginning, nothing of it is taken
            for _ in range(over):
                queue.popleft()
            self._count -= over
            if queue:
                self._turns.append(item)
            else:
                del self._waiting[item]
            self._results.append(result)
            self._changed.notify_all()


def _message(letter: Letter, client: IntakeClient) -> bytes:
    data = letter.bundle.encode("latin-1")
    return data if is_sealed(data) else seal_for(data, client.card())
