"""The walk over real trees: every regular file once, in a fixed order, whatever else lies about."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from takedown_cli.core.model import Failed, Found, Limits, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover import folders, walk
from tests.hashing.discover.conftest import write

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, FIFOs and modes of POSIX")

LIMITS = Limits()
Outcome = Found | Skipped | Failed


def told(outcomes: Iterator[Outcome], root: Path) -> list[tuple[str, str]]:
    return [
        (os.fspath(outcome.path.relative_to(root)), "found" if isinstance(outcome, Found) else outcome.reason.value)
        for outcome in outcomes
    ]


def test_order_is_that_of_bytes_depth_first(tree: Path) -> None:
    for name in ("b/2", "b/10", "a.jpg", "B", "é", "b.jpg", "c/d/e", "c/a"):
        write(tree / name)
    names = [name for name, _ in told(walk([tree], LIMITS), tree)]
    assert names == ["B", "a.jpg", "b/10", "b/2", "b.jpg", "c/a", "c/d/e", "é"]


def test_arguments_keep_their_order(tree: Path) -> None:
    second, first, folder = write(tree / "2"), write(tree / "1"), write(tree / "0" / "x").parent
    assert [name for name, _ in told(walk([second, folder, first], LIMITS), tree)] == ["2", "0/x", "1"]


def test_relative_paths_stay_relative(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tree / "a" / "b.jpg", b"123")
    monkeypatch.chdir(tree)
    assert list(walk([Path()], LIMITS)) == [Found(Path("a/b.jpg"), 3, 1)]
    assert list(walk([Path("a/b.jpg")], LIMITS)) == [Found(Path("a/b.jpg"), 3, 0)]
    assert list(walk([Path("a")], LIMITS)) == [Found(Path("a/b.jpg"), 3, 0)]


def test_links_on_the_way_are_not_followed(tree: Path) -> None:
    write(tree / "in" / "photo.jpg")
    secret = write(tree / "out" / "secret.jpg")
    (tree / "in" / "file").symlink_to(secret)
    (tree / "in" / "folder").symlink_to(secret.parent)
    (tree / "in" / "gone").symlink_to(tree / "nowhere")
    (tree / "in" / "loop").symlink_to(tree / "in")
    assert told(walk([tree / "in"], LIMITS), tree / "in") == [
        ("file", "symlink"),
        ("folder", "symlink"),
        ("gone", "symlink"),
        ("loop", "symlink"),
        ("photo.jpg", "found"),
    ]


def test_links_that_are_arguments_are_resolved(tree: Path) -> None:
    photo = write(tree / "real" / "photo.jpg")
    (tree / "one").symlink_to(photo)
    (tree / "all").symlink_to(photo.parent)
    (tree / "gone").symlink_to(tree / "nowhere")
    (tree / "self").symlink_to(tree / "self")
    assert told(walk([tree / "one"], LIMITS), tree) == [("real/photo.jpg", "found")]
    assert told(walk([tree / "all"], LIMITS), tree) == [("all/photo.jpg", "found")]
    assert told(walk([tree / "all", tree / "one", photo], LIMITS), tree) == [("all/photo.jpg", "found")]
    assert told(walk([tree / "gone", tree / "self"], LIMITS), tree) == [("gone", "missing"), ("self", "symlink")]


def test_a_second_hard_link_is_a_duplicate(tree: Path) -> None:
    photo = write(tree / "a.jpg")
    os.link(photo, tree / "b.jpg")
    (tree / "sub").mkdir()
    os.link(photo, tree / "sub" / "c.jpg")
    assert told(walk([tree], LIMITS), tree) == [("a.jpg", "found"), ("b.jpg", "duplicate"), ("sub/c.jpg", "duplicate")]
    assert told(walk([tree / "b.jpg", tree], LIMITS), tree) == [
        ("b.jpg", "found"),
        ("a.jpg", "duplicate"),
        ("sub/c.jpg", "duplicate"),
    ]


def test_overlapping_arguments_do_not_double(tree: Path) -> None:
    photo = write(tree / "a" / "b" / "photo.jpg")
    other = write(tree / "a" / "other.jpg")
    once = sorted(["a/b/photo.jpg", "a/other.jpg"])
    for arguments in (
        [tree / "a", tree / "a"],
        [tree / "a" / "b", tree / "a"],
        [tree / "a", tree / "a" / "b"],
        [photo, photo, tree / "a"],
        [tree / "a", photo, other],
        [tree / "a", tree / "a" / ".." / "a" / "b" / ".."],
    ):
        outcomes = told(walk(arguments, LIMITS), tree)
        assert sorted(name for name, _ in outcomes) == once
        assert {what for _, what in outcomes} == {"found"}


def test_pipes_sockets_and_devices_do_not_block(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    os.mkfifo(tree / "pipe")
    monkeypatch.chdir(tree)  # the path of a socket may have 108 bytes
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        assert told(walk([tree], LIMITS), tree) == [("pipe", "not-regular"), ("socket", "not-regular")]
    assert list(walk([tree / "pipe"], LIMITS)) == [Skipped(tree / "pipe", Reason.NOT_REGULAR)]
    assert list(walk([Path("/dev/zero")], LIMITS)) == [Skipped(Path("/dev/zero"), Reason.NOT_REGULAR)]


def test_what_is_not_there_is_missing(tree: Path) -> None:
    arguments = [tree / "no", tree / "no" / "no", tree / ("x" * 300), Path("nul\0"), tree / "\ud800"]
    assert [(type(each), each.path) for each in walk(arguments, LIMITS)] == [(Failed, each) for each in arguments]
    assert {each.reason for each in walk(arguments, LIMITS) if isinstance(each, Failed)} == {Reason.MISSING}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_in_any_bytes(tree: Path) -> None:
    names = [b"\xff\xfe", b"new\nline", b"\x1b[31m", b"-rf", b"[red]", "\u202egpj.exe".encode(), b" ", b"\xed\xa0\x80"]
    for name in names:
        write(Path(os.fsdecode(os.fsencode(tree) + b"/" + name)))
    assert [os.fsencode(each.path.name) for each in walk([tree], LIMITS)] == sorted(names)


def test_unreadable_folders_are_failures_of_their_own(without_privileges: Path) -> None:
    if folders.best is folders.PathFolder:
        pytest.skip("only a POSIX folder can be listed and not searched")
    root = without_privileges
    for name in ("closed/a", "listed/b", "open/c"):
        write(root / name)
    (root / "closed").chmod(0)
    (root / "listed").chmod(0o400)
    try:
        assert told(walk([root], LIMITS), root) == [
            ("closed", "no-permission"),
            ("listed/b", "no-permission"),
            ("open/c", "found"),
        ]
        assert list(walk([root / "closed"], LIMITS)) == [Failed(root / "closed", Reason.NO_PERMISSION)]
        (root / "closed").chmod(0o100)  # may be passed through, not listed: a file named in it can be read
        assert list(walk([root / "closed", root / "closed" / "a"], LIMITS)) == [
            Failed(root / "closed", Reason.NO_PERMISSION),
            Found(root / "closed" / "a", 1),
        ]
    finally:
        for name in ("closed", "listed"):
            (root / name).chmod(0o700)


def test_what_vanishes_or_moves_during_the_walk(tree: Path) -> None:
    for name in ("a/1", "a/2", "b/1"):
        write(tree / name)
    outcomes = walk([tree], LIMITS)
    assert next(outcomes) == Found(tree / "a" / "1", 1, 1)
    (tree / "a" / "2").unlink()
    (tree / "b").rename(tree / "c")
    (tree / "b").symlink_to(tree / "c")
    assert list(outcomes) == [Failed(tree / "a" / "2", Reason.MISSING), Skipped(tree / "b", Reason.SYMLINK)]


def test_depth_is_counted_from_the_argument(tree: Path) -> None:
    write(tree / "1" / "2" / "3" / "deep")
    write(tree / "1" / "2" / "at")
    write(tree / "1" / "2" / "4")
    assert told(walk([tree], Limits(depth=2)), tree) == [
        ("1/2/3", "too-deep"),
        ("1/2/4", "found"),
        ("1/2/at", "found"),
    ]
    assert told(walk([tree / "1" / "2" / "3"], Limits(depth=0)), tree) == [("1/2/3/deep", "found")]


def test_ten_thousand_folders_deep(abyss: Path) -> None:
    assert list(walk([abyss], LIMITS)) == [Skipped(abyss.joinpath(*["level"] * 65), Reason.TOO_DEEP)]
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0  # noqa: PTH208
    found = []
    for outcome in walk([abyss], Limits(depth=20_000)):
        assert isinstance(outcome, Found)
        found.append((outcome.path.name, outcome.depth))
        if before:
            assert len(os.listdir("/proc/self/fd")) < before + 50  # noqa: PTH208
    levels = [level for level in range(10_000) if level % 1000 == 999]
    assert found == [("a", level) for level in levels] + [("z", level) for level in reversed(levels)]


def test_a_tree_moved_while_the_walk_is_far_below(tmp_path: Path) -> None:
    """The folders at the top were closed on the way down; another one under the same name is not taken for them."""
    root = tmp_path / "root"
    deep = root.joinpath(*["d"] * 100)
    write(deep / "x")
    write(root / "z")
    outcomes = walk([root], Limits(depth=200))
    assert next(outcomes) == Found(deep / "x", 1, 100)
    root.rename(tmp_path / "moved")
    write(root / "z")
    for name in ("d", "d/d"):
        write(root / name / "intruder")
    rest = list(outcomes)
    assert rest
    assert {type(each) for each in rest} == {Failed}


_PEAK = """
import sys, tracemalloc
from pathlib import Path
from takedown_cli.core.model import Limits
from takedown_cli.hashing.discover import walk

