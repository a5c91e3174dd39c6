"""Random ids of hash records for the native feed, and what is kept of deleted ones.

Existing records get an id of their own. What was deleted before has none, and no platform ever had one for it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_DAY = sa.String(length=10)
_RECORD = "the random id that the deleted hash record had"


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    uuid = "decode(replace(gen_random_uuid()::text, '-', ''), 'hex')"  # 122 of its 128 bits are random
    _add("hashes", "record", 16, "random id by which the native feed names the row; not made from the hash")
    op.execute(f"UPDATE hashes SET record = {uuid if postgres else 'randomblob(16)'}")
    op.create_index("ix_hashes_record", "hashes", ["record"], unique=True)
    _add("clock", "era", 8, "random; another one after a restore, so that cursors end")
    op.execute(f"UPDATE clock SET era = {f'substr({uuid}, 9, 8)' if postgres else 'randomblob(8)'}")
    op.create_table(
        "removals",
        sa.Column(
            "record", sa.LargeBinary(16), nullable=False, comment="the random id that the deleted hash record had"
        ),
        sa.Column("list", sa.String(8), nullable=False, comment="under-18 or adult"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="order of modification; the feeds' cursor"),
        sa.Column("day", _DAY, nullable=False, comment="the day the hash record was deleted"),
        sa.PrimaryKeyConstraint("record"),
        sa.UniqueConstraint("seq"),
        comment="Deleted hash records, without the hash, so that a platform that was away for years can remove them.",
    )
    op.create_index("ix_removals_day", "removals", ["day"])
    op.create_index("removals_by_list", "removals", ["list", "seq"])
    if postgres:  # SQLite keeps no comments
        comment = "the day from which it opens nothing, if there is one"
        op.alter_column("participant_keys", "revoked", comment=comment)


def _add(table: str, column: str, length: int, comment: str) -> None:
    """Add a column that is never empty. Existing rows get zeros, which the caller replaces."""
    kind = sa.LargeBinary(length)
    zeros = "'\\x'" if op.get_bind().dialect.name == "postgresql" else "x''"
    op.add_column(table, sa.Column(column, kind, nullable=False, server_default=sa.text(zeros), comment=comment))
    if op.get_bind().dialect.name == "postgresql":  # SQLite cannot forget a default, and nothing ever relies on it
        op.alter_column(table, column, server_default=None)
