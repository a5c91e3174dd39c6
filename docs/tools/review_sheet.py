"""A page for native speakers: in every language, the sentences of the page for callers that matter most."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel import Locale
from babel.messages.pofile import read_po

_LOCALES: Final = Path(__file__).resolve().parents[2] / "takedown_cli" / "locale"
#: A wrong word in one of these can make somebody withdraw by mistake, lose the number, or give up.
SENTENCES: Final = (
    "The number stays in this window. It is not sent and not stored.",
    "Do not type your case number here. Use the address on your slip.",
    "This page cannot recover a case number. The intake does not store it.",
    (
        "A secret number for your case. Anybody who has it can see what happens to the case and withdraw it. "
        "Your name is not stored with it."
    ),
    (
        "The case goes on without it, and ends by itself. If a helpline sent it for you, contact the helpline: "
        "it can see the case and withdraw it."
    ),
    "You can withdraw the case at any time, without giving a reason.",
    "Withdraw the whole case",
    "Withdraw the whole case? Platforms are then asked to stop looking for it.",
    "It cannot be put back. You would have to send it again.",
    "Yes, withdraw",
    "No, keep it",
    "Everything in this case is withdrawn. Platforms are asked to stop looking for it.",
    "This is not a valid case number: a character is missing, added or mistyped.",
    "Compare it with the number that you wrote down. Nothing was sent.",
    "The intake has no such case.",
    "The server's key or answer is not the expected one, so nothing more was sent.",
    "{platform} found copies and blocks them ({day}).",
    "{platform} found a match and decided not to block it ({day}).",
    "You don't need to do anything. Check again tomorrow.",
    "This is not your fault. If you are in danger, or want to talk to somebody, contact a helpline.",
)


def review_sheet() -> str:
    """Return the page, with a table for each catalogue."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Sentences for native speakers to check"
    yield ""
    yield "These are the sentences of [the page for callers](../how-to/serve-the-page-for-callers.md) that matter most."
    yield "What stands in braces is filled in later, and stays as it is."
    yield "Read them as a frightened young person would, and then the whole catalogue."
    for path in sorted(_LOCALES.glob("*/LC_MESSAGES/caller.po")):
        folder = path.parents[1]
        with path.open("rb") as file:
            catalogue = read_po(file, locale=folder.name)
        yield from ("", f"## {Locale.parse(folder.name).get_display_name('en')}", "", "| English | translation |")
        yield "| --- | --- |"
        for sentence in SENTENCES:
            message = catalogue.get(sentence)
            yield f"| {sentence} | {message.string if message else ''} |"