for measured in (False, True):  # the first walk imports and fills caches
    if measured:
        tracemalloc.start()
    for _ in walk([Path(sys.argv[1])], Limits()):
        pass
print(tracemalloc.get_traced_memory()[1])
"""


def test_memory_does_not_grow_with_the_number_of_files(tmp_path: Path) -> None:
    """Ten folders or a hundred, it is the largest that counts; a Path kept per file would be megabytes."""
    for folder in range(100):
        (tmp_path / str(folder // 10) / str(folder)).mkdir(parents=True)
        for number in range(100):
            (tmp_path / str(folder // 10) / str(folder) / str(number)).touch()

    def peak(root: Path) -> int:
        """In a process of its own: what other tests left running or lying about would be counted too."""
        ended = subprocess.run([sys.executable, "-c", _PEAK, str(root)], check=True, capture_output=True)
        return int(ended.stdout)

    assert peak(tmp_path) - peak(tmp_path / "0") < 100_000


def test_an_abandoned_walk_closes_its_folders(tmp_path: Path) -> None:
    write(tmp_path / "a" / "b" / "c")
    outcomes = iter(walk([tmp_path], LIMITS))
    lowest = os.open(tmp_path, os.O_RDONLY)
    os.close(lowest)
    next(outcomes)
    del outcomes
    again = os.open(tmp_path, os.O_RDONLY)
    os.close(again)
    assert again == lowest
