"""Standing: whether a listed hash rests on an anonymous report alone, or on more than that.

It guarantees that a hash is confirmed only while an organisation that is known here countersigned it, a platform lists
it as its own, or two platforms block it. It must never keep a hash off a list: provisional is told, not withheld.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from sqlalchemy import and_, bindparam, exists, func, or_, select, update

from takedown_cli.intake.schema import contributions, feedback, hashes, items, listings
from takedown_cli.intake.writer import Turn

#: ``lapsed`` is a hash that was confirmed once: whoever wants confirmed ones only has to be told that it is so no more.
Standing = Literal["provisional", "confirmed", "lapsed"]
PROVISIONAL: Final[Standing] = "provisional"
CONFIRMED: Final[Standing] = "confirmed"
LAPSED: Final[Standing] = "lapsed"
#: So many platforms have to say the same.
AGREE: Final = 2

_BLOCKED = (
    select(func.count())
    .where(feedback.c.hash_id == hashes.c.id, feedback.c.value == "Blocked")
    .correlate(hashes)
    .scalar_subquery()
)
_VOUCHED = exists().where(
    listings.c.hash_id == hashes.c.id,
    items.c.case_id == listings.c.case_id,
    items.c.number == listings.c.number,
    items.c.vouched,
    or_(items.c.state == "listed", and_(items.c.state == "held", items.c.reason == "disputed")),
)
_RESTS = or_(_VOUCHED, exists().where(contributions.c.hash_id == hashes.c.id), _BLOCKED >= AGREE)
_SET = update(hashes).where(hashes.c.id == bindparam("row")).values(standing=bindparam("now"))


def settle(turn: Turn, rows: Sequence[int]) -> set[int]:
    """Look again at what these records (row ids, at most a chunk) rest on; those whose standing changed."""
    query = select(hashes.c.id, hashes.c.standing, _RESTS).where(hashes.c.id.in_(rows))
    changed = []
    for row, before, rests in turn.connection.execute(query):
        now = CONFIRMED if rests else PROVISIONAL if before == PROVISIONAL else LAPSED
        if now != before:
            changed.append({"row": row, "now": now})
    if changed:
        turn.connection.execute(_SET, changed)
    return {one["row"] for one in changed}
