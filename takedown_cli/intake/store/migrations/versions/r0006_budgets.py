"""How many hashes a submission had, how often it counts, and on which day, so that budgets count hashes and bytes.

Of existing submissions only the items are known. What a case has is assigned to its first submission; each counts once,
and on the day on which it came.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_DAY = sa.String(length=10)


def upgrade() -> None:
    _add("hash_count", sa.Integer(), "0", "how many hashes it had that could be listed")
    _add("units", sa.Integer(), "1", "how often it counts, by its hashes and its length")
    _add("charged", _DAY, "''", "the day on which it counts")
    op.execute("UPDATE submissions SET charged = day")
    op.execute(
        "UPDATE submissions SET hash_count ="
        " (SELECT coalesce(sum(fingerprints), 0) FROM items WHERE items.case_id = submissions.case_id)"
        " WHERE NOT EXISTS (SELECT 1 FROM submissions AS other"
        " WHERE other.case_id = submissions.case_id AND other.digest < submissions.digest)"
    )
    op.drop_index("submissions_by_organisation", "submissions")
    op.create_index("submissions_by_charge", "submissions", ["organisation_id", "charged"])
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("organisations", "quota", comment="submissions a day; a large one counts several times")


def _add(column: str, kind: sa.types.TypeEngine[Any], default: str, comment: str) -> None:
    """Add a column that is never empty. Existing rows get ``default``."""
    made = sa.Column(column, kind, nullable=False, server_default=sa.text(default), comment=comment)
    op.add_column("submissions", made)
    if op.get_bind().dialect.name == "postgresql":  # SQLite cannot forget a default, and nothing ever relies on it
        op.alter_column("submissions", column, server_default=None)
