"""``takedown inspect``: verify a bundle, and show exactly what it says and what would leave; never a network.

It guarantees that nothing of a bundle is shown as true before its signature was checked.
It must never show a hash unless asked for with ``--hashes``: from a hash, a picture can be guessed.
"""

from __future__ import annotations

import sys
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from takedown_cli.cli.ask import case_number
from takedown_cli.cli.console import console, is_terminal, sanitise
from takedown_cli.cli.options import CaseSource, application
from takedown_cli.errors import BundleError, UsageError

if TYPE_CHECKING:
    from takedown_cli.bundle.document import Bundle, Item
    from takedown_cli.bundle.file import Opened
    from takedown_cli.cli.documents import HashRow, InspectReport, ItemRow, TotalsRow
    from takedown_cli.wire import Audience

app = application()

#: No bundle file is larger: the largest padding bucket, in base64, with room for its envelope.
MAX_FILE: Final = 16 << 20
NOT_IN_IT: Final = (
    "Not in it: pictures, file names, folders, sizes, dates of files, places, cameras, names, and anything "
    "about this computer."
)

_HELP: Final = """
Verify a bundle, and show exactly what it says.

\b
takedown inspect case.tdb                what is in it, in words
takedown inspect case.tdb --case -       a sealed one, opened with its number
takedown inspect case.tdb --wire | sha256sum

Nothing is sent. Hashes are shown only with --hashes: a hash is personal data.
"""
_EPILOG: Final = "Exit codes: 0 valid; 5 not a valid bundle, or not this case's; 2 usage."


@app.command(help=_HELP, epilog=_EPILOG)
def inspect(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The file; '-' for stdin.")],
    wire: Annotated[bool, typer.Option("--wire", help="The very bytes of the file, to stdout.")] = False,
    hashes: Annotated[bool, typer.Option("--hashes", help="Show each hash; others may be looking.")] = False,
    case: CaseSource = None,
) -> None:
    if wire and console.json:
        raise UsageError("--wire gives the bundle itself, so there is no place for a report.")
    data = read_bundle(bundle, case)
    opened, audience = open_bundle(data, case)
    if wire:
        _wire(data)
        return
    if console.json:
        console.emit(report(data, opened, audience, hashes=hashes))
        return
    for line in in_words(data, opened, audience, hashes=hashes):
        console.paragraphs(line)


def read_bundle(name: str, case: str | None = None) -> bytes:
    """The bytes of a bundle file or of stdin. Raises UsageError when it cannot be read, BundleError when too large."""
    if name == "-" and case == "-":
        raise UsageError("Standard input cannot give the bundle and the case number at once.")
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(MAX_FILE + 1)
    except (OSError, ValueError, AttributeError):
        raise UsageError("The bundle cannot be read.", hint="Check its name; 'takedown hash -o' makes one.") from None
    if len(data) > MAX_FILE:
        raise BundleError
    return data


def open_bundle(data: bytes, case: str | None) -> tuple[Opened | None, Audience | None]:
    """What can be opened with what is known: nothing of a sealed bundle without its case number.

    Raises BundleError, SignatureError, SealError, and what ``case_number`` raises.
    """
    from takedown_cli.bundle import file, seal

    if not file.is_sealed(data):
        opened = file.open_signed(data)
        if case is not None and case_number(case).lookup_id() != opened.bundle.case.lookup_id:
            raise BundleError("The bundle is valid, but belongs to another case number.")
        return opened, opened.bundle.audience
    outside = seal.parse(data)
    if outside.kind != "bundle":
        raise BundleError
    if case is None:
        return None, outside.audience
    opened = file.open_sealed(data, case_number(case))
    if opened.bundle.audience != outside.audience:
        raise BundleError("The bundle inside is meant for another intake than the outside says.")
    return opened, outside.audience


def _wire(data: bytes) -> None:
    if is_terminal(sys.stdout) and not (data.isascii() and data.decode("ascii").isprintable()):
        raise UsageError("A sealed bundle is binary, which a terminal cannot show.", hint="Add > FILE, or | sha256sum.")
    console.write(data)


