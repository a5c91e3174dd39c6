"""The workers of a cluster as the coordinator keeps them: looked at first, then given at most two orders each.

It guarantees that no order goes to a worker with other versions, that serves pages, or that may write results to disk.
It must never use one again that did not see the files, could not start decoders, or sent what is no answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from takedown_cli.cluster.link import Ticket

#: Orders at one worker: one that it works on, and the next.
AT_ONCE: Final = 2
#: Orders in a row of which nothing came, after which a worker is not used any more.
MOST_USELESS: Final = 3
_LONGEST_LOOK: Final = 1 << 16


class Trouble(StrEnum):
    """Why a worker is not used."""

    VERSIONS = "has another version of takedown, of Python or of a library than this computer"
    SPILLS = "may write results to its disk"
    PAGES = "shows what it does on pages of its own"
    BLIND = "does not see the files under the same paths"
    BROKEN = "fails at whatever it is given"
    DECODERS = "cannot start the protected processes that read pictures"
    NONSENSE = "sent something that is no answer"


@dataclass(slots=True)
class Worker:
    """``looked`` once its set-up was found good, ``trouble`` when it is not used any more."""

    orders: list[Ticket] = field(default_factory=list)
    looked: bool = False
    trouble: Trouble | None = None
    #: Whether it has ever been of use, and orders since then that it could do nothing with.
    proven: bool = False
    useless: int = 0
    #: Whether what it works on may kill it, so that it gets nothing beside it.
    alone: bool = False

    @property
    def usable(self) -> bool:
        return self.looked and self.trouble is None

    def gave(self, trouble: Trouble | None) -> Trouble | None:
        """Note that an order was of use, or why not at all; gives the trouble once that has happened too often.

        A fault may lie in the files of an order, and a network drive may lag behind; hence not at once.
        """
        if trouble is None:
            self.proven, self.useless = True, 0
            return None
        self.useless += 1
        at_once = trouble is Trouble.BLIND and not self.proven
        return trouble if at_once or self.useless >= MOST_USELESS else None

    def has_room(self, *, alone: bool) -> bool:
        return self.usable and not self.alone and len(self.orders) < (1 if alone else AT_ONCE)


def trouble_in(look: object, versions: dict[str, str]) -> Trouble | None:
    """What is wrong with a worker that looks like this, if anything."""
    if type(look) is not bytes or len(look) > _LONGEST_LOOK:
        return Trouble.NONSENSE
    try:
        told = json.loads(look)
        if told["versions"] != versions:
            return Trouble.VERSIONS
        if told["spills"] is not False:
            return Trouble.SPILLS
        return None if told["pages"] is False else Trouble.PAGES
    except (ValueError, LookupError, TypeError, RecursionError):
        return Trouble.NONSENSE
