"""Every recipe of the cookbook runs, and does what its heading says."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from takedown_cli.api import Bundle, CaseNumber, Hashed, Intake, hash_paths
from takedown_cli.fixtures.texture import picture
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from tests.docs.markdown import DOCS
from tests.waiting import PATIENCE

PAGE: Final = (DOCS / "how-to/cookbook.md").read_text(encoding="utf-8")
RECIPES: Final = dict(re.findall(r"<!-- recipe: (\S+) -->\n```(?:sh|python)\n(.*?)```", PAGE, re.DOTALL))
FILES: Final = 2


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("cookbook") / "home", test=False) as server:
        yield server


@pytest.fixture
def kitchen(tmp_path: Path) -> Path:
    """A folder with all that the recipes take for granted: pictures, copies, a table, a passphrase, and the command."""
    for folder in ("photos", "copies", "callers", "bin"):
        (tmp_path / folder).mkdir()
    for number in range(FILES):
        made = picture(number, (320, 240))
        made.save(tmp_path / "photos" / f"{number}.jpg", quality=90)
        made.resize((200, 150)).save(tmp_path / "copies" / f"{number}.jpg", quality=70)
    picture(99, (320, 240)).save(tmp_path / "copies" / "other.jpg")
    shutil.copytree(tmp_path / "photos", tmp_path / "callers" / "A-1")
    (tmp_path / "callers.csv").write_text("reference,source\nA-1,callers/A-1\n")
    (tmp_path / "passphrase.txt").write_text("five six seven eight nine\n")
    (tmp_path / "passphrase.txt").chmod(0o600)
    command = tmp_path / "bin" / "takedown"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m takedown_cli "$@"\n')
    command.chmod(0o755)
    return tmp_path


def cook(name: str, kitchen: Path, intake: Running, text: str | None = None) -> str:
    """Run a recipe, and return what it printed."""
    if name.endswith(".sh") and (os.name == "nt" or shutil.which("jq") is None):
        pytest.skip("these recipes need a POSIX shell and jq")
    (kitchen / name).write_text(RECIPES[name] if text is None else text, encoding="utf-8")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TAKEDOWN_", "PYTEST_"))}
    environ = kept | {
        "PATH": f"{kitchen / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(kitchen),
        "PYTHONPATH": str(DOCS.parent),
        "TAKEDOWN_INTAKE": intake.address,
    }
    program = ["sh", name] if name.endswith(".sh") else [sys.executable, name]
    if name.startswith("test_"):
        program = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", name]
    ended = subprocess.run(
        program, cwd=kitchen, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def number_in(kitchen: Path) -> CaseNumber:
    return CaseNumber.parse((kitchen / "case-number.txt").read_text().strip())


def made_a_bundle(kitchen: Path, _: Running, __: str) -> None:
    assert len(Bundle.read(kitchen / "case.tdb", number_in(kitchen)).items) == FILES
    if os.name != "nt":
        assert not (kitchen / "case-number.txt").stat().st_mode & 0o077


def sent_the_caseload_by_ledger(kitchen: Path, _: Running, said: str) -> None:
    assert (kitchen / "cases.ledger").exists()


def sent_the_caseload(kitchen: Path, intake: Running, _: str) -> None:
    [[reference, number]] = csv.reader((kitchen / "cases.csv").open(newline="", encoding="utf-8"))
    with Intake(intake.address) as client:
        assert len(client.status(CaseNumber.parse(number)).items) == FILES
    assert reference == "A-1"


def wrote_the_status(kitchen: Path, _: Running, __: str) -> None:
    rows = list(csv.reader((kitchen / "status.csv").open(newline="", encoding="utf-8")))
    assert rows == [["A-1", "2", "2"]]


def made_fixtures(kitchen: Path, _: Running, __: str) -> None:
    rows = [line.split("\t") for line in (kitchen / "expected.tsv").read_text().splitlines()]
    assert len(rows) > 5
    assert all((kitchen / "fixtures" / path).is_file() and expected for path, expected in rows)


def passed(_: Path, __: Running, said: str) -> None:
    assert "1 passed" in said or re.search(r"^\.\s+\[100%\]", said, re.MULTILINE)


def compared(kitchen: Path, _: Running, __: str) -> None:
    rows = [line.split("\t") for line in (kitchen / "compared.tsv").read_text().splitlines()]
    caught = {Path(path).name: answer for path, answer, _ in rows}
    assert caught == {"0.jpg": "true", "1.jpg": "true", "other.jpg": "false"}


def made_a_test(kitchen: Path, _: Running, __: str) -> None:
    [file] = kitchen.rglob("case.tdb")
    assert Bundle.read(file).payload.test


def exported(kitchen: Path, _: Running, __: str) -> None:
    text = (kitchen / "hashes.txt").read_text()
    with hash_paths(kitchen / "photos") as outcomes:
        values = [
            f.value for file in outcomes if isinstance(file, Hashed) for f in file.fingerprints if f.kind == "pdq"
        ]
    assert values[0] in text


def showed_its_progress(kitchen: Path, _: Running, __: str) -> None:
    assert (kitchen / "last.txt").read_text().startswith(f"{FILES} ")


def drew_a_histogram(kitchen: Path, _: Running, said: str) -> None:
    if said:
        assert said.count("#") == FILES + 1, said
        assert "(not caught)" in said
    else:
        rows = [line.split() for line in (kitchen / "histogram.txt").read_text().splitlines()]
        assert sum(int(count) for count, _ in rows) == FILES + 1
        assert int(rows[-1][1]) > 31


CHECKS: Final[dict[str, Callable[[Path, Running, str], None]]] = {
    "bundle.sh": made_a_bundle,
    "bundle.py": made_a_bundle,
    "caseload.sh": sent_the_caseload_by_ledger,
    "caseload.py": sent_the_caseload,
    "status.sh": wrote_the_status,
    "status.py": wrote_the_status,
    "fixture.sh": made_fixtures,
    "test_fixture.py": passed,
    "compare.sh": compared,
    "compare.py": compared,
    "ci.sh": made_a_test,
    "ci.py": made_a_test,
    "tx.sh": exported,
    "tx.py": exported,
    "progress.sh": showed_its_progress,
    "progress.py": showed_its_progress,
    "notebook.sh": drew_a_histogram,
    "notebook.py": drew_a_histogram,
}


def test_every_recipe_is_run_and_every_task_has_one() -> None:
    assert RECIPES.keys() == {*CHECKS, "watch.sh"}
    assert len(re.findall(r"^## ", PAGE, re.MULTILINE)) == 10


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
def test_a_recipe_does_what_it_says(name: str, kitchen: Path, intake: Running) -> None:
    if name.startswith("status."):
        cook("caseload.py", kitchen, intake)
    CHECKS[name](kitchen, intake, cook(name, kitchen, intake))


@pytest.mark.slow
def test_the_watched_folder_packs_a_file_once_also_after_a_restart(kitchen: Path, intake: Running) -> None:
    twice = RECIPES["watch.sh"].replace("while sleep 60; do", "for turn in 1 2; do")
    assert twice != RECIPES["watch.sh"]
    for _ in range(2):
        cook("watch.sh", kitchen, intake, twice)
    reports = [json.loads(line) for line in (kitchen / "state" / "reports.jsonl").read_text().splitlines()]
    assert len(reports) == FILES
    assert not list((kitchen / "state").glob("*.tdb"))
    with Intake(intake.address) as client:
        for report in reports:
            assert len(client.status(CaseNumber.parse(report["case_number"])).items) == 1
