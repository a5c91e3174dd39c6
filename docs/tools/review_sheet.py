"""A page for native speakers: in every language, the sentences of the page and of the command line that matter most."""

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
#: The same on the command line, in the languages that it has.
ON_THE_COMMAND_LINE: Final = (
    (
        "Write it down and keep it private. It is shown only now, and nobody can recover it. "
        "You need it to see what happens to the case, and to withdraw it."
    ),
    "Send this?",
    "To {origin} and nowhere else. Its identity is checked before anything is sent.",
    "Not confirmed. Nothing was sent.",
    "It may or may not have arrived. To find out, run:\n  {command}\n{again}",
    "The bundle could not be written. Forget the number that was shown: there is no case with it.",
    "Do not put a case number on the command line: the shell's history and other programs can see it.",
    "The file is damaged and could not be decoded, so it is not protected.",
    "Looking for pictures and videos. Nothing leaves this computer.",
    (
        "Anyone who has it can see and withdraw the case. Without it nobody can, not even you. Write it on paper, or "
        "keep it in a password manager, somewhere the other person does not look. Never give it to takedown as an "
        "argument: use '-', and type it when asked."
    ),
    (
        "Do not wipe the history or delete programs in a hurry: a sudden gap is noticed. A computer that the other "
        "person cannot reach, such as a friend's, a library's or a helpline's, is safer than a clean one. "
        "A helpline can do all of this with you, and shares nothing unless you agree."
    ),
)


def review_sheet() -> str:
    """Return the page, with a table for each catalogue."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Sentences for native speakers to check"
    yield ""
    yield "These are the sentences that matter most, of [the page for callers](../how-to/serve-the-page-for-callers.md)"
    yield "and of [the command line](../how-to/use-your-language.md)."
    yield "What stands in braces is filled in later, and stays as it is."
    yield "Read them as a frightened young person would, and then the whole catalogue."
    for path in sorted(_LOCALES.glob("*/LC_MESSAGES/caller.po")):
        name = Locale.parse(path.parents[1].name).get_display_name("en")
        yield from ("", f"## {name}", "", *_table(path, SENTENCES))
        person = path.with_name("person.po")
        if person.exists():
            yield from ("", f"### {name}, on the command line", "", *_table(person, ON_THE_COMMAND_LINE))


def _table(path: Path, sentences: tuple[str, ...]) -> Iterator[str]:
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.parents[1].name)
    yield "| English | translation |"
    yield "| --- | --- |"
    for sentence in sentences:
        message = catalogue.get(sentence)
        row = f"| {sentence} | {message.string if message else ''} |"
        yield row.replace("\n", "<br>")
