"""A scheduler and workers, really running: equal outcomes, whatever is killed; and what a cluster must not be like."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from takedown_cli import fixtures
from takedown_cli.core.errors import ConfigError, UnreachableError
from takedown_cli.core.model import Failed, Found, Hashed, Limits, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.cluster import hasher_for, scheduler
from takedown_cli.hashing.discover import walk
from takedown_cli.hashing.pipeline import outcomes
from tests.cli.runner import run, start
from tests.hashing.cluster.machines import Machines, certificates, machines, with_its_children
from tests.waiting import PATIENCE

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
RECIPE = Recipe()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures, a clip, and everything that is none."""
    root = tmp_path_factory.mktemp("tree") / "photos"
    (root / "deep").mkdir(parents=True)
    for number in range(60):
        fixtures.picture(number, (200 + number, 160)).save(root / f"{number:03}.png")
    fixtures.clip(root / "deep" / "clip.mp4", 1, seconds=2.0)
    (root / "damaged.jpg").write_bytes((root / "000.png").read_bytes()[:400])
    (root / "empty.jpg").touch()
    (root / "notes.txt").write_text("nothing to see")
    (root / os.fsdecode(b"odd\xff.png")).write_bytes((root / "001.png").read_bytes())
    (root / "link.png").symlink_to(root / "002.png")
    return root


@pytest.fixture(scope="module")
def local(tree: Path) -> list[Outcome]:
    return list(outcomes([tree], RECIPE, workers=2))


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Machines]:
    with machines(tmp_path / "cluster", 2) as made:
        yield made


def test_two_workers_give_what_one_computer_gives(two: Machines, tree: Path, local: list[Outcome]) -> None:
    with hasher_for(two.address, RECIPE) as cluster:
        assert list(outcomes([tree], RECIPE, hasher=cluster)) == local
        unordered = list(cluster.outcomes(walk([tree], RECIPE.limits), in_order=False))
        assert sorted(unordered, key=lambda one: one.path) == sorted(local, key=lambda one: one.path)
        assert list(outcomes([tree / "deep"], RECIPE, hasher=cluster)) == [
            one for one in local if one.path.parent.name == "deep"
        ]
    assert sum(isinstance(one, Hashed) for one in local) == 62
    assert b"photos" not in two.logs()


def test_a_worker_that_is_killed_costs_nothing(two: Machines, tree: Path, local: list[Outcome]) -> None:
    with hasher_for(two.address, RECIPE) as cluster:
        found = []
        for outcome in outcomes([tree], RECIPE, hasher=cluster):
            found.append(outcome)
            if len(found) == 5:
                with_its_children(two.workers[0])
    assert found == local


def test_a_worker_that_comes_late_is_used(tmp_path: Path, tree: Path, local: list[Outcome]) -> None:
    with machines(tmp_path / "cluster", 1) as made, hasher_for(made.address, RECIPE) as cluster:
        found = []
        for outcome in outcomes([tree], RECIPE, hasher=cluster):
            found.append(outcome)
            if len(found) == 1:
                made.add_worker()
                with_its_children(made.workers[0])
    assert found == local


#: A worker of which one thing is other: opening a certain file ends it, as a fault of its machine would.
_POISONED = """
import os
from takedown_cli.hashing import discover
from takedown_cli.hashing.cluster import worker_side
def open_media(found, limits):
    if found.path.name == "013.png":
        os._exit(1)
    return discover.open_media(found, limits)
worker_side.open_media = open_media
"""


def test_a_file_that_kills_its_worker_ends_as_failed(tmp_path: Path, tree: Path, local: list[Outcome]) -> None:
    (tmp_path / "poison.py").write_text(_POISONED)
    with machines(tmp_path / "cluster") as made:
        for _ in range(2):
            made.add_worker(tmp_path / "poison.py", nanny=True)
        with hasher_for(made.address, RECIPE) as cluster:
            found = list(outcomes([tree], RECIPE, hasher=cluster))
    expected = [
        Failed(one.path, Reason.DECODER_CRASHED, one.size, getattr(one, "media", None))
        if one.path.name == "013.png"
        else one
        for one in local
    ]
    assert found == expected


def test_when_every_worker_is_gone_the_run_ends(two: Machines, tree: Path) -> None:
    with hasher_for(two.address, RECIPE) as cluster:
        run_of = outcomes([tree], RECIPE, hasher=cluster)
        next(run_of)
        cluster.patience = 2.0  # not before: workers may take longer to begin
        for worker in two.workers:
            with_its_children(worker)
        with pytest.raises(UnreachableError, match="no worker left"):
            list(run_of)


