"""Crashes, hangs, memory, garbage, changing files: each costs one file, and the others keep their hashes."""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from takedown_cli.core.model import Failed, Found, Hashed, Limits, MediaFile, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool import interpreter, supervisor
from takedown_cli.hashing.pool.channel import READY
from takedown_cli.hashing.pool.interpreter import Settings
from takedown_cli.hashing.pool.launch import Child, ForkServer, FreshInterpreters, _FreshChild
from takedown_cli.hashing.pool.supervisor import Pool, explain_end
from takedown_cli.hashing.pool.workers import Job, Worker, WorkerLost
from tests.hashing.pool.conftest import found
from tests.hashing.pool.stranger import Stranger

if sys.platform == "win32":
    pytest.skip("POSIX signals", allow_module_level=True)

Opened = tuple[int, MediaFile] | Skipped | Failed


class Sabotaged(Pool):
    """A pool that, before it listens to its children, sends a signal to the one that works on a victim."""

    victim: Path
    sent: signal.Signals
    times: int
    hit: frozenset[int] = frozenset()

    def _listen(self, timeout: float | None) -> None:
        for worker in self._workers:
            at_work = worker.ready and worker.queue and worker.queue[0].found.path == self.victim
            if at_work and len(self.hit) < self.times and worker.child.pid not in self.hit:
                os.kill(worker.child.pid, self.sent)
                if self.sent is signal.SIGSTOP:
                    worker.since -= 3600  # its time is over, and nobody has to wait until it is
                self.hit |= {worker.child.pid}
        super()._listen(timeout)


def sabotage(
    files: list[Found], victim: Found, sent: signal.Signals, times: int, limits: Limits | None = None
) -> list[Outcome]:
    with Sabotaged(Recipe(limits=limits or Limits()), 1, open_file=open_media) as pool:
        pool.victim, pool.sent, pool.times = victim.path, sent, times
        outcomes = list(pool.outcomes(files))
    assert len(pool.hit) == times
    return outcomes


def undisturbed(files: list[Found]) -> list[Outcome]:
    with Pool(Recipe(), 2, open_file=open_media) as pool:
        return list(pool.outcomes(files))


def with_failure(outcomes: list[Outcome], place: int, reason: Reason) -> list[Outcome]:
    usual = outcomes[place]
    assert isinstance(usual, Hashed)
    return [*outcomes[:place], Failed(usual.path, reason, usual.size, usual.media), *outcomes[place + 1 :]]


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_is_retried_once(sent: signal.Signals, large: Callable[[int], list[Found]]) -> None:
    files = large(3)
    assert sabotage(files, files[1], sent, times=1) == undisturbed(files)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (signal.SIGKILL, Reason.DECODER_CRASHED),
        (signal.SIGSEGV, Reason.DECODER_CRASHED),
        (signal.SIGXCPU, Reason.TOO_SLOW),
    ],
)
def test_a_file_that_crashes_twice_fails_alone(
    sent: signal.Signals, reason: Reason, large: Callable[[int], list[Found]]
) -> None:
    files = large(3)
    assert sabotage(files, files[1], sent, times=2) == with_failure(undisturbed(files), 1, reason)


@pytest.mark.parametrize(
    ("code", "hung", "reason"),
    [
        (0, False, Reason.DECODER_CRASHED),
        (1, False, Reason.DECODER_CRASHED),
        (70, False, Reason.DECODER_CRASHED),
        (0xC0000005, False, Reason.DECODER_CRASHED),  # Windows: an access violation
        (-9, False, Reason.DECODER_CRASHED),
        (-11, False, Reason.DECODER_CRASHED),
        (0, True, Reason.TOO_SLOW),
        (1, True, Reason.TOO_SLOW),  # Windows: ended from here
        (-9, True, Reason.TOO_SLOW),
    ],
)
@pytest.mark.parametrize("windows", [False, True])
def test_only_a_decoder_whose_time_was_over_is_too_slow(
    windows: bool, code: int, hung: bool, reason: Reason, monkeypatch: pytest.MonkeyPatch
) -> None:
    if windows:
        monkeypatch.delattr(signal, "SIGXCPU", raising=False)
    assert explain_end(code, hung=hung) is reason


