"""The state of a hash record: one function of the facts in the tables, and never of their order.

Everything that happens writes facts: who lists a hash, who countersigned, what platforms say, who is revoked, what the
operator bars or holds. Then it calls ``settle_records``, which asks ``decide_state`` and stores the answer. Nothing
else sets the state of a record, or says that an item is overruled. The state of a clip follows from those of its
frames, and is stored by ``settle_clips`` in the same way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    ScalarSelect,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from takedown_cli.intake.messages.signals import VIDEO
from takedown_cli.intake.store.prepared_statements import in_chunks
from takedown_cli.intake.store.tables import (
    ITEM_COUNTS,
    LISTING_OF_ITEM,
    OVERRULED,
    clips,
    contributions,
    feedback,
    hashes,
    items,
    listings,
    organisations,
    participants,
    vouchers,
)
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.protocol.feed import MIN_FRAMES

State = Literal["active", "held", "disputed", "blocked", "withdrawn"]
#: ``lapsed``: the hash was confirmed once. Participants that want only confirmed hashes must learn that this ended.
Standing = Literal["provisional", "confirmed", "lapsed"]
PROVISIONAL: Final[Standing] = "provisional"
CONFIRMED: Final[Standing] = "confirmed"
LAPSED: Final[Standing] = "lapsed"
#: This many platforms have to agree.
AGREE: Final = 2
#: The day from which on nothing counts that was done by somebody who is not trusted at all: nothing is older.
ALWAYS: Final = "2000-01-01"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one record. Only organisations and platforms that are trusted count.

    ``reported``: an item of a case stands for it. ``vouched``: one that an organisation countersigned does.
    ``contributed``: a platform lists it as its own. ``waiting``: an item that is held for review has it.
    ``blocking`` and ``disputing`` platforms have Blocked and NotBlocked as their last word. ``barred``: it is on the
    deny list, or the operator blocked it.
    """

    reported: bool = False
    vouched: bool = False
    contributed: bool = False
    waiting: bool = False
    blocking: int = 0
    disputing: int = 0
    barred: bool = False


def decide_state(facts: Facts) -> tuple[State, Standing]:
    """Return the state of a record with these facts, and whether it is confirmed."""
    if facts.barred:
        return "blocked", PROVISIONAL
    if not (facts.reported or facts.contributed):
        return ("held" if facts.waiting else "withdrawn"), PROVISIONAL
    if facts.disputing >= AGREE and facts.disputing > facts.blocking:
        return "disputed", PROVISIONAL
    confirmed = facts.vouched or facts.contributed or facts.blocking >= AGREE
    return "active", CONFIRMED if confirmed else PROVISIONAL


def decide_clip(*, reported: bool, active: int, confirmed: int) -> tuple[bool, Standing]:
    """Return whether the feed of clips gives a clip, and whether to those who want confirmed hashes only.

    ``reported``: an item stands for it. ``active`` and ``confirmed`` count its frames whose records are so.
    """
    listed = reported and active >= MIN_FRAMES
    return listed, CONFIRMED if listed and confirmed >= MIN_FRAMES else PROVISIONAL


