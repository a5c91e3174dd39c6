"""How far a long video is: from the decoder through the channel, without giving a hostile child more time."""

from __future__ import annotations

import io
import math
import shutil
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

import takedown_cli
from takedown_cli.api import hash_paths
from takedown_cli.core.model import Found, Hashed, Limits, Media, Recipe, VideoProgress
from takedown_cli.hashing.decode.video import MODES, decode_frames
from takedown_cli.hashing.decoded import End
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.fingerprint.quick_pdq import quick_pdq
from takedown_cli.hashing.pool import channel, child, record
from takedown_cli.hashing.pool.record import RecordError, decode_progress, encode_progress
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.hashing.pool.workers import Job, Worker, WorkerLost
from tests.hashing.decode.video_clips import clip, pan
from tests.hashing.pool.stranger import Stranger

SECONDS = 3


@pytest.fixture
def video(tmp_path: Path) -> Found:
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip(100, draw=pan))
    return Found(path, path.stat().st_size)


@pytest.fixture
def at_work(
    video: Found, pictures: list[Found], request: pytest.FixtureRequest
) -> Iterator[tuple[Worker, Job, socket.socket]]:
    """A worker that is given a file, ``video`` or a picture, and the end of the channel that answers for it."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        worker = Worker(Stranger(ours), Recipe(limits=Limits(video_seconds=SECONDS)))
        theirs.sendall(struct.pack("<II", channel.READY, 1) + b"\0")
        worker.read_answers()
        job = Job(video if getattr(request, "param", Media.VIDEO) is Media.VIDEO else pictures[0])
        assert isinstance(job.found, Found)
        opened = open_media(job.found, Limits())
        assert isinstance(opened, tuple)
        job.take_file(*opened)
        worker.assign(job)
        yield worker, job, theirs
        job.close()


@pytest.mark.parametrize("container", ["mp4", "mpegts"])
@pytest.mark.parametrize("mode", [*MODES, "stills"])
def test_the_seconds_rise_to_the_duration(mode: str, container: str) -> None:
    data = clip(100, container=container, draw=pan)
    said: list[tuple[float, float]] = []
    *_, end = decode_frames(
        io.BytesIO(data), len(data), "gaps" if mode == "stills" else mode, Limits(),
        quick_pdq if mode == "stills" else None, lambda seconds, total: said.append((seconds, total)),
    )  # fmt: skip
    assert isinstance(end, End)
    assert end.duration == pytest.approx(4, abs=0.1)
    assert {total for _, total in said} == {end.duration}
    seconds = [done for done, _ in said]
    assert seconds == sorted(seconds)
    assert seconds[0] < 1
    assert 3 < seconds[-1] <= (end.duration or 0)


def test_a_child_reports_at_a_bounded_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        clock = iter([0.0, *(n / 10 for n in range(1, 36))])
        monkeypatch.setattr("takedown_cli.hashing.pool.child.time", SimpleNamespace(monotonic=lambda: next(clock)))
        report = child._ProgressSender(theirs, 9)
        for tenth in range(1, 36):
            report(tenth, 30.0)
        replies = channel.Replies().feed(ours.recv(1 << 16))
    assert [number for number, _ in replies] == [9] * 3
    assert [decode_progress(reply) for _, reply in replies] == [VideoProgress(n, 30.0) for n in (10.0, 20.0, 30.0)]


@pytest.mark.parametrize(
    ("seconds", "total"),
    [(-1.0, 5.0), (6.0, 5.0), (0.0, 0.0), (math.nan, 5.0), (1.0, math.nan), (1.0, math.inf), (1.0, 1e13)],
)
def test_what_is_no_progress_is_refused(seconds: float, total: float) -> None:
    with pytest.raises(RecordError):
        decode_progress(encode_progress(VideoProgress(seconds, total)))


def test_a_report_ends_no_file_and_gives_no_time(at_work: tuple[Worker, Job, socket.socket]) -> None:
    worker, job, theirs = at_work
    deadline = worker.deadline()
    channel.send_reply(theirs, 1, encode_progress(VideoProgress(2.0, 30.0)))
    assert worker.read_answers() == []
    shown = [worker.video]
    assert list(worker.queue) == [job]
    assert worker.deadline() == deadline
    channel.send_reply(theirs, 1, b"\2\x0c")  # a reason
    assert [answered for answered, _ in worker.read_answers()] == [job]
    assert [*shown, worker.video] == [VideoProgress(2.0, 30.0), None]


def test_a_child_that_only_reports_is_lost(at_work: tuple[Worker, Job, socket.socket]) -> None:
    worker, job, theirs = at_work
    for _ in range(SECONDS + 2):
        channel.send_reply(theirs, 1, encode_progress(VideoProgress(2.0, 30.0)))
    with pytest.raises(WorkerLost):
        worker.read_answers()
    assert list(worker.queue) == [job]


@pytest.mark.parametrize("at_work", [Media.IMAGE], indirect=True)
def test_a_picture_has_no_progress(at_work: tuple[Worker, Job, socket.socket]) -> None:
    worker, _, theirs = at_work
    channel.send_reply(theirs, 1, encode_progress(VideoProgress(2.0, 30.0)))
    with pytest.raises(WorkerLost):
        worker.read_answers()


def test_reports_cross_from_a_real_child_in_its_sandbox(
    video: Found, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with hash_paths(video.path, workers=1) as outcomes:
        usual = list(outcomes)
    # A package in front of ours for the children: they report every packet, not every second.
    package = tmp_path / "takedown_cli"
    shutil.copytree(Path(takedown_cli.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    source = package / "hashing" / "pool" / "record.py"
    hurried = source.read_text(encoding="utf-8").replace("PROGRESS_SECONDS = 1.0", "PROGRESS_SECONDS = 0.0")
    source.write_text(hurried, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    heard: list[VideoProgress] = []

    def decode(reply: bytes) -> VideoProgress:
        heard.append(decode_progress(reply))
        return heard[-1]

    monkeypatch.setattr(record, "decode_progress", decode)
    with Pool(Recipe(), 1, open_file=open_media) as pool, hash_paths(video.path, hasher=pool) as outcomes:
        assert list(outcomes) == usual
        assert outcomes.progress().video is None
    assert isinstance(usual[0], Hashed)
    assert len(heard) > 10
    assert {each.total for each in heard} == {usual[0].duration}


def test_the_pool_shows_the_video_that_takes_longest() -> None:
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        shown = [pool.video]
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for since, progress in ((5.0, VideoProgress(1.0, 9.0)), (3.0, VideoProgress(2.0, 8.0)), (1.0, None)):
                pool._workers.append(Worker(Stranger(ours), Recipe(), since=since, video=progress))
            shown.append(pool.video)
            pool._workers.clear()
    assert shown == [None, VideoProgress(2.0, 8.0)]
