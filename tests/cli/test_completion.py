"""Completion by the four shells: names of commands and options, and the values that an option takes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from takedown_cli.cli.commands.batch.report import _PERIODS
from takedown_cli.cli.options.common import complete
from takedown_cli.helpline.report.figures import Period
from tests.cli.runner import COMMAND, environment, run

AGES = ["under-18", "adult", "unsure"]
#: A line that is typed as far as its last word, and all that has to be offered for it.
TYPED = {
    "hash photos/ --age ": AGES,
    "hash photos/ --age u": ["under-18", "unsure"],
    "submit photos/ --for ": ["self", "child", "other"],
    "hash photos/ --copies flips,cr": ["flips,crops"],
    "hash photos/ --copies flips,f": ["flips,fits"],
    "withdraw - --copies c": ["crops", "captions"],
    "export case.tdb --list ": ["adult", "under-18"],
    "export case.tdb --format n": ["ncmec"],
    "hash photos/ --video k": ["keyframes"],
    "hash photos/ --progress j": ["json"],
    "intake participant add folder Name --list b": ["both"],
    "batch run cases.csv --language u": ["uk", "ur"],
    "batch report --by q": ["quarter"],
    "intake ser": ["serve"],
    "hash photos/ --authority p": ["permission", "parent-or-guardian"],
}


def complete_in(shell: str, typed: str, home: Path) -> list[str]:
    """Return what the program offers a shell, asked as the shell's completion script asks it."""
    line = f"takedown {typed}"
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        "powershell": {
            "_TYPER_COMPLETE_ARGS": line,
            "_TYPER_COMPLETE_WORD_TO_COMPLETE": line.rsplit(" ", maxsplit=1)[-1],
        },
    }[shell]
    ended = run(cwd=home, env={"_TAKEDOWN_COMPLETE": f"complete_{shell}", **asked})
    said = ended.out.decode()
    if shell == "zsh":  # _arguments '*: :(("a":"help"\n"b"…))', or nothing to offer
        return [part.strip("\"'()").split('":"')[0] for part in said.split("((")[-1].splitlines() if '"' in part]
    if shell == "powershell":
        return [part.split(":::")[0] for part in said.splitlines() if part.strip()]
    return [part.split("\t")[0] for part in said.splitlines() if part]


@pytest.mark.parametrize(
    ("shell", "typed"),
    [("bash", typed) for typed in TYPED]
    + [(shell, typed) for shell in ("zsh", "fish", "powershell") for typed in [*TYPED][:6]],
)
def test_values_are_completed(shell: str, typed: str, tmp_path: Path) -> None:
    assert sorted(complete_in(shell, typed, tmp_path)) == sorted(TYPED[typed])


def test_no_value_is_offered_twice_in_one_list() -> None:
    suggest = complete(("flips", "crops", "all"), several=True)
    assert suggest("") == ["flips", "crops", "all"]
    assert suggest("crops,") == ["crops,flips", "crops,all"]
    assert complete(("flips", "crops"))("flips,") == []


def test_the_periods_are_those_of_the_report() -> None:
    assert get_args(Period) == _PERIODS


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="needs bash")
def test_bash_itself_completes_a_value_with_the_script_that_is_installed(tmp_path: Path) -> None:
    """The real script in a real shell, which calls the real program."""
    # Typer would look for a shell among the processes above, and under make or CI there may be none.
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    script = run("--show-completion", "bash", cwd=tmp_path, env=named).out.decode()
    program = tmp_path / "takedown"
    program.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "completion.sh").write_text(script)
    asked = (
        "source completion.sh; COMP_WORDS=(takedown hash photos/ --age ''); COMP_CWORD=4; "
        "_takedown_completion takedown; printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    env = environment(tmp_path)
    ended = subprocess.run(
        ["bash", "-c", asked], cwd=tmp_path, env={**env, "PATH": f"{tmp_path}:{env['PATH']}"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert sorted(ended.stdout.split()) == sorted(AGES), ended.stderr
