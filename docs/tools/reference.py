"""Renews the generated part of ``docs/``: ``python -m docs.tools.reference docs``, or ``make reference``.

A test compares each page with what is generated, so a page is changed by changing the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from docs.tools import disclosure, helplines, manual, openapi, python_api, review_sheet, rooms, systems
from docs.tools.command_tree import read_commands
from docs.tools.pages import (
    command_pages,
    exit_code_page,
    mark_as_generated,
    outcome_page,
    read_page,
    schema_index,
    settings_page,
)
from docs.tools.published import broken, merged, shape
from docs.tools.schemas import documents, schema

DOCS: Final = Path(__file__).resolve().parents[1]
#: The shape of every version that was ever published; see ``published``.
SHAPES: Final = "schemas/published.json"


def generated_pages() -> dict[str, str]:
    """Return the text of each generated file by its name below ``docs/``, without ``SHAPES``."""
    made = _made_schemas()
    texts = {
        "reference/exit-codes.md": exit_code_page(),
        "reference/outcomes.md": outcome_page(),
        "reference/what-is-read.md": read_page(),
        "reference/settings.md": settings_page(),
        "reference/schemas.md": schema_index(made),
        "reference/python-api.md": python_api.python_api_page(),
        "reference/everything-we-could-hand-over.md": disclosure.disclosure_page(),
        "reference/helplines.md": helplines.helplines_page(),
        "reference/sentences-to-check.md": review_sheet.review_sheet(),
        "explanation/rooms.md": rooms.rooms_page(rooms.read_contracts()),
        **{f"reference/commands/{name}": text for name, text in command_pages(read_commands()).items()},
    }
    return {
        **{name: mark_as_generated(text) for name, text in texts.items()},
        systems.PAGE: systems.renew_table((DOCS / systems.PAGE).read_text(encoding="utf-8")),
        "reference/takedown.1": manual.manual_page(read_commands()),
        "reference/intake-openapi.json": json.dumps(openapi.openapi_document(), indent=1) + "\n",
        "explanation/rooms.svg": rooms.draw_diagram(rooms.read_contracts()),
        **{f"schemas/{name}.json": _json(schema) for name, schema in made.items()},
    }


def _made_schemas() -> dict[str, dict[str, Any]]:
    return {name: schema(name, kind) for name, kind in documents().items()}


def _json(value: object) -> str:
    return json.dumps(value, indent=1, sort_keys=True) + "\n"


def shapes_published(docs: Path) -> dict[str, list[str]]:
    """Return the published shapes below ``docs``, by name of the document."""
    page = docs / SHAPES
    found: dict[str, list[str]] = json.loads(page.read_text(encoding="utf-8")) if page.exists() else {}
    return found


def shapes_now() -> dict[str, list[str]]:
    """Return the shapes of the documents as they are declared now."""
    return {name: shape(made) for name, made in _made_schemas().items()}


def write_pages(docs: Path) -> list[str]:
    """Write every page below ``docs``; where a published document changed, return sentences about it and write none."""
    published, now = shapes_published(docs), shapes_now()
    faults = broken(published, now)
    if faults:
        return faults
    made = {**generated_pages(), SHAPES: _json(merged(published, now))}
    for page in (docs / "reference" / "commands").glob("*.md"):
        if f"reference/commands/{page.name}" not in made:
            page.unlink()  # the page of a command that is no more
    for name, text in made.items():
        page = docs / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    return []


if __name__ == "__main__":
    sys.exit("\n".join(write_pages(Path(sys.argv[1]))) or 0)
