"""Settings: the file is read once by a command, however many settings the command asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.cli.app import run
from takedown_cli.core import config


def test_a_command_reads_the_settings_file_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "takedown").mkdir()
    (tmp_path / "takedown" / "config.toml").write_text('workers = 1\nintake = "http://127.0.0.1:9"\n')
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    texts: list[str] = []
    read_settings_file = config.read_settings_file

    def record(text: str) -> dict[str, str]:
        texts.append(text)
        return read_settings_file(text)

    monkeypatch.setattr(config, "read_settings_file", record)
    assert run(["submit", str(photos), "--age", "adult", "--for", "self", "--dry-run", "-q"]) == 3
    assert len(texts) == 1
    assert capsys.readouterr().out == ""
