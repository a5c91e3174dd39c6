"""A run over files: nothing is left running, and an early end never looks like a whole run."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import takedown_cli
from takedown_cli.api import Hashed, Outcome, Progress, Recipe, Skipped, errors, hash_paths
from tests.waiting import wait_until

HEAVY = ("numpy", "PIL", "av", "httpx", "cryptography", "pydantic", "rich", "typer", "sqlalchemy", "imagehash")


def children() -> set[int]:
    """The processes that this one has started and not waited for (Linux)."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found |= {int(pid) for pid in (task / "children").read_text().split()}
    return found


@pytest.fixture
def alone() -> Iterator[None]:
    """Every process that the test starts has to be gone at its end."""
    if sys.platform != "linux":
        pytest.skip("/proc lists the children")
    before = children()
    yield
    wait_until(lambda: children() <= before)


def names(outcomes: list[Outcome]) -> list[str]:
    return [outcome.path.name for outcome in outcomes]


def test_importing_the_package_and_its_api_loads_nothing_heavy() -> None:
    code = "import sys, takedown_cli; light = len(sys.modules); import takedown_cli.api; print(light, *sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "takedown_cli.api" in said
    assert set(said).isdisjoint(HEAVY)
    bare = subprocess.run([sys.executable, "-c", "import sys; print(len(sys.modules))"], capture_output=True, text=True,
                          check=True).stdout  # fmt: skip
    assert int(said[0]) == int(bare) + 1


def test_the_public_names_are_at_most_a_dozen_and_there() -> None:
    from takedown_cli import api

    assert len(api.__all__) <= 12
    assert all(getattr(api, name).__doc__ or name == "Outcome" for name in api.__all__)


@pytest.mark.usefixtures("alone")
def test_every_file_is_an_outcome_in_order(photos: Path) -> None:
    with hash_paths([photos, photos / "gone.jpg"], workers=2) as run:
        outcomes = list(run)
    assert names(outcomes) == ["0.jpg", "1.jpg", "2.jpg", "notes.txt", "gone.jpg"]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Hashed"] * 3 + ["Skipped", "Failed"]
    assert list(run) == []


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("kind", [str, Path])
def test_a_single_path_is_one_path_and_not_its_letters(photos: Path, kind: type) -> None:
    assert len(list(hash_paths(kind(photos), workers=1))) == 4


@pytest.mark.usefixtures("alone")
def test_a_run_that_is_never_iterated_starts_nothing(photos: Path) -> None:
    run = hash_paths(photos)
    assert run.progress().files == 0
    before = children()
    del run
    gc.collect()
    assert children() == before


@pytest.mark.usefixtures("alone")
def test_leaving_the_block_early_ends_the_processes(photos: Path) -> None:
    with hash_paths(photos, workers=1) as run:
        assert isinstance(next(run), Hashed)
        assert children()
    with pytest.raises(errors.UsageError, match="ended before all files"):
        next(run)
    run.close()


@pytest.mark.usefixtures("alone")
def test_an_iterator_abandoned_half_way_ends_the_processes(photos: Path) -> None:
    run = hash_paths(photos, workers=1)
    next(run)
    del run
    gc.collect()


@pytest.mark.usefixtures("alone")
def test_an_exception_in_the_callback_ends_the_run_and_reaches_the_caller(photos: Path) -> None:
    def stumble(progress: Progress) -> None:
        if progress.files == 2:
            raise ZeroDivisionError

    run = hash_paths(photos, workers=1, on_progress=stumble)
    next(run)
    with pytest.raises(ZeroDivisionError):
        next(run)
    with pytest.raises(errors.UsageError):
        next(run)


@pytest.mark.usefixtures("alone")
def test_the_callback_may_close_the_run(photos: Path) -> None:
    def enough(progress: Progress) -> None:
        if progress.files == 2:
            run.close()

    run = hash_paths(photos, workers=1, on_progress=enough)
    assert names([next(run), next(run)]) == ["0.jpg", "1.jpg"]
    with pytest.raises(errors.UsageError):
        next(run)


@pytest.mark.usefixtures("alone")
def test_progress_counts_up_and_knows_the_totals_when_it_counts_ahead(photos: Path) -> None:
    seen: list[Progress] = []
    with hash_paths(photos, workers=1, on_progress=seen.append, count_ahead=True) as run:
        wait_until(lambda: run.progress().counted)
        outcomes = list(run)
    assert [progress.files for progress in seen] == [1, 2, 3, 4]
    last = seen[-1]
    assert (last.found, last.counted) == (4, True)
    assert last.bytes == last.found_bytes == sum(outcome.size for outcome in outcomes)


