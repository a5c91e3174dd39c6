"""Telling what is wrong with a manifest, fault by fault, before the command ends with exit 2.

It guarantees that every fault is shown with its row, and that nothing which was typed in the manifest is.
It must never be followed by work: a manifest with a fault is refused whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from takedown_cli.cli.console import console
from takedown_cli.errors import ManifestError

if TYPE_CHECKING:
    from takedown_cli.cli.documents import FaultRow, FaultsReport
    from takedown_cli.helpline.manifest import Manifest
    from takedown_cli.helpline.manifest.faults import Fault


def refuse_faulty(manifest: Manifest) -> None:
    """Go on only with a manifest without a fault. Raises ManifestError after showing every fault there is."""
    if not manifest.faults:
        return
    if console.json:
        console.emit(report(manifest))
    else:
        for fault in manifest.faults:
            console.error_line(f"{_place(fault)}: {fault.sentence} {fault.advice} [{fault.reason}]")
    raise ManifestError


def report(manifest: Manifest) -> FaultsReport:
    """The object that ``--json`` prints instead of the result."""
    rows: list[FaultRow] = [
        {
            "row": fault.row,
            "column": fault.column,
            "reason": fault.reason,
            "sentence": fault.sentence,
            "advice": fault.advice,
            "other_row": fault.other,
        }
        for fault in manifest.faults
    ]
    return {"schema": "takedown.batch.faults", "version": 1, "faults": rows}


def _place(fault: Fault) -> str:
    if fault.row is None:
        return "The manifest"
    return f"Row {fault.row}" if fault.column is None else f"Row {fault.row}, {fault.column}"
