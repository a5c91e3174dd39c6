"""The options that say what to compute for each file, and what one file may cost.

It guarantees that every bound of ``Limits`` and every choice of ``Recipe`` can be set from the command line.
It must never compute anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Final

import typer

from takedown_cli.cli.options import Shared, one_of, size
from takedown_cli.cli.settings import setting
from takedown_cli.config import usual
from takedown_cli.errors import UsageError
from takedown_cli.model import COPIES, Limits, Recipe

ALSO: Final = ("sha1", "phash", "dhash", "ahash", "whash", "crop-resistant")
VIDEO: Final = ("gaps", "keyframes", "vpdq", "every")
_COPIES: Final = usual("copies")
_VIDEO: Final = usual("video")
_DEFAULT: Final = Limits()


@dataclass(frozen=True, slots=True)
class Work:
    """A recipe, and the number of processes that follow it (all cores when None)."""

    recipe: Recipe
    workers: int | None


def _recipe(
    copies: Annotated[
        list[str] | None,
        typer.Option(
            "--copies", metavar="KINDS", help=f"Predicted copies to protect too: {', '.join(COPIES)}. Usual: {_COPIES}."
        ),
    ] = None,
    video: Annotated[
        str | None,
        typer.Option(
            "--video",
            metavar="MODE",
            help=f"Which frames of a video: {', '.join(VIDEO)}. Usual: {_VIDEO}.",
        ),
    ] = None,
    also: Annotated[
        list[str] | None,
        typer.Option("--also", metavar="KINDS", help=f"Further hashes: {', '.join(ALSO)} (of videos sha1)."),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="Decode at reduced size: quicker, a few bits off.")] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", min=1, max=256, help="Decoding processes.")
    ] = None,
) -> Work:
    recipe = Recipe(
        copies=_classes(kinds_of("--copies", copies or [setting("copies") or _COPIES], COPIES)),
        also=kinds_of("--also", also or [], ALSO),
        video=one_of("--video", video or setting("video") or _VIDEO, VIDEO),
        fast=fast,
    )
    return Work(recipe, workers or _workers(setting("workers")))


def _limits(
    max_pixels: Annotated[
        int, typer.Option("--max-pixels", metavar="N", min=1, help="Pixels of a frame.")
    ] = _DEFAULT.pixels,
    max_file_size: Annotated[str, typer.Option("--max-file-size", metavar="SIZE", help="Such as 500M or 2G.")] = "64G",
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
        memory=size(memory),
        video_frames=max_frames,
        animation_frames=max_animation_frames,
        depth=max_depth,
        file_size=size(max_file_size),
    )


def kinds_of(option: str, given: list[str], allowed: tuple[str, ...]) -> frozenset[str]:
    """The kinds that an option names, separated by commas or given repeatedly. Raises UsageError."""
    kinds = frozenset(one_of(option, kind.strip(), allowed) for text in given for kind in text.split(","))
    if "none" in kinds and len(kinds) > 1:
        raise UsageError(f"{option} none excludes every other kind.")
    return kinds


def _classes(kinds: frozenset[str]) -> frozenset[str]:
    """What the words ``all`` and ``none`` stand for."""
    return (frozenset(COPIES) if "all" in kinds else kinds) - {"all", "none"}


def _workers(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 256):
        raise UsageError("The setting 'workers' must be a number from 1 to 256.")
    return int(text)


#: For ``@carries``; what both amount to is ``chosen_work()``.
RECIPE: Final = Shared(_recipe, "What is computed")
LIMITS: Final = Shared(_limits, "What one file may cost")


def chosen_work() -> Work:
    """The recipe with its limits, as the options of the current command line say. Raises UsageError."""
    work = RECIPE.get()
    return replace(work, recipe=replace(work.recipe, limits=LIMITS.get()))
