"""The first tables.

It guarantees that a database made by it is the one that ``schema`` describes. It must never be changed: later changes
are revisions of their own.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _cases()
    _clock()
    _hashes()
    _organisations()
    _participants()
    _contributions()
    _feedback()
    _items()
    _participant_keys()
    _pulls()
    _submissions()
    _withdrawals()
    _listings()
    op.execute("INSERT INTO clock (id, modified, seq) VALUES (1, 0, 0)")


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("id", _ID, nullable=False, comment="the intake's own number for this row"),
        sa.Column(
            "lookup", sa.LargeBinary(length=32), nullable=False, comment="HMAC of the lookup id under the pepper"
        ),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False, comment="Ed25519 public case key"),
        sa.Column("received", sa.String(length=10), nullable=False, comment="the intake's day"),
        sa.Column("expires", sa.String(length=10), nullable=False, comment="the day from which nothing of it is kept"),
        sa.Column("behalf", sa.String(length=5), nullable=False, comment="self, child, other: as declared"),
        sa.Column(
            "authority", sa.String(length=18), nullable=True, comment="permission, parent-or-guardian, law: as declared"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lookup"),
        comment="Each case, without anything that says whose it is.",
    )
    op.create_index(op.f("ix_cases_expires"), "cases", ["expires"], unique=False)


def _clock() -> None:
    op.create_table(
        "clock",
        sa.Column("id", sa.Integer(), nullable=False, comment="1"),
        sa.Column("modified", sa.BigInteger(), nullable=False, comment="the second of the last modification of a hash"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="the number of modifications so far"),
        sa.PrimaryKeyConstraint("id"),
        comment="The order of modifications.",
    )


def _hashes() -> None:
    op.create_table(
        "hashes",
        sa.Column("id", _ID, nullable=False, comment="the intake's own number for this row"),
        sa.Column("list", sa.String(length=8), nullable=False, comment="under-18 or adult"),
        sa.Column("signal", sa.String(length=9), nullable=False, comment="pdq, video-md5, …"),
        sa.Column("value", sa.LargeBinary(), nullable=False, comment="the hash itself"),
        sa.Column(
            "state",
            sa.String(length=9),
            nullable=False,
            comment="active, held (in no feed), disputed or withdrawn (tombstones)",
        ),
        sa.Column(
            "classes", sa.Integer(), nullable=False, comment="bits: image, predicted image, video, predicted video"
        ),
        sa.Column("modified", sa.BigInteger(), nullable=False, comment="seconds; never falls as seq grows"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="order of modification; the feeds' cursor"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("seq"),
        sa.UniqueConstraint("value", "signal", "list"),
        comment="The hash lists that platforms pull; one row a hash and list, however many cases have it.",
    )
    op.create_index("hashes_by_list", "hashes", ["list", "seq"], unique=False)
    op.create_index("hashes_by_time", "hashes", ["modified", "seq"], unique=False)


def _organisations() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", _ID, nullable=False, comment="the intake's own number for this row"),
        sa.Column("name", sa.String(length=80), nullable=False, comment="as the operator named it"),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False, comment="Ed25519 public key that countersigns"),
        sa.Column("quota", sa.Integer(), nullable=False, comment="submissions a day"),
        sa.Column("since", sa.String(length=10), nullable=False, comment="the day it was taken in or made"),
        sa.Column("revoked", sa.String(length=10), nullable=True, comment="the day it was shut out, if it was"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("name"),
        comment="The helplines whose signature counts.",
    )


def _participants() -> None:
    op.create_table(
        "participants",
        sa.Column("id", _ID, nullable=False, comment="the intake's own number for this row"),
        sa.Column("name", sa.String(length=80), nullable=False, comment="as the operator named it"),
        sa.Column("lists", sa.String(length=8), nullable=False, comment="under-18, adult or both"),
        sa.Column("classes", sa.Integer(), nullable=False, comment="bits as in hashes: what it subscribed to"),
        sa.Column("since", sa.String(length=10), nullable=False, comment="the day it was taken in or made"),
        sa.Column("revoked", sa.String(length=10), nullable=True, comment="the day it was shut out, if it was"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        comment="The platforms that pull the lists.",
    )


def _contributions() -> None:
    op.create_table(
        "contributions",
        sa.Column("hash_id", _ID, nullable=False, comment="the hash"),
        sa.Column("participant_id", _ID, nullable=False, comment="who lists this hash of its own"),
        sa.Column("day", sa.String(length=10), nullable=False, comment="the intake's day"),
        sa.ForeignKeyConstraint(["hash_id"], ["hashes.id"]),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("hash_id", "participant_id"),
        comment="Hashes that a platform lists itself.",
    )


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("hash_id", _ID, nullable=False, comment="the hash"),
        sa.Column("participant_id", _ID, nullable=False, comment="the platform"),
        sa.Column("value", sa.String(length=14), nullable=False, comment="its word, as in the StopNCII interface"),
        sa.Column("tags", sa.Text(), nullable=False, comment="its tags, as a JSON list"),
        sa.Column("day", sa.String(length=10), nullable=False, comment="the intake's day"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="its order among all modifications"),
        sa.ForeignKeyConstraint(["hash_id"], ["hashes.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("hash_id", "participant_id"),
        comment="What platforms said about hashes.",
    )


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("case_id", _ID, nullable=False, comment="the case it belongs to"),
        sa.Column("number", sa.Integer(), nullable=False, comment="as in the bundle, from 1"),
        sa.Column("media", sa.String(length=5), nullable=False, comment="image or video"),
        sa.Column("age", sa.String(length=8), nullable=False, comment="under-18, adult, unsure: as declared"),
        sa.Column("state", sa.String(length=9), nullable=False, comment="listed, held or withdrawn"),
        sa.Column(
            "reason", sa.String(length=8), nullable=True, comment="why it is held: quality, flood, budget or disputed"
        ),
        sa.Column("fingerprints", sa.Integer(), nullable=False, comment="how many of them could be listed"),
        sa.Column("seq", sa.BigInteger(), nullable=False, comment="place in the feeds of the last hash listed with it"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "number"),
        comment="The pictures and videos of a case, as numbers.",
    )
    op.create_index("items_held", "items", ["state", "reason"], unique=False)


def _participant_keys() -> None:
    op.create_table(
        "participant_keys",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="HMAC of the key under the pepper"),
        sa.Column("participant_id", _ID, nullable=False, comment="the platform"),
        sa.Column("scope", sa.String(length=12), nullable=False, comment="subscription, or the endpoint it opens"),
        sa.Column("since", sa.String(length=10), nullable=False, comment="the day it was taken in or made"),
        sa.Column("revoked", sa.String(length=10), nullable=True, comment="the day it was shut out, if it was"),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("digest"),
        comment="Their keys, as HMACs.",
    )


def _pulls() -> None:
    op.create_table(
        "pulls",
        sa.Column("participant_id", _ID, nullable=False, comment="the platform"),
        sa.Column("day", sa.String(length=10), nullable=False, comment="the intake's day"),
        sa.Column("upto", sa.BigInteger(), nullable=False, comment="every record up to this seq has been pulled"),
        sa.Column("records", sa.BigInteger(), nullable=False, comment="how many records it was given that day"),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("participant_id", "day"),
        comment="What each platform pulled on which day.",
    )


def _submissions() -> None:
    op.create_table(
        "submissions",
        sa.Column("case_id", _ID, nullable=False, comment="the case it belongs to"),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False, comment="SHA-256 of the bundle's payload"),
        sa.Column("day", sa.String(length=10), nullable=False, comment="the intake's day"),
        sa.Column("expires", sa.String(length=10), nullable=False, comment="as the receipt says"),
        sa.Column("item_count", sa.Integer(), nullable=False, comment="how many items it had"),
        sa.Column("organisation_id", _ID, nullable=True, comment="who countersigned, if it is known here"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
        sa.PrimaryKeyConstraint("case_id", "digest"),
        comment="Each bundle that was taken in, so that a repeated one makes no second case.",
    )
    op.create_index("submissions_by_organisation", "submissions", ["organisation_id", "day"], unique=False)


def _withdrawals() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("case_id", _ID, nullable=False, comment="the case it belongs to"),
        sa.Column("nonce", sa.LargeBinary(length=16), nullable=False, comment="so that a repeated request acts once"),
        sa.Column("item_count", sa.Integer(), nullable=False, comment="how many items it meant"),
        sa.Column("day", sa.String(length=10), nullable=False, comment="the intake's day"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "nonce"),
        comment="Each withdrawal, so that a repeated one acts once.",
    )


def _listings() -> None:
    op.create_table(
        "listings",
        sa.Column("case_id", _ID, nullable=False, comment="the case of the item"),
        sa.Column("number", sa.Integer(), nullable=False, comment="the item"),
        sa.Column("hash_id", _ID, nullable=False, comment="a hash of the item"),
        sa.ForeignKeyConstraint(["case_id", "number"], ["items.case_id", "items.number"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["hash_id"], ["hashes.id"]),
        sa.PrimaryKeyConstraint("case_id", "number", "hash_id"),
        comment="Which item has which hash.",
    )
    op.create_index(op.f("ix_listings_hash_id"), "listings", ["hash_id"], unique=False)
