"""The note from one shift to the next: what is open, what went wrong, what changed; by item number only.

It guarantees that whoever has the organisation's key can tell whether a note is whole and of this organisation.
It must never hold a reference, a case number, a path or a hash: it may lie on a desk.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from takedown_cli.errors import BundleError
from takedown_cli.helpline.ledger.entry import Entry
from takedown_cli.helpline.nouns import State
from takedown_cli.wire import canonical

if TYPE_CHECKING:
    from takedown_cli.helpline.keys.organisation import OrganisationKey
    from takedown_cli.helpline.ledger import State as LedgerState

#: States that somebody has to look after, in the order of the note.
OPEN: Final = (State.REFUSED, State.FAILED, State.READY, State.WAITING)


def note(state: LedgerState, key: OrganisationKey, *, operator: str, day: str) -> dict[str, Any]:
    """The sealed note, as plain JSON values. ``changed`` are the cases of which something is new since the last one."""
    entries = list(state.entries.values())
    content = {
        "day": day,
        "operator": operator,
        "cases": len(entries),
        "states": {str(name): count for name, count in sorted(Counter(entry.state for entry in entries).items())},
        "open": [row_of(entry) for wanted in OPEN for entry in entries if _to_look_after(entry) is wanted],
        "changed": [row_of(entry) for entry in entries if entry.changed > state.handed],
        "clock": state.clock,
    }
    return {**content, "seal": _seal(content, key)}


def _to_look_after(entry: Entry) -> State:
    """The state under which a note lists it: a case that is being taken back is not done, whatever else it is."""
    return entry.state if entry.leaving is None else State.READY


def check(found: Mapping[str, Any], key: OrganisationKey) -> None:
    """Raises BundleError unless the note is whole and was made under this organisation's key."""
    content = {name: value for name, value in found.items() if name not in {"schema", "version", "seal"}}
    try:
        right = hmac.compare_digest(_seal(content, key), str(found.get("seal", "")))
    except (TypeError, ValueError):
        right = False
    if not right:
        raise BundleError(
            "The note was changed, or is another organisation's.", hint="Make a new one: takedown batch handover."
        )


def row_of(entry: Entry) -> dict[str, Any]:
    """One case as a note shows it."""
    return {
        "item": entry.item, "state": str(entry.state), "items": entry.items, "unprotected": entry.unprotected,
        "reason": entry.reason, "last": entry.history[-1][2], "day": entry.history[-1][0],
        "operator": entry.history[-1][1],
    }  # fmt: skip


def _seal(content: Mapping[str, Any], key: OrganisationKey) -> str:
    sealing = HKDF(SHA256(), 32, None, b"takedown/handover/v1").derive(key.ledger_key())
    return hmac.digest(sealing, canonical(dict(content)), "sha256").hex()
