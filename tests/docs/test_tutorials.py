"""The tutorials work as typed: every command of a page is run in order, with answers given as options."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import DOCS, code_blocks

_SERVE = "takedown intake serve "
#: What a person answers when a command asks, as options, by the command.
_ANSWERS = {
    "hash": "--age adult --for self",
    "submit": "--age adult --for self --yes",
    "withdraw": "--yes",
    "keys": "--passphrase-file passphrase",
    "batch run": "--yes --passphrase-file passphrase",
    "batch": "--passphrase-file passphrase",
}
_CASE_NUMBER = re.compile(r"\b(?:[0-9A-Z]{4}-){5}[0-9A-Z]{4}\b")


def _commands(page: Path) -> Iterator[str]:
    for language, block in code_blocks(page.read_text(encoding="utf-8")):
        if language == "console":
            yield from re.findall(r"^\$ (.+)$", block.replace("\\\n    ", ""), re.MULTILINE)


def _with_answers(command: str) -> str:
    for name, answers in _ANSWERS.items():
        if command.startswith(f"takedown {name} ") and "template" not in command:
            head, arrow, target = command.partition(" > ")
            return f"{head} {answers}{arrow}{target}"
    return command


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class _Window:
    """A shell in a folder: ``export`` lasts, and the command is the one of this source tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exports = ""
        (folder / "bin").mkdir()
        tool = folder / "bin" / "takedown"
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m takedown_cli "$@"\n')
        tool.chmod(0o755)
        (folder / "passphrase").write_text("five six seven eight nine\n")
        (folder / "passphrase").chmod(0o600)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TAKEDOWN_")}
        self.environment = kept | {
            "PATH": f"{tool.parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONPATH": str(DOCS.parent),
        }

    def start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["sh", "-c", f"{self.exports} exec {command}"],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, command: str, typed: str) -> str:
        if command.startswith("export "):
            self.exports += f"{command}; "
            return ""
        ended = subprocess.run(
            ["sh", "-c", f"{self.exports} {command}"], cwd=self.folder, env=self.environment,
            input=typed, capture_output=True, text=True, check=False,
        )  # fmt: skip
        expected = 3 if command.startswith("takedown check") else 0  # one of the copies there is not found
        assert ended.returncode == expected, f"{command}\n{ended.stdout}{ended.stderr}"
        return ended.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", ["person", "helpline", "operator"])
def test_a_tutorial_works_as_typed(name: str, tmp_path: Path) -> None:
    pytest.importorskip("starlette", reason="the extra 'intake' is not installed")
    window, port, number = _Window(tmp_path), _free_port(), ""
    left = set(tmp_path.iterdir())
    servers: list[subprocess.Popen[str]] = []
    try:
        for line in _commands(DOCS / "tutorial" / f"{name}.md"):
            command = _with_answers(line)
            if command.startswith("takedown intake init "):
                command = command.replace(" --test", f" --test --origin http://127.0.0.1:{port}")
            if command.startswith("rm ") and servers:
                _stop(servers.pop())
            if command.startswith(_SERVE):
                servers.append(window.start(command))
                assert servers[-1].stdout is not None
                assert servers[-1].stdout.readline().startswith(f"http://127.0.0.1:{port}#")
                continue
            shown = window.run(command, number)
            found = _CASE_NUMBER.search(shown)
            number = f"{found[0]}\n" if found else number
    finally:
        for server in servers:
            _stop(server)
    assert set(tmp_path.iterdir()) == left, "the tutorial does not clean up all that it made"


def _stop(server: subprocess.Popen[str]) -> None:
    server.terminate()
    server.communicate()
