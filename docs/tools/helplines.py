"""The page of public helplines, from the file that the page for callers is built with, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from babel import Locale

#: What its fields mean is written in ``helplines.mjs`` beside it.
_FILE: Final = Path(__file__).resolve().parents[2] / "takedown_cli" / "intake" / "page" / "src" / "helplines.json"
FOR_WHOM: Final = {
    "everybody": "everybody",
    "adults": "adults",
    "women": "women",
    "under-18": "pictures that were taken under 18",
    "young-people": "young people and their parents",
}


@dataclass(frozen=True, slots=True)
class Helpline:
    """One helpline or service; ``country`` is None where it is for every country."""

    name: str
    for_whom: str
    page: str
    read: date
    country: str | None = None
    telephone: str | None = None


def read_helplines() -> list[Helpline]:
    """Return the helplines in the order of the file."""
    entries = json.loads(_FILE.read_text(encoding="utf-8"))
    return [Helpline(**(entry | {"read": date.fromisoformat(entry["read"])})) for entry in entries]


def helplines_page() -> str:
    """Return the page, with one row a helpline."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    countries = Locale("en").territories
    yield "# Helplines by country"
    yield ""
    yield "If a helpline gave you a slip, ask that one first: its number is on the slip."
    yield "If your country is not here, the first two are for every country."
    yield ""
    yield "**A telephone number may have changed. The linked page decides.**"
    yield "Each was read there, in a stored copy that may be older than the day."
    yield ""
    yield "| country | helpline | for | telephone | read on |"
    yield "| --- | --- | --- | --- | --- |"
    for each in read_helplines():
        country = countries[each.country] if each.country else "every country"
        telephone = each.telephone or "online only"
        yield f"| {country} | [{each.name}]({each.page}) | {FOR_WHOM[each.for_whom]} | {telephone} | {each.read} |"
    yield ""
    yield "[The page for callers](../how-to/serve-the-page-for-callers.md#helplines) shows the same list."
    yield "`takedown_cli/intake/page/src/helplines.json` holds it."
    yield "To add one, read its number on the organisation's own page, and write down the page and the day."
