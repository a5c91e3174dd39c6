"""Files named with -o: whole or not at all, private, and never over something else."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from takedown_cli.cli import output
from takedown_cli.errors import OutputError


def test_a_new_file_is_private_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        output.write(tmp_path / "x.tdb", b"data", force=False)
    finally:
        os.umask(before)
    assert (tmp_path / "x.tdb").read_bytes() == b"data"
    assert [path.name for path in tmp_path.iterdir()] == ["x.tdb"]
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "x.tdb").stat().st_mode) == 0o600


def test_an_existing_file_stays_without_force(tmp_path: Path) -> None:
    (tmp_path / "x.tdb").write_bytes(b"old")
    with pytest.raises(OutputError):
        output.write(tmp_path / "x.tdb", b"new", force=False)
    assert (tmp_path / "x.tdb").read_bytes() == b"old"
    output.write(tmp_path / "x.tdb", b"new", force=True)
    assert (tmp_path / "x.tdb").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_made_in_the_meantime_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x.tdb"
    monkeypatch.setattr(output, "check", lambda *_args, **_options: target.write_bytes(b"theirs"))
    with pytest.raises(OutputError):
        output.write(target, b"ours", force=False)
    assert target.read_bytes() == b"theirs"
    assert len(list(tmp_path.iterdir())) == 1


def test_force_replaces_a_link_and_not_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "diary").write_bytes(b"diary")
    (tmp_path / "x.tdb").symlink_to("diary")
    output.write(tmp_path / "x.tdb", b"new", force=True)
    assert (tmp_path / "diary").read_bytes() == b"diary"
    assert not (tmp_path / "x.tdb").is_symlink()


@pytest.mark.parametrize("force", [False, True])
def test_folders_and_devices_are_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "folder", Path(os.devnull)):
        with pytest.raises(OutputError):
            output.write(target, b"x", force=force)
    assert (tmp_path / "folder").is_dir()


def test_a_missing_folder_is_found_out_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        output.check(tmp_path / "no" / "x.tdb", force=False)


def test_what_fails_together_with_the_file_takes_it_away(tmp_path: Path) -> None:
    def interrupted() -> None:
        with output.written(tmp_path / "x.tdb", b"x", force=False):
            assert (tmp_path / "x.tdb").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    (tmp_path / "x.tdb").write_bytes(b"old")
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(OutputError):
            output.write(tmp_path / "x.tdb", b"n" * 5000, force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "x.tdb").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
