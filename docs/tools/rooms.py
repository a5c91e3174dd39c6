"""The rooms of the package as a table and as a diagram, drawn from the import contracts in ``pyproject.toml``."""

from __future__ import annotations

import ast
import re
import tomllib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]
_PYPROJECT: Final = _ROOT / "pyproject.toml"

#: What each room is for, where that is shorter than the first sentence of its docstring, or it has none.
_PURPOSES: Final = {
    "takedown_cli": {
        "__main__": "`python -m takedown_cli`",
        "cli": "the command line: the only place that prints, asks, exits or reads the environment",
        "demo": "the whole loop on one machine",
        "testing": "a pytest plugin for the test suites of others",
        "fixtures": "made-up media and bundles, and what is expected of them",
        "api": "the Python API: what scripts of others import, and the command line too",
        "helpline": "a helpline's caseload: manifest, ledger, run, keys, slips, report",
        "client": "a person's side of the network: the one network door",
        "intake": "what a helpline runs: takes cases in, keeps the lists, serves platforms",
        "hashing": "from a path to fingerprints, in sandboxed processes or on a cluster",
        "protocol": "what both sides of the network share: bundle, envelope, seal, case number, documents",
        "core": "nouns, reasons, errors, settings, clock, files",
        "locale": "the languages that people are spoken to in",
    },
    "takedown_cli.cli": {
        "app": "the entry point",
        "failure": "how an error is shown",
        "commands": "one file a command",
        "options": "options that several commands share",
        "results": "what a command found, as JSON and as lines",
        "typer_glue": "the only place that knows Typer's private parts",
        "terminal": "console, prompts, progress, signals",
    },
    "takedown_cli.intake": {
        "http": "routes, admission and limits: what a request meets first",
        "service": "the intake as a whole: folder, keys, database, the single writer",
        "operations": "backup, integrity check, retention",
        "feeds": "the lists in the two shapes that platforms read, and their answers",
        "cases": "cases, hash records, participants, organisations, holds, review",
        "messages": "opens sealed messages and checks what is in them",
        "store": "the database: tables, migrations, transactions",
        "runtime": "threads, and the log of events",
        "settings": "the intake's folder and `intake.toml`",
        "refusal": "why the intake says no",
    },
    "takedown_cli.hashing": {
        "pipeline": "walk, hash, bundle",
        "cluster": "the same on several machines",
        "journal": "what is done, so that a run can be resumed",
        "pool": "supervised, sandboxed decoding processes",
        "hash_media": "one open file in, fingerprints out",
        "discover": "finds files and their kind by content",
        "decode": "pixels and frames, behind allowlists",
        "readings": "what an upload can be read as: turned, negative, what is inside it",
        "fingerprint": "PDQ, digests, predicted copies",
        "matching": "the distance between two fingerprints",
        "decoded": "decoded pictures and frames, as values",
    },
}


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts by what the page needs: layers of each container, and the one door to each library."""

    layers: dict[str, list[list[str]]]
    doors: list[tuple[list[str], list[str]]]
    forbidden: list[tuple[str, list[str], list[str]]]


def read_contracts(pyproject: Path = _PYPROJECT) -> Contracts:
    """Return the import contracts, layers from the top down."""
    contracts = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    return Contracts(
        layers={
            contract["containers"][0]: [re.split(r"\s*[|:]\s*", layer.strip("()")) for layer in contract["layers"]]
            for contract in contracts
            if contract["type"] == "layers"
        },
        doors=[
            (contract["protected_modules"], contract["allowed_importers"])
            for contract in contracts
            if contract["type"] == "protected"
        ],
        forbidden=[
            (contract["name"], contract["source_modules"], contract["forbidden_modules"])
            for contract in contracts
            if contract["type"] == "forbidden"
        ],
    )


def rooms_page(contracts: Contracts) -> str:
    """Return the page: the diagram, a table for each set of layers, and what may not be imported."""
    opening = (
        "# The rooms of the package\n\n"
        "Made from the import contracts in `pyproject.toml`, which `make check` enforces.\n"
        "A room may import the rooms below it, never one above it or beside it.\n\n"
        "![The rooms, from the command line at the top to the core at the bottom](rooms.svg)\n"
    )
    parts = [opening]
    for container, layers in contracts.layers.items():
        parts.append(f"\n## `{container}`\n\n| layer | room | what it is for |\n| --- | --- | --- |\n")
        for number, layer in enumerate(layers, start=1):
            parts += [f"| {number} | `{room}` | {_purpose(container, room)} |\n" for room in layer]
    parts.append("\n## One door to each library\n\n| library | only imported by |\n| --- | --- |\n")
    parts += [f"| {_code(library)} | {_code(rooms)} |\n" for library, rooms in contracts.doors]
    parts.append("\n## What may not be imported\n")
    for name, sources, banned in contracts.forbidden:
        parts.append(f"\n### {name}\n\n- rooms:\n{_bullets(sources)}- may not import:\n{_bullets(banned)}")
    return "".join(parts)


def _purpose(container: str, room: str) -> str:
    """Return what a room is for. Raise ValueError for a room of which neither the table nor a docstring says it."""
    known = _PURPOSES.get(container, {}).get(room)
    if known:
        return known
    place = _ROOT.joinpath(*container.split("."), room)
    source = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
    opening = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) if source.is_file() else None
    if not opening:
        raise ValueError(f"{container}.{room} needs a docstring that says what it is for")
    return " ".join(opening.split("\n\n")[0].replace("``", "`").split()).rstrip(".")


def _code(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _bullets(names: list[str]) -> str:
    return "".join(f"  - `{name}`\n" for name in names)


_BOX: Final = 34
_GAP: Final = 10
_COLUMN: Final = 330
_TOP: Final = 50
_STYLE: Final = (
    "text{font:13px sans-serif;fill:#1b1b1b}.title{font-weight:bold}.box{fill:#e8eef7;stroke:#44618c}"
    ".door{fill:#fff4d6;stroke:#9a7400}.note{font-size:12px;fill:#444}"
)


def draw_diagram(contracts: Contracts) -> str:
    """Return the rooms as SVG: a column for each set of layers, top down, and the doors to libraries below."""
    columns = len(contracts.layers)
    width = columns * _COLUMN + 20
    bottom = _TOP + max(map(len, contracts.layers.values())) * (_BOX + _GAP) + 20
    height = bottom + 30 + len(contracts.doors) * (_BOX + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>The rooms of the package; each may import those below it</title>",
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    for column, (container, layers) in enumerate(contracts.layers.items()):
        left = column * _COLUMN + 20
        parts.append(_text(left, _TOP - 18, f"{container}  (imports point down)", "title"))
        for row, layer in enumerate(layers):
            parts += _boxes(layer, left, _TOP + row * (_BOX + _GAP), _COLUMN - 30)
    parts.append(_text(20, bottom + 12, "One door to each library", "title"))
    for row, (libraries, rooms) in enumerate(contracts.doors):
        top = bottom + 26 + row * (_BOX + _GAP)
        parts += _boxes([", ".join(libraries)], 20, top, 160, "door")
        parts.append(_text(195, top + 21, f"is imported by {', '.join(rooms)} alone", "note"))
    return "\n".join((*parts, "</svg>", ""))


def _boxes(names: list[str], left: float, top: float, width: float, style: str = "box") -> list[str]:
    """Return boxes of equal width side by side."""
    each = (width - _GAP * (len(names) - 1)) / len(names)
    parts = []
    for place, name in enumerate(names):
        x = left + place * (each + _GAP)
        parts.append(f'<rect class="{style}" x="{x:.0f}" y="{top}" width="{each:.0f}" height="{_BOX}" rx="5"/>')
        parts.append(_text(x + 10, top + 21, name))
    return parts


def _text(x: float, y: float, text: str, style: str = "") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:.0f}" y="{y:.0f}"{kind}>{escape(text)}</text>'
