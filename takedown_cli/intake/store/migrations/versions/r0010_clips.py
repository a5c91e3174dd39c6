"""Clips: which hashes are the frames of one video, so that the native feed can give them together.

The videos that are there become clips when the states are computed again, after all migrations.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "clips",
        sa.Column("id", _ID, nullable=False, comment="the intake's own number for this row"),
        sa.Column("list", sa.String(8), nullable=False, comment="under-18 or adult"),
        sa.Column(
            "digest", sa.LargeBinary(32), comment="SHA-256 of its frames' hashes; none once nobody reports the clip"
        ),
        sa.Column("listed", sa.Boolean(), nullable=False, comment="whether the feed of clips gives it"),
        sa.Column(
            "standing",
            sa.String(11),
            nullable=False,
            comment="as in hashes: of those of its frames that are listed",
        ),
        sa.Column("shown", sa.Boolean(), nullable=False, comment="whether it was ever listed, so that the feed has it"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="order of modification; the feeds' cursor"),
        sa.Column("day", sa.String(10), nullable=False, comment="the day of its last change"),
        sa.Column(
            "record",
            sa.LargeBinary(16),
            nullable=False,
            comment="random id by which the native feed names the clip; not made from its hashes",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("seq"),
        sa.UniqueConstraint("digest", "list"),
        comment="The videos on the lists; one row for the same frames, however many cases have them.",
    )
    op.create_index("ix_clips_record", "clips", ["record"], unique=True)
    op.create_index("clips_by_list", "clips", ["list", "seq"])
    comment = "the clip that a video is, until it is withdrawn"
    if op.get_bind().dialect.name == "postgresql":
        op.add_column("items", sa.Column("clip_id", _ID, sa.ForeignKey("clips.id"), comment=comment))
    else:  # SQLite adds a reference only in this form
        op.execute("ALTER TABLE items ADD COLUMN clip_id INTEGER REFERENCES clips (id)")
    op.create_index("items_by_clip", "items", ["clip_id", "case_id", "number"])