def test_a_dead_scheduler_ends_the_run(two: Machines, tree: Path) -> None:
    with hasher_for(two.address, RECIPE, connect_seconds=5.0) as cluster:
        run_of = outcomes([tree], RECIPE, hasher=cluster)
        next(run_of)
        with_its_children(two.processes[0])
        with pytest.raises(UnreachableError):
            list(run_of)


def test_no_more_than_a_window_is_taken_ahead(two: Machines, tree: Path) -> None:
    """However long the walk is, and however slow its first file: memory stays constant."""
    files = [one for one in walk([tree], RECIPE.limits) if isinstance(one, Found)]
    taken = given = most = 0

    def long_walk() -> Iterator[Found]:
        nonlocal taken
        for number in range(1200):
            taken += 1
            yield files[number % len(files)] if number % 40 == 0 else replace(files[number % 60], path=tree / "none")

    with hasher_for(two.address, RECIPE) as cluster:
        for _ in cluster.outcomes(long_walk()):
            given += 1
            most = max(most, taken - given)
    assert given == 1200
    assert most <= max(scheduler.LOOK_AHEAD, 2 * scheduler.AHEAD_EACH)


def test_interrupted_it_stops_and_leaves_the_cluster_to_others(two: Machines, tree: Path, tmp_path: Path) -> None:
    process = start("hash", "photos", "--jsonl", "-q", "--executor", two.address, cwd=tree.parent)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    with hasher_for(two.address, RECIPE) as cluster:
        assert len(list(outcomes([tree / "deep"], RECIPE, hasher=cluster))) == 1


def test_limits_hold_on_a_worker_too(two: Machines, tree: Path) -> None:
    tight = Recipe(limits=Limits(pixels=1000))
    with hasher_for(two.address, tight) as cluster:
        assert list(outcomes([tree], tight, hasher=cluster)) == list(outcomes([tree], tight, workers=1))


_SERVES = {"DASK_DISTRIBUTED__SCHEDULER__HTTP__ROUTES": "['distributed.http.health']"}


