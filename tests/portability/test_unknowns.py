"""What the first run on another system says about it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from takedown_cli.hashing.pool.sandbox import MEANING, Layer
from tests.cli.runner import run
from tests.portability.unknowns import answer_unknowns


def doctor(system: str, level: str, holds: list[str], blocked: dict[str, bool | None]) -> dict[str, Any]:
    attempts = [{"what": what, "blocked": answer} for what, answer in blocked.items()]
    formats = [{"format": "JPEG", "media": "image", "readable": True, "library": "pillow"}]
    sandbox = {"level": level, "holds": holds, "lacks": [], "attempts": attempts}
    return {"system": system, "formats": formats, "sandbox": sandbox}


def test_a_job_object_that_holds_is_said() -> None:
    lines = answer_unknowns(doctor("Windows AMD64", "process-only", [MEANING[Layer.JOB]], {"run a program": True}))
    assert len(lines) == 4
    assert all(", yes: " in line for line in lines)


def test_what_does_not_hold_is_said() -> None:
    lines = answer_unknowns(doctor("Darwin arm64", "none", [], {"run a program": None}))
    assert [line for line in lines if "**NO**" not in line] == ["- Darwin arm64, yes: reads JPEG"]
    assert len(lines) == 9


def test_a_document_of_this_machine_is_read_with_a_byte_order_mark_too(tmp_path: Path) -> None:
    made = run("doctor", "--json", cwd=tmp_path)
    (tmp_path / "doctor.json").write_text(json.dumps(made.document()), encoding="utf-8-sig")
    command = [sys.executable, "-m", "tests.portability.unknowns", str(tmp_path / "doctor.json")]
    ended = subprocess.run(command, cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True)
    assert "yes: decoders start" in ended.stdout
