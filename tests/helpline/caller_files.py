"""A helpline's storage for the tests: folders of callers, ready-made bundles, and manifests over them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.helpline.manifest.raw_rows import COLUMNS
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle, BundleFingerprint, Declaration, Item
from takedown_cli.protocol.bundle.file import payload_of, seal_for
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import IntakeCard, encode

#: The commands have no other clock; what is written relative to it here is days away from its edges.
TODAY = datetime.now(UTC).date()
GOOD = {"age": "adult", "for": "other", "authority": "permission"}


def day(ahead: int) -> str:
    """So many days from now (before now when negative), as YYYY-MM-DD."""
    return (TODAY + timedelta(days=ahead)).isoformat()


def folder(root: Path, name: str, files: int = 1) -> Path:
    """A caller's folder; nothing here opens its files."""
    made = root / name
    made.mkdir(parents=True)
    for number in range(files):
        (made / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    return made


def bundle(
    case: CaseNumber | None = None,
    *,
    created: str = TODAY.isoformat(),
    card: IntakeCard | None = None,
    organisation: Ed25519PrivateKey | None = None,
    age: Any = "adult",
    hashes: int = 1,
    **changes: Any,
) -> bytes:
    """A valid bundle of one picture; sealed when ``card`` says for whom."""
    case = case or CaseNumber.draw()
    prints = tuple(
        BundleFingerprint(kind="pdq", value=f"{0x5A5A + n:064x}", method="full", variant="upright", quality=100)
        for n in range(hashes)
    )
    declaration = changes.pop("declaration", Declaration(behalf="self"))
    item = Item(media="image", age=age, fingerprints=prints)
    payload = payload_of([item], case, declaration, day=created, card=card, **changes)
    signed = envelope.sign(Bundle.TYPE, encode(payload), case.signing_key())
    if organisation is not None:
        signed = envelope.countersign(signed, Bundle.TYPE, organisation)
    return signed if card is None else seal_for(signed, card)


def row(reference: str, source: str, **cells: str) -> dict[str, str]:
    return {"reference": reference, "source": source, **GOOD, **cells}


def as_csv(rows: Iterable[Mapping[str, str]], delimiter: str = ",", line_end: str = "\n") -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, COLUMNS, restval="", delimiter=delimiter, lineterminator=line_end)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue().encode()


def as_jsonl(rows: Iterable[Mapping[str, object]]) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in rows).encode()
