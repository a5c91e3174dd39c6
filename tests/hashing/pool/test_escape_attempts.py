"""The stat oracle: no kind of stat is allowed, so no decoder may need one, whatever the C library calls it."""

from __future__ import annotations

import ctypes
import errno
import io
import os
import platform
import sys
from pathlib import Path

import pytest

from takedown_cli.core.model import Hashed, Media, MediaFile, Recipe
from takedown_cli.fixtures import texture
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.fingerprint import digests
from takedown_cli.hashing.pool import escape_attempts, protection, sandbox
from takedown_cli.hashing.pool.child import NamelessFile

full = pytest.mark.skipif(
    sys.platform != "linux" or protection.examine_protection().level is not protection.Level.FULL,
    reason="this kernel has no full sandbox; see takedown doctor",
)


def _ask(number: int, path: bytes, flag_first: bool) -> int:
    """What newfstatat or statx says about ``path`` with the flag for empty ones: 0 or an error number."""
    libc, buffer = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(256)
    here, empty, name = ctypes.c_int(-100), ctypes.c_int(0x1000), ctypes.c_char_p(path)
    rest = (empty, ctypes.c_uint(0x7FF), buffer) if flag_first else (buffer, empty)
    return ctypes.get_errno() if libc.syscall(ctypes.c_long(number), here, name, *rest) else 0


@full
def test_the_empty_path_flag_tells_nothing_about_a_path(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux has these system calls")
    secret = os.fsencode(tmp_path / "name")
    Path(os.fsdecode(secret)).write_bytes(b"x" * 1234)
    newfstatat, statx = escape_attempts._STAT[platform.machine()]
    assert (_ask(newfstatat, secret, False), _ask(statx, secret, True)) == (0, 0)  # outside, both tell
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            sandbox.lock_down(2 << 30, 60, 3)
            there = (_ask(newfstatat, secret, False), _ask(statx, secret, True))
            gone = (_ask(newfstatat, secret + b"x", False), _ask(statx, secret + b"x", True))
            code = 0 if there == gone == (errno.EPERM, errno.EPERM) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def fail_with(number: int) -> None:
    raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOMEM, errno.EAGAIN])
def test_a_job_that_allows_no_further_process_blocks_running_a_program(number: int) -> None:
    """Windows refuses with ENOMEM, its name for ERROR_NOT_ENOUGH_QUOTA."""
    refusals = escape_attempts._REFUSALS_OF_PROCESS
    assert escape_attempts.try_attempt(lambda: fail_with(number), refusals) == escape_attempts.BLOCKED


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENOMEM, errno.ECONNREFUSED, errno.EINVAL])
def test_an_error_of_another_kind_means_that_it_was_possible(number: int) -> None:
    assert escape_attempts.try_attempt(lambda: fail_with(number)) == escape_attempts.POSSIBLE


@pytest.mark.parametrize("kind", ["tiff_lzw", "jpeg", None, "PNG", "WEBP", "GIF", "AVIF", "HEIF"])
def test_a_file_too_large_to_keep_is_decoded_without_its_number(
    kind: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libtiff takes the descriptor if it can, and asks for the size of what is behind it."""
    form = kind if kind and kind.isupper() else "TIFF"
    options = {"compression": kind} if form == "TIFF" else {}
    path = tmp_path / "picture"
    texture.picture(4, (300, 200)).quantize(200).convert("RGB").save(path, form, **options)
    file = MediaFile(path, path.stat().st_size, Media.IMAGE, form)
    usual = hash_media.hash_media(io.BytesIO(path.read_bytes()), file, Recipe())
    monkeypatch.setattr(digests, "KEEP", 0)
    with io.BufferedReader(NamelessFile(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)))) as stream:
        with pytest.raises(io.UnsupportedOperation):
            stream.fileno()
        assert hash_media.hash_media(stream, file, Recipe()) == usual
    assert isinstance(usual, Hashed)
