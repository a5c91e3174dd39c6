"""Collects which wheels exist of every pinned package: ``python docs/tools/wheel_facts.py UV``, run by ``make lock``.

The facts are kept in ``.ci/wheels.json``, so that the table of supported systems can be made and checked without a
network. They name no address. Only the standard library is needed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

ROOT: Final = Path(__file__).resolve().parents[2]
CONSTRAINTS: Final = ROOT / ".ci" / "constraints.txt"
FACTS: Final = ROOT / ".ci" / "wheels.json"
#: What can be installed beside the program itself.
EXTRAS: Final = ("intake", "postgres", "cluster", "keyring", "pkcs11", "jxl", "dev")
#: Only interpreters that takedown is meant for: CPython 3.11 and later, not the free-threaded ones.
_INTERPRETER: Final = re.compile(r"py3|cp3\d+")
_ANYWHERE: Final = "py3-none-any"


def tags_of(wheel: str) -> list[str]:
    """Return the tags of a wheel by its file's name, such as ``cp311-abi3-macosx_14_0_arm64``."""
    interpreters, abis, platforms = (part.split(".") for part in wheel.removesuffix(".whl").split("-")[-3:])
    return [
        f"{interpreter}-{abi}-{platform}"
        for interpreter in interpreters
        for abi in abis
        for platform in platforms
        if _INTERPRETER.fullmatch(interpreter) and not abi.endswith("t")
    ]


def wheels_of(lock: dict[str, Any]) -> dict[str, list[str]]:
    """Return the tags of each pinned package in a lock of PEP 751; a package that runs anywhere has one tag."""
    found = {}
    for package in lock["packages"]:
        names = [unquote(wheel.get("name") or wheel["url"].rpartition("/")[2]) for wheel in package.get("wheels", ())]
        tags = sorted({tag for name in names for tag in tags_of(name)})
        found[f"{package['name']}=={package['version']}"] = [_ANYWHERE] if _ANYWHERE in tags else tags
    return found


def _compile(uv: str, *options: str) -> str:
    command = [uv, "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--fork-strategy"]
    command += ["fewest", "--only-binary", ":all:", "--no-emit-package", "takedown-cli", "--no-header", "--no-annotate"]
    command += ["--constraints", str(CONSTRAINTS), "--quiet", *options]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def collect_facts(uv: str) -> dict[str, Any]:
    """Return what is installed with nothing and with each extra, and the wheels of all of it."""
    lock = tomllib.loads(_compile(uv, "--extra", "dev", "--format", "pylock.toml"))
    needs = {}
    for extra in ("", *EXTRAS):
        lines = _compile(uv, *(["--extra", extra] if extra else [])).splitlines()
        needs[extra] = [line for line in lines if re.match(r"[a-z0-9]", line)]
    return {"needs": needs, "wheels": wheels_of(lock)}


if __name__ == "__main__":
    FACTS.write_text(json.dumps(collect_facts(sys.argv[1]), indent=1, sort_keys=True) + "\n", encoding="utf-8")
