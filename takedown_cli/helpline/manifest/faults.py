"""What can be wrong with a manifest: one table of reasons, each with its sentence and what to do about it.

It guarantees that a fault can be shown as it is: it names a row and one of our own columns, and nothing that was typed.
It must never hold outside text: a mistyped cell may be a name, or the key to somebody's case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Reason → what is wrong, what to do. ``{other}`` is the row it collides with. The ids are stable.
REASONS: Final[dict[str, tuple[str, str]]] = {
    # --- the manifest as a whole
    "manifest-missing": ("There is no manifest of that name.", "Check the spelling; 'batch template' writes one."),
    "manifest-unreadable": ("The manifest cannot be read.", "Check its permissions."),
    "manifest-kind": ("The manifest is neither a file nor a folder.", "Name a CSV file, a JSONL file or a folder."),
    "manifest-empty": ("The manifest names no caller.", "Add a row for each caller."),
    "manifest-too-large": ("The manifest is larger than 64 MiB.", "Split it."),
    "manifest-too-many-rows": ("The manifest has more than 100,000 rows.", "Split it."),
    "manifest-spreadsheet": ("The manifest is a spreadsheet document.", "Save it as 'CSV UTF-8'."),
    "manifest-utf16": ("The manifest is in UTF-16 or UTF-32.", "Save it as 'CSV UTF-8'."),
    "manifest-json-array": ("The manifest is one JSON array.", "Write one object a line (JSONL)."),
    # --- headings
    "column-unknown": ("There is no such column.", "Use the headings of 'batch template', and no others."),
    "column-twice": ("This column is there twice.", "Take one of them out."),
    "column-missing": ("This column is missing.", "Add it; 'batch template' shows every heading."),
    "column-unnamed": ("A column with values has no heading.", "Give it a heading, or take the column out."),
    # --- the form of a row
    "row-encoding": ("The row is not in UTF-8.", "Save the manifest as 'CSV UTF-8'."),
    "row-too-long": ("The row is longer than 16,000 characters.", "Check for a missing quote or a missing line end."),
    "row-quotes": ("A quote is opened and not closed, or something follows a closing quote.", "Correct the quotes."),
    "row-line-break": ("A cell holds a line break.", "Take the line break out."),
    "row-too-many-cells": ("The row has more cells than there are headings.", "Check for a stray separator."),
    "row-too-few-cells": ("The row has fewer cells than there are headings.", "Check for a missing separator."),
    "json-invalid": ("The line is not valid JSON.", "Write one JSON object a line."),
    "json-not-object": ("The line is not a JSON object.", "Write one JSON object a line."),
    "json-key-twice": ("The object holds a key twice.", "Take one of them out: nobody can tell which one counts."),
    "json-not-text": ("A value is not text.", "Put it in quotes."),
    "json-too-deep": ("The line is nested too deeply.", "Write one flat JSON object a line."),
    "folder-stray-file": (
        "A file lies beside the callers' folders that is no bundle.", "Put it into a caller's folder, or elsewhere."
    ),
    # --- what no cell may hold
    "cell-case-number": (
        "A case number was typed here.", "Take it out, and do not save it anywhere: it is the key to the case."
    ),
    "cell-too-long": ("The cell is too long.", "Shorten it."),
    "cell-control-character": ("The cell holds a control character.", "Type it again."),
    "cell-invisible-character": (
        "The cell holds an invisible character, or one that reorders text.", "Type it again instead of copying it."
    ),
    "cell-surrogate": ("The cell holds half a character.", "Type it again."),
    "cell-unassigned-character": ("The cell holds a character without a meaning.", "Type it again."),
    "cell-replacement-character": (
        "A character of the cell was lost when the file was converted.", "Type it again, and save as 'CSV UTF-8'."
    ),
    "cell-formula": ("A spreadsheet would take the cell for a formula.", "Let it begin with a letter or a digit."),
    "cell-spreadsheet-error": ("The cell holds a spreadsheet's error value.", "Replace the formula by its value."),
    # --- the helpline's own reference
    "reference-missing": ("The reference is missing.", "Give each caller a reference of your own."),
    "reference-too-long": ("The reference is longer than 64 characters.", "Shorten it."),
    "reference-characters": (
        "The reference may hold letters, digits, single spaces and . _ - / only, and begins with a letter or a digit.",
        "Change the reference.",
    ),
    "reference-e-mail": ("The reference is an e-mail address.", "Use one of your own, nothing of the caller's."),
    "reference-mangled": (
        "A spreadsheet has changed the reference into a number in scientific notation.",
        "Format the column as text, and type it again.",
    ),
    "reference-scripts": (
        "The reference mixes scripts that look alike.", "Type it again in one script."
    ),
    "reference-reserved": (
        "Some systems cannot have a file of that name, and slips are files.", "Change the reference."
    ),
    "reference-twice": ("The reference is that of row {other} as well.", "Give each caller a reference of their own."),
    "reference-alike": (
        "The reference can be taken for that of row {other}.", "Let them differ in more than case, width or accents."
    ),
    # --- the caller's folder or bundle
    "source-missing": ("No folder and no bundle is named.", "Name the caller's folder or bundle."),
    "source-not-there": ("There is no such folder or bundle.", "Check the spelling; it is relative to the manifest."),
    "source-absolute": ("The folder is named from the top of the disk.", "Name it relative to the manifest."),
    "source-outside": ("The folder is named with '..'.", "Keep callers' folders below the manifest's."),
    "source-url": ("An address was given where a folder is meant.", "Copy the files into a folder of the caller's."),
    "source-backslash": ("The folder is named with a backslash.", "Write / between folders."),
    "source-wildcard": ("The folder is named with a wildcard.", "Name one folder or bundle for each caller."),
    "source-name": ("The system cannot have a file of that name.", "Check the spelling."),
    "source-symlink": ("A part of it is a link to another place.", "Use the folder itself: a link can change."),
    "source-kind": ("It is a device, a pipe or a socket.", "Name a folder or a bundle."),
    "source-unreadable": ("It cannot be read.", "Check its permissions."),
    "source-empty": ("The folder holds no file.", "Put the caller's files in, or take the row out."),
    "source-manifest-folder": (
        "It is the manifest's own folder, or one above it.", "Name the folder of this one caller."
    ),
    "source-not-bundle": ("It is a single file, and no bundle.", "Put the file into a folder of the caller's."),
    "source-twice": ("Row {other} names the same.", "One caller, one folder: or two people become one case."),
    "source-inside": (
        "It lies inside the folder of row {other}.", "Move it out: its pictures would go to both callers' cases."
    ),
    # --- ready-made bundles
    "bundle-empty": ("The bundle has no content.", "Ask for it again."),
    "bundle-too-large": ("The bundle is larger than 16 MiB.", "Ask for it again, in parts."),
    "bundle-invalid": ("The bundle is not valid.", "Ask for it again."),
    "bundle-signature": ("The bundle was changed after it was signed.", "Do not send it; ask for it again."),
    "bundle-other-intake": ("The bundle is for another intake.", "Send it there, or have it made again."),
    "bundle-test": ("The bundle is marked as a test, and this is no test.", "Take the row out."),
    "bundle-not-test": ("The bundle is not marked as a test, and the intake takes tests only.", "Use the real intake."),
    "bundle-old": ("The bundle was made more than a year ago.", "Ask the caller whether it still holds."),
    "bundle-future": ("The bundle was made in the future.", "Check this computer's clock; then have it made again."),
    "bundle-adds": ("The bundle adds to a case that exists.", "Send it by itself, with 'takedown submit'."),
    "bundle-countersigned": ("Another organisation has signed the bundle.", "Ask them whether they have sent it."),
    "bundle-twice": ("It is of the same case as the bundle of row {other}.", "One case, one row."),
    "bundle-age": ("The bundle declares another age than this row.", "Leave the cell empty, or correct it."),
    "bundle-for": ("The bundle declares other people than this row.", "Leave the cell empty, or correct it."),
    "bundle-authority": ("The bundle declares another authority than the row.", "Leave the cell empty, or correct it."),
    "bundle-copies": ("A ready-made bundle cannot be given more copies.", "Leave the cell empty."),
    # --- what is declared
    "age-missing": ("The age is missing.", "Write under-18, adult or unsure (when it was taken)."),
    "age-number": ("The age is a number or a date.", "Write under-18, adult or unsure: nothing more is kept."),
    "age-unknown": ("The age is none of the three words.", "Write under-18, adult or unsure (when it was taken)."),
    "for-missing": ("Whom the pictures show is missing.", "Write self, child or other."),
    "for-unknown": ("Whom the pictures show is none of the three words.", "Write self, child or other."),
    "authority-missing": (
        "For another person an authority is needed.",
        "Write permission (of the person), parent-or-guardian or law (an authority in law).",
    ),
    "authority-unknown": (
        "The authority is none of the three words.", "Write permission, parent-or-guardian or law."
    ),
    "authority-for-self": ("Nobody needs an authority for themselves.", "Leave the cell empty, or change 'for'."),
    "authority-of-adult": (
        "A parent or guardian acts for a minor, and the person was 18 or over.",
        "Ask for the person's permission, or write law.",
    ),
    # --- what is wanted
    "copies-unknown": ("There is no such class of copies.", "'takedown hash --help' lists them."),
    "copies-none-and": ("'none' excludes every other class of copies.", "Write none, or the classes."),
    "intake-address": ("The intake's address is not valid.", "Write it like https://intake.example#KEY."),
    "intake-insecure": ("The intake's address is not encrypted.", "Write https://."),
    "intake-key": ("The key id after '#' is not valid.", "Copy the address whole, as the intake's operator gave it."),
    "language-unknown": ("There is no slip in this language.", "'takedown batch slips --help' lists the languages."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. ``row`` is as in ``Caller`` (None: the manifest as a whole).

    ``column`` is one of our own names, or for a column that has none its letter as in a spreadsheet.
    """

    reason: str
    row: int | None = None
    column: str | None = None
    other: int | None = None

    @property
    def sentence(self) -> str:
        return REASONS[self.reason][0].format(other=self.other)

    @property
    def advice(self) -> str:
        return REASONS[self.reason][1]


class Faults:
    """The faults found so far."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, reason: str, row: int | None = None, column: str | None = None, other: int | None = None) -> None:
        self._found.append(Fault(reason, row, column, other))

    def in_order(self) -> tuple[Fault, ...]:
        """By row; within a row as they were found."""
        return tuple(sorted(self._found, key=lambda fault: fault.row or 0))

    def __len__(self) -> int:
        return len(self._found)
