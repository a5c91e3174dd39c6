"""An index by which the feeds find the newest cases of a hash without reading the others."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index("listings_by_hash", "listings", ["hash_id", "case_id"])
    op.drop_index("ix_listings_hash_id", table_name="listings")
