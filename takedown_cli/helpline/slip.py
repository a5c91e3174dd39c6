"""Makes a slip for a caller: their case number and what it is for, in their language, as text or as a page to print.

When the page is folded, the outside shows only the helpline's reference.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.html_page import fill_template, page, text
from takedown_cli.helpline.ledger.entry import Entry
from takedown_cli.helpline.wording import CLEARLY, ENGLISH, Wording, sentences_in
from takedown_cli.locale.language import Language, language
from takedown_cli.protocol.addresses import IntakeAddress

_WIDTH: Final = 72
_MARK: Final = ("\u2066", "\u2069")  # isolate: a number or a command stays in one piece within right-to-left text


@dataclass(frozen=True, slots=True)
class SlipsDue:
    """Cases by what ``batch slips`` does with them: ``slips`` are to be made, the others are counted."""

    slips: tuple[Entry, ...]
    given_before: int
    not_sent: int
    none_due: int


def slips_due(cases: Iterable[Entry], *, again: bool = False) -> SlipsDue:
    """Return whose slip is to be made: every case at the intake whose number was not given out before. A case whose
    later part was refused counts too, since its first part is at the intake. With ``again`` they get another one, as
    when the first was lost.
    """
    slips: list[Entry] = []
    given = not_sent = none_due = 0
    for case in cases:
        if case.leaving is not None:
            none_due += 1
        elif case.state is CaseState.SENT or (case.state is CaseState.REFUSED and case.sent is not None):
            if case.has_slip and not again:
                given += 1
            else:
                slips.append(case)
        elif case.state in {CaseState.WAITING, CaseState.READY}:
            not_sent += 1
        else:
            none_due += 1
    return SlipsDue(tuple(slips), given, not_sent, none_due)


# --------------------------------------------------------------------------------------------------------------- text


@dataclass(frozen=True, slots=True)
class Sender:
    """Who hands out a slip: the organisation's name, and how to reach it. Either may be empty.

    ``mark`` are 32 hexadecimal digits by which the slips of its ledger are recognised, or nothing.
    """

    name: str = ""
    contact: str = ""
    mark: str = ""


def slip_as_text(case: Entry, sender: Sender = Sender(), *, with_page: bool = False) -> bytes:
    """Return the case's slip as plain text in UTF-8, at most 72 columns.

    ``with_page``: name the intake's page for callers, instead of commands. The case number is not in its address.
    """
    spoken = language(case.language)
    words = sentences_in(spoken)
    said = asdict(words)
    if not spoken.reviewed:
        said = {name: f"{text}\n{getattr(ENGLISH, name)}" if name in CLEARLY else text for name, text in said.items()}
    if with_page:
        by_yourself = f"{said['ask_page']}\n    {_isolate(spoken, _page_address(case))}"
        how_to_withdraw = said["withdraw_page"]
    else:
        by_yourself = f"{said['ask_program']}\n    {_isolate(spoken, _status(case))}\n{said['ask_type']}"
        how_to_withdraw = f"{said['withdraw']}\n    {_isolate(spoken, _withdraw(case))}"
    filled = fill_template(
        "slip.txt",
        **said,
        own_reference=_isolate(spoken, case.reference),
        number_box=said["number_own"] if case.number is None else f"    {_isolate(spoken, case.number)}",
        facts="\n".join(f"{name}: {_isolate(spoken, value)}" for name, value in _facts(case, words, spoken)),
        sender=f"{words.from_title}: {_isolate(spoken, sender.name)}\n\n" if sender.name else "",
        person=_words_for(case, words),
        contact=f"    {sender.contact}\n" if sender.contact else "",
        by_yourself=by_yourself, how_to_withdraw=how_to_withdraw, divider=sender.mark.center(_WIDTH, "-"),
        note="" if spoken.reviewed else f"\n{words.unreviewed}\n{ENGLISH.unreviewed}\n",
    )  # fmt: skip
    return "\n".join(map(_wrapped, filled.split("\n"))).encode()


def is_slip_of(content: str, mark: str, cases: Iterable[Entry]) -> bool:
    """Return whether ``content`` is a slip of the ledger with this ``mark``, or an earlier one of one of its ``cases``.

    Earlier slips have no mark. They show the case number, or the intake with its key where nobody knows the number.
    """
    if f'<article class="slip" data-ledger="{mark}"' in content or f"\n{mark.center(_WIDTH, '-')}\n" in content:
        return True
    if '<article class="slip" lang=' not in content and f"\n{'-' * _WIDTH}\n" not in content:
        return False
    return any((case.number or case.intake.rpartition("#")[2]) in content for case in cases)


def _wrapped(line: str) -> str:
    if line.startswith("    "):  # a number, a command: never broken
        return line
    return textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _isolate(spoken: Language, value: str) -> str:
    return value if spoken.direction == "ltr" else f"{_MARK[0]}{value}{_MARK[1]}"


def _facts(case: Entry, words: Wording, spoken: Language) -> list[tuple[str, str]]:
    facts = [(words.sent, spoken.date(case.sent) if case.sent else "–"), (words.protected, f"{case.items}")]
    if case.unprotected:
        facts.append((words.unprotected, f"{case.unprotected}"))
    if case.expires:
        facts.append((words.ends, spoken.date(case.expires)))
    return facts


def _words_for(case: Entry, words: Wording) -> str:
    """Return what is said to the person who gets the slip: a parent, a child or an adult."""
    if case.behalf == "child":
        return words.for_parent
    return words.for_child if case.age == "under-18" else words.for_adult


def _status(case: Entry) -> str:
    return f"takedown status - --intake {case.intake}"


def _withdraw(case: Entry) -> str:
    return f"takedown withdraw - --intake {case.intake}"


def _page_address(case: Entry) -> str:
    return IntakeAddress.parse(case.intake).page_for_callers


# --------------------------------------------------------------------------------------------------------------- HTML


def slips_as_html(cases: Sequence[Entry], sender: Sender = Sender(), *, with_page: bool = False) -> bytes:
    """Return one self-contained document with a page for each case's slip. There must be at least one.

    ``with_page``: show the address and the QR code of the intake's page for callers, instead of commands.
    """
    first = language(cases[0].language)
    body = "<main>\n" + "".join(_slip_as_html(case, sender, with_page) for case in cases) + "</main>"
    # The style sheet divides A4 in three: the first part stays visible, the third is folded up onto the second.
    return page(
        title=sentences_in(first).title if len(cases) == 1 else "Slips",
        style="slip.css", body=body, language=first.tag, direction=first.direction, schemes="light dark",
    )  # fmt: skip


def _slip_as_html(case: Entry, sender: Sender, with_page: bool) -> str:
    spoken = language(case.language)
    words = sentences_in(spoken)
    said = {name: _sentence_as_html(name, sentence, spoken) for name, sentence in asdict(words).items()}
    facts = "".join(
        f"<dt>{text(name)}</dt><dd><bdi>{text(value)}</bdi></dd>" for name, value in _facts(case, words, spoken)
    )
    if case.number is None:
        number = f'<p class="own">{said["number_own"]}</p>'
    else:
        number = f'<p class="number"><bdi dir="ltr">{text(case.number)}</bdi></p>'
    if with_page:
        shown = f'<code><bdi dir="ltr">{text(_page_address(case))}</bdi></code>'
        code = _qr_code(_page_address(case))
        by_yourself = f'<div class="page"><p>{said["ask_page"]}{shown}</p>{code}</div>'
        how_to_withdraw = said["withdraw_page"]
    else:
        status, withdraw = (
            f'<code><bdi dir="ltr">{text(command)}</bdi></code>' for command in (_status(case), _withdraw(case))
        )
        by_yourself = f"<p>{said['ask_program']}{status}{said['ask_type']}</p>"
        how_to_withdraw = said["withdraw"] + withdraw
    note = "" if spoken.reviewed else f'<p class="note">{text(words.unreviewed)} {_in_english("unreviewed")}</p>'
    return fill_template(
        "slip.html",
        **said,
        language=text(spoken.tag), direction=spoken.direction, own_reference=text(case.reference), number_box=number,
        facts=facts, note=note,
        sender=f"<p class=\"from\">{text(words.from_title)}: <bdi>{text(sender.name)}</bdi></p>" if sender.name else "",
        person=text(_words_for(case, words)),
        contact=f"<p><strong><bdi>{text(sender.contact)}</bdi></strong></p>" if sender.contact else "",
        by_yourself=by_yourself, how_to_withdraw=how_to_withdraw,
        mark=f' data-ledger="{text(sender.mark)}"' if sender.mark else "",
    )  # fmt: skip


def _sentence_as_html(name: str, sentence: str, spoken: Language) -> str:
    """Return the sentence, with the English beneath where that is needed."""
    return text(sentence) + (_in_english(name) if name in CLEARLY and not spoken.reviewed else "")


def _in_english(name: str) -> str:
    return f'<span class="english" lang="en" dir="ltr">{text(getattr(ENGLISH, name))}</span>'


def _qr_code(address: str) -> str:
    """Return a QR code of the address as a drawing inside the page, with the white edge that cameras need."""
    import segno

    return segno.make_qr(address, error="m").svg_inline(
        border=4, omitsize=True, title="QR", svgclass=None, lineclass=None
    )
