"""A process that opens sealed messages and checks their signatures, for the serving process that started it.

The cryptography is most of the cost of a request, so it runs outside the event loop. The process is not a security
boundary: it holds the intake's keys, like its parent. It uses neither the database nor the network. It answers the
messages one by one, in their order, and ends when its parent ends.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any, Final, Literal

from takedown_cli.intake.messages.admission import Identity, admit_submission, read_request
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.keyring import Keyring
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.settings import Home

Task = Literal["submit", "status", "withdraw"]

#: A question: the place of its task in TASKS, the length of the message, the message. An answer: length, pickled value.
QUESTION: Final = struct.Struct("!BI")
ANSWER: Final = struct.Struct("!I")
TASKS: Final[tuple[Task, ...]] = ("submit", "status", "withdraw")
#: Processor time for one submission, looked at before each item. The largest takes a second, and more only where the
#: deny-list has tens of thousands of entries.
MAX_SECONDS: Final = 10.0
_READ: Final = 1 << 18
_TOGETHER: Final = 8
_NICENESS: Final = 5


def pack_question(task: Task, body: bytes) -> bytes:
    return QUESTION.pack(TASKS.index(task), len(body)) + body


def unpack_answers(received: bytearray) -> list[Any]:
    """Return the values of all whole answers, and remove these from what was received."""
    found, place = [], 0
    while len(received) - place >= ANSWER.size:
        end = place + ANSWER.size + ANSWER.unpack_from(received, place)[0]
        if len(received) < end:
            break
        found.append(pickle.loads(received[place + ANSWER.size : end]))
        place = end
    del received[:place]
    return found


def unseal_task(task: Task, body: bytes, identity: Identity, denied: DenyList) -> tuple[float, object]:
    """Return the seconds of processor time that it took, and the submission or why it is refused.

    Of any other message, return what ``read_request`` returns. A submission that needs too long is too large.
    """
    begun = time.thread_time()

    def go_on() -> None:
        if time.thread_time() - begun > MAX_SECONDS:
            raise Refused("too-large")

    value: object
    try:
        if task == "submit":
            value = admit_submission(body, identity, denied, go_on)
        else:
            value = read_request(body, task, identity)
    except Refused as refused:
        value = refused
    return time.thread_time() - begun, value


def _answer_questions(source: int, target: int, identity: Identity, denied: DenyList) -> None:
    received, ready, count = bytearray(), bytearray(), 0
    while chunk := os.read(source, _READ):
        received += chunk
        place = 0
        while len(received) - place >= QUESTION.size:
            task, length = QUESTION.unpack_from(received, place)
            end = place + QUESTION.size + length
            if len(received) < end:
                break
            body = bytes(received[place + QUESTION.size : end])
            value = pickle.dumps(unseal_task(TASKS[task], body, identity, denied), 5)
            ready += ANSWER.pack(len(value)) + value
            place, count = end, count + 1
            if count % _TOGETHER == 0:
                _write_all(target, ready)
        del received[:place]
        _write_all(target, ready)


def _write_all(target: int, ready: bytearray) -> None:
    while ready:
        del ready[: os.write(target, ready)]


def main(folder: str, origin: str, patient: str = "") -> None:
    """Answer the parent on standard input and output until it closes them. Stop signals are left to the parent.

    With ``patient`` this process gives way to others where they need the processor.
    """
    if patient and sys.platform != "win32":
        os.nice(_NICENESS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    home = Home(Path(folder))
    identity = Identity.of(home.load(), Keyring.load(home), origin)
    _answer_questions(0, 1, identity, DenyList.load(home.deny_list))


if __name__ == "__main__":
    main(*sys.argv[1:])
