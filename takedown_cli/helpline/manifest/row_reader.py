"""One row of a manifest as a caller: what each cell means, and what the cells mean together."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, cast, get_args

from takedown_cli.core.errors import ConfigError
from takedown_cli.core.variants import COPIES, expand_copies
from takedown_cli.helpline.case import Authority, Behalf, Caller
from takedown_cli.helpline.manifest import cell_rules
from takedown_cli.helpline.manifest import source as manifest_source
from takedown_cli.helpline.manifest.faults import FaultError, Faults
from takedown_cli.helpline.manifest.raw_rows import RawRow
from takedown_cli.helpline.manifest.source import Source
from takedown_cli.helpline.wording import LANGUAGES
from takedown_cli.locale.language import nearest
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.wire import Age

_AGES: Final = get_args(Age)
_BEHALF: Final = get_args(Behalf)
_AUTHORITIES: Final = get_args(Authority)


@dataclass(frozen=True, slots=True)
class RowDefaults:
    """The values of the command line. The first six fill empty cells.

    ``test`` says whether the intake takes tests, and nothing else; ``organisation`` is our public key; ``today`` is in
    UTC; ``root`` is the folder that sources are relative to (the manifest's own when None).
    """

    age: Age | None = None
    behalf: Behalf | None = None
    authority: Authority | None = None
    copies: frozenset[str] = frozenset({"flips"})
    intake: IntakeAddress | None = None
    language: str = "en"
    test: bool = False
    organisation: bytes | None = None
    today: date | None = None
    root: Path | None = None


class Row:
    """Reads one row; its faults go to ``faults``. ``source`` is set after ``caller``, if it has no fault."""

    def __init__(self, raw: RawRow, given: RowDefaults, today: date, faults: Faults) -> None:
        self._raw, self._given, self._today, self._faults = raw, given, today, faults
        self._clean, self._bundle_to_come = True, False
        self.source: Source | None = None
        self._cells = {name: trimmed(cell) for name, cell in raw.cells.items()}
        self._bad: set[str] = set()
        for name, cell in self._cells.items():
            if reason := cell_rules.cell_fault(cell):
                self._fault(reason, name)
                self._bad.add(name)

    def _fault(self, reason: str, column: str | None, other: int | None = None) -> None:
        self._clean = False
        self._faults.add(reason, self._raw.row, column, other)

    def _to_read(self, name: str) -> bool:
        return name in self._cells and name not in self._bad

    def _word(self, name: str) -> str | None:
        """Return the cell in the spelling of our words, or None if it is empty or already faulty."""
        cell = self._cells.get(name, "")
        return None if not cell or name in self._bad else re.sub(r"[\s_]+", "-", cell.casefold())

    def caller(self, root: Path) -> Caller | None:
        """Return the caller, None when there is a fault."""
        reference = unicodedata.normalize("NFC", self._cells.get("reference", ""))
        if self._to_read("reference") and (reason := cell_rules.reference_fault(reference)):
            self._fault(reason, "reference")
        intake = self._intake()
        source = self.source = self._source(root, intake)
        declared = self._declared(source)
        copies, language = self._copies(source), self._language()
        if not self._clean or source is None or declared is None or not reference:
            return None
        age, behalf, authority = declared
        address = str(intake) if intake is not None and self._cells.get("intake") else None
        row = self._raw.row
        hashes = manifest_source.count_unsigned_hashes(source)
        return Caller(row, reference, source.path, age, behalf, authority, copies, address, language, hashes)

    def _source(self, root: Path, intake: IntakeAddress | None) -> Source | None:
        if not self._to_read("source"):
            return None
        try:
            source = manifest_source.find_source(self._cells["source"], root)
        except FaultError as wrong:
            self._fault(wrong.reason, "source")
            # A bundle may itself declare what the row leaves empty. While it is faulty, nothing counts as missing.
            self._bundle_to_come = wrong.reason.startswith("bundle-")
            return None
        if not source.folder:
            given = self._given
            reason = manifest_source.bundle_fault(
                source, intake, test=given.test, today=self._today, organisation=given.organisation
            )
            if reason is not None:
                self._fault(reason, "source")
        return source

    # ------------------------------------------------------------------------------------------------ declarations

    def _declared(self, source: Source | None) -> tuple[Age, Behalf, Authority | None] | None:
        if source is not None and source.opened is not None:
            return self._declared_by(source)
        age = self._one_of("age", _AGES, self._given.age)
        behalf = self._one_of("for", _BEHALF, self._given.behalf)
        authority = self._one_of("authority", _AUTHORITIES, None, needed=False)
        if authority is None and behalf is not None and not self._cells.get("authority"):
            authority = self._default_authority(behalf)
        if behalf == "self" and self._cells.get("authority"):
            self._fault("authority-for-self", "authority")
        elif age == "adult" and (behalf == "child" or authority == "parent-or-guardian"):
            self._fault("authority-of-adult", "authority")
        if age is None or behalf is None:
            return None
        return cast("Age", age), cast("Behalf", behalf), cast("Authority | None", authority)

    def _default_authority(self, behalf: str) -> str | None:
        if behalf == "self":
            return None
        usual = self._given.authority or ("parent-or-guardian" if behalf == "child" else None)
        if usual is None:
            self._fault("authority-missing", "authority")
        return usual

    def _one_of(self, name: str, words: tuple[str, ...], default: str | None, *, needed: bool = True) -> str | None:
        word = self._word(name)
        if word in words:
            return word
        if word is not None:
            is_number = name == "age" and any(c.isdigit() for c in word)
            self._fault("age-number" if is_number else f"{name}-unknown", name)
        elif default is None and needed and name not in self._bad and not self._bundle_to_come:
            self._fault(f"{name}-missing", name)
        return default if word is None else None

    def _declared_by(self, source: Source) -> tuple[Age, Behalf, Authority | None]:
        """Return the declarations of a readable bundle. A cell must be empty or agree with them."""
        assert source.opened is not None
        bundle = source.opened.bundle
        ages = {item.age for item in bundle.items}
        # The helpline's figures need one age. In the bundle, each item keeps its own.
        age: Age = "adult" if ages == {"adult"} else "under-18" if "under-18" in ages else "unsure"
        behalf, authority = bundle.declaration.behalf, bundle.declaration.authority
        for name, declared in (("age", age), ("for", behalf), ("authority", authority)):
            if self._word(name) not in {None, declared}:
                self._fault(f"bundle-{name}", name)
        return age, behalf, authority

    # ------------------------------------------------------------------------------------------------- what is wanted

    def _copies(self, source: Source | None) -> frozenset[str]:
        cell = self._cells.get("copies", "")
        if not cell or "copies" in self._bad:
            return self._given.copies
        if source is not None and not source.folder:
            self._fault("bundle-copies", "copies")
            return frozenset()
        kinds = frozenset(re.split(r"[\s,;+]+", cell.casefold()))
        if kinds - {*COPIES}:
            self._fault("copies-unknown", "copies")
        elif "none" in kinds and len(kinds) > 1:
            self._fault("copies-none-and", "copies")
        return expand_copies(kinds)

    def _intake(self) -> IntakeAddress | None:
        cell = self._cells.get("intake", "")
        if not cell or "intake" in self._bad:
            return self._given.intake
        address, mark, pin = cell.partition("#")
        try:
            IntakeAddress.parse(address)
        except ConfigError:
            self._fault("intake-insecure" if address.lower().startswith("http://") else "intake-address", "intake")
            return None
        try:
            return IntakeAddress.parse(cell if pin or not mark else f"{address}#-")
        except ConfigError:
            self._fault("intake-key", "intake")
            return None

    def _language(self) -> str:
        cell = self._word("language")
        if cell is None:
            return self._given.language
        language = nearest(cell, LANGUAGES) if re.fullmatch(r"[a-z0-9-]{2,35}", cell) else None
        if language is None:
            self._fault("language-unknown", "language")
        return language or self._given.language


def trimmed(cell: str) -> str:
    """Return the text without surrounding space, which a spreadsheet does not show."""
    return cell.strip(" \t\u00a0")
