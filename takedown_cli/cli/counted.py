"""Numbers with what they count, as English says it.

It guarantees that one of a thing is not called several. It must never know what the numbers are of.
"""

from __future__ import annotations

from typing import Final

from takedown_cli.reasons import Reason

#: Reason → one and several files of it; what is not here says its own id in words.
_REASONS: Final[dict[str, tuple[str, str]]] = {
    Reason.NOT_MEDIA: ("not a picture or video", "not a picture or video"),
    Reason.SYMLINK: ("link", "links"),
    Reason.NOT_REGULAR: ("not an ordinary file", "not ordinary files"),
    Reason.DUPLICATE: ("seen before", "seen before"),
    Reason.MISSING: ("not there", "not there"),
    Reason.READ_ERROR: ("storage error", "storage errors"),
    Reason.INTERNAL: ("bug in takedown", "bugs in takedown"),
    Reason.UNSUPPORTED: ("of a kind that is not supported", "of a kind that is not supported"),
    Reason.NO_FRAMES: ("without a frame that could be decoded", "without a frame that could be decoded"),
    Reason.LOW_QUALITY: ("too little detail", "too little detail"),
}


def counted(number: int, one: str, several: str | None = None) -> str:
    """``1 file``, ``2,000 files``; ``several`` where an s at the end is not enough."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def counted_reason(number: int, reason: str) -> str:
    """``2 damaged``, ``1 link``: so many files with this reason id."""
    words = reason.replace("-", " ")
    return counted(number, *_REASONS.get(reason, (words, words)))
