"""The supported systems: what is kept of the wheels fits the lock, and the table says what follows from it."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from docs.tools import systems, wheel_facts
from docs.tools.systems import SYSTEMS, examine, oldest_version
from tests.docs.markdown import DOCS, ROOT

_BY_NAME = {system.name: system for system in SYSTEMS}
_LINUX, _MAC, _INTEL = (_BY_NAME[name] for name in ("Linux, x86-64", "macOS, Apple silicon", "macOS, Intel"))


def test_the_facts_are_those_of_the_lock() -> None:
    text = wheel_facts.CONSTRAINTS.read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+==[^ \\;]+)", text, re.MULTILINE))
    facts = systems.read_facts()
    assert facts["wheels"].keys() == pinned, "run 'make lock'"
    assert {line.split()[0] for lines in facts["needs"].values() for line in lines} == pinned
    assert all(facts["wheels"].values())


def test_what_the_project_needs_is_in_the_facts() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {Requirement(line).name for line in project["dependencies"]}
    assert "cryptography" in needed
    facts = systems.read_facts()
    assert needed <= {line.partition("==")[0] for line in facts["needs"][""]}


@pytest.mark.parametrize(
    ("tags", "system", "python", "version"),
    [
        (["py3-none-any"], _MAC, 11, ()),
        ([], _MAC, 11, None),
        (["cp311-abi3-macosx_14_0_arm64"], _MAC, 11, (14, 0)),
        (["cp311-abi3-macosx_14_0_arm64"], _MAC, 14, (14, 0)),
        (["cp312-abi3-macosx_14_0_arm64"], _MAC, 11, None),
        (["cp311-cp311-macosx_11_0_arm64"], _MAC, 12, None),
        (["cp311-cp311-macosx_11_0_arm64", "cp311-cp311-macosx_14_0_arm64"], _MAC, 11, (11, 0)),
        (["cp311-abi3-macosx_14_0_arm64"], _INTEL, 11, None),
        (["cp311-abi3-macosx_10_9_universal2"], _INTEL, 11, (10, 9)),
        (["cp311-cp311-manylinux2014_x86_64"], _LINUX, 11, (2, 17)),
        (["cp311-cp311-manylinux_2_28_x86_64"], _LINUX, 11, (2, 28)),
        (["cp311-cp311-manylinux_2_28_aarch64"], _LINUX, 11, None),
    ],
)
def test_a_wheel_fits_by_its_tags(
    tags: list[str], system: systems.System, python: int, version: tuple[int, ...] | None
) -> None:
    assert oldest_version(tags, system, python) == version


def test_the_tags_are_read_from_the_name_of_a_wheel() -> None:
    name = "x_y-1.0-1-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl"
    assert wheel_facts.tags_of(name) == ["cp311-cp311-manylinux2014_x86_64", "cp311-cp311-manylinux_2_17_x86_64"]
    assert wheel_facts.tags_of("x-1.0-cp314-cp314t-win_amd64.whl") == []
    assert wheel_facts.tags_of("x-1.0-pp311-pypy311_pp73-win_amd64.whl") == []


def test_a_package_without_a_wheel_is_named() -> None:
    facts = systems.read_facts()
    without = {name: examine(facts, "", system, 12)[0] for name, system in _BY_NAME.items()}
    page = (DOCS / systems.PAGE).read_text(encoding="utf-8")
    for name, lacking in without.items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| {name} |"))
        assert ("**no**" in row) == bool(lacking)
        assert all(package in row for package in lacking)


def test_a_marker_decides_where_a_package_is_needed() -> None:
    facts = {
        "needs": {"": ["colorama==1 ; sys_platform == 'win32'", "zipp==1 ; python_full_version < '3.12'"]},
        "wheels": {"colorama==1": [], "zipp==1": []},
    }
    assert examine(facts, "", _LINUX, 12) == (set(), ())
    assert examine(facts, "", _LINUX, 11) == ({"zipp"}, ())
    assert examine(facts, "", _BY_NAME["Windows, x64"], 12) == ({"colorama"}, ())


def test_a_page_without_a_place_for_the_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="place"):
        systems.renew_table("# Dependencies\n")
