"""The words for what a person declares, what pictures show, and counts of things: the same wherever they are shown."""

from __future__ import annotations

from typing import Final

from takedown_cli.core.reasons import Reason
from takedown_cli.locale.filled import filled_many

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
#: How one file and several files with a reason are called in a summary.
_REASONS: Final[dict[str, tuple[str, str]]] = {
    Reason.EMPTY: ("{count} empty", "{count} empty"),
    Reason.NOT_MEDIA: ("{count} not a picture or video", "{count} not pictures or videos"),
    Reason.UNSUPPORTED: ("{count} of a kind that is not supported", "{count} of a kind that is not supported"),
    Reason.SYMLINK: ("{count} link", "{count} links"),
    Reason.NOT_REGULAR: ("{count} not an ordinary file", "{count} not ordinary files"),
    Reason.TOO_DEEP: ("{count} too deep", "{count} too deep"),
    Reason.TOO_BIG: ("{count} too big", "{count} too big"),
    Reason.DUPLICATE: ("{count} duplicate", "{count} duplicates"),
    Reason.MISSING: ("{count} not there", "{count} not there"),
    Reason.NO_PERMISSION: ("{count} no permission", "{count} no permission"),
    Reason.READ_ERROR: ("{count} storage error", "{count} storage errors"),
    Reason.CHANGED: ("{count} changed", "{count} changed"),
    Reason.DAMAGED: ("{count} damaged", "{count} damaged"),
    Reason.TOO_MANY_PIXELS: ("{count} too many pixels", "{count} too many pixels"),
    Reason.TOO_SLOW: ("{count} too slow", "{count} too slow"),
    Reason.TOO_MUCH_MEMORY: ("{count} too much memory", "{count} too much memory"),
    Reason.DECODER_CRASHED: ("{count} decoder crashed", "{count} decoder crashed"),
    Reason.NO_FRAMES: (
        "{count} without a frame that could be decoded",
        "{count} without a frame that could be decoded",
    ),
    Reason.INTERNAL: ("{count} bug in takedown", "{count} bugs in takedown"),
    Reason.TRUNCATED: ("{count} truncated", "{count} truncated"),
    Reason.FRAME_LIMIT: ("{count} frame limit", "{count} frame limit"),
    Reason.TIME_LIMIT: ("{count} time limit", "{count} time limit"),
    Reason.LOW_QUALITY: ("{count} too little detail", "{count} too little detail"),
    Reason.BLANK: ("{count} plain area", "{count} plain areas"),
    Reason.TINY: ("{count} too small", "{count} too small"),
    Reason.SCREEN_ONLY: ("{count} screen without a picture", "{count} screens without a picture"),
    Reason.NOT_INSIDE: (
        "{count} screen with fewer pictures than --inside names",
        "{count} screens with fewer pictures than --inside names",
    ),
    Reason.IN_CLOUD: ("{count} only in the cloud", "{count} only in the cloud"),
    Reason.PHOTOS_LIBRARY: ("{count} library of the Photos app", "{count} libraries of the Photos app"),
    Reason.ARCHIVE: ("{count} archive", "{count} archives"),
    Reason.CLIP_UNREADABLE: ("{count} clip unreadable", "{count} clip unreadable"),
    Reason.ARCHIVE_LIMIT: ("{count} archive limit", "{count} archive limit"),
}


def counted(number: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun: ``1 file``, ``2,000 files``; ``several`` where an s at the end is not enough."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def counted_reason(number: int, reason: str) -> str:
    """Return how many files have this reason: ``2 damaged``, ``1 link``."""
    words = f"{{count}} {reason.replace('-', ' ')}"
    return filled_many(*_REASONS.get(reason, (words, words)), number)
