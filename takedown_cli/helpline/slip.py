"""A slip for a caller: their case number and what it is good for, in their language, as text or as a page to print.

It guarantees that nothing but the helpline's reference is on the part that stays outside when it is folded.
It must never hold two callers' data, nor be shown on the screen of whoever prints it.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from takedown_cli.helpline.nouns import Case, State
from takedown_cli.helpline.page import page, text
from takedown_cli.helpline.wording import wording
from takedown_cli.helpline.wording.texts import Wording

#: The act under which the ledger notes that a slip was made.
ACT: Final = "slip"
_WIDTH: Final = 72
_LONGEST_NAME: Final = 200  # bytes, of the 255 that most file systems take
_MARK: Final = ("\u2066", "\u2069")  # isolate: a number or a command stays in one piece within right-to-left text


@dataclass(frozen=True, slots=True)
class Slip:
    """What goes on one slip. ``contact`` is how to reach the helpline, as it says itself; empty for nothing."""

    reference: str = field(repr=False)
    number: str | None = field(repr=False)
    language: str
    intake: str
    items: int
    unprotected: int
    sent: str | None
    expires: str | None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """Cases by what a run of slips does with them: ``slips`` are to be made, the others are counted."""

    slips: tuple[tuple[Case, Slip], ...]
    given_before: int
    not_sent: int
    none_due: int


def due(cases: Iterable[Case], contact: str = "", again: frozenset[str] = frozenset()) -> Due:
    """Whose slip is to be made: every case that the intake has and whose number was not given out before.

    That is also one of which a later part was refused: what was taken before is with the intake.
    ``again`` are references that get another one, as when a slip was lost.
    """
    slips: list[tuple[Case, Slip]] = []
    given = not_sent = none_due = 0
    for case in cases:
        if case.leaving:
            none_due += 1
        elif case.state is State.SENT or (case.state is State.REFUSED and case.sent is not None):
            if any(event.act == ACT for event in case.history) and case.reference not in again:
                given += 1
            else:
                slips.append((case, _slip(case, contact)))
        elif case.state in {State.WAITING, State.READY}:
            not_sent += 1
        else:
            none_due += 1
    return Due(tuple(slips), given, not_sent, none_due)


def _slip(case: Case, contact: str) -> Slip:
    return Slip(
        case.reference, case.number, case.language, case.intake, case.items, case.unprotected, case.sent, case.expires,
        contact,
    )  # fmt: skip


def file_name(reference: str, taken: frozenset[str], suffix: str) -> str:
    """A name that any system can have, is not among ``taken``, and says the reference and nothing else."""
    safe = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", reference)).strip(".-")[:64] or "slip"
    safe = safe.encode()[:_LONGEST_NAME].decode(errors="ignore")
    name, count = f"{safe}{suffix}", 1
    while name.casefold() in taken:
        count += 1
        name = f"{safe}-{count}{suffix}"
    return name


# --------------------------------------------------------------------------------------------------------------- text


def as_text(slip: Slip) -> bytes:
    """The slip as plain text in UTF-8, at most 72 columns."""
    words = wording(slip.language)
    parts = [
        f"{words.reference}: {_in(words, slip.reference)}\n{words.outside}\n{'-' * _WIDTH}",
        *_blocks(slip, words),
    ]
    return ("\n\n".join("\n".join(map(_wrapped, part.split("\n"))) for part in parts) + "\n").encode()


def _blocks(slip: Slip, words: Wording) -> Iterable[str]:
    number = words.number_own if slip.number is None else f"    {_in(words, slip.number)}"
    yield f"{words.number}\n\n{number}\n\n{words.keep}"
    facts = "\n".join(f"{name}: {_in(words, value)}" for name, value in _facts(slip, words))
    yield f"{words.done_title}\n\n{words.done}\n{facts}"
    yield f"{words.next_title}\n\n1. {words.next_compare}\n2. {words.next_block}\n3. {words.next_limits}"
    yield f"{words.ask_title}\n\n{words.ask}\n{_contact(slip)}{words.ask_program}\n    {_in(words, _status(slip))}"
    yield f"{words.withdraw_title}\n\n{words.withdraw}\n    {_in(words, _withdraw(slip))}"
    yield words.talk


def _wrapped(line: str) -> str:
    if line.startswith("    "):  # a number, a command: never broken
        return line
    return textwrap.fill(line, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _in(words: Wording, value: str) -> str:
    return value if words.direction == "ltr" else f"{_MARK[0]}{value}{_MARK[1]}"


def _contact(slip: Slip) -> str:
    return f"    {slip.contact}\n" if slip.contact else ""


def _facts(slip: Slip, words: Wording) -> list[tuple[str, str]]:
    facts = [(words.sent, slip.sent or "–"), (words.protected, f"{slip.items}")]
    if slip.unprotected:
        facts.append((words.unprotected, f"{slip.unprotected}"))
    if slip.expires:
        facts.append((words.ends, slip.expires))
    return facts


def _status(slip: Slip) -> str:
    return f"takedown status - --intake {slip.intake}"


def _withdraw(slip: Slip) -> str:
    return f"takedown withdraw - --intake {slip.intake}"


# --------------------------------------------------------------------------------------------------------------- HTML

#: A4 in three parts: the first stays visible, the third is folded up onto the second, print inside.
_STYLE: Final = """
@page { size: A4; margin: 0 }
* { box-sizing: border-box }
html { background: #fff; color: #111; font: 9.5pt/1.35 system-ui, "Noto Sans", "Segoe UI", sans-serif }
body { margin: 0 }
.slip { width: 210mm; min-height: 296mm; margin: 0 auto; display: flex; flex-direction: column;
  break-after: page; break-inside: avoid }
.slip:last-child { break-after: auto }
.outside { height: 74mm; flex: none; padding: 16mm 20mm 4mm; display: flex; flex-direction: column;
  border-bottom: 1px dashed #777 }
.outside .label { font-size: 10pt; font-weight: 400; margin: 0; color: #444 }
.outside .reference { font-size: 26pt; font-weight: 700; margin: 1mm 0 4mm; overflow-wrap: anywhere; line-height: 1.15 }
.outside p { margin: 0 }
.outside .fold { margin-top: auto; font-size: 8.5pt; color: #444 }
.inside { flex: 1; padding: 6mm 20mm 6mm }
h1 { font-size: 11pt; margin: 0 0 1.5mm; font-weight: 400; color: #444 }
.number { font: 700 19pt/1.3 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; margin: 0 0 2.5mm;
  padding: 3.5mm 4mm; border: 2px solid #111; border-radius: 2mm; text-align: center; white-space: nowrap }
.own { font-size: 12pt; font-weight: 600; margin: 0 0 2.5mm; padding: 3.5mm 4mm; border: 2px solid #111;
  border-radius: 2mm }
h2 { font-size: 10.5pt; margin: 3.6mm 0 0.8mm }
p, ol, dl { margin: 0 0 1.2mm }
ol { padding-inline-start: 5mm }
dl { display: grid; grid-template-columns: max-content auto; gap: 0 4mm }
dt { color: #444 } dd { margin: 0 }
code { font: 8pt ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere }
.talk { margin-top: 3.5mm; padding-top: 2mm; border-top: 1px solid #999 }
@media screen { html { background: #e8e8e8 } .slip { background: #fff; margin: 8mm auto; box-shadow: 0 1mm 4mm #0003 } }
"""


def as_html(slips: Iterable[Slip]) -> bytes:
    """Slips to print, each on a page of its own, in one self-contained document. There is at least one."""
    every = list(slips)
    first = wording(every[0].language)
    body = "<main>\n" + "\n".join(map(_one, every)) + "\n</main>"
    return page(
        title=first.title if len(every) == 1 else "Slips",
        style=_STYLE, body=body, language=every[0].language, direction=first.direction, schemes="only light",
    )  # fmt: skip


def _one(slip: Slip) -> str:
    w = wording(slip.language)
    facts = "".join(f"<dt>{text(name)}</dt><dd><bdi>{text(value)}</bdi></dd>" for name, value in _facts(slip, w))
    if slip.number is None:
        number = f'<p class="own">{text(w.number_own)}</p>'
    else:
        number = f'<p class="number"><bdi dir="ltr">{text(slip.number)}</bdi></p>'
    contact = f"<p><strong><bdi>{text(slip.contact)}</bdi></strong></p>" if slip.contact else ""
    return f"""\
<article class="slip" lang="{text(slip.language)}" dir="{w.direction}">
<header class="outside">
<p class="label">{text(w.reference)}</p>
<p class="reference"><bdi>{text(slip.reference)}</bdi></p>
<p>{text(w.outside)}</p>
<p class="fold">{text(w.fold)}</p>
</header>
<div class="inside">
<h1>{text(w.number)}</h1>
{number}
<p>{text(w.keep)}</p>
<h2>{text(w.done_title)}</h2>
<p>{text(w.done)}</p>
<dl>{facts}</dl>
<h2>{text(w.next_title)}</h2>
<ol><li>{text(w.next_compare)}</li><li>{text(w.next_block)}</li><li>{text(w.next_limits)}</li></ol>
<h2>{text(w.ask_title)}</h2>
<p>{text(w.ask)}</p>
{contact}<p>{text(w.ask_program)}<br><code><bdi dir="ltr">{text(_status(slip))}</bdi></code></p>
<h2>{text(w.withdraw_title)}</h2>
<p>{text(w.withdraw)}<br><code><bdi dir="ltr">{text(_withdraw(slip))}</bdi></code></p>
<p class="talk">{text(w.talk)}</p>
</div>
</article>"""
