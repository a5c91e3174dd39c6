"""The nouns of the pipeline, as frozen values: what was found, what was computed, what could not be.

They guarantee that a skipped or failed file is a value like any other, with a reason from one table.
This module must never import anything but the standard library and the reasons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from takedown_cli.reasons import Reason

#: PDQ quality below which platforms do not match (Meta's published threshold; range 0 to 100).
MIN_QUALITY = 50
#: PDQ Hamming distance up to which platforms match (range 0 to 256).
MATCH_DISTANCE = 31
#: A frame this close to the last one kept is left out. Matching allows 31 bits and a platform's copy of a frame moves
#: by 0 to 16 in practice (re-encoding, resizing), so 8 still leaves room for the copy of a frame that was left out.
MERGE_DISTANCE = 8


class Media(StrEnum):
    IMAGE = "image"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """One hash of one file or frame.

    ``value`` is lower-case hexadecimal. ``method`` tells two PDQ readings apart (``full``, ``512nn``), ``variant`` the
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
    """A regular file met on the walk, not opened yet. ``size`` is in bytes.

    ``depth`` counts the folders between the argument and the file: none of them may be a link when it is opened.
    """

    path: Path
    size: int
    depth: int = 0


@dataclass(frozen=True, slots=True)
class MediaFile:
    """An open regular file that holds a picture or a video, told by its content. ``size`` is in bytes.

    ``format`` is one of ``JPEG PNG GIF WEBP BMP TIFF AVIF HEIF`` or ``mp4 mov 3gp mkv webm avi mpeg``.
    """

    path: Path
    size: int
    media: Media
    format: str


@dataclass(frozen=True, slots=True)
class Hashed:
    """A file that was fingerprinted.

    ``partial`` says why something is missing; ``weak`` says why no platform can match it. ``width`` and ``height``
    are pixels as a person sees the picture (upright); ``duration`` is in seconds, for videos and animations.
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


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that holds nothing for us; ``reason`` is one of ``reasons.SKIPPED``."""

    path: Path
    reason: Reason
    size: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """A picture or video that could not be fingerprinted; ``reason`` is one of ``reasons.FAILED``."""

    path: Path
    reason: Reason
    size: int = 0
    media: Media | None = None


Outcome = Hashed | Skipped | Failed


class Hasher(Protocol):
    """Whatever turns found files into outcomes, in order: the local pool, or a cluster that sees the same storage."""

    def outcomes(self, found: Iterable[Found | Skipped | Failed]) -> Iterator[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one file may cost; every one can be set from the command line.

    Pixels per frame, wall seconds per picture and per video, bytes of address space of one decoding process, frames
    kept of a video and of an animation, folder depth, bytes of a file.
    """

    pixels: int = 100_000_000
    image_seconds: float = 20.0
    video_seconds: float = 120.0
    memory: int = 2 << 30
    video_frames: int = 512
    animation_frames: int = 16
    depth: int = 64
    file_size: int = 64 << 30


#: What a person may ask for as predicted copies; "none" and "all" stand for no class and for each.
COPIES: Final = ("none", "flips", "screens", "borders", "crops", "captions", "tilts", "stills", "all")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to compute for each file. Equal recipes on equal bytes give equal fingerprints.

    ``copies`` names classes of predicted copies, ``also`` further kinds (``sha1``, ``phash``, …); ``video`` is
    ``gaps`` (keyframes, and more frames where they are over 2 s apart), ``keyframes`` (the cheapest), ``vpdq`` (the
    reference's: one a second) or ``every`` (every frame, near-identical neighbours merged: slow, and as many
    fingerprints as the limits allow). The class ``stills`` adds to ``gaps`` the frames in between that are unlike
    their neighbours, so that a still from anywhere in a clip that moves is caught. ``fast`` allows a DCT-scaled decode
    that may differ from the exact hash by a few bits.
    """

    copies: frozenset[str] = field(default_factory=lambda: frozenset({"flips"}))
    also: frozenset[str] = frozenset()
    video: str = "gaps"
    fast: bool = False
    limits: Limits = field(default_factory=Limits)
