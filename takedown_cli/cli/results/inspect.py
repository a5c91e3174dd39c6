"""What ``takedown inspect`` found in a bundle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

from takedown_cli.cli.results.result import ABSENT, Result, Row
from takedown_cli.cli.results.words import AGES, AUTHORITIES, BEHALF
from takedown_cli.cli.terminal.console import console, sanitise
from takedown_cli.locale.filled import filled, filled_many
from takedown_cli.protocol.lists import LISTS, list_of_age

if TYPE_CHECKING:
    from takedown_cli.protocol.wire import Age

_NOT_IN_IT: Final = (
    "Not in it: pictures, file names, folders, sizes, dates of files, places, cameras, names, and anything "
    "about this computer."
)
_SEALED: Final = "Bundle of {bytes} bytes, sealed: only its intake and its case number can open it."
_SIGNED: Final = "Bundle of {bytes} bytes, signed, not sealed."
_COUNTERSIGNED: Final = (
    "Signature: valid, by the key of its case, and {count} countersignature.",
    "Signature: valid, by the key of its case, and {count} countersignatures.",
)
#: By whether it adds to a case, and whether it is a test.
_MADE_ON: Final = {
    (False, False): "Made on:   {day}, for a new case",
    (False, True): "Made on:   {day}, for a new case, MARKED AS A TEST",
    (True, False): "Made on:   {day}, adds to an existing case",
    (True, True): "Made on:   {day}, adds to an existing case, MARKED AS A TEST",
}
_COUNTED: Final = {"image": ("{count} picture", "{count} pictures"), "video": ("{count} video", "{count} videos")}
_ITEMS: Final = {"image": "Picture {number}:", "video": "Video {number}:"}
_AGE_ONE_LIST: Final = "Age:       {ages} (the {list} list)"
_AGE_TWO_LISTS: Final = "Age:       {ages} (the {list} list and the {other} list)"
_FINGERPRINTS: Final = ("Hashes:    {count} fingerprint", "Hashes:    {count} fingerprints")


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
        at = "" if self.ms is ABSENT else "  " + console.language.say("at {seconds} s", seconds=self.ms / 1000)
        return f"  {self.value}  {label}{at}"


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
        yield filled(_SEALED if self.sealed else _SIGNED, bytes=self.bytes)
        if self.audience is None:
            yield "Meant for: any intake; none was known when it was made"
        else:
            origin, key = sanitise(self.audience.origin), self.audience.key_id
            yield filled("Meant for: {origin} (key {key})", origin=origin, key=key)
        if self.items is None or self.totals is None or self.declaration is None:
            yield "The content cannot be checked without the case number: add --case -."
            return
        if self.countersignatures:
            yield filled_many(*_COUNTERSIGNED, self.countersignatures)
        else:
            yield "Signature: valid, by the key of its case."
        yield from self._contents(self.totals, self.declaration)
        for item in self.items:
            if item.hashes is not ABSENT:
                yield ""
                yield filled(_ITEMS[item.media], number=str(item.number))
                yield from (found.line() for found in item.hashes)
        yield _NOT_IN_IT

    def _contents(self, totals: TotalsRow, declaration: DeclarationRow) -> Iterator[str]:
        yield filled(_MADE_ON[bool(self.adds), bool(self.test)], day=self.created)
        who = filled(BEHALF[declaration.behalf])
        if declaration.authority is None:
            yield filled("Made for:  {who}", who=who)
        else:
            yield filled("Made for:  {who}, {why}", who=who, why=filled(AUTHORITIES[declaration.authority]))
        media = tuple(filled_many(*_COUNTED[kind], count) for kind, count in totals.by_media.items())
        yield filled("Contains:  {media}", media=media)
        ages = tuple(filled("{age}: {count}", age=filled(AGES[age]), count=n) for age, n in totals.by_age.items())
        named = {list_of_age(cast("Age", age)) for age in totals.by_age}
        lists = dict(zip(("list", "other"), (name for name in reversed(LISTS) if name in named), strict=False))
        yield filled(_AGE_TWO_LISTS if "other" in lists else _AGE_ONE_LIST, ages=ages, **lists)
        yield filled_many(*_FINGERPRINTS, totals.fingerprints)
        yield from (f"           {count:>7,}  {kind.replace('/', ' ')}" for kind, count in totals.by_kind.items())
