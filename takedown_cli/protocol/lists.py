"""The age rule: decides by the declared age which of the two lists of hashes a picture goes to.

Platforms subscribe to each list separately, because the age decides what they must do with a match.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

if TYPE_CHECKING:
    from takedown_cli.protocol.wire import Age

ListName = Literal["adult", "under-18"]
LISTS: Final[tuple[ListName, ...]] = get_args(ListName)


def list_of_age(age: Age) -> ListName:
    """Return the list for a declared age.

    Somebody who is not sure is protected as a child. The stricter rule can be relaxed later; the laxer one may do harm.
    """
    return "adult" if age == "adult" else "under-18"
