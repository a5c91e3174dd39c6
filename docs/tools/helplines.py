"""The page of public helplines: from a small file in which each has the page that it was read on, and the day."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from babel import Locale

_FILE: Final = Path(__file__).resolve().parents[1] / "helplines.toml"
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
    return [Helpline(**entry) for entry in tomllib.loads(_FILE.read_text(encoding="utf-8"))["helpline"]]


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
    yield "`docs/helplines.toml` holds them."
    yield "To add one, read its number on the organisation's own page, and write down the page and the day."
