"""What the operator blocks, and what was done and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DAY = sa.String(length=10)


def upgrade() -> None:
    op.create_table(
        "blocks",
        sa.Column("kind", sa.String(4), nullable=False, comment="pdq, md5 or sha1"),
        sa.Column("value", sa.LargeBinary(), nullable=False, comment="the hash itself"),
        sa.Column("day", _DAY, nullable=False, comment="the intake's day"),
        sa.PrimaryKeyConstraint("kind", "value"),
        comment="Hashes that the operator blocks: what they match must not be listed.",
    )
    digest = "SHA-256 of all blocks then, or of the deny-list"
    op.create_table(
        "acts",
        sa.Column("id", _ID, nullable=False, comment="the intake's own number for this row"),
        sa.Column("day", _DAY, nullable=False, comment="the intake's day"),
        sa.Column("act", sa.String(7), nullable=False, comment="block, unblock, or deny: the deny-list was applied"),
        sa.Column("why", sa.Text(), nullable=False, comment="the reason, in the operator's words"),
        sa.Column("hashes", sa.Integer(), nullable=False, comment="how many hashes were named"),
        sa.Column("records", sa.Integer(), nullable=False, comment="how many hashes on the lists that changed"),
        sa.Column("digest", sa.LargeBinary(32), nullable=False, comment=digest),
        sa.PrimaryKeyConstraint("id"),
        comment="What an operator blocked and unblocked, as counts.",
    )
