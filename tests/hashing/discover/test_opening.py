"""Opening what the walk found: never a pipe, never a link, never by name."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from takedown_cli.core.model import Failed, Found, Limits, Media, MediaFile, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover import open_media, opening, walk
from tests.hashing.discover.conftest import write
from tests.hashing.discover.samples import picture, video

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links, FIFOs and modes of POSIX")

LIMITS = Limits()


def opened(found: Found, limits: Limits = LIMITS) -> tuple[bytes, MediaFile]:
    outcome = open_media(found, limits)
    assert isinstance(outcome, tuple), outcome
    with os.fdopen(outcome[0], "rb") as stream:
        return stream.read(), outcome[1]


def test_the_content_decides_not_the_name(tree: Path) -> None:
    write(tree / "a.txt", picture("PNG"))
    write(tree / "b.jpg", b"%!PS-Adobe-3.0 EPSF-3.0\n")
    write(tree / "c.mp4", b"#EXTM3U\nhttp://127.0.0.1/x\n")
    write(tree / "d.jpg", b"")
    write(tree / "e", video("mp4", "mpeg4"))
    outcomes = [open_media(found, LIMITS) for found in walk([tree], LIMITS) if isinstance(found, Found)]
    told: list[tuple[str, Media | None, str]] = []
    for outcome in outcomes:
        if isinstance(outcome, tuple):
            os.close(outcome[0])
            told.append((outcome[1].path.name, outcome[1].media, outcome[1].format))
        else:
            told.append((outcome.path.name, None, outcome.reason.value))
    assert told == [
        ("a.txt", Media.IMAGE, "PNG"),
        ("b.jpg", None, "unsupported"),
        ("c.mp4", None, "not-media"),
        ("d.jpg", None, "empty"),
        ("e", Media.VIDEO, "mp4"),
    ]


def test_the_descriptor_begins_at_the_beginning(tree: Path) -> None:
    path = write(tree / "x", picture("PNG"))
    assert opened(Found(path, 0)) == (picture("PNG"), MediaFile(path, len(picture("PNG")), Media.IMAGE, "PNG"))


def test_the_descriptor_is_not_inherited(tmp_path: Path) -> None:
    outcome = open_media(Found(write(tmp_path / "x", picture("PNG")), 0), LIMITS)
    assert isinstance(outcome, tuple)
    assert not os.get_inheritable(outcome[0])
    os.close(outcome[0])


@pytest.mark.skipif(not opening._NOATIME, reason="this system cannot suppress access times")
def test_no_access_time_is_left(tmp_path: Path) -> None:
    path = write(tmp_path / "x", picture("PNG"))
    os.utime(path, (1, 2))  # older than the change: even "relatime" would set it now
    opened(Found(path, 0))
    assert path.stat().st_atime == 1


def test_files_of_others_can_be_read(without_privileges: Path) -> None:
    """Only the owner may suppress the access time; for anybody else the file opens all the same."""
    if sys.platform == "win32":
        pytest.skip("there is no other account to become")
    path = without_privileges / "x"
    if os.getuid() != 0:
        pytest.skip("only root can make a file of somebody else")
    os.seteuid(0)
    write(path, picture("PNG")).chmod(0o644)
    os.seteuid(65534)
    assert opened(Found(path, 0))[0] == picture("PNG")


def test_a_pipe_that_took_the_place_of_a_file(tree: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    os.mkfifo(tree / "x")
    assert open_media(Found(tree / "x", 5), LIMITS) == Skipped(tree / "x", Reason.NOT_REGULAR)


def test_a_folder_or_a_link_that_took_the_place_of_a_file(tree: Path) -> None:
    (tree / "folder").mkdir()
    write(tree / "real", picture("PNG"))
    (tree / "link").symlink_to(tree / "real")
    assert open_media(Found(tree / "folder", 5), LIMITS) == Skipped(tree / "folder", Reason.NOT_REGULAR)
    assert open_media(Found(tree / "link", 5), LIMITS) == Skipped(tree / "link", Reason.SYMLINK, 5)


def test_a_folder_on_the_way_that_became_a_link(tree: Path) -> None:
    write(tree / "in" / "a" / "b" / "x", picture("PNG"))
    write(tree / "out" / "b" / "x", picture("GIF"))
    (found,) = walk([tree / "in"], LIMITS)
    assert isinstance(found, Found)
    shutil.rmtree(tree / "in" / "a")
    (tree / "in" / "a").symlink_to(tree / "out")
    assert open_media(found, LIMITS) == Failed(found.path, Reason.CHANGED, found.size)


def test_links_that_the_person_named_are_passed(tree: Path) -> None:
    write(tree / "real" / "sub" / "x", picture("PNG"))
    (tree / "link").symlink_to(tree / "real")
    for argument in (tree / "link", tree / "link" / "sub", tree / "link" / "sub" / "x"):
        (found,) = walk([argument], LIMITS)
        assert isinstance(found, Found)
        assert opened(found)[1].path == tree / "link" / "sub" / "x"


def test_gone_forbidden_and_impossible(without_privileges: Path) -> None:
    root = without_privileges
    write(root / "x", picture("PNG")).chmod(0)
    write(root / "y", picture("PNG"))
    (found,) = walk([root / "y"], LIMITS)
    (root / "y").unlink()
    assert isinstance(found, Found)
    assert open_media(found, LIMITS) == Failed(root / "y", Reason.MISSING, found.size)
    assert open_media(Found(root / "x", 1), LIMITS) == Failed(root / "x", Reason.NO_PERMISSION, 1)
    assert open_media(Found(root / "\0", 1), LIMITS) == Failed(root / "\0", Reason.MISSING, 1)


def test_a_file_in_a_folder_that_may_only_be_passed(without_privileges: Path) -> None:
    write(without_privileges / "a" / "x", picture("PNG"))
    (without_privileges / "a").chmod(0o100)
    try:
        (found,) = walk([without_privileges / "a" / "x"], LIMITS)
        assert isinstance(found, Found)
        assert opened(found)[0] == picture("PNG")
    finally:
        (without_privileges / "a").chmod(0o700)


def test_sparse_giants(tmp_path: Path) -> None:
    """Five gibibytes of nothing are no picture; with a picture's head they are one, up to the limits."""
    for name, head in (("zeros", b""), ("photo", picture("JPEG"))):
        with write(tmp_path / name, head).open("r+b") as file:
            file.truncate(5 << 30)
    found = [each for each in walk([tmp_path], LIMITS) if isinstance(each, Found)]
    assert [each.size for each in found] == [5 << 30] * 2
    photo, zeros = found
    assert open_media(zeros, Limits(file_size=1 << 30)) == Skipped(zeros.path, Reason.NOT_MEDIA, 5 << 30)
    assert open_media(photo, Limits(file_size=1 << 30)) == Skipped(photo.path, Reason.TOO_BIG, 5 << 30)
    # No picture within the pixel limit is that long; with a higher limit it is one.
    assert open_media(photo, LIMITS) == Failed(photo.path, Reason.TOO_MANY_PIXELS, 5 << 30, Media.IMAGE)
    outcome = open_media(photo, Limits(pixels=400_000_000))
    assert isinstance(outcome, tuple)
    assert outcome[1] == MediaFile(photo.path, 5 << 30, Media.IMAGE, "JPEG")
    os.close(outcome[0])


