"""The table of supported systems, made from ``.ci/wheels.json``: those for which every package has a wheel."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from packaging.requirements import Requirement

from docs.tools.pages import markdown_table
from docs.tools.wheel_facts import EXTRAS, FACTS

#: The minor versions of Python 3 that are asked about.
PYTHONS: Final = range(11, 16)
#: The page, and what stands around the table on it.
PAGE: Final = "dependencies.md"
_BEGIN: Final = "<!-- The table: renewed by `make reference` from what `make lock` keeps in `.ci/wheels.json`. -->\n"
_END: Final = "<!-- end -->\n"
_OLD_GLIBC: Final = {
    "manylinux1": "manylinux_2_5",
    "manylinux2010": "manylinux_2_12",
    "manylinux2014": "manylinux_2_17",
}


@dataclass(frozen=True)
class System:
    """A system by the platform tags of its wheels, where the pattern finds the oldest version that takes a wheel."""

    name: str
    pattern: str
    version: str
    sys_platform: str
    machine: str

    def environment(self, python: int) -> dict[str, str]:
        """Return the values of environment markers there."""
        kinds = {"win32": ("nt", "Windows"), "darwin": ("posix", "Darwin"), "linux": ("posix", "Linux")}
        os_name, platform_system = kinds[self.sys_platform]
        return {
            "sys_platform": self.sys_platform, "os_name": os_name, "platform_system": platform_system,
            "platform_machine": self.machine, "python_version": f"3.{python}", "python_full_version": f"3.{python}.0",
            "implementation_name": "cpython", "platform_python_implementation": "CPython",
        }  # fmt: skip


SYSTEMS: Final = (
    System("Linux, x86-64", r"manylinux_(\d+)_(\d+)_x86_64", "glibc {}", "linux", "x86_64"),
    System("Linux, ARM64", r"manylinux_(\d+)_(\d+)_aarch64", "glibc {}", "linux", "aarch64"),
    System("Alpine Linux, x86-64", r"musllinux_(\d+)_(\d+)_x86_64", "musl {}", "linux", "x86_64"),
    System("macOS, Apple silicon", r"macosx_(\d+)_(\d+)_(?:arm64|universal2)", "macOS {}", "darwin", "arm64"),
    System("macOS, Intel", r"macosx_(\d+)_(\d+)_(?:x86_64|universal2|intel)", "macOS {}", "darwin", "x86_64"),
    System("Windows, x64", r"win_amd64", "any that its Python runs on", "win32", "AMD64"),
    System("Windows, ARM64", r"win_arm64", "any that its Python runs on", "win32", "ARM64"),
)


def read_facts() -> dict[str, Any]:
    """Return what ``make lock`` collected."""
    facts: dict[str, Any] = json.loads(FACTS.read_text(encoding="utf-8"))
    return facts


def oldest_version(tags: list[str], system: System, python: int) -> tuple[int, ...] | None:
    """Return the oldest version of the system that takes one of these wheels, () if any does, None if none does."""
    fitting: list[tuple[int, ...]] = []
    for tag in tags:
        interpreter, abi, platform = tag.split("-", 2)
        oldest, exact = re.fullmatch(r"cp3(\d+)", interpreter), f"cp3{python}"
        if not (interpreter == "py3" or abi == exact or (abi == "abi3" and oldest and int(oldest[1]) <= python)):
            continue
        if platform == "any":
            return ()
        for old, new in _OLD_GLIBC.items():
            platform = re.sub(rf"^{old}_", f"{new}_", platform)
        if found := re.fullmatch(system.pattern, platform):
            fitting.append(tuple(map(int, found.groups())))
    return min(fitting, default=None)


def examine(facts: dict[str, Any], extra: str, system: System, python: int) -> tuple[set[str], tuple[int, ...]]:
    """Return the packages without a wheel, and the oldest version of the system that the others need."""
    missing, needed = set(), tuple[int, ...]()
    for line in facts["needs"][extra]:
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate(system.environment(python)):
            continue
        version = oldest_version(facts["wheels"][f"{requirement.name}{requirement.specifier}"], system, python)
        if version is None:
            missing.add(requirement.name)
        else:
            needed = max(needed, version)
    return missing, needed


def _row(facts: dict[str, Any], system: System) -> tuple[str, ...]:
    pythons = [python for python in PYTHONS if not examine(facts, "", system, python)[0]]
    if not pythons:
        lacking = set.intersection(*(examine(facts, "", system, python)[0] for python in PYTHONS))
        return system.name, f"**no**: no wheel of {_names(lacking)}", "", ""
    needed = max(examine(facts, "", system, python)[1] for python in pythons)
    without = {extra: set.union(*(examine(facts, extra, system, python)[0] for python in pythons)) for extra in EXTRAS}
    gaps = [f"`[{extra}]`: {_names(lacking)}" for extra, lacking in without.items() if lacking]
    return (
        system.name,
        f"yes, with Python 3.{pythons[0]} to 3.{pythons[-1]}",
        system.version.format(".".join(map(str, needed))),
        "; ".join(gaps),
    )


def _names(packages: set[str]) -> str:
    return ", ".join(sorted(packages))


def systems_table(facts: dict[str, Any]) -> str:
    """Return the table as Markdown."""
    head = ("system", "takedown installs from wheels", "oldest version", "extras that do not, for want of a wheel")
    return markdown_table(head, (_row(facts, system) for system in SYSTEMS))


def renew_table(page: str) -> str:
    """Return the page with the table as it is now. Raise ValueError when its place is not marked."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{PAGE} does not mark the place of the table")
    return f"{before}{begin}\n{systems_table(read_facts())}\n{end}{after}"
