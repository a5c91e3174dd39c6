"""What ``takedown inspect`` found in a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

from takedown_cli.cli.results.result import ABSENT, Result, Row
from takedown_cli.cli.results.words import AGES, AUTHORITIES, BEHALF, MEDIA, counted
from takedown_cli.cli.terminal.console import sanitise
from takedown_cli.protocol.lists import LISTS, list_of_age

if TYPE_CHECKING:
    from takedown_cli.protocol.wire import Age

_NOT_IN_IT: Final = (
    "Not in it: pictures, file names, folders, sizes, dates of files, places, cameras, names, and anything "
    "about this computer."
)


class AudienceRow(Row):
    """The intake that the bundle is meant for."""

    origin: str
    key_id: str


class DeclarationRow(Row):
    """For whom the bundle is made, and why somebody may act for another."""

    behalf: str
    authority: str | None


class HashRow(Row):
    """One hash as it travels; ``ms`` is the position in the video in milliseconds."""

    kind: str
    value: str
    method: str = ABSENT
    variant: str = ABSENT
    quality: int = ABSENT
    frame: int = ABSENT
    ms: int = ABSENT

    def line(self) -> str:
        label = " ".join(part for part in (self.kind, self.method, self.variant) if part is not ABSENT)
        return f"  {self.value}  {label}" + ("" if self.ms is ABSENT else f"  at {self.ms / 1000:.1f} s")


class ItemRow(Row):
    """One picture or video, numbered from 1. ``hashes`` only with ``--hashes``: a hash is personal data."""

    number: int
    media: str
    age: str
    fingerprints: int
    hashes: list[HashRow] = ABSENT


class TotalsRow(Row):
    """Counts over the whole bundle, by media, age, and "kind/method/variant" of the fingerprints."""

    items: int
    fingerprints: int
    by_media: dict[str, int]
    by_age: dict[str, int]
    by_kind: dict[str, int]


class InspectReport(Result, schema="takedown.inspect"):
    """``takedown inspect --json``. What is inside is null while the bundle is sealed and no case number was given."""

    bytes: int
    sha256: str
    sealed: bool
    audience: AudienceRow | None
    valid: bool | None = None
    test: bool | None = None
    created: str | None = None
    adds: bool | None = None
    declaration: DeclarationRow | None = None
    countersignatures: int | None = None
    items: list[ItemRow] | None = None
    totals: TotalsRow | None = None

    def lines(self) -> Iterator[str]:
        lock = "sealed: only its intake and its case number can open it" if self.sealed else "signed, not sealed"
        yield f"Bundle of {self.bytes:,} bytes, {lock}."
        if self.audience is None:
            yield "Meant for: any intake; none was known when it was made"
        else:
            yield f"Meant for: {sanitise(self.audience.origin)} (key {self.audience.key_id})"
        if self.items is None or self.totals is None or self.declaration is None:
            yield "The content cannot be checked without the case number: add --case -."
            return
        others = f", and {counted(self.countersignatures, 'countersignature')}" if self.countersignatures else ""
        yield f"Signature: valid, by the key of its case{others}."
        yield from self._contents(self.totals, self.declaration)
        for item in self.items:
            if item.hashes is not ABSENT:
                yield f"\n{MEDIA[item.media].capitalize()} {item.number}:"
                yield from (found.line() for found in item.hashes)
        yield _NOT_IN_IT

    def _contents(self, totals: TotalsRow, declaration: DeclarationRow) -> Iterator[str]:
        purpose = "adds to an existing case" if self.adds else "a new case"
        yield f"Made on:   {self.created}, for {purpose}{', MARKED AS A TEST' if self.test else ''}"
        authority = "" if declaration.authority is None else f", {AUTHORITIES[declaration.authority]}"
        yield f"Made for:  {BEHALF[declaration.behalf]}{authority}"
        yield f"Contains:  {', '.join(counted(count, MEDIA[kind]) for kind, count in totals.by_media.items())}"
        ages = ", ".join(f"{AGES[age]}: {count:,}" for age, count in totals.by_age.items())
        named = {list_of_age(cast("Age", age)) for age in totals.by_age}
        lists = " and ".join(f"the {name} list" for name in reversed(LISTS) if name in named)
        yield f"Age:       {ages} ({lists})"
        yield f"Hashes:    {counted(totals.fingerprints, 'fingerprint')}"
        yield from (f"           {count:>7,}  {kind.replace('/', ' ')}" for kind, count in totals.by_kind.items())
