"""Progress of a case: for each item and platform, whether it was pulled and what the platform decided.

It guarantees that what a platform said about a picture before this case came is not told to this case until the
platform has pulled the list again, so that nobody learns from a new case that another one exists.
It must never change anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, and_, bindparam, func, select

from takedown_cli.intake.participants import LISTS
from takedown_cli.intake.prepared import Prepared
from takedown_cli.intake.schema import feedback, items, listings, participants, pulls
from takedown_cli.intake.signals import EVERY_IMAGE, EVERY_VIDEO, list_of
from takedown_cli.intake.standing import AGREE
from takedown_cli.wire import Age, ItemStatus, MediaKind, PlatformAnswer

State = Literal["seen", "under-review", "blocked", "not-blocked"]

#: What counts when a platform answered differently on several hashes of one item: the first of these that occurs.
_ANSWERS: Final[tuple[tuple[str, State], ...]] = (
    ("Blocked", "blocked"),
    ("PendingReview", "under-review"),
    ("NotBlocked", "not-blocked"),
)
_MEDIA_CLASSES: Final = {"image": EVERY_IMAGE, "video": EVERY_VIDEO}


_OF_CASE = (
    select(
        items.c.number, items.c.media, items.c.age, items.c.state, items.c.fingerprints, items.c.seq, items.c.vouched
    )
    .where(items.c.case_id == bindparam("case"))
    .order_by(items.c.number)
)
_ITEMS = Prepared(_OF_CASE)
#: What is answered within a millisecond or two.
_FEW: Final = 50
_FEW_FINGERPRINTS: Final = 1000
_FEW_ITEMS = Prepared(_OF_CASE.limit(_FEW + 1))
_PULLED = and_(pulls.c.participant_id == participants.c.id, pulls.c.upto >= bindparam("place"))
_PLATFORMS = Prepared(
    select(
        participants.c.id,
        participants.c.name,
        participants.c.lists,
        participants.c.classes,
        participants.c.confirmed,
        func.min(pulls.c.day),
    )
    .select_from(participants.outerjoin(pulls, _PULLED))
    .group_by(participants.c.id)
    .order_by(participants.c.name)
)
_FEEDBACK = Prepared(
    select(listings.c.number, feedback.c.participant_id, feedback.c.value, feedback.c.day, feedback.c.seq)
    .join(feedback, feedback.c.hash_id == listings.c.hash_id)
    .where(listings.c.case_id == bindparam("case"))
)


@dataclass(frozen=True, slots=True)
class _Item:
    """A row of items; ``seq`` is the same for all that came in one submission."""

    number: int
    media: MediaKind
    age: Age
    state: Literal["listed", "held", "withdrawn"]
    fingerprints: int
    seq: int
    vouched: bool


@dataclass(frozen=True, slots=True)
class _Platform:
    """A participant, and the first day on which it had pulled a certain submission, if it has."""

    id: int
    name: str
    lists: tuple[str, ...]
    classes: int
    confirmed: bool
    pulled: str | None

    def receives(self, item: _Item) -> bool:
        """Whether its pulls bring it this item; who wants confirmed hashes only has it for certain if it is vouched."""
        wanted = list_of(item.age) in self.lists and bool(self.classes & _MEDIA_CLASSES[item.media])
        return wanted and (item.vouched or not self.confirmed)


@dataclass(frozen=True, slots=True)
class _Word:
    """One feedback on one hash of one item."""

    participant: int
    value: str
    day: str
    seq: int


def items_of(connection: Connection, case_id: int) -> tuple[ItemStatus, ...]:
    """Every item of a case with the platforms' answers, in the order of the bundle."""
    return _with_platforms(connection, case_id, [_Item(*row) for row in _ITEMS.rows(connection, case=case_id)])


def few_items_of(connection: Connection, case_id: int) -> tuple[ItemStatus, ...] | None:
    """The same within a millisecond or two, or none when the case is too large for that."""
    found = [_Item(*row) for row in _FEW_ITEMS.rows(connection, case=case_id)]
    if len(found) > _FEW or sum(item.fingerprints for item in found) > _FEW_FINGERPRINTS:
        return None
    return _with_platforms(connection, case_id, found)


def _with_platforms(connection: Connection, case_id: int, found: Sequence[_Item]) -> tuple[ItemStatus, ...]:
    platforms = {seq: _platforms(connection, seq) for seq in {item.seq for item in found}}
    words = _feedback(connection, case_id) if any(platforms.values()) else {}
    return tuple(_item(item, tuple(_answers(item, platforms[item.seq], words.get(item.number, ())))) for item in found)


def _item(item: _Item, answers: tuple[PlatformAnswer, ...]) -> ItemStatus:
    """An item as it is told. Its standing follows from what is told beside it, so that it tells of no other case."""
    blocked = sum(answer.state == "blocked" for answer in answers)
    standing: Literal["confirmed", "provisional"] = "confirmed" if item.vouched or blocked >= AGREE else "provisional"
    return ItemStatus(
        number=item.number,
        media=item.media,
        age=item.age,
        state=item.state,
        standing=standing if item.state == "listed" else None,
        fingerprints=item.fingerprints,
        platforms=answers,
    )


def _platforms(connection: Connection, seq: int) -> list[_Platform]:
    rows = _PLATFORMS.rows(connection, place=seq)
    return [_Platform(row, name, LISTS[lists], *others) for row, name, lists, *others in rows]


def _feedback(connection: Connection, case_id: int) -> dict[int, list[_Word]]:
    words: dict[int, list[_Word]] = {}
    for number, *word in _FEEDBACK.rows(connection, case=case_id):
        words.setdefault(number, []).append(_Word(*word))
    return words


def _answers(item: _Item, platforms: Sequence[_Platform], words: Sequence[_Word]) -> Iterator[PlatformAnswer]:
    for platform in platforms:
        heard = [word for word in words if word.participant == platform.id and (word.seq > item.seq or platform.pulled)]
        for value, state in _ANSWERS:
            days = [max(word.day, platform.pulled or "") for word in heard if word.value == value]
            if days:
                yield PlatformAnswer(platform=platform.name, state=state, day=max(days))
                break
        else:
            if platform.pulled and platform.receives(item) and item.fingerprints:
                yield PlatformAnswer(platform=platform.name, state="seen", day=platform.pulled)
