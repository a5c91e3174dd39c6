"""The tables: everything an intake could ever hand over.

It guarantees that a case is known by an HMAC, a public key and whole days, and that a hash is stored once per list.
It must never have a column for an address, a user agent, a name of a person or a time finer than a day; the one
exception is the second at which a hash record last changed, which the platforms' interface shows to them anyway.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

#: 64 bits on PostgreSQL; on SQLite only an INTEGER primary key is the row id.
_Id = BigInteger().with_variant(Integer, "sqlite")
_Day = String(10)

cases = Table(
    "cases",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("lookup", LargeBinary(32), nullable=False, unique=True, comment="HMAC of the lookup id under the pepper"),
    Column("key", LargeBinary(32), nullable=False, comment="Ed25519 public case key"),
    Column("received", _Day, nullable=False, comment="the intake's day"),
    Column("expires", _Day, nullable=False, index=True, comment="the day from which nothing of it is kept"),
    Column("behalf", String(5), nullable=False, comment="self, child, other: as declared"),
    Column("authority", String(18), comment="permission, parent-or-guardian, law: as declared"),
)

submissions = Table(
    "submissions",
    metadata,
    Column("case_id", ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the bundle's payload"),
    Column("day", _Day, nullable=False),
    Column("expires", _Day, nullable=False),
    Column("item_count", Integer, nullable=False),
    PrimaryKeyConstraint("case_id", "digest"),
)

items = Table(
    "items",
    metadata,
    Column("case_id", ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False, comment="as in the bundle, from 1"),
    Column("media", String(5), nullable=False, comment="image or video"),
    Column("age", String(8), nullable=False, comment="under-18, adult, unsure: as declared"),
    Column("state", String(9), nullable=False, comment="listed, held or withdrawn"),
    Column("fingerprints", Integer, nullable=False, comment="how many of them could be listed"),
    Column("seq", BigInteger, nullable=False, comment="place in the feeds of the last hash listed with it"),
    PrimaryKeyConstraint("case_id", "number"),
)

hashes = Table(
    "hashes",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("list", String(8), nullable=False, comment="under-18 or adult"),
    Column("signal", String(9), nullable=False, comment="pdq, video-md5, …"),
    Column("value", LargeBinary, nullable=False),
    Column("state", String(9), nullable=False, comment="active, held (in no feed), disputed or withdrawn (tombstones)"),
    Column("classes", Integer, nullable=False, comment="bits: image, predicted image, video, predicted video"),
    Column("modified", BigInteger, nullable=False, comment="seconds; never falls as seq grows"),
    Column("seq", BigInteger, nullable=False, unique=True, comment="order of modification; the feeds' cursor"),
    UniqueConstraint("value", "signal", "list"),
    Index("hashes_by_list", "list", "seq"),
    Index("hashes_by_time", "modified", "seq"),
)

listings = Table(
    "listings",
    metadata,
    Column("case_id", _Id, nullable=False),
    Column("number", Integer, nullable=False),
    Column("hash_id", ForeignKey(hashes.c.id), nullable=False, index=True),
    PrimaryKeyConstraint("case_id", "number", "hash_id"),
    ForeignKeyConstraint(["case_id", "number"], [items.c.case_id, items.c.number], ondelete="CASCADE"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("case_id", ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False),
    Column("nonce", LargeBinary(16), nullable=False, comment="so that a repeated request acts once"),
    Column("item_count", Integer, nullable=False),
    PrimaryKeyConstraint("case_id", "nonce"),
)

participants = Table(
    "participants",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("name", String(80), nullable=False, unique=True),
    Column("lists", String(8), nullable=False, comment="under-18, adult or both"),
    Column("classes", Integer, nullable=False, comment="bits as in hashes: what it subscribed to"),
    Column("since", _Day, nullable=False),
    Column("revoked", _Day),
)

participant_keys = Table(
    "participant_keys",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="HMAC of the key under the pepper"),
    Column("participant_id", ForeignKey(participants.c.id), nullable=False),
    Column("scope", String(12), nullable=False, comment="subscription, or the endpoint it opens"),
    Column("since", _Day, nullable=False),
    Column("revoked", _Day),
)

pulls = Table(
    "pulls",
    metadata,
    Column("participant_id", ForeignKey(participants.c.id), nullable=False),
    Column("day", _Day, nullable=False),
    Column("upto", BigInteger, nullable=False, comment="every record up to this seq has been pulled"),
    Column("records", BigInteger, nullable=False),
    PrimaryKeyConstraint("participant_id", "day"),
)

contributions = Table(
    "contributions",
    metadata,
    Column("hash_id", ForeignKey(hashes.c.id), nullable=False),
    Column("participant_id", ForeignKey(participants.c.id), nullable=False, comment="who lists this hash of its own"),
    Column("day", _Day, nullable=False),
    PrimaryKeyConstraint("hash_id", "participant_id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("hash_id", ForeignKey(hashes.c.id, ondelete="CASCADE"), nullable=False),
    Column("participant_id", ForeignKey(participants.c.id), nullable=False),
    Column("value", String(14), nullable=False, comment="as in the StopNCII interface"),
    Column("tags", Text, nullable=False, comment="JSON list"),
    Column("day", _Day, nullable=False),
    Column("seq", BigInteger, nullable=False),
    PrimaryKeyConstraint("hash_id", "participant_id"),
)

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("modified", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
)