@pytest.mark.usefixtures("alone")
def test_a_run_may_move_to_another_thread_when_its_own_has_ended(photos: Path) -> None:
    run = hash_paths(photos, workers=1)
    got: list[Outcome] = []
    first = threading.Thread(target=lambda: got.append(next(run)))
    first.start()
    first.join()
    got += run
    assert names(got) == ["0.jpg", "1.jpg", "2.jpg", "notes.txt"]


@pytest.mark.usefixtures("alone")
def test_several_threads_take_outcomes_in_turns(photos: Path) -> None:
    got: list[Outcome] = []
    with hash_paths(photos, workers=2) as run:
        takers = [threading.Thread(target=lambda: got.extend(run)) for _ in range(4)]
        for taker in takers:
            taker.start()
        for taker in takers:
            taker.join()
    assert sorted(names(got)) == ["0.jpg", "1.jpg", "2.jpg", "notes.txt"]


@pytest.mark.usefixtures("alone")
def test_two_runs_at_a_time_do_not_mix(photos: Path) -> None:
    with hash_paths(photos, workers=1) as one, hash_paths(photos, Recipe(copies=frozenset()), workers=1) as two:
        pairs = list(zip(one, two, strict=True))
    assert [first.path for first, _ in pairs] == [second.path for _, second in pairs]
    first, second = pairs[0]
    assert isinstance(first, Hashed)
    assert isinstance(second, Hashed)
    assert len(second.fingerprints) < len(first.fingerprints)


def test_workers_below_one_are_refused_before_anything_starts(photos: Path) -> None:
    with pytest.raises(errors.UsageError, match="workers"):
        hash_paths(photos, workers=0)


_COUNT = "from takedown_cli.api import hash_paths; print(sum(1 for _ in hash_paths({path!r}, workers=1)))"


def run_python(code: str, *options: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(takedown_cli.__file__).parents[1])
    return subprocess.run(
        [sys.executable, *options], input=code, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip


def test_it_works_without_a_file_of_a_main_program(photos: Path) -> None:
    """As in a notebook, or in a Python that reads what is typed."""
    code = _COUNT.format(path=str(photos))
    assert run_python(code, "-").stdout == "4\n"
    assert run_python(code + "\n", "-i", "-q").stdout.split() == ["4"]


def test_it_works_in_a_process_that_was_spawned(photos: Path, tmp_path: Path) -> None:
    """Also as a daemon, which may have no children of the module ``multiprocessing``."""
    script = tmp_path / "main.py"
    script.write_text(
        "import multiprocessing\n"
        f"def work():\n    {_COUNT.format(path=str(photos))}\n"
        "if __name__ == '__main__':\n"
        "    child = multiprocessing.get_context('spawn').Process(target=work, daemon=True)\n"
        "    child.start(); child.join(); raise SystemExit(child.exitcode)\n"
    )
    ended = run_python("", str(script))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "4\n", "")


def test_a_program_that_ends_with_a_run_open_leaves_nothing_and_says_nothing(photos: Path) -> None:
    code = (
        "import warnings; warnings.simplefilter('always')\n"
        "from takedown_cli.api import hash_paths\n"
        f"run = hash_paths({str(photos)!r}, workers=1); next(run)\n"
        "from pathlib import Path; print(*(f.read_text() for f in Path('/proc/self/task').glob('*/children')))\n"
    )
    if sys.platform != "linux":
        pytest.skip("/proc lists the children")
    ended = run_python(code, "-X", "dev", "-")
    assert ended.returncode == 0
    assert ended.stderr == ""
    pids = [int(pid) for pid in ended.stdout.split()]
    assert pids
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no such signal to itself")
@pytest.mark.usefixtures("alone")
def test_ctrl_c_in_the_middle_ends_the_processes(photos: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.files == 1:
            threading.Timer(0, os.kill, (os.getpid(), signal.SIGINT)).start()
            threading.Event().wait(60)

    with pytest.raises(KeyboardInterrupt), hash_paths(photos, workers=1, on_progress=interrupt) as run:
        list(run)
    with pytest.raises(errors.UsageError):
        next(run)


def test_what_is_no_picture_says_why(photos: Path) -> None:
    with hash_paths(photos / "notes.txt", workers=1) as run:
        only = next(run)
    assert isinstance(only, Skipped)
    assert only.reason == "not-media"
    assert only.reason.sentence
