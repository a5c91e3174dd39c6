"""Disk full, read-only, a limit on files: the old file or the new one, never half of one, and a clear error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli.fixtures.texture import picture
from takedown_cli.protocol.bundle.file import open_signed
from tests.campaigns.hostile.measure import COMMAND, HUMBLY, environment

OPTIONS = ("--age", "adult", "--for", "self")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(4):
        picture(seed, (320, 240)).save(folder / f"{seed}.jpg")
    return folder


def hash_to(target: Path, photos: Path, *options: str | Path, before: tuple[str, ...] = ()) -> tuple[int, bytes]:
    typed = target.relative_to(photos.parent)  # what is typed after -o is said again; the folder of the photos is not
    ended = subprocess.run(
        [*before, *COMMAND, "hash", photos, "-o", typed, *OPTIONS, *options],
        cwd=photos.parent, env=environment(photos.parent), capture_output=True, check=False, timeout=900,
    )  # fmt: skip
    assert b"Traceback" not in ended.stderr
    assert os.fsencode(photos.parent) not in ended.stderr
    return ended.returncode, ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
def test_a_limit_on_the_size_of_files_leaves_the_old_bundle(photos: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.tdb"
    assert hash_to(target, photos)[0] == 0
    old = target.read_bytes()
    script = (
        "import os,resource as r,sys;r.setrlimit(r.RLIMIT_FSIZE,(1000,1000));"
        "os.environ['PYTHONDONTWRITEBYTECODE']='1';os.execv(sys.argv[1],sys.argv[1:])"
    )
    code, said = hash_to(target, photos, "--force", before=(sys.executable, "-c", script))
    assert code == 2
    assert b"[output]" in said
    assert target.read_bytes() == old
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "x.tdb"]


def may_mount() -> bool:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        return False
    tried = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"], capture_output=True, check=False
    )
    return tried.returncode == 0


@pytest.mark.skipif(not may_mount(), reason="no file system may be mounted here")
@pytest.mark.parametrize("options", [(), ("--resume", "full/journal")], ids=["bundle", "journal"])
def test_a_full_disk_leaves_the_old_file_and_nothing_half_made(
    options: tuple[str, ...], photos: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    script = (
        "mount -t tmpfs -o size=16k none full && printf old > full/x.tdb && head -c 8k /dev/zero > full/rest\n"
        '"$@"; code=$?; ls -A full; cat full/x.tdb; exit $code'
    )
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *COMMAND, "hash", photos, "-o", "full/x.tdb", "--force",
         *OPTIONS, *options],
        cwd=tmp_path, env=environment(tmp_path), capture_output=True, check=False, timeout=900,
    )  # fmt: skip
    assert ended.returncode == 2, ended.stderr
    assert b"[output]" in ended.stderr
    assert b"Traceback" not in ended.stderr
    listed = ended.stdout.splitlines()
    assert listed[-1] == b"old"
    assert not [name for name in listed if name.endswith(b".part")]


@pytest.mark.skipif(not HUMBLY, reason="needs Linux")
def test_a_folder_that_may_not_be_written_is_said_before_the_work(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    code, said = hash_to(tmp_path / "closed" / "x.tdb", photos, before=HUMBLY)
    assert code == 2
    assert b"cannot be written" in said
    assert b"files in" not in said


@pytest.mark.skipif(not HUMBLY, reason="needs Linux")
def test_a_home_that_cannot_be_written_and_none_at_all_are_no_obstacle(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o500)
    for variables in ({"HOME": str(tmp_path / "home")}, {"HOME": ""}, {}):
        target = tmp_path / "x.tdb"
        kept = {name: value for name, value in environment(tmp_path).items() if name != "HOME"}
        ended = subprocess.run(
            [*HUMBLY, *COMMAND, "hash", photos, "-o", target, *OPTIONS],
            cwd=tmp_path, env={**kept, **variables}, capture_output=True, check=False, timeout=900,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert len(open_signed(target.read_bytes()).bundle.items) == 4
        target.unlink()
