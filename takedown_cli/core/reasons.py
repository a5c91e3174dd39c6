"""Why a file was not, or not fully, fingerprinted: one table of stable ids and sentences."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Final, Self

#: macOS itself asks a person before a program may read some folders, and answers like a missing permission.
_ASK_MACOS: Final = (
    "This account is not allowed to read the file. If it is yours, macOS may protect it: allow your terminal under "
    "System Settings, Privacy & Security, Files and Folders (or Full Disk Access)."
)


class Reason(StrEnum):
    """Stable ids, each with its sentence; the documentation of outcomes is generated from them."""

    text: str

    def __new__(cls, value: str, sentence: str) -> Self:
        reason = str.__new__(cls, value)
        reason._value_, reason.text = value, sentence
        return reason

    @property
    def sentence(self) -> str:
        """What to say to a person on this system."""
        return _ASK_MACOS if sys.platform == "darwin" and self == "no-permission" else self.text

    # skipped: nothing to hash here
    EMPTY = "empty", "The file is empty."
    NOT_MEDIA = "not-media", "This is not a picture or a video."
    UNSUPPORTED = (
        "unsupported",
        (
            "This kind of picture or video is not supported. Saving it as JPEG or MP4 helps. "
            "For JPEG XL, installing takedown with the extra jxl is enough."
        ),
    )
    SYMLINK = "symlink", "This is a link to another place. Links are not followed."
    NOT_REGULAR = "not-regular", "This is not an ordinary file."
    TOO_DEEP = "too-deep", "The folders are nested too deeply."
    TOO_BIG = "too-big", "The file is larger than the limit. --max-file-size raises it."
    DUPLICATE = "duplicate", "This file was read already."
    # failed: a picture or video that could not be read
    MISSING = "missing", "No such file, or it disappeared before it could be read."
    NO_PERMISSION = "no-permission", "This account is not allowed to read the file."
    READ_ERROR = "read-error", "The disk or drive gave an error while the file was read."
    CHANGED = "changed", "The file kept changing while it was read."
    DAMAGED = "damaged", "The file is damaged and could not be decoded, so it is not protected."
    TOO_MANY_PIXELS = (
        "too-many-pixels",
        "The picture has more pixels than the limit, so it is not protected. --max-pixels raises the limit.",
    )
    TOO_SLOW = "too-slow", "Decoding took longer than the time limit, so the file is not protected."
    TOO_MUCH_MEMORY = (
        "too-much-memory",
        "Decoding needed more memory than the limit, so the file is not protected. --memory raises the limit.",
    )
    DECODER_CRASHED = "decoder-crashed", "The decoder crashed on this file, so it is not protected."
    NO_FRAMES = "no-frames", "The video has no frame that could be decoded, so it is not protected."
    INTERNAL = "internal", "A bug in takedown stopped this file. The others are not affected."
    # partial: some fingerprints, not all
    TRUNCATED = "truncated", "The end of the file is missing or damaged. What could be decoded is fingerprinted."
    FRAME_LIMIT = "frame-limit", "The file has more frames than the limit. Evenly spread ones are fingerprinted."
    TIME_LIMIT = (
        "time-limit",
        "Reading all of it would take longer than the time limit. What was read is fingerprinted.",
    )
    # hashed, but too poor for platforms to match on
    BLANK = (
        "blank",
        "The picture is one plain area. Platforms cannot distinguish it from others. It cannot be protected this way.",
    )
    TINY = "tiny", "The picture is too small for platforms to match. A larger original would work."
    LOW_QUALITY = (
        "low-quality",
        "The picture has too little detail for platforms to match reliably. A sharper original would work.",
    )
    # Kept journals number the reasons by their place in this table: later ones are at its end.
    IN_CLOUD = "in-cloud", "It is only in the cloud, not on this computer. Download it, then run the command again."
    PHOTOS_LIBRARY = (
        "photos-library",
        "This is a library of the Photos app. Export its pictures into a folder, or name the library itself.",
    )
    ARCHIVE = (
        "archive",
        (
            "This is an archive, a document or a mail. Pictures in it are not protected. "
            "Unpack it, then name its folder. For a ZIP, --archives is enough."
        ),
    )
    CLIP_UNREADABLE = (
        "clip-unreadable",
        "The clip inside this picture could not be read, so only the picture is protected. Save the clip as MP4.",
    )
    ARCHIVE_LIMIT = (
        "archive-limit",
        "The archive holds more than may be read. The rest is not protected. Unpack it, then name its folder.",
    )
    SCREEN_ONLY = (
        "screen-only",
        (
            "This shows a screen in which no picture was found. Cut the picture out, and name what you cut out. "
            "--whole protects the screen as it is."
        ),
    )
    NOT_INSIDE = (
        "not-inside",
        "This screen has fewer pictures than --inside names. Leave --inside out, or choose a smaller number.",
    )


SKIPPED = frozenset({
    Reason.EMPTY, Reason.NOT_MEDIA, Reason.UNSUPPORTED, Reason.SYMLINK,
    Reason.NOT_REGULAR, Reason.TOO_DEEP, Reason.TOO_BIG, Reason.DUPLICATE, Reason.PHOTOS_LIBRARY,
    Reason.ARCHIVE, Reason.ARCHIVE_LIMIT,
})  # fmt: skip
#: Nothing that could be protected is left out: sound and sidecars of every kind, and a second copy of a file.
NO_LOSS = frozenset({Reason.NOT_MEDIA, Reason.DUPLICATE})
PARTIAL = frozenset({Reason.TRUNCATED, Reason.FRAME_LIMIT, Reason.TIME_LIMIT, Reason.CLIP_UNREADABLE})
TOO_POOR = frozenset({Reason.BLANK, Reason.TINY, Reason.LOW_QUALITY, Reason.SCREEN_ONLY, Reason.NOT_INSIDE})
FAILED = frozenset(Reason) - SKIPPED - PARTIAL - TOO_POOR
