"""A project of somebody else that uses the API: strict for mypy and pyright, and what the page shows runs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import takedown_cli
from takedown_cli.api import CaseNumber, Intake
from takedown_cli.fixtures.texture import picture
from takedown_cli.intake.http.server import Running
from tests.waiting import wait_until

ROOT = Path(takedown_cli.__file__).parents[1]
PAGES = ("use-from-python.md",)
#: Every public name, used as a program would, with the types that it may rely on.
_USES_ALL = """
from collections.abc import Callable, Iterator
from pathlib import Path

from takedown_cli.api import (
    Bundle, CaseNumber, Failed, Hashed, HashList, Intake, Outcome, Progress, Recipe, Skipped, errors, hash_paths,
)


def show(progress: Progress) -> None:
    left: float | None = progress.seconds_left
    print(progress.files, progress.found, left)


def reasons(outcomes: Iterator[Outcome]) -> dict[Path, str]:
    found: dict[Path, str] = {}
    for outcome in outcomes:
        if isinstance(outcome, Hashed):
            found[outcome.path] = ",".join(each.value for each in outcome.fingerprints)
        else:
            left: Skipped | Failed = outcome
            found[left.path] = left.reason.sentence
    return found


def compare(files: list[Hashed], copy: Hashed) -> int | None:
    hashes: HashList = HashList.of_files(files)
    nearest = hashes.judge(copy).nearest
    return None if nearest is None else nearest.distance


def make(paths: list[str], callback: Callable[[Progress], None]) -> Bundle:
    with hash_paths(paths, Recipe(copies=frozenset({"crops"})), workers=2, on_progress=callback) as outcomes:
        return Bundle.make(outcomes, age="adult", behalf="other", authority="law", ages={"photos": "under-18"})


def send(bundle: Bundle, address: str) -> list[str]:
    case: CaseNumber | None = bundle.case
    assert case is not None
    try:
        with Intake(address, proxy=None) as intake:
            print(intake.submit(bundle).expires, intake.card().name)
            states: list[str] = [item.state for item in intake.status(case).items]
            withdrawn: int | None = intake.withdraw(case, copies=["crops"]).withdrawn
            print(withdrawn)
            return states
    except errors.UnreachableError as error:
        return [error.sentence, error.hint, str(error.retry_after)]
    except errors.TakedownError as error:
        return [error.id, str(error.exit_code)]


print(reasons(hash_paths(Path("photos"))), make([], show).export("tx", only="adult").data)
"""
#: What has to be found: the checks of a type are only worth something if they can fail.
_WRONG = """
from takedown_cli.api import Bundle, hash_paths

Bundle.make(hash_paths("photos"), age="17")
"""


def examples(page: str) -> dict[str, str]:
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    return dict(re.findall(r"<!-- example: (\S+\.py) -->\n```python\n(.*?)```", text, re.DOTALL))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the programs of the pages, and one that uses everything."""
    folder = tmp_path / "project"
    folder.mkdir()
    for page in PAGES:
        for name, text in examples(page).items():
            (folder / name).write_text(text, encoding="utf-8")
    (folder / "uses_all.py").write_text(_USES_ALL, encoding="utf-8")
    return folder


def check(folder: Path, *command: str) -> tuple[int, str]:
    ended = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if name != "MYPYPATH"},
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_it_is_strict_for_mypy(project: Path) -> None:
    code, said = check(project, "mypy", "--strict", "--cache-dir", "cache", ".")
    assert code == 0, said
    (project / "wrong.py").write_text(_WRONG, encoding="utf-8")
    code, said = check(project, "mypy", "--strict", "--cache-dir", "cache", ".")
    assert code == 1
    assert re.search(r"wrong\.py:4: error: .*Literal\['under-18', 'adult', 'unsure'\]", said), said


def test_it_is_strict_for_pyright(project: Path) -> None:
    (project / "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": "strict"}), encoding="utf-8")
    checker = ("basedpyright", "--pythonpath", sys.executable)
    code, said = check(project, *checker)
    assert code == 0, said
    (project / "wrong.py").write_text(_WRONG, encoding="utf-8")
    code, said = check(project, *checker)
    assert code == 1
    assert "wrong.py:4" in said


def test_no_page_and_no_program_imports_what_is_not_public() -> None:
    allowed = re.compile(r"^(from takedown_cli\.(api|testing) import|import takedown_cli$)")
    for page in PAGES:
        for name, text in examples(page).items():
            imports = [line for line in text.splitlines() if re.match(r"\s*(from|import) takedown_cli", line)]
            assert [line for line in imports if not allowed.match(line.strip())] == [], name


def test_the_watched_folder_of_the_page_is_short_and_submits(project: Path, server: Running, tmp_path: Path) -> None:
    program = (project / "watch.py").read_text(encoding="utf-8")
    assert len([line for line in program.splitlines() if line.strip()]) <= 30
    faster = program.replace("pause: float = 60", "pause: float = 0.2").replace("card=", "test=True, card=")
    (project / "watch.py").write_text(faster, encoding="utf-8")
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(2):  # a process each: the second remembers what the first one packed
        with subprocess.Popen(
            [sys.executable, "watch.py", str(folder), server.address], cwd=project, stdout=subprocess.PIPE, text=True
        ) as watching:
            try:
                assert watching.stdout is not None
                made = tmp_path / f"{number}.jpg"
                picture(number, (320, 240)).save(made, quality=90)
                made.rename(folder / made.name)
                assert watching.stdout.readline().startswith("Registered on")
                wait_until(lambda: not list((project / "state").glob("*.tdb")))
            finally:
                watching.kill()
    numbers = (project / "state" / "case-numbers.txt").read_text().split()
    with Intake(server.address) as intake:
        assert [len(intake.status(CaseNumber.parse(number)).items) for number in numbers] == [1, 1]
