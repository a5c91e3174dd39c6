"""A process that opens sealed messages and checks their signatures, for the serving process that started it.

It guarantees one answer for each message, in the order in which they came, and ends when its parent does.
It must never touch the database or the network. It is no security boundary: it holds the intake's keys, as its parent
does; it is there so that the arithmetic, most of the cost of a request, runs beside the loop that listens.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
from pathlib import Path
from typing import Any, Final, Literal

from takedown_cli.intake.admission import Identity, admit, read_request
from takedown_cli.intake.denylist import DenyList
from takedown_cli.intake.keyring import Keyring
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.settings import Home

Task = Literal["submit", "status", "withdraw"]

#: Task and length of what follows; the answer has only the length, and what follows is pickled.
QUESTION: Final = struct.Struct("!BI")
ANSWER: Final = struct.Struct("!I")
TASKS: Final[tuple[Task, ...]] = ("submit", "status", "withdraw")
_READ: Final = 1 << 18
_TOGETHER: Final = 8


def question(task: Task, body: bytes) -> bytes:
    """The frame that asks for a message to be opened."""
    return QUESTION.pack(TASKS.index(task), len(body)) + body


def answers(received: bytearray) -> list[Any]:
    """Take the whole answers off what was received: what ``work`` gave for each, a Refused included."""
    found, place = [], 0
    while len(received) - place >= ANSWER.size:
        end = place + ANSWER.size + ANSWER.unpack_from(received, place)[0]
        if len(received) < end:
            break
        found.append(pickle.loads(received[place + ANSWER.size : end]))
        place = end
    del received[:place]
    return found


def work(task: Task, body: bytes, identity: Identity, denied: DenyList) -> object:
    """The submission, or the refusal; of a request, what ``read_request`` gives."""
    if task != "submit":
        return read_request(body, task, identity)
    try:
        return admit(body, identity, denied)
    except Refused as refused:
        return refused


def _serve(source: int, target: int, identity: Identity, denied: DenyList) -> None:
    received, ready, count = bytearray(), bytearray(), 0
    while chunk := os.read(source, _READ):
        received += chunk
        place = 0
        while len(received) - place >= QUESTION.size:
            task, length = QUESTION.unpack_from(received, place)
            end = place + QUESTION.size + length
            if len(received) < end:
                break
            done = pickle.dumps(work(TASKS[task], bytes(received[place + QUESTION.size : end]), identity, denied), 5)
            ready += ANSWER.pack(len(done)) + done
            place, count = end, count + 1
            if count % _TOGETHER == 0:
                _write(target, ready)
        del received[:place]
        _write(target, ready)


def _write(target: int, ready: bytearray) -> None:
    while ready:
        del ready[: os.write(target, ready)]


def main(folder: str, origin: str) -> None:
    """Serve the parent on standard input and output until it closes them; a stop signal is the parent's business."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    home = Home(Path(folder))
    identity = Identity.of(home.load(), Keyring.load(home), origin)
    _serve(0, 1, identity, DenyList.load(home.deny_list))


if __name__ == "__main__":
    main(*sys.argv[1:])