def report(data: bytes, opened: Opened | None, audience: Audience | None, *, hashes: bool) -> InspectReport:
    """The object of ``inspect --json``."""
    from takedown_cli.bundle.file import is_sealed

    inside = None if opened is None else opened.bundle
    return {
        "schema": "takedown.inspect",
        "version": 1,
        "bytes": len(data),
        "sha256": sha256(data).hexdigest(),
        "sealed": is_sealed(data),
        "valid": None if inside is None else True,
        "audience": None if audience is None else {"origin": audience.origin, "key_id": audience.key_id},
        "test": None if inside is None else inside.test,
        "created": None if inside is None else inside.created,
        "adds": None if inside is None else inside.adds,
        "declaration": None
        if inside is None
        else {"behalf": inside.declaration.behalf, "authority": inside.declaration.authority},
        "countersignatures": None if opened is None else len(opened.countersigners),
        "items": None
        if inside is None
        else [_item_row(number, item, hashes=hashes) for number, item in enumerate(inside.items, start=1)],
        "totals": None if inside is None else totals(inside),
    }


def _item_row(number: int, item: Item, *, hashes: bool) -> ItemRow:
    row: ItemRow = {
        "number": number,
        "media": item.media,
        "age": item.age,
        "fingerprints": len(item.fingerprints),
    }
    if hashes:
        row["hashes"] = [cast("HashRow", f.model_dump(mode="json", exclude_none=True)) for f in item.fingerprints]
    return row


def totals(bundle: Bundle) -> TotalsRow:
    """Counts over all items."""
    fingerprints = [fingerprint for item in bundle.items for fingerprint in item.fingerprints]
    kinds = Counter("/".join(filter(None, (f.kind, f.method, f.variant))) for f in fingerprints)
    return {
        "items": len(bundle.items),
        "fingerprints": len(fingerprints),
        "by_media": dict(sorted(Counter(item.media for item in bundle.items).items())),
        "by_age": dict(sorted(Counter(item.age for item in bundle.items).items())),
        "by_kind": dict(sorted(kinds.items())),
    }


def in_words(data: bytes, opened: Opened | None, audience: Audience | None, *, hashes: bool = False) -> list[str]:
    """What ``inspect`` says to a person, a fact a line."""
    from takedown_cli.bundle.file import is_sealed

    lock = "sealed: only its intake and its case number can open it" if is_sealed(data) else "signed, not sealed"
    lines = [f"Bundle of {len(data):,} bytes, {lock}."]
    meant = "any intake; none was known when it was made"
    lines.append(f"Meant for: {meant if audience is None else f'{sanitise(audience.origin)} (key {audience.key_id})'}")
    if opened is None:
        return [*lines, "What is inside cannot be checked without the case number: add --case -."]
    lines += [f"Signature: valid, by the key of its case{_beside(opened)}.", *_contents(opened.bundle)]
    if hashes:
        lines += ["", *(_hash_lines(opened.bundle))]
    return [*lines, NOT_IN_IT]


def _beside(opened: Opened) -> str:
    return f", and by {len(opened.countersigners)} other" if opened.countersigners else ""


def _contents(bundle: Bundle) -> list[str]:
    from takedown_cli.cli.eligibility import AGES, AUTHORITIES, BEHALF

    counts = totals(bundle)
    purpose = "adds to an existing case" if bundle.adds else "a new case"
    whose = BEHALF[bundle.declaration.behalf]
    if bundle.declaration.authority is not None:
        whose += f"; {AUTHORITIES[bundle.declaration.authority]}"
    media = ", ".join(f"{count:,} {_noun(kind, count)}" for kind, count in counts["by_media"].items())
    ages = ", ".join(f"{AGES[age].split(' (')[0]}: {count:,}" for age, count in counts["by_age"].items())
    return [
        f"Made on:   {bundle.created}, for {purpose}{', MARKED AS A TEST' if bundle.test else ''}",
        f"It shows:  {whose}",
        f"Holds:     {media}",
        f"Taken at:  {ages} ({_lists(set(counts['by_age']))})",
        f"As:        {counts['fingerprints']:,} fingerprints",
        *(f"           {count:>7,}  {kind.replace('/', ' ')}" for kind, count in counts["by_kind"].items()),
    ]


def _noun(media: str, count: int) -> str:
    noun = {"image": "picture", "video": "video"}[media]
    return noun if count == 1 else noun + "s"


def _lists(ages: set[str]) -> str:
    if ages == {"adult"}:
        return "the adult list"
    return "the under-18 list" if "adult" not in ages else "the under-18 list and the adult list"


def _hash_lines(bundle: Bundle) -> list[str]:
    lines = []
    for number, item in enumerate(bundle.items, start=1):
        lines.append(f"{_noun(item.media, 1).capitalize()} {number}:")
        for f in item.fingerprints:
            label = " ".join(filter(None, (f.kind, f.method, f.variant)))
            where = "" if f.ms is None else f"  at {f.ms / 1000:.1f} s"
            lines.append(f"  {f.value}  {label}{where}")
    return lines
