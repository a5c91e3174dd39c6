"""The languages that there are: a gettext catalogue for each, whose keys are the English sentences.

``caller`` is the catalogue of slips, of the page for callers and of the state of a case; ``person`` is that of the
command line's own sentences. English needs no catalogue, and loads no library.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import TYPE_CHECKING, Final, Literal

from takedown_cli.locale.filled import Filled, fill, in_english

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

CALLER: Final = "caller"
PERSON: Final = "person"
#: Tags of languages and regions that stand for one of ours.
_MEANT: Final = {
    "zh": "zh-Hans", "zh-tw": "zh-Hant", "zh-hk": "zh-Hant", "zh-mo": "zh-Hant", "tl": "fil",
    "kmr": "ku", "ku-arab": "ckb",
}  # fmt: skip
_BUDDHIST_ERA: Final = 543


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
        """Return the sentence in this language, with each ``{name}`` in it replaced as ``filled`` does."""
        return fill(self._translated(english), values, self._written)

    def look_up(self, sentence: str) -> str:
        """Return a sentence as it is in this language, if it is a key or ``filled``; any other text stays."""
        if not isinstance(sentence, Filled):
            return self._translated(sentence)
        plural, template = sentence.plural, sentence.template
        form = self._translations.ngettext(*plural) if plural else self._translated(template)
        return fill(form, sentence.values, self._written)

    def say_many(self, one: str, several: str, count: int, /, **values: object) -> str:
        """Return the form of the sentence for this many. ``{count}`` needs no value."""
        return fill(self._translations.ngettext(one, several, count), {"count": count, **values}, self._written)

    def _translated(self, english: str) -> str:
        # Catalogues have their own head under the empty key.
        return self._translations.gettext(english) if english else ""

    def _written(self, value: object) -> str:
        if isinstance(value, Filled):
            return self.look_up(value)
        if isinstance(value, tuple):
            return self._translations.gettext(", ").join(map(self._written, value))
        if self.tag == "en" or not isinstance(value, int | float):
            return in_english(value)
        from babel.numbers import format_decimal

        pattern = "#,##0.0" if isinstance(value, float) else "#,##0"
        return format_decimal(value, pattern, self.tag.replace("-", "_"))

    def date(self, day: str) -> str:
        """Return a day (YYYY-MM-DD) as people write it in this language: the long form of Unicode CLDR.

        Thai counts years as Thailand does, for Babel has no Buddhist calendar. Sinhala is as given, for CLDR's months
        are named after full moons and begin on other days.
        """
        from datetime import date

        from babel.dates import format_date

        if self.tag == "si":
            return day
        given = date.fromisoformat(day)
        if self.tag == "th":
            return f"{format_date(given, 'd MMMM', 'th')} {given.year + _BUDDHIST_ERA}"
        tag = "en-GB" if self.tag == "en" else self.tag
        return format_date(given, "long", tag.replace("-", "_"))


ENGLISH: Final = Language("en", "English", "ltr", True, NullTranslations())


@cache
def tags(domain: str = CALLER) -> tuple[str, ...]:
    """Return the tags of the languages that have such a catalogue, English first."""
    known = (folder.name.replace("_", "-") for folder in _locales().iterdir())
    return ("en", *sorted(tag for tag in known if _catalogue(tag, domain).is_file()))


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
    """Return the language with this tag, one of ``tags``; English for any other.

    ``PERSON`` is looked up first, where a language has it, and ``caller`` then.
    """
    if tag not in tags() or tag == "en":
        return ENGLISH
    if domain != CALLER:
        base = language(tag)
        if tag not in tags(domain):
            return base
        translations = _translations(tag, domain)
        translations.add_fallback(base._translations)
        return replace(base, _translations=translations)
    from babel import Locale

    # Babel does not keep the header's lines of our own.
    header = dict(re.findall(r'^"(X-\w+): (.*)\\n"$', _catalogue(tag, CALLER).read_text("utf-8"), re.MULTILINE))
    direction: Literal["ltr", "rtl"] = "rtl" if Locale.parse(tag, sep="-").text_direction == "rtl" else "ltr"
    return Language(tag, header["X-Name"], direction, header["X-Reviewed"] == "yes", _translations(tag, CALLER))


def _translations(tag: str, domain: str) -> GNUTranslations:
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(_catalogue(tag, domain).read_bytes()), locale=tag.replace("-", "_")))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _locales() -> Traversable:
    return files("takedown_cli") / "locale"


def _catalogue(tag: str, domain: str) -> Traversable:
    return _locales() / tag.replace("-", "_") / "LC_MESSAGES" / f"{domain}.po"
