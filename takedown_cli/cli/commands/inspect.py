"""``takedown inspect``: verify a bundle, and show exactly what it says.

Hashes are shown only with ``--hashes``: somebody who has a hash can guess something of the picture.
"""

from __future__ import annotations

import sys
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import typer

from takedown_cli.cli.options.bundle import open_bundle, read_bundle
from takedown_cli.cli.options.common import CaseSource, application
from takedown_cli.cli.results.inspect import AudienceRow, DeclarationRow, HashRow, InspectReport, ItemRow, TotalsRow
from takedown_cli.cli.results.result import ABSENT
from takedown_cli.cli.terminal.console import console, is_terminal
from takedown_cli.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from takedown_cli.api import Bundle
    from takedown_cli.protocol.bundle.document import Item

app = application()


@app.command(spoken=True)
def inspect(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The file; '-' for stdin.")],
    wire: Annotated[bool, typer.Option("--wire", help="Write the bytes of the file to stdout.")] = False,
    hashes: Annotated[bool, typer.Option("--hashes", help="Show each hash; make sure nobody is watching.")] = False,
    case: CaseSource = None,
) -> None:
    """Verify a bundle, and show exactly what it says.

    \b
    takedown inspect case.tdb                what is in it, in words
    takedown inspect case.tdb --case -       a sealed one, opened with its number
    takedown inspect case.tdb --wire | sha256sum

    Nothing is sent. Hashes are shown only with --hashes: a hash is personal data.

    Exit codes: 0 valid; 5 not a valid bundle, or not this case's; 2 usage.
    """
    if wire and console.json:
        raise UsageError("--wire writes the bundle itself to stdout, so it cannot be combined with --json.")
    data = read_bundle(bundle, case)
    opened = open_bundle(data, case)
    if wire:
        if is_terminal(sys.stdout) and not (data.isascii() and data.decode("ascii").isprintable()):
            raise UsageError(
                "A sealed bundle is binary, and a terminal cannot show it.", hint="Add > FILE, or | sha256sum."
            )
        console.write(data)
        return
    console.show(
        InspectReport(
            bytes=len(data),
            sha256=sha256(data).hexdigest(),
            sealed=opened.sealed,
            audience=None if opened.audience is None else AudienceRow.copied_from(opened.audience),
            **(_report_contents(opened, hashes=hashes) if opened.opened else {}),
        )
    )


def _report_contents(opened: Bundle, *, hashes: bool) -> dict[str, Any]:
    """Return the fields of the report that only the opened bundle can fill."""
    payload = opened.payload
    items = [
        ItemRow.copied_from(
            item,
            number=number,
            fingerprints=len(item.fingerprints),
            hashes=[HashRow.copied_from(found) for found in item.fingerprints] if hashes else ABSENT,
        )
        for number, item in enumerate(payload.items, start=1)
    ]
    return {
        "valid": True,
        "test": payload.test,
        "created": payload.created,
        "adds": payload.adds,
        "declaration": DeclarationRow.copied_from(payload.declaration),
        "countersignatures": len(opened.countersigners),
        "items": items,
        "totals": _count_contents(payload.items),
    }


def _count_contents(items: Sequence[Item]) -> TotalsRow:
    fingerprints = [fingerprint for item in items for fingerprint in item.fingerprints]
    kinds = Counter("/".join(filter(None, (f.kind, f.method, f.variant))) for f in fingerprints)
    return TotalsRow(
        items=len(items),
        fingerprints=len(fingerprints),
        by_media=dict(sorted(Counter(item.media for item in items).items())),
        by_age=dict(sorted(Counter(item.age for item in items).items())),
        by_kind=dict(sorted(kinds.items())),
    )
