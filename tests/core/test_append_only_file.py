"""A file that only grows: one writer at a time, no link followed, nothing replaced."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from takedown_cli.core.append_only_file import AppendOnlyFile
from takedown_cli.core.errors import OutputError

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has neither locks of this kind nor modes")


def test_what_is_appended_is_read_again(tmp_path: Path) -> None:
    for _ in range(2):
        with AppendOnlyFile(tmp_path / "log", "log", "--log") as log:
            log.append(b"one line\n")
    with AppendOnlyFile(tmp_path / "log", "log", "--log") as log:
        assert (log.size, log.read(4, 100)) == (18, b"line\none line\n")
        log.truncate(9)
    assert (tmp_path / "log").read_bytes() == b"one line\n"


@posix
def test_a_second_writer_is_refused_until_the_first_has_closed_it(tmp_path: Path) -> None:
    with AppendOnlyFile(tmp_path / "log", "log", "--log"):
        assert (tmp_path / "log").stat().st_mode & 0o777 == 0o600
        with pytest.raises(OutputError, match="Another run"):
            AppendOnlyFile(tmp_path / "log", "log", "--log")
    AppendOnlyFile(tmp_path / "log", "log", "--log").close()


@posix
def test_a_link_a_pipe_and_a_folder_are_refused(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    (tmp_path / "there").write_bytes(b"somebody's")
    (tmp_path / "link").symlink_to(tmp_path / "there")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", ".", "none/log"):
        with pytest.raises(OutputError):
            AppendOnlyFile(tmp_path / name, "log", "--log")
    assert (tmp_path / "there").read_bytes() == b"somebody's"
