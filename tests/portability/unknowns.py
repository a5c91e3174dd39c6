"""Answers from ``takedown doctor --json`` what nobody knew of a system: ``python -m tests.portability.unknowns FILE``.

Each line is for the summary of the workflow's run; docs/explanation/other-systems.md lists what is unknown.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from takedown_cli.hashing.pool.sandbox import MEANING, Layer

_WINDOWS: Final = {
    "the job object holds": Layer.JOB,
}
_MAC: Final = {
    "the memory limit and the others hold": Layer.LIMITS,
    "sandbox_init knows the profile": Layer.PROFILE,
}
#: What the layers of a system forbid, by the name of the attempt.
_ATTEMPTS: Final = {
    "Windows": ("run a program",),
    "Darwin": ("read another file", "create a file", "open a network socket", "start a process", "run a program"),
}


def answer_unknowns(doctor: dict[str, Any]) -> list[str]:
    """Return a line for each question about the system on which ``doctor`` was made, with yes or no."""
    system = str(doctor["system"]).split()[0]
    sandbox = doctor["sandbox"]
    layers = {"Windows": _WINDOWS, "Darwin": _MAC}.get(system, {})
    blocked = {attempt["what"]: attempt["blocked"] for attempt in sandbox["attempts"]}
    answers = {"decoders start, and take their socket over": sandbox["level"] != "none"}
    answers |= {question: MEANING[layer] in sandbox["holds"] for question, layer in layers.items()}
    answers |= {f"blocked: {what}": blocked.get(what) is True for what in _ATTEMPTS.get(system, ())}
    answers |= {f"reads {row['format']}": row["readable"] for row in doctor["formats"]}
    return [
        f"- {doctor['system']}, {'yes' if answer else '**NO**'}: {question}" for question, answer in answers.items()
    ]


if __name__ == "__main__":
    # PowerShell may begin a file with a byte order mark.
    found = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8-sig"))
    print("\n".join(answer_unknowns(found)))  # noqa: T201