def test_paths_longer_than_the_system_takes(abyss: Path) -> None:
    """Half a dozen kilobytes of path and more: found, opened, and accepted as an argument too."""
    found = [each for each in walk([abyss], Limits(depth=1000)) if isinstance(each, Found)]
    assert [each.depth for each in found] == [999, 999]
    assert len(os.fsencode(found[0].path)) > 5000
    assert open_media(found[0], LIMITS) == Skipped(found[0].path, Reason.EMPTY)
    (again,) = walk([found[0].path], LIMITS)
    assert again == Found(found[0].path, 0)
    assert open_media(again, LIMITS) == Skipped(again.path, Reason.EMPTY)
    assert list(walk([found[0].path.parent], Limits(depth=0))) == [
        Found(found[0].path, 0),
        Skipped(found[0].path.parent / "level", Reason.TOO_DEEP),
        Found(found[1].path, 0),
    ]


def test_no_descriptor_is_left_behind(tree: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    os.mkfifo(tree / "pipe")
    write(tree / "text", b"text")
    (tree / "link").symlink_to(tree / "text")
    lowest = os.open(tree, os.O_RDONLY)
    os.close(lowest)
    for name in ("pipe", "text", "link", "gone"):
        open_media(Found(tree / name, 0), LIMITS)
    again = os.open(tree, os.O_RDONLY)
    os.close(again)
    assert again == lowest