def test_a_decoder_that_ends_as_if_all_were_well_is_not_too_slow(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows has no SIGXCPU, and a decoder that ended with code 0 looked like one that was out of time."""
    expected = with_failure(undisturbed(pictures[:3]), 1, Reason.DECODER_CRASHED)
    monkeypatch.delattr(signal, "SIGXCPU", raising=False)
    monkeypatch.setattr(supervisor, "choose_launcher", partial(_LeavingInterpreters, victim=pictures[1].size))
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        outcomes = list(pool.outcomes(pictures[:3]))
    assert outcomes == expected


class _LeavingInterpreters(FreshInterpreters):
    """Starts decoders that end with code 0 when they meet a file of ``victim`` bytes."""

    def __init__(self, settings: Settings, victim: int) -> None:
        super().__init__({**settings, "victim": victim})

    def start_child(self, video: bool, large: bool = False) -> Child:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with theirs:
            process = interpreter.start_interpreter(
                "tests.hashing.pool.leaving_child", {**self._settings, "video": video, "large": large}, theirs
            )
        child = _FreshChild(ours, video, process)
        self._children.append(child)
        return child


def test_a_hang_is_ended_and_fails_alone(large: Callable[[int], list[Found]]) -> None:
    files = large(3)
    outcomes = sabotage(files, files[1], signal.SIGSTOP, 2)
    assert outcomes == with_failure(undisturbed(files), 1, Reason.TOO_SLOW)


def test_children_killed_at_random_change_no_hash(pictures: list[Found]) -> None:
    files = pictures * 3
    chance = random.Random(5)
    kills = 0

    def open_file(file: Found, limits: Limits) -> Opened:
        nonlocal kills
        if pool.pids and chance.random() < 0.1:
            os.kill(chance.choice(pool.pids), signal.SIGKILL)
            kills += 1
        return open_media(file, limits)

    with Pool(Recipe(), 2, open_file=open_file) as pool:
        outcomes = list(pool.outcomes(files))
    expected = undisturbed(pictures) * 3
    assert kills > 5
    assert [outcome.path for outcome in outcomes] == [file.path for file in files]
    for outcome, usual in zip(outcomes, expected, strict=True):
        # Killed twice on one file, by chance, is the only excuse.
        assert outcome == usual or (isinstance(outcome, Failed) and outcome.reason is Reason.DECODER_CRASHED)
    assert sum(outcome == usual for outcome, usual in zip(outcomes, expected, strict=True)) >= len(files) - kills // 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a fork server")
def test_the_fork_server_can_be_killed_too(pictures: list[Found]) -> None:
    def open_file(file: Found, limits: Limits) -> Opened:
        if file is pictures[30] and isinstance(pool._launcher, ForkServer):
            os.kill(pool._launcher._process.pid, signal.SIGKILL)
        return open_media(file, limits)

    with Pool(Recipe(), 2, open_file=open_file) as pool:
        outcomes = list(pool.outcomes(pictures))
    assert outcomes == undisturbed(pictures)


@pytest.mark.skipif(sys.platform != "linux", reason="the address space is limited on Linux only")
def test_a_picture_that_needs_too_much_memory_fails_alone(pictures: list[Found], tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("RGB", (9500, 9500)).save(bomb, compress_level=1)
    files = [*pictures[:3], *found([bomb]), *pictures[3:6]]
    with Pool(Recipe(limits=Limits(memory=640 << 20)), 1, open_file=open_media) as pool:
        outcomes = list(pool.outcomes(files))
    assert outcomes[:3] + outcomes[4:] == undisturbed(pictures[:6])
    assert isinstance(outcomes[3], Failed)
    assert outcomes[3].reason is Reason.TOO_MUCH_MEMORY


def append_while_read(file: Path, always: bool) -> Callable[[Found, Limits], Opened]:
    """Return a way to open files that lets the file grow after it was handed over, and again at the second try."""
    done = [False]

    def open_file(other: Found, limits: Limits) -> Opened:
        if other.path != file and (always or not done[0]):
            done[0] = True
            with file.open("ab") as stream:
                stream.write(b"\0")
        return open_media(other, limits)

    return open_file


def test_a_file_that_changes_while_read_is_read_again(large: Callable[[int], list[Found]]) -> None:
    files = large(4)
    with Pool(Recipe(), 1, open_file=append_while_read(files[0].path, always=False)) as pool:
        first, *others = pool.outcomes(files)
    assert isinstance(first, Hashed)
    assert first.size == files[0].path.stat().st_size == files[0].size + 1
    assert others == undisturbed(files)[1:]


def test_a_file_that_keeps_changing_fails(large: Callable[[int], list[Found]]) -> None:
    files = large(5)
    with Pool(Recipe(), 1, open_file=append_while_read(files[0].path, always=True)) as pool:
        first, *others = pool.outcomes(files)
    assert isinstance(first, Failed)
    assert first.reason is Reason.CHANGED
    assert others == undisturbed(files)[1:]


def test_what_the_inputs_raise_comes_through_and_leaves_no_child(pictures: list[Found]) -> None:
    def source() -> Iterator[Found]:
        yield from pictures[:10]
        raise KeyboardInterrupt

    with Pool(Recipe(), 2, open_file=open_media) as pool:
        with pytest.raises(KeyboardInterrupt):
            list(pool.outcomes(source()))
        assert pool.pids == ()


@pytest.mark.parametrize(
    "reply",
    [
        struct.pack("<II", 1, 3) + b"\2\0\0",  # longer than a failure
        struct.pack("<II", 1, 2) + b"\2\xff",  # a reason that is none
        struct.pack("<II", 1, 0xFFFFFFFF),  # too long
        struct.pack("<II", 2, 2) + b"\2\x0c",  # for another file
        struct.pack("<II", 0, 1) + b"\0",  # ready again
        (struct.pack("<II", 1, 2) + b"\2\x0c") * 2,  # two answers to one question
        b"",  # gone
    ],
    ids=["long", "reason", "huge", "other-file", "ready-again", "twice", "gone"],
)
def test_a_child_that_answers_wrongly_is_lost(reply: bytes, pictures: list[Found]) -> None:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        worker = Worker(Stranger(ours), Recipe())
        theirs.sendall(struct.pack("<II", READY, 1) + b"\0")
        assert worker.read_answers() == []
        opened = open_media(pictures[0], Limits())
        assert isinstance(opened, tuple)
        job = Job(pictures[0])
        job.take_file(*opened)
        worker.assign(job)
        if reply:
            theirs.sendall(reply)
        else:
            theirs.close()
        with pytest.raises(WorkerLost):
            worker.read_answers()
        # Also when a good answer came before the bad one: the file is still on the list of what has to be done.
        assert list(worker.queue) == [job]
        job.close()
