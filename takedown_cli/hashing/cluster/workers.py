"""The coordinator's workers: each is examined first, and then has at most two orders at a time.

No order goes to a worker that has other versions, serves web pages, or may write results to disk. A worker is not used
again if it cannot see the files, cannot start decoders, or sends an invalid answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from takedown_cli.hashing.cluster.connection import Ticket

#: Orders at one worker: one that it works on, and the next.
AT_ONCE: Final = 2
#: Useless orders in a row, after which a worker is not used any more.
MOST_USELESS: Final = 3
_LONGEST_DESCRIPTION: Final = 1 << 16


class Trouble(StrEnum):
    """Why a worker is not used."""

    VERSIONS = "has another version of takedown, of Python or of a library than this computer"
    SPILLS = "may write results to its disk"
    PAGES = "shows its work on web pages"
    BLIND = "does not see the files under the same paths"
    BROKEN = "fails every time"
    DECODERS = "cannot start the protected processes that read pictures"
    NONSENSE = "sent an invalid answer"


@dataclass(slots=True)
class RemoteWorker:
    """A worker: ``examined`` once its set-up is known, with ``trouble`` when it is not used any more."""

    orders: list[Ticket] = field(default_factory=list)
    examined: bool = False
    trouble: Trouble | None = None
    #: Whether it has ever been of use, and orders since then that it could do nothing with.
    proven: bool = False
    useless: int = 0
    #: Whether what it works on may kill it, so that it gets nothing beside it.
    alone: bool = False

    @property
    def usable(self) -> bool:
        return self.examined and self.trouble is None

    def count_order(self, trouble: Trouble | None) -> Trouble | None:
        """Record whether an order succeeded, or why not. Return the trouble if it has failed too often.

        One failure is not enough: the reason may be the files of the order, or a slow network drive.
        """
        if trouble is None:
            self.proven, self.useless = True, 0
            return None
        self.useless += 1
        at_once = trouble is Trouble.BLIND and not self.proven
        return trouble if at_once or self.useless >= MOST_USELESS else None

    def has_room(self, *, alone: bool) -> bool:
        return self.usable and not self.alone and len(self.orders) < (1 if alone else AT_ONCE)


def find_trouble(description: object, versions: dict[str, str]) -> Trouble | None:
    """Return the trouble with a worker that has this description, if any."""
    if type(description) is not bytes or len(description) > _LONGEST_DESCRIPTION:
        return Trouble.NONSENSE
    try:
        found = json.loads(description)
        if found["versions"] != versions:
            return Trouble.VERSIONS
        if found["spills"] is not False:
            return Trouble.SPILLS
        return None if found["pages"] is False else Trouble.PAGES
    except (ValueError, LookupError, TypeError, RecursionError):
        return Trouble.NONSENSE
