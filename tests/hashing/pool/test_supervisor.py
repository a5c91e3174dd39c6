"""The pool when nothing goes wrong: order, equality with hashing in this process, descriptors, constant memory."""

from __future__ import annotations

import errno
import io
import json
import os
import selectors
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import av
import numpy as np
import pytest
from PIL import Image

from takedown_cli.core.errors import DecoderStartError
from takedown_cli.core.model import Failed, Found, Hashed, Limits, Media, MediaFile, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing import film, hash_media
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool import launch as launching
from takedown_cli.hashing.pool import supervisor
from takedown_cli.hashing.pool.preload import preload
from takedown_cli.hashing.pool.supervisor import Pool
from tests.hashing.pool.conftest import draw, found


def test_outcomes_come_in_the_order_of_the_inputs_and_equal_those_of_this_process(pictures: list[Found]) -> None:
    with Pool(Recipe(), 3, open_file=open_media) as pool:
        outcomes = list(pool.outcomes(pictures))
    for file, outcome in zip(pictures, outcomes, strict=True):
        media = MediaFile(file.path, file.size, Media.IMAGE, "JPEG")
        assert outcome == hash_media.hash_media(io.BytesIO(file.path.read_bytes()), media, Recipe())
        assert isinstance(outcome, Hashed)