@pytest.mark.parametrize(
    ("there", "code", "said"),
    [
        ({"DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "['distributed.http.health']"}, "", "web pages"),
        ({"DASK_DISTRIBUTED__WORKER__MEMORY__SPILL": "0.7"}, "", "write results to its disk"),
        ({}, "worker_side.__version__ = '0'", "another version"),
        ({}, "worker_side.open_media = lambda found, limits: Skipped(found.path, Reason.EMPTY)", "same paths"),
        ({}, "worker_side.messages.pack_answer = lambda outcomes: b'\\x01surprise'", "an invalid answer"),
        ({}, "worker_side.messages.pack_answer = lambda outcomes: ['surprise']", "an invalid answer"),
        ({}, "worker_side.messages.pack_answer = lambda outcomes: 1 / 0", "fails every time"),
    ],
)
def test_a_worker_that_would_reveal_files_or_cannot_see_them_is_not_used(
    tmp_path: Path, tree: Path, there: dict[str, str], code: str, said: str
) -> None:
    preload = tmp_path / "other.py"
    preload.write_text(
        "from takedown_cli.hashing.cluster import worker_side\nfrom takedown_cli.core.model import Skipped\n"
        f"from takedown_cli.core.reasons import Reason\n{code}\n"
    )
    with machines(tmp_path / "cluster") as made:
        made.add_worker(preload, environment=there)
        with hasher_for(made.address, RECIPE) as cluster:
            run_of = outcomes([tree], RECIPE, hasher=cluster)
            with pytest.raises(ConfigError, match=said):
                list(run_of)


_SURPRISE = """
import os
from takedown_cli.hashing.cluster import worker_side
class Surprise:
    def __reduce__(self):
        return os.mkdir, ({place!r},)
worker_side.messages.pack_answer = lambda outcomes: Surprise()
"""


def test_an_answer_is_never_unpacked_as_an_object(tmp_path: Path, tree: Path) -> None:
    (tmp_path / "surprise.py").write_text(_SURPRISE.format(place=str(tmp_path / "surprised")))
    with machines(tmp_path / "cluster") as made:
        made.add_worker(tmp_path / "surprise.py")
        with hasher_for(made.address, RECIPE) as cluster:
            run_of = outcomes([tree], RECIPE, hasher=cluster)
            with pytest.raises(ConfigError, match="fails every time"):
                list(run_of)
    assert not (tmp_path / "surprised").exists()


def test_a_worker_that_loses_sight_of_the_files_is_used_no_more(
    tmp_path: Path, tree: Path, local: list[Outcome]
) -> None:
    """Its drive goes away in the middle: it answers faster than any other, and none of its answers counts."""
    (tmp_path / "blinded.py").write_text(_BLINDED)
    with machines(tmp_path / "cluster", 1) as made:
        made.add_worker(tmp_path / "blinded.py")
        with hasher_for(made.address, RECIPE) as cluster:
            for _ in range(3):
                assert list(outcomes([tree], RECIPE, hasher=cluster)) == local


_BLINDED = """
from takedown_cli.hashing import discover
from takedown_cli.hashing.cluster import worker_side
from takedown_cli.core.model import Failed
from takedown_cli.core.reasons import Reason
seen = []
def open_media(found, limits):
    seen.append(found)
    return discover.open_media(found, limits) if len(seen) < 20 else Failed(found.path, Reason.MISSING)
worker_side.open_media = open_media
"""


def test_a_file_that_changes_meanwhile_is_hashed_as_it_is_then(two: Machines, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(4):
        fixtures.picture(number, (300, 200)).save(folder / f"{number}.png")

    def writing() -> Iterator[Found | Skipped | Failed]:
        for found in walk([folder], RECIPE.limits):
            yield found
            if found.path.name == "3.png":  # after it was looked at here, before a worker can have it
                fixtures.picture(9, (320, 200)).save(folder / "0.png")

    with hasher_for(two.address, RECIPE) as cluster:
        found = list(cluster.outcomes(writing()))
    assert found == list(outcomes([folder], RECIPE, workers=1))


def test_a_scheduler_that_serves_pages_is_not_used(tmp_path: Path, tree: Path) -> None:
    with machines(tmp_path / "cluster", 0, None, _SERVES) as made, hasher_for(made.address, RECIPE) as cluster:
        run_of = outcomes([tree], RECIPE, hasher=cluster)
        with pytest.raises(ConfigError, match="web pages"):
            list(run_of)


def test_tls_with_certificates_of_the_cluster(tmp_path: Path, tree: Path, local: list[Outcome]) -> None:
    ours, others = certificates(tmp_path / "ours"), certificates(tmp_path / "others")
    with machines(tmp_path / "cluster", 1, ours) as made:
        with hasher_for(made.address, RECIPE, ours) as cluster:
            assert list(outcomes([tree], RECIPE, hasher=cluster)) == local
        for wrong in (others, None):
            with pytest.raises(UnreachableError):
                hasher_for(made.address, RECIPE, wrong, connect_seconds=2.0).__enter__()


@pytest.mark.parametrize(
    "address",
    ["dask://10.0.0.5:8786", "tls://127.0.0.1:8786", "dask://cluster.example:8786", "dask://127.0.0.1", "tcp://h:1",
     "dask://127.0.0.1:0", "dask://127.0.0.1:99999", "127.0.0.1:8786"],
)  # fmt: skip
def test_other_machines_only_over_tls(address: str) -> None:
    with pytest.raises(ConfigError):
        hasher_for(address, RECIPE)


def test_the_command_gives_the_same_report_and_goes_on_by_its_journal(
    two: Machines, tree: Path, tmp_path: Path
) -> None:
    def rows(*extra: str, stdin: bytes | None = None) -> tuple[list[object], bytes]:
        ended = run("hash", "photos", "--json", "-q", *extra, cwd=tree.parent, stdin=stdin)
        assert ended.code == 3, ended.said
        return ended.document()["files"], ended.err

    expected, _ = rows()
    assert rows("--executor", two.address)[0] == expected
    journal = str(tmp_path / "journal")
    found, said = rows("--executor", two.address, "--resume", journal)
    assert found == expected
    number = said.split(b"Case number: ")[1].split()[0]
    for worker in two.workers:
        with_its_children(worker)
    two.add_worker()
    assert rows("--executor", two.address, "--resume", journal, "--case", "-", stdin=number)[0] == expected


def test_the_command_refuses_what_is_half_said(tmp_path: Path) -> None:
    for extra in (["--executor", "dask://10.0.0.5:8786"], ["--executor", "dask://127.0.0.1:1", "--executor-ca", "x"]):
        ended = run("hash", ".", *extra, "--json", cwd=tmp_path)
        assert ended.code == 2
        assert json.loads(ended.out)["id"] in {"config", "usage"}
        assert "Nothing leaves" not in ended.said
