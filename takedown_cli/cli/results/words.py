"""The words for what a person declares, what pictures show, and counts of things: the same wherever they are shown."""

from __future__ import annotations

from typing import Final

from takedown_cli.core.reasons import Reason

#: How old the person was when the picture was taken. The age decides which of the two lists it goes to.
AGES: Final = {"under-18": "under 18", "adult": "18 or over", "unsure": "not sure"}
#: Who the pictures show. The bundle is made for that person.
BEHALF: Final = {"self": "yourself", "child": "your child", "other": "someone who asked you to help"}
#: Why somebody may act for another.
AUTHORITIES: Final = {
    "permission": "with that person's permission",
    "parent-or-guardian": "as parent or guardian",
    "law": "by authority in law",
}
MEDIA: Final = {"image": "picture", "video": "video"}
#: How one file and several files with a reason are called; a reason that is not here is called by its id.
_REASONS: Final[dict[str, tuple[str, str]]] = {
    Reason.NOT_MEDIA: ("not a picture or video", "not pictures or videos"),
    Reason.SYMLINK: ("link", "links"),
    Reason.NOT_REGULAR: ("not an ordinary file", "not ordinary files"),
    Reason.DUPLICATE: ("duplicate", "duplicates"),
    Reason.ARCHIVE: ("archive", "archives"),
    Reason.IN_CLOUD: ("only in the cloud", "only in the cloud"),
    Reason.PHOTOS_LIBRARY: ("library of the Photos app", "libraries of the Photos app"),
    Reason.MISSING: ("not there", "not there"),
    Reason.READ_ERROR: ("storage error", "storage errors"),
    Reason.INTERNAL: ("bug in takedown", "bugs in takedown"),
    Reason.UNSUPPORTED: ("of a kind that is not supported", "of a kind that is not supported"),
    Reason.NO_FRAMES: ("without a frame that could be decoded", "without a frame that could be decoded"),
    Reason.LOW_QUALITY: ("too little detail", "too little detail"),
}


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun: ``1 file``, ``2,000 files``; ``several`` where an s at the end is not enough."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def counted_reason(number: int, reason: str) -> str:
    """Return how many files have this reason: ``2 damaged``, ``1 link``."""
    words = reason.replace("-", " ")
    return counted(number, *_REASONS.get(reason, (words, words)))
