"""The workflow of the public host: it can be parsed, and says the same as the rest of the project."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from docs.tools import systems
from tests.house.test_house import ROOT

yaml = pytest.importorskip("yaml")
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def jobs() -> dict[str, dict[str, Any]]:
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    found: dict[str, dict[str, Any]] = yaml.safe_load(text)["jobs"]
    return found


def commands(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


def test_every_system_is_tried(jobs: dict[str, dict[str, Any]]) -> None:
    assert [job["runs-on"].partition("-")[0] for job in jobs.values()] == ["ubuntu", "windows", "macos"]


def test_the_oldest_and_the_newest_python_are_tried(jobs: dict[str, dict[str, Any]]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    facts = systems.read_facts()
    newest = max(
        python
        for python in systems.PYTHONS
        if not any(systems.examine(facts, "dev", system, python)[0] for system in systems.SYSTEMS[:2])
    )
    for job in jobs.values():
        assert job["strategy"]["matrix"]["python"] == [oldest, f"3.{newest}"]


def test_actions_are_the_host_s_own_and_pinned_by_their_major_version(jobs: dict[str, dict[str, Any]]) -> None:
    used = {step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step}
    assert len(used) == 3
    assert [each for each in used if not re.fullmatch(r"actions/[a-z-]+@v\d+", each)] == []


def test_windows_runs_in_an_environment_and_without_and_once_without_long_paths(
    jobs: dict[str, dict[str, Any]],
) -> None:
    matrix = jobs["windows"]["strategy"]["matrix"]
    assert matrix["place"] == ["environment", "system"]
    assert [each["long-paths"] for each in matrix["include"]] == [0]
    assert not re.search(r"\bmake\b|\.ci/(run|install)|/bin/", commands(jobs["windows"]))


def test_every_system_installs_what_is_pinned_and_keeps_what_doctor_says(jobs: dict[str, dict[str, Any]]) -> None:
    hashed = "--require-hashes --only-binary :all: -r .ci/constraints.txt"
    assert hashed in (ROOT / ".ci" / "install").read_text(encoding="utf-8")
    for name, job in jobs.items():
        typed = commands(job)
        assert hashed in typed or ".ci/install" in typed or ".ci/run" in typed, name
        assert "doctor --json > doctor.json" in typed
        kept = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/upload-artifact")]
        assert [each["path"] for each in kept] == ["doctor.json"]
        assert all("matrix.python" in each["name"] for each in kept)
        assert "pytest" in typed or ".ci/run" in typed
        assert name == "linux" or (" demo" in typed and "tests.portability.unknowns" in typed)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_files_that_a_workflow_names_are_there(workflow: Any) -> None:
    text = workflow.read_text(encoding="utf-8")
    named = set(re.findall(r"(?<![\w/])(?:\.ci|docs)/[\w./-]+\w", text))
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
    modules = re.findall(r"-m (tests\.[\w.]+)", text)
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").exists()] == []
