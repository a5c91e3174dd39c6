"""The note from one shift to the next: what is open, what went wrong, what changed.

It names cases only by entry number, because others may see it on a desk.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from takedown_cli.core.errors import BundleError
from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.ledger.entry import Entry
from takedown_cli.protocol.wire import canonical_json

if TYPE_CHECKING:
    from takedown_cli.helpline.keys import OrganisationKey
    from takedown_cli.helpline.ledger import LedgerState

#: States that need attention, in the order of the note.
OPEN: Final = (CaseState.REFUSED, CaseState.FAILED, CaseState.READY, CaseState.WAITING)


def make_note(state: LedgerState, key: OrganisationKey, *, operator: str, day: str) -> dict[str, Any]:
    """Return the sealed note as plain JSON values. ``changed`` are the cases with something new since the last."""
    entries = list(state.entries.values())
    content = {
        "day": day,
        "operator": operator,
        "cases": len(entries),
        "states": {str(name): count for name, count in sorted(Counter(entry.state for entry in entries).items())},
        "open": [note_row(entry) for wanted in OPEN for entry in entries if _to_look_after(entry) is wanted],
        "changed": [note_row(entry) for entry in entries if entry.changed > state.handed],
        "clock": state.clock,
    }
    return {**content, "seal": _seal(content, key)}


def _to_look_after(entry: Entry) -> CaseState:
    """Return the state under which a note lists the case. A withdrawal that is not complete counts as open."""
    return entry.state if entry.leaving is None else CaseState.READY


def verify_note(found: Mapping[str, Any], key: OrganisationKey) -> None:
    """Raise BundleError unless the note is unchanged and was made under this organisation's key."""
    content = {name: value for name, value in found.items() if name not in {"schema", "version", "seal"}}
    try:
        right = hmac.compare_digest(_seal(content, key), str(found.get("seal", "")))
    except (TypeError, ValueError):
        right = False
    if not right:
        raise BundleError(
            "The note was changed, or it belongs to another organisation.",
            hint="To make a new one, run:\n  takedown batch handover",
        )


def note_row(entry: Entry) -> dict[str, Any]:
    """Return one case as a note shows it."""
    return {
        "item": entry.item, "state": str(entry.state), "items": entry.items, "unprotected": entry.unprotected,
        "reason": entry.reason, "last": entry.history[-1][2], "day": entry.history[-1][0],
        "operator": entry.history[-1][1],
    }  # fmt: skip


def _seal(content: Mapping[str, Any], key: OrganisationKey) -> str:
    sealing = HKDF(SHA256(), 32, None, b"takedown/handover/v1").derive(key.ledger_key())
    return hmac.digest(sealing, canonical_json(dict(content)), "sha256").hex()