def test_pictures_of_todays_phones_are_decoded_one_at_a_time(
    pictures: list[Found], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = []
    for number in range(3):
        paths.append(tmp_path / f"{number}.png")
        drawn = Image.effect_noise((800, 700), 80).resize((8000, 7000 + number)).point(lambda value: value & 0xF0)
        drawn.save(paths[-1], compress_level=1)
    busy = []
    start = Pool._start_worker

    def count_busy(pool: Pool, video: bool, *, large: bool = False) -> object:
        worker = start(pool, video, large=large)
        if large:
            busy.append(sum(other.large and bool(other.queue) for other in pool._workers))
        return worker

    monkeypatch.setattr(Pool, "_start_worker", count_busy)
    with Pool(Recipe(copies=frozenset()), 3, open_file=open_media) as pool:
        outcomes = list(pool.outcomes([*found(paths), *pictures[:6]]))
    assert all(isinstance(outcome, Hashed) for outcome in outcomes)
    assert busy == [0, 0, 0]


def test_what_was_skipped_or_failed_before_passes_through_in_its_place(pictures: list[Found], tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    skipped, failed = Skipped(Path("s"), Reason.TOO_DEEP), Failed(Path("f"), Reason.NO_PERMISSION)
    gone, empty = Found(tmp_path / "gone.jpg", 1), Found(tmp_path / "empty.jpg", 0)
    inputs: list[Found | Skipped | Failed] = [skipped, pictures[0], gone, failed, pictures[1], empty, skipped]
    with Pool(Recipe(), 2, open_file=open_media) as pool:
        outcomes = list(pool.outcomes(inputs))
    assert [outcome.path for outcome in outcomes] == [item.path for item in inputs]
    assert (outcomes[0], outcomes[3], outcomes[6]) == (skipped, failed, skipped)
    assert outcomes[2] == Failed(gone.path, Reason.MISSING, 1)
    assert isinstance(outcomes[5], Skipped)


def test_one_pool_hashes_twice_and_the_look_ahead_is_bounded(pictures: list[Found]) -> None:
    taken = 0

    def endless() -> Iterator[Found]:
        nonlocal taken
        while True:
            taken += 1
            yield pictures[taken % len(pictures)]

    with Pool(Recipe(), 2, open_file=open_media) as pool:
        outcomes = pool.outcomes(endless())
        for _ in range(100):
            next(outcomes)
        assert taken <= 100 + supervisor.LOOK_AHEAD
        outcomes.close()  # type: ignore[attr-defined]
        assert [outcome.path for outcome in pool.outcomes(pictures[:5])] == [file.path for file in pictures[:5]]


def test_one_file_starts_one_child(pictures: list[Found]) -> None:
    with Pool(Recipe(), 8, open_file=open_media) as pool:
        list(pool.outcomes(pictures[:1]))
        assert len(pool.pids) == 1


def test_no_file_needs_no_child() -> None:
    with Pool(Recipe(), open_file=open_media) as pool:
        assert list(pool.outcomes([])) == []
        assert pool.pids == ()


class Strict(selectors.SelectSelector):
    """A selector that refuses to wait for no socket, as ``select`` does on Windows (error 10022)."""

    waits: ClassVar[list[float | None]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if not self.get_map():
            raise OSError(errno.EINVAL, "WinError 10022")
        self.waits.append(timeout)
        return super().select(timeout)


@pytest.mark.parametrize("ahead", [0, 1, 300])
@pytest.mark.parametrize("in_order", [True, False])
def test_nothing_is_waited_for_when_no_decoder_runs(
    ahead: int, in_order: bool, pictures: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder without media, many other files before the first picture, a resumed run with nothing left to do."""
    monkeypatch.setattr(selectors, "DefaultSelector", Strict)
    known: list[Found | Skipped | Failed] = [Skipped(Path(str(i)), Reason.NOT_MEDIA) for i in range(ahead)]
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        assert list(pool.outcomes(known, in_order=in_order)) == known
        outcomes = list(pool.outcomes([*known, *pictures[:2], *known], in_order=in_order))
        assert list(pool.outcomes(known, in_order=in_order)) == known
    assert len(outcomes) == 2 * ahead + 2
    assert sum(isinstance(outcome, Hashed) for outcome in outcomes) == 2


def test_nothing_is_waited_for_when_every_decoder_was_replaced(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "DefaultSelector", Strict)
    monkeypatch.setattr(supervisor, "MOST_FILES", 1)
    with Pool(Recipe(), 2, open_file=open_media) as pool:
        assert all(isinstance(outcome, Hashed) for outcome in pool.outcomes(pictures[:6]))


@pytest.mark.parametrize(
    ("platform", "seconds", "wait"),
    [
        ("win32", float("inf"), 0.25), ("win32", 20.0, 0.25), ("win32", 0.1, 0.1), ("win32", -1.0, 0.0),
        ("linux", float("inf"), None), ("linux", 20.0, 20.0), ("darwin", 20.0, 20.0), ("linux", -1.0, 0.0),
    ],
)  # fmt: skip
def test_ctrl_c_is_seen_on_windows_while_decoders_work(platform: str, seconds: float, wait: float | None) -> None:
    assert supervisor.limit_wait(platform, seconds) == wait


def test_the_wait_is_short_on_windows(pictures: list[Found], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selectors, "DefaultSelector", Strict)
    monkeypatch.setattr(Strict, "waits", [])
    monkeypatch.setattr(supervisor, "limit_wait", partial(_wait_as_on_windows, supervisor.limit_wait))
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        list(pool.outcomes(pictures[:2]))
    assert Strict.waits
    assert all(wait is not None and wait <= 0.25 for wait in Strict.waits)


def _wait_as_on_windows(limit: Callable[[str, float], float | None], _platform: str, seconds: float) -> float | None:
    return limit("win32", seconds)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_the_child_needs_no_right_to_the_path(tmp_path: Path) -> None:
    files = found([draw(tmp_path / f"{i}.png", (200, 150), i) for i in range(3)])

    def open_file(file: Found, limits: Limits) -> tuple[int, MediaFile] | Skipped | Failed:
        opened = open_media(file, limits)
        file.path.unlink()  # not even the name is left when the child reads
        return opened

    with Pool(Recipe(), 1, open_file=open_file) as pool:
        assert [type(outcome) for outcome in pool.outcomes(files)] == [Hashed] * 3


def test_a_child_is_replaced_after_a_number_of_files(pictures: list[Found], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "MOST_FILES", 5)
    seen: set[int] = set()
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        outcomes = []
        for outcome in pool.outcomes(pictures[:20]):
            outcomes.append(outcome)
            seen.update(pool.pids)
    assert all(isinstance(outcome, Hashed) for outcome in outcomes)
    assert len(seen) >= 4


def test_fresh_interpreters_serve_as_well_as_the_fork_server(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What macOS and Windows use, tried here."""
    with Pool(Recipe(), 2, open_file=open_media) as pool:
        usual = list(pool.outcomes(pictures[:8]))
    monkeypatch.setattr(supervisor, "choose_launcher", launching.FreshInterpreters)
    with Pool(Recipe(), 2, open_file=open_media) as pool:
        assert list(pool.outcomes(pictures[:8])) == usual
        pids = pool.pids
    assert len(pids) == 2


def test_a_child_that_cannot_start_is_an_error_with_advice(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with pytest.raises(DecoderStartError), Pool(Recipe(), 1, open_file=open_media) as pool:
        list(pool.outcomes(pictures))


def test_a_fork_server_that_dies_while_starting_is_an_error_and_no_endless_loop(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(DecoderStartError), Pool(Recipe(), 1, open_file=open_media) as pool:
        list(pool.outcomes(pictures))


_MEASURE = """
import json, sys
from pathlib import Path
from takedown_cli.hashing.discover import open_media
from takedown_cli.core.model import Found, Hashed, Recipe
from takedown_cli.hashing.pool.supervisor import Pool

peaks, hashed = [], 0
path = Path(sys.argv[1])
with Pool(Recipe(), 2, open_file=open_media) as pool:
    for number, outcome in enumerate(pool.outcomes(Found(path, 1) for _ in range(2000))):
        hashed += isinstance(outcome, Hashed)
        if number in (300, 1999):
            status = Path("/proc/self/status").read_text()
            peaks.append(int(status.partition("VmHWM:")[2].split()[0]))
heavy = sorted({name.partition(".")[0] for name in sys.modules} & {"numpy", "PIL", "av", "pillow_heif", "simplejpeg"})
print(json.dumps([hashed, *peaks, heavy]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_two_thousand_files_in_constant_memory_and_no_decoder_in_the_parent(tmp_path: Path) -> None:
    picture = draw(tmp_path / "small.jpg", (96, 80), 3)
    result = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(picture)], check=True, capture_output=True, cwd=Path(__file__).parents[3]
    )
    hashed, early, late, heavy = json.loads(result.stdout)
    assert hashed == 2000
    assert late - early < 4096, "kilobytes"
    assert late < 100 * 1024
    assert heavy == []


@pytest.mark.parametrize(
    ("fmt", "mode"),
    [
        ("JPEG", "RGB"), ("JPEG", "CMYK"), ("JPEG", "L"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("PNG", "LA"),
        ("GIF", "P"), ("WEBP", "RGB"), ("BMP", "RGB"), ("TIFF", "RGB"), ("AVIF", "RGB"), ("HEIF", "RGB"),
        ("JPEG2000", "RGB"), ("JXL", "RGB"), ("JXL", "LA"),
    ],
)  # fmt: skip
def test_the_sandbox_changes_no_outcome(fmt: str, mode: str, tmp_path: Path) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    if fmt == "JXL":
        pytest.importorskip("pillow_jxl")
    path = tmp_path / "picture"
    exif = Image.Exif()
    exif[274], exif[0x9286], exif[0x9C9B] = 6, b"UNICODE\0\0h\0i", "title".encode("utf-16-le")
    extra = {"exif": exif} if fmt in {"JPEG", "WEBP"} else {}
    Image.open(draw(tmp_path / "p.png", (300, 200), 1)).convert("RGB").convert(mode).save(path, fmt, **extra)
    outcomes: list[Outcome] = []
    for sandbox in (True, False):
        with Pool(Recipe(), 1, open_file=open_media, sandbox=sandbox) as pool:
            outcomes += pool.outcomes(found([path]))
    assert isinstance(outcomes[0], Hashed)
    assert all(one == other for one, other in pairwise(outcomes))


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "libx264"),
        ("mov", "mpeg4"),
        ("matroska", "libvpx-vp9"),
        ("webm", "libvpx"),
        ("avi", "mpeg4"),
        ("mpeg", "mpeg2video"),
    ],
)
def test_the_sandbox_changes_no_video(container: str, codec: str, tmp_path: Path) -> None:
    path = tmp_path / "clip"
    picture = Image.open(draw(tmp_path / "p.png", (320, 192), 1)).convert("RGB")
    with av.open(str(path), "w", format=container) as output:
        track = output.add_stream(codec, rate=25)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = 320, 192, "yuv420p"
        for turn in range(30):
            output.mux(track.encode(av.VideoFrame.from_ndarray(np.asarray(picture.rotate(turn)))))
        output.mux(track.encode(None))
    assert path.stat().st_size > film.THREAD_BYTES  # so that it is decoded in a thread, inside the sandbox too
    outcomes: list[Outcome] = []
    for sandbox in (True, False):
        with Pool(Recipe(), 1, open_file=open_media, sandbox=sandbox) as pool:
            outcomes += pool.outcomes(found([path]))
    assert isinstance(outcomes[0], Hashed)
    assert outcomes[0] == outcomes[1]


def test_the_fork_server_warms_up_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def refuse(thread: threading.Thread) -> None:
        threads.append(thread)
        raise RuntimeError

    monkeypatch.setattr(threading.Thread, "start", refuse)
    hashed: list[Outcome] = []
    plain = hash_media.hash_media
    monkeypatch.setattr(hash_media, "hash_media", lambda *given: hashed.append(plain(*given)))
    preload(Recipe(), Media.VIDEO)
    assert [type(outcome) for outcome in hashed] == [Hashed]
    assert threads == []


def test_a_video_among_pictures_is_hashed_by_a_child_that_can(pictures: list[Found], tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as output:
        track = output.add_stream("mpeg4", rate=5)
        assert isinstance(track, av.VideoStream)
        track.width, track.height, track.pix_fmt = 160, 120, "yuv420p"
        for file in pictures[:5]:
            picture = Image.open(file.path).convert("RGB").resize((160, 120))
            output.mux(track.encode(av.VideoFrame.from_ndarray(np.asarray(picture))))
        output.mux(track.encode(None))
    files = [*pictures[:6], *found([clip]), *pictures[6:12]]
    with Pool(Recipe(), 2, open_file=open_media) as pool:
        outcomes = list(pool.outcomes(files))
    assert [outcome.path for outcome in outcomes] == [file.path for file in files]
    assert all(isinstance(outcome, Hashed) for outcome in outcomes)


def test_everything_that_can_be_asked_for_crosses_from_the_child(pictures: list[Found]) -> None:
    also = frozenset({"sha1", "phash", "dhash", "ahash", "whash", "crop-resistant"})
    with Pool(Recipe(frozenset({"all"}), also), 1, open_file=open_media) as pool:
        (outcome,) = pool.outcomes(pictures[:1])
    assert isinstance(outcome, Hashed)
    assert {print_.kind for print_ in outcome.fingerprints} >= also | {"sha256", "md5", "pdq"}
