"""Files named with -o: whole or not at all, private, and never over something else."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli.core import atomic_file
from takedown_cli.core.errors import Interrupted, OutputError
from takedown_cli.fixtures import texture
from tests.cli.runner import COMMAND, ROOT, environment


def test_a_new_file_is_private_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        atomic_file.write_file(tmp_path / "x.tdb", b"data", force=False)
    finally:
        os.umask(before)
    assert (tmp_path / "x.tdb").read_bytes() == b"data"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tdb"]
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "x.tdb").stat().st_mode) == 0o600


def test_an_existing_file_stays_without_force(tmp_path: Path) -> None:
    (tmp_path / "x.tdb").write_bytes(b"old")
    with pytest.raises(OutputError):
        atomic_file.write_file(tmp_path / "x.tdb", b"new", force=False)
    assert (tmp_path / "x.tdb").read_bytes() == b"old"
    atomic_file.write_file(tmp_path / "x.tdb", b"new", force=True)
    assert (tmp_path / "x.tdb").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_made_in_the_meantime_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x.tdb"
    monkeypatch.setattr(atomic_file, "check_target", lambda *_args, **_options: target.write_bytes(b"theirs"))
    with pytest.raises(OutputError):
        atomic_file.write_file(target, b"ours", force=False)
    assert target.read_bytes() == b"theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_force_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "diary").write_bytes(b"diary")
    (tmp_path / "x.tdb").symlink_to("diary")
    atomic_file.write_file(tmp_path / "x.tdb", b"new", force=True)
    assert (tmp_path / "diary").read_bytes() == b"diary"
    assert not (tmp_path / "x.tdb").is_symlink()


@pytest.mark.parametrize("force", [False, True])
def test_folders_and_devices_are_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "folder", Path(os.devnull)):
        with pytest.raises(OutputError):
            atomic_file.write_file(target, b"x", force=force)
    assert (tmp_path / "folder").is_dir()


def test_a_missing_folder_is_found_out_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        atomic_file.check_target(tmp_path / "no" / "x.tdb", force=False)


@pytest.fixture(params=["nameless", "named"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("old", [None, b"old"])
def test_force_with_an_output_that_fails_destroys_nothing(tmp_path: Path, old: bytes | None) -> None:
    target = tmp_path / "x.tdb"
    if old is not None:
        target.write_bytes(old)

    def interrupted() -> None:
        with atomic_file.writing_file(target, b"new", force=True):
            assert (target.read_bytes() if target.exists() else None) == old  # it gets its name last
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (target.read_bytes() if target.exists() else None) == old
    assert len(list(tmp_path.iterdir())) == (old is not None)


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("force", [False, True])
def test_both_ways_of_writing_put_the_whole_file_in_place(tmp_path: Path, force: bool) -> None:
    target = tmp_path / "x.tdb"
    if force:
        target.write_bytes(b"old")
    atomic_file.write_file(target, b"new" * 100_000, force=force)
    assert target.read_bytes() == b"new" * 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["x.tdb"]
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.usefixtures("_both_ways")
def test_a_number_whose_bundle_found_no_place_is_called_void(tmp_path: Path) -> None:
    target = tmp_path / "x.tdb"
    shown: list[str] = []

    def tell() -> None:
        with atomic_file.writing_file(target, b"new", force=False, void="forget that number"):
            shown.append("a number")
            target.write_bytes(b"theirs")

    with pytest.raises(OutputError, match="forget that number"):
        tell()
    assert shown
    assert target.read_bytes() == b"theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interruption_before_the_file_has_its_name_says_so(tmp_path: Path) -> None:
    with (
        pytest.raises(Interrupted) as caught,
        atomic_file.writing_file(tmp_path / "x", b"new", force=False, void="forget it"),
    ):
        raise Interrupted(2)
    assert caught.value.sentence == "forget it"
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from takedown_cli.core import atomic_file
with atomic_file.writing_file(Path(sys.argv[1]), b"new", force=True):
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="Linux has files without a name")
def test_a_killed_command_leaves_no_part_behind(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has files without a name")
    try:
        os.close(os.open(tmp_path, os.O_TMPFILE | os.O_WRONLY, 0o600))
    except OSError:
        pytest.skip("not on this file system")
    (tmp_path / "x.tdb").write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", _KILLED, tmp_path / "x.tdb"], cwd=ROOT, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.iterdir()] == ["x.tdb"]
    assert (tmp_path / "x.tdb").read_bytes() == b"old"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
@pytest.mark.parametrize("json", [[], ["--json"]])
def test_hash_to_a_full_standard_output_keeps_the_old_bundle(tmp_path: Path, json: list[str]) -> None:
    texture.picture(3, (300, 200)).save(tmp_path / "a.jpg")
    (tmp_path / "old.tdb").write_bytes(b"old")
    arguments = ["hash", "a.jpg", "-o", "old.tdb", "--force", "--age", "adult", "--for", "self", *json]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*COMMAND, *arguments], cwd=tmp_path, env=environment(tmp_path), stdout=full, check=False
        )  # fmt: skip
    assert ended.returncode == OutputError.exit_code
    assert (tmp_path / "old.tdb").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "old.tdb"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    (tmp_path / "x.tdb").write_bytes(b"old")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError):
            atomic_file.write_file(tmp_path / "x.tdb", b"n" * 5000, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "x.tdb").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
