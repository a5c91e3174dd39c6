"""From which place in the feeds a hash was active, so that platforms can only answer about what they were given.

For existing hashes that place is not known. They count as given to every platform that may see them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    comment = "place where it last became active; 0: not known"
    since = sa.Column("active_from", sa.BigInteger(), nullable=False, server_default=sa.text("0"), comment=comment)
    op.add_column("hashes", since)
    if op.get_bind().dialect.name == "postgresql":  # SQLite cannot forget a default, and nothing ever relies on it
        op.alter_column("hashes", "active_from", server_default=None)
