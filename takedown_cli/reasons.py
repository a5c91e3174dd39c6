"""Why a file was not, or not fully, fingerprinted: one table of stable ids and sentences.

It guarantees that each id has one sentence a frightened person understands, without any path or exception text.
It must never decide anything: the stages choose a reason, the command line shows it.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Stable ids; the documentation of outcomes is generated from ``SENTENCES``."""

    # skipped: nothing to hash here
    EMPTY = "empty"
    NOT_MEDIA = "not-media"
    UNSUPPORTED = "unsupported"
    SYMLINK = "symlink"
    NOT_REGULAR = "not-regular"
    TOO_DEEP = "too-deep"
    TOO_BIG = "too-big"
    DUPLICATE = "duplicate"
    # failed: a picture or video that could not be read
    MISSING = "missing"
    NO_PERMISSION = "no-permission"
    READ_ERROR = "read-error"
    CHANGED = "changed"
    DAMAGED = "damaged"
    TOO_MANY_PIXELS = "too-many-pixels"
    TOO_SLOW = "too-slow"
    TOO_MUCH_MEMORY = "too-much-memory"
    DECODER_CRASHED = "decoder-crashed"
    NO_FRAMES = "no-frames"
    INTERNAL = "internal"
    # partial: some fingerprints, not all
    TRUNCATED = "truncated"
    FRAME_LIMIT = "frame-limit"
    TIME_LIMIT = "time-limit"
    # hashed, but too poor for platforms to match on
    BLANK = "blank"
    TINY = "tiny"
    LOW_QUALITY = "low-quality"


SENTENCES: dict[Reason, str] = {
    Reason.EMPTY: "The file is empty.",
    Reason.NOT_MEDIA: "This is not a picture or a video.",
    Reason.UNSUPPORTED: "This kind of picture or video is not supported; saving it as JPEG or MP4 helps.",
    Reason.SYMLINK: "This is a link to another place; links are not followed.",
    Reason.NOT_REGULAR: "This is not an ordinary file.",
    Reason.TOO_DEEP: "The folders are nested too deeply.",
    Reason.TOO_BIG: "The file is larger than the limit; --max-file-size raises it.",
    Reason.DUPLICATE: "This is the same file as one already read.",
    Reason.MISSING: "There is no such file, or it disappeared before it could be read.",
    Reason.NO_PERMISSION: "The file may not be read with this account.",
    Reason.READ_ERROR: "The storage gave an error while the file was read.",
    Reason.CHANGED: "The file kept changing while it was read.",
    Reason.DAMAGED: "The file is damaged and could not be decoded, so it is not protected.",
    Reason.TOO_MANY_PIXELS: "The picture is larger than the pixel limit, so it is not protected.",
    Reason.TOO_SLOW: "Decoding took longer than the time limit, so the file is not protected.",
    Reason.TOO_MUCH_MEMORY: "Decoding needed more memory than the limit, so the file is not protected.",
    Reason.DECODER_CRASHED: "The decoder crashed on this file, so it is not protected.",
    Reason.NO_FRAMES: "The video holds no frame that could be decoded, so it is not protected.",
    Reason.INTERNAL: "A bug in takedown stopped this file; the others are not affected.",
    Reason.TRUNCATED: "The end of the file is missing or damaged; what could be decoded is fingerprinted.",
    Reason.FRAME_LIMIT: "The file has more frames than the limit; evenly spread ones are fingerprinted.",
    Reason.TIME_LIMIT: "Reading all of it would take longer than the time limit; what was read is fingerprinted.",
    Reason.BLANK: (
        "The picture is one plain area, which platforms cannot tell from any other; it cannot be protected this way."
    ),
    Reason.TINY: "The picture is too small for platforms to match; a larger original would work.",
    Reason.LOW_QUALITY: (
        "The picture has too little detail for platforms to match reliably; a sharper original would work."
    ),
}

SKIPPED = frozenset(
    {
        Reason.EMPTY,
        Reason.NOT_MEDIA,
        Reason.UNSUPPORTED,
        Reason.SYMLINK,
        Reason.NOT_REGULAR,
        Reason.TOO_DEEP,
        Reason.TOO_BIG,
        Reason.DUPLICATE,
    }
)
PARTIAL = frozenset({Reason.TRUNCATED, Reason.FRAME_LIMIT, Reason.TIME_LIMIT})
TOO_POOR = frozenset({Reason.BLANK, Reason.TINY, Reason.LOW_QUALITY})
FAILED = frozenset(Reason) - SKIPPED - PARTIAL - TOO_POOR
