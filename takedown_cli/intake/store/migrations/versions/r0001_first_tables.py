"""The first tables. Later changes are revisions of their own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_DAY = sa.String(length=10)
_KEY = sa.LargeBinary(length=32)


def _column(name: str, kind: sa.types.TypeEngine[Any], comment: str, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, comment=comment)


def _own_id() -> sa.Column[Any]:
    return _column("id", _ID, "the intake's own number for this row")


def upgrade() -> None:
    op.create_table(
        "cases",
        _own_id(),
        _column("lookup", _KEY, "HMAC of the lookup id under the pepper"),
        _column("key", _KEY, "Ed25519 public case key"),
        _column("received", _DAY, "the intake's day"),
        _column("expires", _DAY, "the day from which nothing of it is kept"),
        _column("behalf", sa.String(length=5), "self, child, other: as declared"),
        _column("authority", sa.String(length=18), "permission, parent-or-guardian, law: as declared", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("lookup"),
        comment="Each case, without anything that says whose it is.",
    )
    op.create_index(op.f("ix_cases_expires"), "cases", ["expires"], unique=False)
    op.create_table(
        "clock",
        _column("id", sa.Integer(), "1"),
        _column("modified", sa.BigInteger(), "the second of the last modification of a hash"),
        _column("seq", sa.BigInteger(), "the number of modifications so far"),
        sa.PrimaryKeyConstraint("id"),
        comment="The order of modifications.",
    )
    op.create_table(
        "hashes",
        _own_id(),
        _column("list", sa.String(length=8), "under-18 or adult"),
        _column("signal", sa.String(length=9), "pdq, video-md5, …"),
        _column("value", sa.LargeBinary(), "the hash itself"),
        _column("state", sa.String(length=9), "active, held (in no feed), disputed or withdrawn (tombstones)"),
        _column("classes", sa.Integer(), "bits: image, predicted image, video, predicted video"),
        _column("modified", sa.BigInteger(), "seconds; never falls as seq grows"),
        _column("seq", sa.BigInteger(), "order of modification; the feeds' cursor"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("seq"),
        sa.UniqueConstraint("value", "signal", "list"),
        comment="The hash lists that platforms pull; one row a hash and list, however many cases have it.",
    )
    op.create_index("hashes_by_list", "hashes", ["list", "seq"], unique=False)
    op.create_index("hashes_by_time", "hashes", ["modified", "seq"], unique=False)
    op.create_table(
        "organisations",
        _own_id(),
        _column("name", sa.String(length=80), "as the operator named it"),
        _column("key", _KEY, "Ed25519 public key that countersigns"),
        _column("quota", sa.Integer(), "submissions a day"),
        _column("since", _DAY, "the day it was taken in or made"),
        _column("revoked", _DAY, "the day it was shut out, if it was", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sa.UniqueConstraint("name"),
        comment="The helplines whose signature counts.",
    )
    op.create_table(
        "participants",
        _own_id(),
        _column("name", sa.String(length=80), "as the operator named it"),
        _column("lists", sa.String(length=8), "under-18, adult or both"),
        _column("classes", sa.Integer(), "bits as in hashes: what it subscribed to"),
        _column("since", _DAY, "the day it was taken in or made"),
        _column("revoked", _DAY, "the day it was shut out, if it was", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        comment="The platforms that pull the lists.",
    )
    op.create_table(
        "contributions",
        _column("hash_id", _ID, "the hash"),
        _column("participant_id", _ID, "who lists this hash of its own"),
        _column("day", _DAY, "the intake's day"),
        sa.ForeignKeyConstraint(["hash_id"], ["hashes.id"]),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("hash_id", "participant_id"),
        comment="Hashes that a platform lists itself.",
    )
    op.create_table(
        "feedback",
        _column("hash_id", _ID, "the hash"),
        _column("participant_id", _ID, "the platform"),
        _column("value", sa.String(length=14), "its word, as in the StopNCII interface"),
        _column("tags", sa.Text(), "its tags, as a JSON list"),
        _column("day", _DAY, "the intake's day"),
        _column("seq", sa.BigInteger(), "its order among all modifications"),
        sa.ForeignKeyConstraint(["hash_id"], ["hashes.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("hash_id", "participant_id"),
        comment="What platforms said about hashes.",
    )
    op.create_table(
        "items",
        _column("case_id", _ID, "the case it belongs to"),
        _column("number", sa.Integer(), "as in the bundle, from 1"),
        _column("media", sa.String(length=5), "image or video"),
        _column("age", sa.String(length=8), "under-18, adult, unsure: as declared"),
        _column("state", sa.String(length=9), "listed, held or withdrawn"),
        _column("reason", sa.String(length=8), "why it is held: quality, flood, budget or disputed", nullable=True),
        _column("fingerprints", sa.Integer(), "how many of them could be listed"),
        _column("seq", sa.BigInteger(), "place in the feeds of the last hash listed with it"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "number"),
        comment="The pictures and videos of a case, as numbers.",
    )
    op.create_index("items_held", "items", ["state", "reason"], unique=False)
    op.create_table(
        "participant_keys",
        _column("digest", _KEY, "HMAC of the key under the pepper"),
        _column("participant_id", _ID, "the platform"),
        _column("scope", sa.String(length=12), "subscription, or the endpoint it opens"),
        _column("since", _DAY, "the day it was taken in or made"),
        _column("revoked", _DAY, "the day it was shut out, if it was", nullable=True),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("digest"),
        comment="Their keys, as HMACs.",
    )
    op.create_table(
        "pulls",
        _column("participant_id", _ID, "the platform"),
        _column("day", _DAY, "the intake's day"),
        _column("upto", sa.BigInteger(), "every record up to this seq has been pulled"),
        _column("records", sa.BigInteger(), "how many records it was given that day"),
        sa.ForeignKeyConstraint(["participant_id"], ["participants.id"]),
        sa.PrimaryKeyConstraint("participant_id", "day"),
        comment="What each platform pulled on which day.",
    )
    op.create_table(
        "submissions",
        _column("case_id", _ID, "the case it belongs to"),
        _column("digest", _KEY, "SHA-256 of the bundle's payload"),
        _column("day", _DAY, "the intake's day"),
        _column("expires", _DAY, "as the receipt says"),
        _column("item_count", sa.Integer(), "how many items it had"),
        _column("organisation_id", _ID, "who countersigned, if it is known here", nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
        sa.PrimaryKeyConstraint("case_id", "digest"),
        comment="Each bundle that was taken in, so that a repeated one makes no second case.",
    )
    op.create_index("submissions_by_organisation", "submissions", ["organisation_id", "day"], unique=False)
    op.create_table(
        "withdrawals",
        _column("case_id", _ID, "the case it belongs to"),
        _column("nonce", sa.LargeBinary(length=16), "so that a repeated request acts once"),
        _column("item_count", sa.Integer(), "how many items it meant"),
        _column("day", _DAY, "the intake's day"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "nonce"),
        comment="Each withdrawal, so that a repeated one acts once.",
    )
    op.create_table(
        "listings",
        _column("case_id", _ID, "the case of the item"),
        _column("number", sa.Integer(), "the item"),
        _column("hash_id", _ID, "a hash of the item"),
        sa.ForeignKeyConstraint(["case_id", "number"], ["items.case_id", "items.number"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["hash_id"], ["hashes.id"]),
        sa.PrimaryKeyConstraint("case_id", "number", "hash_id"),
        comment="Which item has which hash.",
    )
    op.create_index(op.f("ix_listings_hash_id"), "listings", ["hash_id"], unique=False)
    op.execute("INSERT INTO clock (id, modified, seq) VALUES (1, 0, 0)")
