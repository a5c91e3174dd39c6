"""The languages that there are: a gettext catalogue for each, whose keys are the English sentences.

``caller`` is the catalogue of slips, of the page for callers and of the state of a case. English needs no catalogue,
and loads no library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

CALLER: Final = "caller"
#: Tags of languages and regions that stand for one of ours.
_MEANT: Final = {"zh": "zh-Hans", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant", "tl": "fil"}


@dataclass(frozen=True, slots=True)
class Language:
    """One language. ``tag`` is its BCP 47 tag, and ``name`` what its speakers call it.

    Until it is ``reviewed`` by a native speaker, the English belongs beneath what matters most.
    """

    tag: str
    name: str
    direction: Literal["ltr", "rtl"]
    reviewed: bool
    _translations: NullTranslations = field(repr=False, compare=False)

    def say(self, english: str, /, **values: object) -> str:
        """Return the sentence in this language, with each ``{name}`` in it replaced."""
        return self._translations.gettext(english).format(**values)

    def say_many(self, one: str, several: str, count: int, /, **values: object) -> str:
        """Return the form of the sentence for this many. ``{count}`` needs no value."""
        return self._translations.ngettext(one, several, count).format(count=count, **values)

    def date(self, day: str) -> str:
        """Return a day (YYYY-MM-DD) as people write it in this language: the long form of Unicode CLDR."""
        from datetime import date

        from babel.dates import format_date

        tag = "en-GB" if self.tag == "en" else self.tag
        return format_date(date.fromisoformat(day), "long", tag.replace("-", "_"))


ENGLISH: Final = Language("en", "English", "ltr", True, NullTranslations())


@cache
def tags(domain: str = CALLER) -> tuple[str, ...]:
    """Return the tags of the languages that have such a catalogue, English first."""
    found = [folder.name for folder in _locales().iterdir() if _catalogue(folder.name, domain).is_file()]
    return ("en", *sorted(name.replace("_", "-") for name in found))


def nearest(wanted: str, offered: tuple[str, ...]) -> str | None:
    """Return the offered tag for a tag in any spelling, such as ``de_AT`` or ``zh-tw``; None if there is none."""
    asked = wanted.replace("_", "-").casefold()
    by_spelling = {tag.casefold(): tag for tag in offered}
    while asked:
        tag = by_spelling.get(asked) or by_spelling.get(_MEANT.get(asked, "").casefold())
        if tag is not None:
            return tag
        asked = asked.rpartition("-")[0]
    return None


@cache
def language(tag: str, domain: str = CALLER) -> Language:
    """Return the language with this tag, one of ``tags``; English for any other."""
    if tag not in tags(domain) or tag == "en":
        return ENGLISH
    from babel import Locale
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    folder = tag.replace("-", "_")
    source, compiled = _catalogue(folder, domain).read_bytes(), BytesIO()
    write_mo(compiled, read_po(BytesIO(source), locale=folder))
    compiled.seek(0)
    # Babel does not keep the header's lines of our own.
    header = dict(re.findall(r'^"(X-\w+): (.*)\\n"$', source.decode(), re.MULTILINE))
    direction: Literal["ltr", "rtl"] = "rtl" if Locale.parse(folder).text_direction == "rtl" else "ltr"
    return Language(tag, header["X-Name"], direction, header["X-Reviewed"] == "yes", GNUTranslations(compiled))


def _locales() -> Traversable:
    return files("takedown_cli.locale")


def _catalogue(folder: str, domain: str) -> Traversable:
    return _locales() / folder / "LC_MESSAGES" / f"{domain}.po"
