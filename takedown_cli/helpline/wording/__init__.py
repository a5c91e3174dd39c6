"""The languages in which a slip can be handed to a caller, and the texts of each: one TOML file a language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

#: BCP 47 primary subtags, English first.
LANGUAGES: Final = ("en", "de", "fr", "es", "pl", "tr", "ar", "uk")


#: Dates that are not day, month and year with spaces between them, by what the language calls itself.
_DATES: Final = {"Deutsch": "{}. {} {}", "Español": "{} de {} de {}", "Українська": "{} {} {} р."}


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one language: short sentences, no numbers inside a sentence (plural forms differ by language).

    ``name`` is what speakers call the language. ``outside`` and ``fold`` are read before the slip is opened.
    ``for_child``, ``for_parent`` and ``for_adult`` are for whom the slip is. ``months`` has their twelve names, as they
    stand in a date.
    """

    name: str
    direction: Literal["ltr", "rtl"]
    outside: str
    fold: str
    title: str
    reference: str
    number: str
    number_own: str
    keep: str
    done_title: str
    done: str
    sent: str
    protected: str
    unprotected: str
    ends: str
    next_title: str
    next_compare: str
    next_block: str
    next_limits: str
    ask_title: str
    ask: str
    ask_program: str
    ask_page: str
    ask_type: str
    withdraw_title: str
    withdraw: str
    withdraw_page: str
    talk: str
    from_title: str
    not_your_fault: str
    for_child: str
    for_parent: str
    for_adult: str
    months: str

    def date(self, day: str) -> str:
        """Return a day (YYYY-MM-DD) as people write it in this language (Unicode CLDR, the long form)."""
        year, month, number = day.split("-")
        return _DATES.get(self.name, "{} {} {}").format(int(number), self.months.split()[int(month) - 1], year)


@cache
def texts_in(language: str) -> Wording:
    """Return the texts in one of ``LANGUAGES``."""
    return Wording(**tomllib.loads((files(__name__) / f"{language}.toml").read_text("utf-8")))
