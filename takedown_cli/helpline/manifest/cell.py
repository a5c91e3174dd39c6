"""What a cell of a manifest may hold, whatever it means: plain text that is no formula and no key to a case.

It guarantees that a case number typed into a wrong column is told from a reference, mistyped or not.
It must never repeat what it looked at.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from takedown_cli.case import CaseNumber
from takedown_cli.errors import CaseNumberError

_MAX_CELL: Final = 1000
_MAX_REFERENCE: Final = 64
#: Six groups of four, however they are joined: a case number even when a character of it is mistyped.
_GROUPED: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Za-z]{4}[\s‐‑‒–—−_./-]{1,3}){5}[0-9A-Za-z]{4}(?![0-9A-Za-z])")
_UNGROUPED: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{24}(?![0-9A-Za-z])")
#: Full-width forms too: some spreadsheets take them for the signs they stand for.
_FORMULA: Final = tuple("=+-@＝＋－＠")
_SPREADSHEET_ERRORS: Final = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!")
_BY_CATEGORY: Final = {
    "Cc": "cell-control-character",
    "Cf": "cell-invisible-character",
    "Cs": "cell-surrogate",
    "Co": "cell-unassigned-character",
    "Cn": "cell-unassigned-character",
    "Zl": "cell-control-character",
    "Zp": "cell-control-character",
}
_REFERENCE: Final = re.compile(r"[^\W_](?:[\w./-]| (?! ))*")
_SEPARATORS: Final = re.compile(r"[ ._/-]+")
_E_MAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE]\+?[0-9]{1,3}")
_ALIKE: Final = ("LATIN", "CYRILLIC", "GREEK")
_RESERVED: Final = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\..*)?", re.IGNORECASE)


def wrong_with(cell: str) -> str | None:
    """Why no cell may hold this text; None when it may. ``cell`` is without space around it."""
    if holds_case_number(cell):
        return "cell-case-number"
    if len(cell) > _MAX_CELL:
        return "cell-too-long"
    for character in cell:
        reason = _BY_CATEGORY.get(unicodedata.category(character))
        if reason is not None:
            return reason
    if "\ufffd" in cell:
        return "cell-replacement-character"
    if cell.upper() in _SPREADSHEET_ERRORS:
        return "cell-spreadsheet-error"
    return "cell-formula" if cell.startswith(_FORMULA) and not _E_MAIL.fullmatch(cell) else None


def holds_case_number(cell: str) -> bool:
    """Whether a case number is in it: grouped, even mistyped; or in one piece, when its checksum holds."""
    cell = unicodedata.normalize("NFKC", cell)
    return _GROUPED.search(cell) is not None or any(map(_is_number, _UNGROUPED.findall(cell)))


def _is_number(text: str) -> bool:
    try:
        CaseNumber.parse(text)
    except CaseNumberError:
        return False
    return True


def wrong_with_reference(reference: str) -> str | None:
    """Why this is no reference; None when it is one. It has passed ``wrong_with``."""
    if not reference:
        return "reference-missing"
    if len(reference) > _MAX_REFERENCE:
        return "reference-too-long"
    if _E_MAIL.fullmatch(reference):
        return "reference-e-mail"
    if _SCIENTIFIC.fullmatch(reference):
        return "reference-mangled"
    if not _REFERENCE.fullmatch(reference) or reference.endswith((".", " ", "/")) or _combines(reference):
        return "reference-characters"
    if _RESERVED.fullmatch(reference):
        return "reference-reserved"
    scripts = {unicodedata.name(c, "").partition(" ")[0] for c in reference if c.isalpha()}
    return "reference-scripts" if len(scripts & {*_ALIKE}) > 1 else None


def _combines(text: str) -> bool:
    """Whether marks are left over that no letter takes up: stacked ones can hide what is below."""
    return any(unicodedata.category(c) in {"Mn", "Me"} for c in unicodedata.normalize("NFC", text))


def skeleton(reference: str) -> str:
    """Equal for references that one could take for each other: case, width, accents and kind of separator aside."""
    plain = unicodedata.normalize("NFKD", reference.casefold())
    return _SEPARATORS.sub("-", "".join(c for c in plain if not unicodedata.combining(c)))
