"""What a slip says, as one value with a field for each text.

It guarantees that a language without one of the texts fails the type check. It must never hold a text itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one language: short sentences, no numbers inside a sentence (plural forms differ by language).

    ``name`` is what speakers call the language. ``outside`` and ``fold`` are read before the slip is opened.
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
    withdraw_title: str
    withdraw: str
    talk: str
