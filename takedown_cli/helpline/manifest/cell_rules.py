"""The rules for every cell of a manifest: plain text, no formula, and no case number.

A case number in a wrong column is recognised even if it is mistyped. No message ever repeats a cell.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from takedown_cli.core.errors import CaseNumberError
from takedown_cli.core.file_names import is_reserved
from takedown_cli.protocol.case_number import CaseNumber

_MAX_CELL: Final = 1000
_MAX_REFERENCE: Final = 64
#: Six groups of four, however they are joined: a case number even when a character of it is mistyped.
_GROUPED: Final = re.compile(r"(?<![0-9A-Za-z])(?:[0-9A-Za-z]{4}[\s‐‑‒–—−_./-]{1,3}){5}[0-9A-Za-z]{4}(?![0-9A-Za-z])")
_UNGROUPED: Final = re.compile(r"(?<![0-9A-Za-z])[0-9A-Za-z]{24}(?![0-9A-Za-z])")
#: Full-width forms too: some spreadsheets read them as the normal signs.
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


def cell_fault(cell: str) -> str | None:
    """Return why no cell may hold this text, or None if one may. ``cell`` has no space around it."""
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
    """Return whether the cell holds a case number: in groups, even mistyped, or in one piece with a valid checksum."""
    cell = unicodedata.normalize("NFKC", cell)
    return _GROUPED.search(cell) is not None or any(map(_is_number, _UNGROUPED.findall(cell)))


def _is_number(text: str) -> bool:
    try:
        CaseNumber.parse(text)
    except CaseNumberError:
        return False
    return True


def reference_fault(reference: str) -> str | None:
    """Return why this is not a valid reference, or None if it is. It has passed ``cell_fault``."""
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
    if is_reserved(reference):
        return "reference-reserved"
    scripts = {unicodedata.name(c, "").partition(" ")[0] for c in reference if c.isalpha()}
    return "reference-scripts" if len(scripts & {*_ALIKE}) > 1 else None


def _combines(text: str) -> bool:
    """Return whether marks remain that do not combine with a letter: stacked marks can hide the text below."""
    return any(unicodedata.category(c) in {"Mn", "Me"} for c in unicodedata.normalize("NFC", text))


def confusable_form(reference: str) -> str:
    """Return a form that ignores case, width, accents and separators: equal for references that look alike."""
    plain = unicodedata.normalize("NFKD", reference.casefold())
    return _SEPARATORS.sub("-", "".join(c for c in plain if not unicodedata.combining(c)))
