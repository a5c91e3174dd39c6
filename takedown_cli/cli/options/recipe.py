"""The options for what to compute for each file, and for the limits on reading one file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

import typer

from takedown_cli.cli.options.common import choice, complete, one_of
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.cli.typer_glue.several_values import take_several
from takedown_cli.core.config import default_of
from takedown_cli.core.errors import UsageError
from takedown_cli.core.model import Limits, Recipe
from takedown_cli.core.variants import COPIES, expand_copies
from takedown_cli.locale.filled import filled

ALSO: Final = ("sha1", "phash", "dhash", "ahash", "whash", "crop-resistant")
VIDEO: Final = ("gaps", "keyframes", "vpdq", "every")
READINGS: Final = ("all", "none")
_COPIES: Final = default_of("copies")
_VIDEO: Final = default_of("video")
_DEFAULT: Final = Limits()
#: Files of one archive that are read at most.
MEMBERS: Final = 20_000
#: Pictures that are found in one screenshot, at most.
_MOST_INSIDE: Final = 4


take_several("--copies", COPIES)
take_several("--also", ALSO)


@dataclass(frozen=True, slots=True)
class HashingJob:
    """What to compute for each file, and how many processes do it (None: one for each core)."""

    recipe: Recipe
    workers: int | None


def _read_limits(
    max_pixels: Annotated[
        int, typer.Option("--max-pixels", metavar="N", min=1, help="Pixels of a frame.")
    ] = _DEFAULT.pixels,
    max_file_size: Annotated[
        str, typer.Option("--max-file-size", metavar="SIZE", help="Size of a file, such as 500M or 2G.")
    ] = "64G",
    image_seconds: Annotated[
        float, typer.Option("--image-seconds", metavar="S", min=0.1, help="Seconds for a picture.")
    ] = _DEFAULT.image_seconds,
    video_seconds: Annotated[
        float, typer.Option("--video-seconds", metavar="S", min=0.1, help="Seconds for a video.")
    ] = _DEFAULT.video_seconds,
    memory: Annotated[str, typer.Option("--memory", metavar="SIZE", help="Memory of one decoding process.")] = "2G",
    max_frames: Annotated[
        int, typer.Option("--max-frames", metavar="N", min=1, max=20_000, help="Frames kept of a video.")
    ] = _DEFAULT.video_frames,
    max_animation_frames: Annotated[
        int, typer.Option("--max-animation-frames", metavar="N", min=1, max=20_000, help="Frames kept of an animation.")
    ] = _DEFAULT.animation_frames,
    max_depth: Annotated[
        int, typer.Option("--max-depth", metavar="N", min=0, max=100_000, help="Folders inside folders.")
    ] = _DEFAULT.depth,
) -> Limits:
    return Limits(
        pixels=max_pixels,
        image_seconds=image_seconds,
        video_seconds=video_seconds,
        memory=_size(memory),
        video_frames=max_frames,
        animation_frames=max_animation_frames,
        depth=max_depth,
        file_size=_size(max_file_size),
    )


_Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, max=256, help="Decoding processes. Default: one a processor."),
]
_Limits = Annotated[Limits, OptionGroup(_read_limits, "Limits")]


def _read_job(
    copies: Annotated[
        list[str] | None,
        typer.Option(
            "--copies",
            metavar="KINDS",
            help=f"Predicted copies to protect too: {', '.join(COPIES)}. Default: {_COPIES}.",
            autocompletion=complete(COPIES, several=True),
        ),
    ] = None,
    video: Annotated[
        str | None,
        typer.Option(
            "--video",
            metavar="MODE",
            help=f"Which frames of a video: {', '.join(VIDEO)}. Default: {_VIDEO}.",
            autocompletion=complete(VIDEO),
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option(
            "--also",
            metavar="KINDS",
            help=f"Further hashes: {', '.join(ALSO)} (of videos sha1).",
            autocompletion=complete(ALSO, several=True),
        ),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Protect screenshots as a whole, and not the pictures in them.")
    ] = False,
    inside: Annotated[
        str | None,
        typer.Option("--inside", metavar="N,…", help="Of the pictures in a screenshot only these; 1 is the largest."),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="Decode at reduced size: faster, but hashes differ by a few bits.")
    ] = False,
    archives: Annotated[
        bool, typer.Option("--archives", help="Read what is in ZIP archives too: Takeout, Snapchat, Office documents.")
    ] = False,
    workers: _Workers = None,
    *,
    limits: _Limits,
) -> HashingJob:
    kinds = kinds_of("--copies", copies or [setting("copies") or _COPIES], COPIES)
    recipe = Recipe(
        copies=expand_copies(kinds),
        also=kinds_of("--also", also or [], ALSO),
        video=one_of("--video", video or setting("video") or _VIDEO, VIDEO),
        fast=fast,
        whole=whole,
        pictures=_numbers_of_pictures(inside, whole=whole),
        limits=replace(limits, members=MEMBERS) if archives else limits,
    )
    return HashingJob(recipe, _chosen_workers(workers))


def _chosen_workers(workers: int | None) -> int | None:
    """Return how many decoding processes the option or the settings name. Raises UsageError."""
    if workers is None and (text := setting("workers")) is not None:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 256):
            raise UsageError("The setting 'workers' must be a number from 1 to 256.")
        return int(text)
    return workers


def _read_upload_job(
    readings: Annotated[
        str,
        choice("--readings", READINGS, "Read pictures in every way (all), or upright and whole only (none): faster."),
    ] = "all",
    workers: _Workers = None,
    *,
    limits: _Limits,
) -> HashingJob:
    return HashingJob(Recipe.of_uploads(readings=readings == "all", limits=limits), _chosen_workers(workers))


#: The recipe with its limits, as the command line and the settings say.
Job = Annotated[HashingJob, OptionGroup(_read_job, "Hashing")]
#: The recipe for uploads, in all their readings unless the command line says none.
UploadJob = Annotated[HashingJob, OptionGroup(_read_upload_job, "Hashing")]


def kinds_of(option: str, given: list[str], allowed: tuple[str, ...]) -> frozenset[str]:
    """Return the kinds that an option names, separated by commas or spaces, or given repeatedly. Raises UsageError."""
    words = (word for text in given for word in text.replace(",", " ").split())
    kinds = frozenset(one_of(option, word, allowed) for word in words)
    if "none" in kinds and len(kinds) > 1:
        raise UsageError(filled("{option} none cannot be combined with another kind.", option=option))
    return kinds


def _numbers_of_pictures(inside: str | None, *, whole: bool) -> tuple[int, ...]:
    """Return the numbers that ``--inside 1,3`` names, in order. Raises UsageError."""
    if inside is None:
        return ()
    if whole:
        raise UsageError("--whole and --inside cannot be combined.")
    numbers = [part.strip() for part in inside.split(",")]
    if not all(part.isascii() and part.isdigit() and 1 <= int(part) <= _MOST_INSIDE for part in numbers):
        raise UsageError(filled("--inside must name numbers from 1 to {most}, as in --inside 1,3.", most=_MOST_INSIDE))
    return tuple(sorted({int(part) for part in numbers}))


_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def _size(text: str) -> int:
    """Return the number of bytes that ``500M``, ``2G`` or ``1.5GiB`` means. Raises UsageError."""
    number = text.strip().lower().removesuffix("b").removesuffix("i")
    unit = number[-1:] if number[-1:] in "kmgt" else ""
    try:
        value = float(number.removesuffix(unit)) * _UNITS[unit]
    except ValueError:
        value = 0
    if not 1 <= value < 1 << 60:
        raise UsageError("A size must look like 500M or 2G.")
    return int(value)
