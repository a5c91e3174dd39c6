"""The frozen values of the pipeline: files found, fingerprints computed, and files skipped or failed.

A skipped or failed file is a value like any other, with a reason from the table in ``reasons``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

from takedown_cli.core.reasons import Reason

#: PDQ quality below which platforms do not match (Meta's published threshold; range 0 to 100).
MIN_QUALITY = 50
#: PDQ Hamming distance up to which platforms match (range 0 to 256).
MATCH_DISTANCE = 31
#: A frame this close to the last one kept is left out. Matching allows 31 bits and a platform's copy of a frame moves
#: by 0 to 16 in practice (re-encoding, resizing), so 8 still leaves room for the copy of a frame that was left out.
MERGE_DISTANCE = 8


#: Left, top, right, bottom: whole pixels of an upright picture, the last two exclusive.
Box = tuple[int, int, int, int]


class Media(StrEnum):
    IMAGE = "image"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One hash of one file or frame.

    ``value`` is lower-case hexadecimal. ``method`` names the PDQ reading (``full``, ``512nn``), ``variant`` the
    derivation (``upright``, ``raw``, ``mirror``, …), ``quality`` is 0 to 100, ``frame`` counts from 0 and
    ``timestamp`` is in seconds. ``also`` names other derivations ("method/variant") that gave this very value.
    """

    kind: str
    value: str
    method: str | None = None
    variant: str | None = None
    quality: int | None = None
    frame: int | None = None
    timestamp: float | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A regular file that was found in a folder and is not opened yet. ``size`` is in bytes.

    ``depth`` counts the folders between the argument and the file: none of them may be a link when it is opened.
    """

    path: Path
    size: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """A file inside an archive: its ``number`` from 1, and its ``name`` there, which is for showing only.

    ``of`` is how many outcomes the archive has, 0 where it is not known yet.
    """

    number: int
    name: str = ""
    of: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a member lies in its archive, as the archive says: offset, bytes, check sum, and how it is packed."""

    member: Member
    offset: int
    packed: int
    size: int
    crc: int
    method: int


@dataclass(frozen=True, slots=True)
class Inside:
    """A member of an archive: medium and format as in ``MediaFile``, or why it is none."""

    entry: Entry
    holds: tuple[Media, str] | Reason


@dataclass(frozen=True, slots=True)
class Listing:
    """What is in an archive; ``limited`` where more is in it than may be read."""

    inside: tuple[Inside, ...]
    limited: bool = False


#: How the raw files of Fujifilm, Olympus and Panasonic begin; those of other makers begin as a TIFF.
CAMERA_RAW = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")
#: The format of an archive that may be opened.
ARCHIVE = "ZIP"


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An open regular file that holds a picture or a video, recognised by its content. ``size`` is in bytes.

    With an ``entry`` it is that member of the open archive. An archive itself has the format ``ARCHIVE``.
    ``format`` is one of ``JPEG PNG GIF WEBP BMP TIFF AVIF HEIF JPEG2000 JXL RAW`` or ``mp4 mov 3gp mkv webm avi mpeg``.
    """

    path: Path
    size: int
    media: Media
    format: str
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file that was fingerprinted.

    ``partial`` says why something is missing; ``weak`` says why no platform can match it. ``width`` and ``height``
    are pixels as a person sees the picture (upright); ``duration`` is in seconds, for videos and animations.
    ``clip`` are the fingerprints of the video inside a picture file (a motion photo, the track of a burst). With a
    ``member``, ``path`` is that of the archive; the same for *Skipped* and *Failed*. ``inside`` are the places of the
    pictures in a screenshot that were fingerprinted instead of the screen, or, where its whole was fingerprinted too
    (frame 0), beside it. Of a recording of a screen they are the places where clips play, and ``whole`` says whether
    whole frames were fingerprinted too.
    """

    path: Path
    size: int
    media: Media
    format: str
    width: int
    height: int
    fingerprints: tuple[Fingerprint, ...]
    duration: float | None = None
    partial: Reason | None = None
    weak: Reason | None = None
    clip: tuple[Fingerprint, ...] = ()
    member: Member | None = None
    inside: tuple[Box, ...] = ()
    whole: bool = False

    @property
    def keeps_whole(self) -> bool:
        """Whether the whole was fingerprinted, alone or beside what is ``inside``."""
        # Journals from before recordings were recognised do not say it of a screenshot.
        pictures = {item.frame for item in self.fingerprints if item.kind == "pdq"}
        return self.whole or not self.inside or (self.media is Media.IMAGE and len(pictures) > len(self.inside))

    def parts(self) -> tuple[Hashed, ...]:
        """Return the file without its clip and, if it has one, the clip as a video of its own."""
        if not self.clip:
            return (self,)
        good = any((each.quality or 0) >= MIN_QUALITY for each in self.clip)
        weak = None if good else Reason.LOW_QUALITY
        return replace(self, clip=()), replace(
            self, media=Media.VIDEO, fingerprints=self.clip, clip=(), weak=weak, inside=(), whole=False
        )


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file with nothing to hash; ``reason`` says why.

    ``of`` is set for the rest of an archive that holds too much: how many outcomes the archive has, with this one.
    """

    path: Path
    reason: Reason
    size: int = 0
    member: Member | None = None
    of: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture or video that could not be fingerprinted; ``reason`` says why."""

    path: Path
    reason: Reason
    size: int = 0
    media: Media | None = None
    member: Member | None = None


