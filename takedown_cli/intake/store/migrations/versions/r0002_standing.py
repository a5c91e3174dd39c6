"""What a hash rests on, what it is of each item, and where a participant began.

Existing hashes, items and participants keep their meaning. Later changes are revisions of their own.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: The class bits of revision 0001 for any predicted copy, and all bits that stand for one from now on.
_PREDICTED = {2: 0x5550, 8: 0xAAA0}


def upgrade() -> None:
    _hashes()
    _listings()
    _items()
    _participants()


def _add(table: str, column: str, kind: sa.types.TypeEngine[Any], default: str, comment: str) -> None:
    """Add a column that is never empty. Existing rows get ``default``."""
    op.add_column(table, sa.Column(column, kind, nullable=False, server_default=sa.text(default), comment=comment))
    if op.get_bind().dialect.name == "postgresql":  # SQLite cannot forget a default, and nothing ever relies on it
        op.alter_column(table, column, server_default=None)


def _hashes() -> None:
    _add("hashes", "standing", sa.String(11), "'provisional'", "provisional, confirmed, or lapsed: confirmed once")
    blocked = "SELECT count(*) FROM feedback WHERE feedback.hash_id = hashes.id AND feedback.value = 'Blocked'"
    op.execute(f"UPDATE hashes SET standing = 'confirmed' WHERE ({blocked}) >= 2")
    op.execute("UPDATE hashes SET standing = 'confirmed' WHERE id IN (SELECT hash_id FROM contributions)")
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        comment = "bits: picture or video, as it was or which predicted copy"
        op.alter_column("hashes", "classes", comment=comment)


def _listings() -> None:
    """Give each listing the classes of its hash, which are those of all its items together."""
    _add("listings", "classes", sa.Integer(), "0", "bits as in hashes: what the hash is of this item")
    op.execute("UPDATE listings SET classes = (SELECT classes FROM hashes WHERE hashes.id = listings.hash_id)")


def _items() -> None:
    """Vouch for items of cases whose submissions were all countersigned: an item's own submission is not known."""
    _add("items", "vouched", sa.Boolean(), "false", "whether an organisation known here countersigned it")
    anonymous = "SELECT case_id FROM submissions WHERE organisation_id IS NULL"
    known = "SELECT case_id FROM submissions WHERE organisation_id IS NOT NULL"
    op.execute(f"UPDATE items SET vouched = true WHERE case_id IN ({known}) AND case_id NOT IN ({anonymous})")
    held = (
        "SELECT listings.hash_id FROM listings JOIN items ON items.case_id = listings.case_id"
        " AND items.number = listings.number WHERE items.vouched AND items.state = 'listed'"
    )
    op.execute(f"UPDATE hashes SET standing = 'confirmed' WHERE id IN ({held})")


def _participants() -> None:
    """Assume that participants pulled everything ever listed, and that copies meant copies of every kind."""
    _add("participants", "confirmed", sa.Boolean(), "false", "whether it wants confirmed hashes only")
    _add("participants", "joined", sa.BigInteger(), "0", "the last place in the feeds when it was taken in")
    for old, every in _PREDICTED.items():
        op.execute(f"UPDATE participants SET classes = classes | {every} WHERE classes & {old} <> 0")
