"""What people and operators install is pinned as a whole, with hashes, and in the versions that are tested."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import requires

import pytest

from tests.house.test_house import ROOT

requirements = pytest.importorskip("packaging.requirements")
utils = pytest.importorskip("packaging.utils")
PLACES = {"person": set(), "intake": {"intake", "postgres"}}


def pins(path: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Name → the version with its marker, and the hashes."""
    found = {}
    for block in re.split(r"\n(?=\S)", (ROOT / path).read_text(encoding="utf-8")):
        if not block.startswith("#"):
            head, *hashes = block.split(" \\\n")
            name, version = head.split("==", 1)
            found[f"{name} {version.partition(';')[2]}"] = version.strip(), frozenset(map(str.strip, hashes))
    return found


def needed(project: str, extras: set[str]) -> set[str]:
    """The names of all that a project needs here, as the metadata of what is installed says."""
    found, waiting = set(), [(project, frozenset(extras))]
    while waiting:
        name, wanted = waiting.pop()
        for line in requires(name) or []:
            one = requirements.Requirement(line)
            if one.marker and not any(one.marker.evaluate({"extra": extra}) for extra in wanted | {""}):
                continue
            key = utils.canonicalize_name(one.name)
            if key != project and (key, frozenset(one.extras)) not in found:
                found.add((key, frozenset(one.extras)))
                waiting.append((key, frozenset(one.extras)))
    return {name for name, _ in found}


@pytest.mark.parametrize("place", PLACES)
def test_every_version_and_hash_is_one_that_is_tested(place: str) -> None:
    tested, pinned = pins(".ci/constraints.txt"), pins(f"docs/requirements/{place}.txt")
    known = {(key.split()[0], version.split()[0]): hashes for key, (version, hashes) in tested.items()}
    for key, (version, hashes) in pinned.items():
        assert hashes, key
        assert known[key.split()[0], version.split()[0]] == hashes, key


@pytest.mark.parametrize("place", PLACES)
def test_nothing_that_is_needed_is_left_to_the_registry(place: str) -> None:
    """``pip install --no-deps --no-build-isolation`` fetches nothing more, so all has to be there."""
    names = {key.split()[0] for key in pins(f"docs/requirements/{place}.txt")}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    building = {
        utils.canonicalize_name(requirements.Requirement(line).name) for line in project["build-system"]["requires"]
    }
    assert needed("takedown-cli", PLACES[place]) | building <= names


def test_no_page_tells_anybody_to_install_by_name() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    told = [page for page in pages if re.search(r"pip install (--\S+ )*takedown", page.read_text(encoding="utf-8"))]
    assert [page for page in told if page.name != "threat-model.md"] == []