def _is_trusted(owner: ColumnElement[Any], day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether what its owner did on a day counts; ``owner`` is the column ``distrusted`` of the owner."""
    return or_(owner.is_(None), day < owner)


#: Whether a platform's feedback counts, for a query that joins both.
FEEDBACK_COUNTS: Final = _is_trusted(participants.c.distrusted, feedback.c.day)
#: Whether an organisation that is trusted countersigned an item.
VOUCHED: Final = exists().where(
    vouchers.c.case_id == items.c.case_id,
    vouchers.c.number == items.c.number,
    organisations.c.id == vouchers.c.organisation_id,
    _is_trusted(organisations.c.distrusted, vouchers.c.day),
)


def _held_by(*conditions: ColumnElement[bool]) -> Exists:
    return exists().where(listings.c.hash_id == hashes.c.id, LISTING_OF_ITEM, *conditions)


def _votes(value: str, *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    query = select(func.count()).where(
        feedback.c.hash_id == hashes.c.id,
        feedback.c.value == value,
        participants.c.id == feedback.c.participant_id,
        FEEDBACK_COUNTS,
        *conditions,
    )
    return query.correlate(hashes).scalar_subquery()


#: Whether a platform that is trusted lists a record as its own.
CONTRIBUTED: Final = exists().where(
    contributions.c.hash_id == hashes.c.id,
    participants.c.id == contributions.c.participant_id,
    _is_trusted(participants.c.distrusted, contributions.c.day),
)
#: In the order of the fields of ``Facts``.
_FACTS: Final = (
    _held_by(ITEM_COUNTS),
    _held_by(ITEM_COUNTS, items.c.vouched),
    CONTRIBUTED,
    _held_by(items.c.state == "held", ~ITEM_COUNTS),
    _votes("Blocked"),
    _votes("NotBlocked", feedback.c.seq > hashes.c.upheld),
    hashes.c.bar.is_not(None),
)
_RECORDS = select(hashes.c.id, hashes.c.state, hashes.c.standing, *_FACTS)
_STORE = (
    update(hashes)
    .where(hashes.c.id == bindparam("row"))
    .values(
        state=bindparam("to"),
        standing=bindparam("as"),
        shown=or_(hashes.c.shown, bindparam("to") == "active"),
        active_from=case(
            (and_(bindparam("to") == "active", hashes.c.state != "active"), bindparam("place")),
            else_=hashes.c.active_from,
        ),
        modified=bindparam("now"),
        seq=bindparam("place"),
    )
)


def _decide_records(connection: Connection, rows: Sequence[int]) -> Iterator[tuple[int, str, str, State, Standing]]:
    """Return row id, stored state and standing, and what both should be, for at most a chunk of records."""
    for row, state, standing, *facts in connection.execute(_RECORDS.where(hashes.c.id.in_(rows))).all():
        right, stands = decide_state(Facts(*facts))
        yield row, state, standing, right, LAPSED if stands == PROVISIONAL != standing else stands


def settle_records(transaction: WriteTransaction, rows: Iterable[int], moved: Collection[int] = ()) -> None:
    """Compute again the state of these records (row ids).

    Those that changed, and those in ``moved``, get the next places in the feeds.
    """
    moved = frozenset(moved)
    for chunk in in_chunks(rows):
        changes: list[dict[str, int | str]] = []
        overruled = []
        changed = []
        for row, state, standing, right, stands in _decide_records(transaction.connection, chunk):
            if (state, standing) != (right, stands) or row in moved:
                place = {"now": transaction.modified, "place": transaction.next_seq()}
                changes.append({"row": row, "to": right, "as": stands, **place})
            if (state, standing) != (right, stands):
                changed.append(row)
            if state in OVERRULED or right in OVERRULED:
                overruled.append(row)
        if changes:
            transaction.execute(_STORE, changes)
        if overruled:
            _mark_items(transaction, overruled)
        if changed:
            touched = transaction.scalars(_CLIPS_WITH.where(listings.c.hash_id.in_(changed))).all()
            settle_clips(transaction, touched, moved=touched)


#: Which listings are those of a frame as it was. Predicted copies of frames are no part of a clip.
IS_FRAME: Final = and_(listings.c.classes.bitwise_and(VIDEO) != 0, hashes.c.signal == "pdq")
_CLIPS_WITH = (
    select(items.c.clip_id)
    .distinct()
    .join(listings, LISTING_OF_ITEM)
    .join(hashes, and_(hashes.c.id == listings.c.hash_id, IS_FRAME))
    .where(items.c.clip_id.is_not(None))
)
_holder = items.alias()


def _first_holder(column: str) -> ScalarSelect[Any]:
    """Return a column of the first item that stands for a clip: all that do have the same frames."""
    query = select(items.c[column]).where(items.c.clip_id == clips.c.id, ITEM_COUNTS)
    return query.order_by(items.c.case_id, items.c.number).limit(1).correlate(clips).scalar_subquery()


#: Clips with their frames, for a query on both.
CLIP_FRAMES: Final = (
    clips.join(
        _holder, and_(_holder.c.case_id == _first_holder("case_id"), _holder.c.number == _first_holder("number"))
    )
    .join(listings, and_(listings.c.case_id == _holder.c.case_id, listings.c.number == _holder.c.number))
    .join(hashes, and_(hashes.c.id == listings.c.hash_id, IS_FRAME))
)
_ACTIVE: Final = hashes.c.state == "active"
_COUNT_FRAMES = (
    select(
        clips.c.id,
        func.sum(case((_ACTIVE, 1), else_=0)),
        func.sum(case((and_(_ACTIVE, hashes.c.standing == CONFIRMED), 1), else_=0)),
    )
    .select_from(CLIP_FRAMES)
    .group_by(clips.c.id)
)
_CLIPS = select(
    clips.c.id, clips.c.listed, clips.c.standing, clips.c.shown, exists().where(items.c.clip_id == clips.c.id)
)


@dataclass(frozen=True, slots=True)
class _Clip:
    """A clip as it is stored, whether an item has it (``kept``), and its right state and standing."""

    row: int
    listed: bool
    standing: Standing
    shown: bool
    kept: bool
    right: bool
    stands: Standing

    @property
    def is_wrong(self) -> bool:
        return (self.listed, self.standing) != (self.right, self.stands)


def _decide_clips(connection: Connection, rows: Sequence[int]) -> Iterator[_Clip]:
    """Yield at most a chunk of clips (row ids)."""
    mine = clips.c.id.in_(rows)
    counts = {row: (active, confirmed) for row, active, confirmed in connection.execute(_COUNT_FRAMES.where(mine))}
    for row, listed, standing, shown, kept in connection.execute(_CLIPS.where(mine)).all():
        active, confirmed = counts.get(row, (0, 0))
        right, stands = decide_clip(reported=row in counts, active=active, confirmed=confirmed)
        stands = LAPSED if stands == PROVISIONAL != standing else stands
        yield _Clip(row, listed, standing, shown, kept, right, stands)


_STORE_CLIP = (
    update(clips)
    .where(clips.c.id == bindparam("row"))
    .values(
        listed=bindparam("to"),
        standing=bindparam("as"),
        shown=bindparam("known"),
        seq=bindparam("place"),
        day=bindparam("today"),
    )
)


def settle_clips(transaction: WriteTransaction, ids: Iterable[int], moved: Collection[int] = ()) -> None:
    """Compute again the state of these clips. Those that changed, and those in ``moved``, get the next places.

    A clip that no item has any more leaves its random id, and nothing of its hashes.
    """
    moved = frozenset(moved)
    for chunk in in_chunks({*ids}):
        found = list(_decide_clips(transaction.connection, chunk))
        unknown = {clip.row for clip in found if not (clip.kept or clip.shown)}
        # A frame may be in very many clips: one statement for all of them takes a third of the time.
        changes = [
            {
                "row": clip.row, "to": clip.right, "as": clip.stands, "known": clip.shown or clip.right,
                "place": transaction.next_seq(), "today": transaction.day,
            }
            for clip in found
            if clip.row not in unknown and (clip.is_wrong or clip.row in moved or not clip.kept)
        ]  # fmt: skip
        if unknown:
            transaction.execute(delete(clips).where(clips.c.id.in_(unknown)))
        if changes:
            transaction.execute(_STORE_CLIP, changes)
        gone = [clip.row for clip in found if clip.shown and not clip.kept]
        if gone:
            transaction.execute(update(clips).where(clips.c.id.in_(gone)).values(digest=None))


def settle_vouching(transaction: WriteTransaction, organisation: int, case_id: int | None = None) -> None:
    """Compute again which items of an organisation count as countersigned, in one case or in all, and their hashes."""
    signed = exists().where(
        vouchers.c.case_id == items.c.case_id,
        vouchers.c.number == items.c.number,
        vouchers.c.organisation_id == organisation,
    )
    mine = signed if case_id is None else and_(items.c.case_id == case_id, signed)
    transaction.execute(update(items).where(mine).values(vouched=VOUCHED))
    touched = select(listings.c.hash_id).join(items, LISTING_OF_ITEM).where(mine).distinct()
    settle_records(transaction, transaction.scalars(touched).all())


def settle_everything(transaction: WriteTransaction) -> None:
    """Compute again every state in the database."""
    transaction.execute(update(items).where(items.c.vouched != VOUCHED).values(vouched=VOUCHED))
    settle_records(transaction, transaction.scalars(select(hashes.c.id).order_by(hashes.c.id)).all())
    settle_clips(transaction, transaction.scalars(select(clips.c.id).where(clips.c.digest.is_not(None))).all())


def find_differences(connection: Connection) -> Iterator[str]:
    """Return a sentence for each stored state that does not follow from the facts."""
    for chunk in in_chunks(connection.scalars(select(hashes.c.id).order_by(hashes.c.id)).all()):
        for row, state, standing, right, stands in _decide_records(connection, chunk):
            if state != right:
                yield f"Hash {row} is stored as {state}, but follows as {right}."
            if standing != stands:
                yield f"Hash {row} is stored as {standing}, but follows as {stands}."
    query = select(items.c.case_id, items.c.number).order_by(items.c.case_id, items.c.number)
    for case_id, number in connection.execute(query.where(items.c.vouched != VOUCHED)):
        yield f"Item {number} of case {case_id} is stored with the wrong countersignature."
    wrong = or_(and_(items.c.state == "listed", ~_HAS_ACTIVE), and_(items.c.reason.in_(OVERRULED), _HAS_ACTIVE))
    for case_id, number in connection.execute(query.where(wrong)):
        yield f"Item {number} of case {case_id} is stored in another state than its hashes."
    for chunk in in_chunks(connection.scalars(select(clips.c.id).order_by(clips.c.id)).all()):
        for clip in _decide_clips(connection, chunk):
            if clip.is_wrong:
                yield f"Clip {clip.row} is stored in another state than follows from its frames."
    for case_id, number in connection.execute(query.where(*_HAS_NO_CLIP)):
        yield f"Item {number} of case {case_id} is a video with frames, but no clip."


_FRAMES = select(func.count(hashes.c.value.distinct())).where(
    LISTING_OF_ITEM, hashes.c.id == listings.c.hash_id, IS_FRAME
)
_HAS_NO_CLIP = (
    items.c.media == "video",
    items.c.clip_id.is_(None),
    ITEM_COUNTS,
    _FRAMES.correlate(items).scalar_subquery() >= MIN_FRAMES,
)
_HAS_ACTIVE = exists().where(LISTING_OF_ITEM, hashes.c.id == listings.c.hash_id, hashes.c.state == "active")


def _mark_items(transaction: WriteTransaction, rows: Sequence[int]) -> None:
    """Hold the standing items of these records that have no active hash, and list the others."""
    touched = select(listings.c.case_id, listings.c.number).where(listings.c.hash_id.in_(rows)).distinct().subquery()
    states = {name: func.sum(case((hashes.c.state == name, 1), else_=0)).label(name) for name in ("active", "disputed")}
    query = (
        select(listings.c.case_id, listings.c.number, *states.values())
        .join(hashes, hashes.c.id == listings.c.hash_id)
        .join(touched, and_(touched.c.case_id == listings.c.case_id, touched.c.number == listings.c.number))
        .group_by(listings.c.case_id, listings.c.number)
    )
    changes = [
        {
            "case": row.case_id,
            "item": row.number,
            "to": "listed" if row.active else "held",
            "why": None if row.active else "disputed" if row.disputed else "blocked",
        }
        for row in transaction.execute(query)
    ]
    if changes:
        transaction.execute(_MARK, changes)


_MARK = (
    update(items)
    .where(items.c.case_id == bindparam("case"), items.c.number == bindparam("item"), ITEM_COUNTS)
    .values(state=bindparam("to"), reason=bindparam("why"))
)
