"""The tables: everything an intake could ever hand over.

A case is known by an HMAC, a public key and whole days. No column holds an address, a user agent, a person's name or a
time finer than a day, with one exception: the second at which a hash record last changed, which the platforms'
interface shows to them anyway.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
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
    and_,
    or_,
)

metadata = MetaData()

#: 64 bits on PostgreSQL; on SQLite only an INTEGER primary key is the row id.
_Id = BigInteger().with_variant(Integer, "sqlite")
_Day = String(10)

organisations = Table(
    "organisations",
    metadata,
    Column("id", _Id, primary_key=True, comment="the intake's own number for this row"),
    Column("name", String(80), nullable=False, unique=True, comment="as the operator named it"),
    Column("key", LargeBinary(32), nullable=False, unique=True, comment="Ed25519 public key that countersigns"),
    Column("quota", Integer, nullable=False, comment="submissions a day; a large one counts several times"),
    Column("since", _Day, nullable=False, comment="the day it was taken in or made"),
    Column("revoked", _Day, comment="the day it was shut out, if it was"),
    Column("distrusted", _Day, comment="its signatures of this day and later do not count"),
    comment="The helplines whose signature counts.",
)

cases = Table(
    "cases",
    metadata,
    Column("id", _Id, primary_key=True, comment="the intake's own number for this row"),
    Column("lookup", LargeBinary(32), nullable=False, unique=True, comment="HMAC of the lookup id under the pepper"),
    Column("key", LargeBinary(32), nullable=False, comment="Ed25519 public case key"),
    Column("received", _Day, nullable=False, comment="the intake's day"),
    Column("expires", _Day, nullable=False, index=True, comment="the day from which nothing of it is kept"),
    Column("behalf", String(5), nullable=False, comment="self, child, other: as declared"),
    Column("authority", String(18), comment="permission, parent-or-guardian, law: as declared"),
    comment="Each case, without anything that says whose it is.",
)

submissions = Table(
    "submissions",
    metadata,
    Column("case_id", ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False, comment="the case it belongs to"),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of the bundle's payload"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    Column("expires", _Day, nullable=False, comment="as the receipt says"),
    Column("item_count", Integer, nullable=False, comment="how many items it had"),
    Column("organisation_id", ForeignKey(organisations.c.id), comment="who countersigned, if it is known here"),
    Column("first", Integer, nullable=False, comment="the number of its first item; 0 if that is not known"),
    Column("hash_count", Integer, nullable=False, comment="how many hashes it had that could be listed"),
    Column("units", Integer, nullable=False, comment="how often it counts, by its hashes and its length"),
    Column("charged", _Day, nullable=False, comment="the day on which it counts"),
    PrimaryKeyConstraint("case_id", "digest"),
    Index("submissions_by_charge", "organisation_id", "charged"),
    comment="Each bundle that was taken in, so that a repeated one makes no second case.",
)

clips = Table(
    "clips",
    metadata,
    Column("id", _Id, primary_key=True, comment="the intake's own number for this row"),
    Column("list", String(8), nullable=False, comment="under-18 or adult"),
    Column("digest", LargeBinary(32), comment="SHA-256 of its frames' hashes; none once nobody reports the clip"),
    Column("listed", Boolean, nullable=False, comment="whether the feed of clips gives it"),
    Column("standing", String(11), nullable=False, comment="as in hashes: of those of its frames that are listed"),
    Column("shown", Boolean, nullable=False, comment="whether it was ever listed, so that the feed has it"),
    Column("seq", BigInteger, nullable=False, unique=True, comment="order of modification; the feeds' cursor"),
    Column("day", _Day, nullable=False, comment="the day of its last change"),
    Column(
        "record",
        LargeBinary(16),
        nullable=False,
        unique=True,
        index=True,
        comment="random id by which the native feed names the clip; not made from its hashes",
    ),
    UniqueConstraint("digest", "list"),
    Index("clips_by_list", "list", "seq"),
    comment="The videos on the lists; one row for the same frames, however many cases have them.",
)

items = Table(
    "items",
    metadata,
    Column("case_id", ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False, comment="the case it belongs to"),
    Column("number", Integer, nullable=False, comment="as in the bundle, from 1"),
    Column("media", String(5), nullable=False, comment="image or video"),
    Column("age", String(8), nullable=False, comment="under-18, adult, unsure: as declared"),
    Column("state", String(9), nullable=False, comment="listed, held or withdrawn"),
    Column("reason", String(8), comment="why it is held: quality, flood, budget, revoked, disputed, blocked"),
    Column("fingerprints", Integer, nullable=False, comment="how many of them could be listed"),
    Column("seq", BigInteger, nullable=False, comment="place in the feeds of the last hash listed with it"),
    Column("vouched", Boolean, nullable=False, comment="whether a countersignature of it counts"),
    Column("clip_id", ForeignKey(clips.c.id), comment="the clip that a video is, until it is withdrawn"),
    PrimaryKeyConstraint("case_id", "number"),
    Index("items_held", "state", "reason"),
    Index("items_by_clip", "clip_id", "case_id", "number"),
    comment="The pictures and videos of a case, as numbers.",
)

hashes = Table(
    "hashes",
    metadata,
    Column("id", _Id, primary_key=True, comment="the intake's own number for this row"),
    Column("list", String(8), nullable=False, comment="under-18 or adult"),
    Column("signal", String(9), nullable=False, comment="pdq, video-md5, …"),
    Column("value", LargeBinary, nullable=False, comment="the hash itself"),
    Column("state", String(9), nullable=False, comment="active, held, disputed, blocked or withdrawn"),
    Column("classes", Integer, nullable=False, comment="bits: picture or video, as it was or which predicted copy"),
    Column("standing", String(11), nullable=False, comment="provisional, confirmed, or lapsed: confirmed once"),
    Column("shown", Boolean, nullable=False, comment="whether it was ever active, so that the feeds have it"),
    Column(
        "active_from",
        BigInteger,
        nullable=False,
        comment="place where it last became active; 0: not known",
    ),
    Column("bar", String(7), comment="why it must not be listed: blocked (by the operator) or denied"),
    Column("upheld", BigInteger, nullable=False, comment="votes up to this seq were overruled by the operator"),
    Column("modified", BigInteger, nullable=False, comment="seconds; never falls as seq grows"),
    Column("seq", BigInteger, nullable=False, unique=True, comment="order of modification; the feeds' cursor"),
    Column(
        "record",
        LargeBinary(16),
        nullable=False,
        unique=True,
        index=True,
        comment="random id by which the native feed names the row; not made from the hash",
    ),
    UniqueConstraint("value", "signal", "list"),
    Index("hashes_by_list", "list", "seq"),
    Index("hashes_by_time", "modified", "seq"),
    comment="The hash lists that platforms pull; one row a hash and list, however many cases have it.",
)

removals = Table(
    "removals",
    metadata,
    Column("record", LargeBinary(16), primary_key=True, comment="the random id that the deleted hash record had"),
    Column("list", String(8), nullable=False, comment="under-18 or adult"),
    Column("seq", BigInteger, nullable=False, unique=True, comment="order of modification; the feeds' cursor"),
    Column("day", _Day, nullable=False, index=True, comment="the day the hash record was deleted"),
    Index("removals_by_list", "list", "seq"),
    comment="Deleted hash records, without the hash, so that a platform that was away for years can remove them.",
)

listings = Table(
    "listings",
    metadata,
    Column("case_id", _Id, nullable=False, comment="the case of the item"),
    Column("number", Integer, nullable=False, comment="the item"),
    Column("hash_id", ForeignKey(hashes.c.id), nullable=False, comment="a hash of the item"),
    Column("classes", Integer, nullable=False, comment="bits as in hashes: what the hash is of this item"),
    PrimaryKeyConstraint("case_id", "number", "hash_id"),
    Index("listings_by_hash", "hash_id", "case_id"),
    ForeignKeyConstraint(["case_id", "number"], [items.c.case_id, items.c.number], ondelete="CASCADE"),
    comment="Which item has which hash.",
)

#: Which listings are those of an item.
LISTING_OF_ITEM = and_(listings.c.case_id == items.c.case_id, listings.c.number == items.c.number)
#: Why an item is held although it stands for its hashes: all of them are off the lists, and its case cannot help it.
OVERRULED = ("disputed", "blocked")
#: Items that stand for their hashes.
ITEM_COUNTS = or_(
    items.c.state == "listed", and_(items.c.state == "held", or_(*(items.c.reason == why for why in OVERRULED)))
)

vouchers = Table(
    "vouchers",
    metadata,
    Column("case_id", _Id, nullable=False, comment="the case of the item"),
    Column("number", Integer, nullable=False, comment="the item"),
    Column("organisation_id", ForeignKey(organisations.c.id), nullable=False, index=True, comment="who countersigned"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    PrimaryKeyConstraint("case_id", "number", "organisation_id"),
    ForeignKeyConstraint(["case_id", "number"], [items.c.case_id, items.c.number], ondelete="CASCADE"),
    comment="Which organisation countersigned which item.",
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("case_id", ForeignKey(cases.c.id, ondelete="CASCADE"), nullable=False, comment="the case it belongs to"),
    Column("nonce", LargeBinary(16), nullable=False, comment="so that a repeated request acts once"),
    Column("item_count", Integer, nullable=False, comment="how many items it meant"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    PrimaryKeyConstraint("case_id", "nonce"),
    comment="Each withdrawal, so that a repeated one acts once.",
)

participants = Table(
    "participants",
    metadata,
    Column("id", _Id, primary_key=True, comment="the intake's own number for this row"),
    Column("name", String(80), nullable=False, unique=True, comment="as the operator named it"),
    Column("lists", String(8), nullable=False, comment="under-18, adult or both"),
    Column("classes", Integer, nullable=False, comment="bits as in hashes: what it subscribed to"),
    Column("confirmed", Boolean, nullable=False, comment="whether it wants confirmed hashes only"),
    Column("joined", BigInteger, nullable=False, comment="the last place in the feeds when it was taken in"),
    Column("since", _Day, nullable=False, comment="the day it was taken in or made"),
    Column("revoked", _Day, comment="the day it was shut out, if it was"),
    Column("distrusted", _Day, comment="what it said or listed on this day and later does not count"),
    comment="The platforms that pull the lists.",
)

participant_keys = Table(
    "participant_keys",
    metadata,
    Column("digest", LargeBinary(32), primary_key=True, comment="HMAC of the key under the pepper"),
    Column("participant_id", ForeignKey(participants.c.id), nullable=False, comment="the platform"),
    Column("scope", String(12), nullable=False, comment="subscription, or the endpoint it opens"),
    Column("since", _Day, nullable=False, comment="the day it was taken in or made"),
    Column("revoked", _Day, comment="the day from which it opens nothing, if there is one"),
    comment="Their keys, as HMACs.",
)

pulls = Table(
    "pulls",
    metadata,
    Column("participant_id", ForeignKey(participants.c.id), nullable=False, comment="the platform"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    Column("upto", BigInteger, nullable=False, comment="every record up to this seq has been pulled"),
    Column("records", BigInteger, nullable=False, comment="how many records it was given that day"),
    PrimaryKeyConstraint("participant_id", "day"),
    comment="What each platform pulled on which day.",
)

contributions = Table(
    "contributions",
    metadata,
    Column("hash_id", ForeignKey(hashes.c.id), nullable=False, comment="the hash"),
    Column("participant_id", ForeignKey(participants.c.id), nullable=False, comment="who lists this hash of its own"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    PrimaryKeyConstraint("hash_id", "participant_id"),
    comment="Hashes that a platform lists itself.",
)

feedback = Table(
    "feedback",
    metadata,
    Column("hash_id", ForeignKey(hashes.c.id, ondelete="CASCADE"), nullable=False, comment="the hash"),
    Column("participant_id", ForeignKey(participants.c.id), nullable=False, comment="the platform"),
    Column("value", String(14), nullable=False, comment="its word, as in the StopNCII interface"),
    Column("tags", Text, nullable=False, comment="its tags, as a JSON list"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    Column("seq", BigInteger, nullable=False, comment="its order among all modifications"),
    PrimaryKeyConstraint("hash_id", "participant_id"),
    comment="What platforms said about hashes.",
)

blocks = Table(
    "blocks",
    metadata,
    Column("kind", String(4), nullable=False, comment="pdq, md5 or sha1"),
    Column("value", LargeBinary, nullable=False, comment="the hash itself"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    PrimaryKeyConstraint("kind", "value"),
    comment="Hashes that the operator blocks: what they match must not be listed.",
)

acts = Table(
    "acts",
    metadata,
    Column("id", _Id, primary_key=True, comment="the intake's own number for this row"),
    Column("day", _Day, nullable=False, comment="the intake's day"),
    Column("act", String(7), nullable=False, comment="block, unblock, or deny: the deny-list was applied"),
    Column("why", Text, nullable=False, comment="the reason, in the operator's words"),
    Column("hashes", Integer, nullable=False, comment="how many hashes were named"),
    Column("records", Integer, nullable=False, comment="how many hashes on the lists that changed"),
    Column("digest", LargeBinary(32), nullable=False, comment="SHA-256 of all blocks then, or of the deny-list"),
    comment="What an operator blocked and unblocked, as counts.",
)

clock = Table(
    "clock",
    metadata,
    Column("id", Integer, primary_key=True, comment="1"),
    Column("modified", BigInteger, nullable=False, comment="the second of the last modification of a hash"),
    Column("seq", BigInteger, nullable=False, comment="the number of modifications so far"),
    Column("era", LargeBinary(8), nullable=False, comment="random; another one after a restore, so that cursors end"),
    comment="The order of modifications.",
)
