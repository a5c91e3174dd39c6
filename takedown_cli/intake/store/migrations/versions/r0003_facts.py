"""What the state of a hash follows from: who countersigned what, who is not trusted any more, what may not be listed.

Existing rows keep their meaning. The states are computed again after all migrations. Later changes are revisions of
their own.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DAY = sa.String(length=10)
#: Nothing that was ever done is older.
_ALWAYS = "2000-01-01"


def upgrade() -> None:
    _hashes()
    _submissions()
    _vouchers()
    for table, what in (("organisations", "its signatures of"), ("participants", "what it said or listed on")):
        comment = f"{what} this day and later {'do' if table == 'organisations' else 'does'} not count"
        op.add_column(table, sa.Column("distrusted", _DAY, comment=comment))
        op.execute(f"UPDATE {table} SET distrusted = '{_ALWAYS}' WHERE revoked IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":  # SQLite keeps no comments
        op.alter_column("hashes", "state", comment="active, held, disputed, blocked or withdrawn")
        op.alter_column("items", "vouched", comment="whether a countersignature of it counts")
        reasons = "why it is held: quality, flood, budget, revoked, disputed, blocked"
        op.alter_column("items", "reason", comment=reasons)


def _add(table: str, column: str, kind: sa.types.TypeEngine[Any], default: str, comment: str) -> None:
    """Add a column that is never empty. Existing rows get ``default``."""
    op.add_column(table, sa.Column(column, kind, nullable=False, server_default=sa.text(default), comment=comment))
    if op.get_bind().dialect.name == "postgresql":  # SQLite cannot forget a default, and nothing ever relies on it
        op.alter_column(table, column, server_default=None)


def _hashes() -> None:
    _add("hashes", "shown", sa.Boolean(), "true", "whether it was ever active, so that the feeds have it")
    op.execute("UPDATE hashes SET shown = false WHERE state = 'held'")
    comment = "why it must not be listed: blocked (by the operator) or denied"
    op.add_column("hashes", sa.Column("bar", sa.String(7), comment=comment))
    _add("hashes", "upheld", sa.BigInteger(), "0", "votes up to this seq were overruled by the operator")


def _submissions() -> None:
    """Number the items of a case's only submission from 1. Which of several had which items was not kept."""
    _add("submissions", "first", sa.Integer(), "0", "the number of its first item; 0 if that is not known")
    single = "SELECT case_id FROM submissions GROUP BY case_id HAVING count(*) = 1"
    op.execute(f"UPDATE submissions SET first = 1 WHERE case_id IN ({single})")


def _vouchers() -> None:
    """Give each vouched item its organisation: the first that countersigned a submission of its case."""
    op.create_table(
        "vouchers",
        sa.Column("case_id", _ID, nullable=False, comment="the case of the item"),
        sa.Column("number", sa.Integer(), nullable=False, comment="the item"),
        sa.Column("organisation_id", _ID, nullable=False, comment="who countersigned"),
        sa.Column("day", _DAY, nullable=False, comment="the intake's day"),
        sa.ForeignKeyConstraint(["case_id", "number"], ["items.case_id", "items.number"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
        sa.PrimaryKeyConstraint("case_id", "number", "organisation_id"),
        comment="Which organisation countersigned which item.",
    )
    op.create_index(op.f("ix_vouchers_organisation_id"), "vouchers", ["organisation_id"], unique=False)
    op.execute(
        "INSERT INTO vouchers (case_id, number, organisation_id, day)"
        " SELECT items.case_id, items.number, min(submissions.organisation_id), min(submissions.day)"
        " FROM items JOIN submissions ON submissions.case_id = items.case_id"
        " WHERE items.vouched AND submissions.organisation_id IS NOT NULL GROUP BY items.case_id, items.number"
    )
