"""Connecting with this program works as the page and ``participant add`` say: every command is run, in order."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

from takedown_cli import fixtures
from takedown_cli.intake import running
from tests.cli.runner import environment, run
from tests.docs.markdown import DOCS, code_blocks
from tests.waiting import PATIENCE


def test_every_command_of_the_page_runs(tmp_path: Path) -> None:
    text = (DOCS / "how-to" / "connect-with-this-program.md").read_text(encoding="utf-8")
    blocks = [block.replace("\\\n    ", "") for _, block in code_blocks(text) if "takedown platform" in block]
    commands = [block.strip() for block in blocks if "|" not in block]
    assert [command.split()[2] for command in commands] == ["join", "pull", "scan", "scan", "feedback"]
    for name in ("uploads", "pictures"):
        (tmp_path / name).mkdir()
        fixtures.picture(1, (300, 200)).save(tmp_path / name / "one.png")
    (tmp_path / "decided.jsonl").write_text(json.dumps({"id": "ab" * 16, "verdict": "Blocked"}) + "\n")
    with running(tmp_path / "intake", name="Test intake") as intake:
        (tmp_path / "token").write_text(intake.add_participant("Site").endpoints["feed"])
        for command in commands:
            typed = command.partition(" > ")[0].replace("https://intake.example.org#40-DIGITS", intake.address)
            words = [
                str(tmp_path / word.removeprefix("/srv/")) if word.startswith("/srv/") else word
                for word in shlex.split(typed)
            ]
            given = ["--token-file", "token"] if "join" in words else []
            ended = run(*words[1:], *given, cwd=tmp_path)
            assert ended.code == 0, (command, ended.said)


def test_what_participant_add_prints_can_be_pasted(tmp_path: Path) -> None:
    if sys.platform == "win32":
        return
    with running(tmp_path / "intake", name="Test intake") as intake:
        keys = intake.add_participant("Site")
        from takedown_cli.cli.commands.intake.participant import _setup_of

        setup = _setup_of(intake.address, keys.endpoints["feed"])
        script = "\n".join(line.replace("takedown platform", f"{sys.executable} -m takedown_cli platform")
                           for line in setup["takedown"])  # fmt: skip
        ended = subprocess.run(
            ["sh", "-e", "-c", script], cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "site" / "list.db").is_file()
    for software in ("hma", "hma-matrix"):
        for line in setup[software]:
            words = shlex.split(line)
            assert words[:2] == ["curl", "--json"]
            json.loads(words[2])
