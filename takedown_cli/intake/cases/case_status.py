"""The status of a case: for each item and platform, whether the platform pulled it and what it decided.

Only what a platform said after this case listed the item is shown, and only while the item stands. Otherwise a case
would reveal that another case has the same picture. What the item's standing is, follows from this case's own
signatures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, Literal

from sqlalchemy import Connection, and_, bindparam, func, select

from takedown_cli.intake.cases.participants import LISTS
from takedown_cli.intake.messages.signals import EVERY_IMAGE, EVERY_VIDEO
from takedown_cli.intake.store.prepared_statements import PreparedStatement
from takedown_cli.intake.store.tables import OVERRULED, feedback, items, listings, participants, pulls
from takedown_cli.protocol.lists import list_of_age
from takedown_cli.protocol.wire import Age, ItemStatus, MediaKind, PlatformAnswer

State = Literal["seen", "under-review", "blocked", "not-blocked"]

#: What counts when a platform answered differently on several hashes of one item: the first of these that occurs.
_ANSWERS: Final[dict[str, State]] = {"Blocked": "blocked", "PendingReview": "under-review", "NotBlocked": "not-blocked"}
_MEDIA_CLASSES: Final = {"image": EVERY_IMAGE, "video": EVERY_VIDEO}


@dataclass(frozen=True, slots=True)
class _StoredItem:
    """A row of items; ``seq`` is the same for all that came in one submission."""

    number: int
    media: MediaKind
    age: Age
    state: Literal["listed", "held", "withdrawn"]
    reason: str | None
    fingerprints: int
    seq: int
    vouched: bool

    @property
    def stands(self) -> bool:
        """Whether platforms were given it and may still answer: not held for review, not withdrawn."""
        return self.state == "listed" or self.reason in OVERRULED


@dataclass(frozen=True, slots=True)
class _Platform:
    """A participant, and the first day on which it had pulled a certain submission, if it has."""

    id: int
    name: str
    lists: tuple[str, ...]
    classes: int
    confirmed: bool
    pulled: str | None

    def receives(self, item: _StoredItem) -> bool:
        """Return whether this platform receives the item when it pulls.

        A platform that wants only confirmed hashes certainly receives an item only if an organisation vouched for it.
        """
        wanted = list_of_age(item.age) in self.lists and bool(self.classes & _MEDIA_CLASSES[item.media])
        return wanted and (item.vouched or not self.confirmed)


@dataclass(frozen=True, slots=True)
class _Answer:
    """One platform's feedback on one hash of one item."""

    participant: int
    value: str
    day: str
    seq: int


_OF_CASE = (
    select(*(items.c[field.name] for field in fields(_StoredItem)))
    .where(items.c.case_id == bindparam("case"))
    .order_by(items.c.number)
)
_ITEMS = PreparedStatement(_OF_CASE)
#: What is answered within a millisecond or two.
_FEW: Final = 50
_FEW_FINGERPRINTS: Final = 1000
_FEW_ITEMS = PreparedStatement(_OF_CASE.limit(_FEW + 1))
_PULLED = and_(pulls.c.participant_id == participants.c.id, pulls.c.upto >= bindparam("place"))
_PLATFORMS = PreparedStatement(
    select(*participants.c["id", "name", "lists", "classes", "confirmed"], func.min(pulls.c.day))
    .select_from(participants.outerjoin(pulls, _PULLED))
    .group_by(participants.c.id)
    .order_by(participants.c.name)
)
_FEEDBACK = PreparedStatement(
    select(listings.c.number, *feedback.c["participant_id", "value", "day", "seq"])
    .join(feedback, feedback.c.hash_id == listings.c.hash_id)
    .where(listings.c.case_id == bindparam("case"))
)


def item_statuses(connection: Connection, case_id: int) -> tuple[ItemStatus, ...]:
    """Return every item of a case with the platforms' answers, in the order of the bundle."""
    return _statuses(connection, case_id, [_StoredItem(*row) for row in _ITEMS.rows(connection, case=case_id)])


def quick_item_statuses(connection: Connection, case_id: int) -> tuple[ItemStatus, ...] | None:
    """Return the same within a millisecond or two, or None when the case is too large for that."""
    found = [_StoredItem(*row) for row in _FEW_ITEMS.rows(connection, case=case_id)]
    if len(found) > _FEW or sum(item.fingerprints for item in found) > _FEW_FINGERPRINTS:
        return None
    return _statuses(connection, case_id, found)


def _statuses(connection: Connection, case_id: int, found: Sequence[_StoredItem]) -> tuple[ItemStatus, ...]:
    platforms = {
        seq: [
            _Platform(row, name, LISTS[lists], *others)
            for row, name, lists, *others in _PLATFORMS.rows(connection, place=seq)
        ]
        for seq in {item.seq for item in found}
    }
    words: dict[int, list[_Answer]] = defaultdict(list)
    if any(platforms.values()):
        for number, *word in _FEEDBACK.rows(connection, case=case_id):
            words[number].append(_Answer(*word))
    return tuple(
        _item_status(item, tuple(_platform_answers(item, platforms[item.seq], words[item.number]))) for item in found
    )


def _item_status(item: _StoredItem, answers: tuple[PlatformAnswer, ...]) -> ItemStatus:
    """Return an item as people see it. Its standing says only what its own signatures earned."""
    standing: Literal["confirmed", "provisional"] = "confirmed" if item.vouched else "provisional"
    return ItemStatus(
        number=item.number,
        media=item.media,
        age=item.age,
        state=item.state,
        standing=standing if item.state == "listed" else None,
        fingerprints=item.fingerprints,
        platforms=answers,
    )


def _platform_answers(
    item: _StoredItem, platforms: Sequence[_Platform], words: Sequence[_Answer]
) -> Iterator[PlatformAnswer]:
    for platform in platforms if item.stands else ():
        heard = [word for word in words if word.participant == platform.id and word.seq > item.seq]
        for value, state in _ANSWERS.items():
            days = [word.day for word in heard if word.value == value]
            if days:
                yield PlatformAnswer(platform=platform.name, state=state, day=max(days))
                break
        else:
            if platform.pulled and platform.receives(item) and item.fingerprints:
                yield PlatformAnswer(platform=platform.name, state="seen", day=platform.pulled)