Outcome = Hashed | Skipped | Failed


def count_of_archive(outcome: Outcome) -> int:
    """Return how many outcomes there are of the archive that this one is of; 0 where the file is no open archive.

    In which order they come is not fixed.
    """
    if outcome.member is not None:
        return outcome.member.of
    return outcome.of if isinstance(outcome, Skipped) else 0


@dataclass(frozen=True, slots=True)
class VideoProgress:
    """How far one long video is: ``seconds`` of its ``total`` seconds."""

    seconds: float
    total: float


class Hasher(Protocol):
    """Turns found files into outcomes: the local pool, or a cluster that can read the same storage.

    Outcomes come in the order of the files. Without ``in_order`` each comes as soon as it is known. A hasher may have
    an attribute ``video``: the ``VideoProgress`` of the video that it is at, or None.
    """

    def outcomes(self, found: Iterable[Found | Skipped | Failed], *, in_order: bool = True) -> Iterator[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits for one file; each can be set from the command line.

    Pixels per frame, wall seconds per picture and per video, bytes of address space of one decoding process, frames
    kept of a video and of an animation, folder depth, bytes of a file. A picture of more than ``shared_pixels`` (None:
    no such limit) needs too much memory to be decoded while others are.
    """

    pixels: int = 210_000_000
    image_seconds: float = 20.0
    video_seconds: float = 120.0
    memory: int = 2 << 30
    video_frames: int = 512
    animation_frames: int = 16
    depth: int = 64
    file_size: int = 64 << 30
    #: Files of an archive that are read at most; with 0, archives stay closed. A journal never holds what is in one.
    members: int = field(default=0, repr=False)
    #: Both are set by the pool, and are no part of what a journal compares. Without ``clips``, a picture file that has
    #: a video inside is refused: this process is not prepared for videos.
    shared_pixels: int | None = field(default=None, repr=False)
    clips: bool = field(default=True, repr=False)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to compute for each file. Equal recipes on equal bytes give equal fingerprints.

    ``copies`` names classes of predicted copies, ``also`` further kinds (``sha1``, ``phash``, …); ``video`` is
    ``gaps`` (keyframes, and more frames where they are over 2 s apart), ``keyframes`` (the cheapest), ``vpdq`` (the
    reference's: one a second) or ``every`` (every frame, near-identical neighbours merged: slow, and as many
    fingerprints as the limits allow). The class ``stills`` adds to ``gaps`` the frames in between that are unlike
    their neighbours, so that a still from anywhere in a clip that moves is caught. ``fast`` allows a DCT-scaled decode
    that may differ from the exact hash by a few bits. ``readings`` adds those of an upload
    (``hashing.readings``), which are for looking up and never for a list. Of a screenshot the pictures in it are
    fingerprinted and not the screen, unless ``whole`` is set; ``pictures`` (numbers from 1, the largest first) chooses
    among them. The same holds for the clips that play in a recording of a screen; ``vpdq`` has whole frames only.
    """

    copies: frozenset[str] = field(default_factory=lambda: frozenset({"flips"}))
    also: frozenset[str] = frozenset()
    video: str = "gaps"
    fast: bool = False
    readings: bool = False
    whole: bool = False
    pictures: tuple[int, ...] = ()
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def of_uploads(cls, *, readings: bool = False, limits: Limits | None = None) -> Self:
        """Return how platforms read what is uploaded: whole, upright, one frame a second of a video, and no copies.

        With ``readings`` also turned, negative, zoomed and tilted a little, and each picture that sits inside it.
        """
        limits = limits or Limits()
        return cls(frozenset(), frozenset({"sha1"}), "vpdq", readings=readings, whole=True, limits=limits)
