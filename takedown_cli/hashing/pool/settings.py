"""The settings that a new process gets once, and how it takes its socket over.

They go from parent to child only: a child is not trusted to send such values.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace
from typing import Final

from takedown_cli.core.model import Limits, Recipe
from takedown_cli.hashing.pool.interpreter import Settings

#: Pixels from which a picture is decoded with more memory, and only one such at a time: a phone's ordinary pictures
#: have fewer. A HEIC of 200 megapixels needs more than the default for all others.
SHARED_PIXELS: Final = 50_000_000
LARGE_MEMORY: Final = 4 << 30
#: What reads videos. A process that has not loaded it is for pictures only.
VIDEO_MODULE: Final = "takedown_cli.hashing.decode.video"


def recipe_from_settings(settings: Settings) -> Recipe:
    """Return the recipe whose fields (``dataclasses.asdict``) are the setting ``recipe``, in the new process."""
    values = settings["recipe"]
    assert isinstance(values, dict)
    pictures = tuple(values["pictures"])
    return Recipe(**{**values, "pictures": pictures, "limits": Limits(**values["limits"])})


def recipe_for_child(settings: Settings) -> Recipe:
    """Return the recipe for one child: with more memory, or with a limit that leaves large pictures to such a child."""
    recipe = recipe_from_settings(settings)
    # What FFmpeg needs was loaded before this process gives up the right to open files, or never will be.
    recipe = replace(recipe, limits=replace(recipe.limits, clips=VIDEO_MODULE in sys.modules))
    if settings["large"]:
        limits = replace(recipe.limits, memory=int_setting(settings, "large_memory"))
    else:
        limits = replace(recipe.limits, shared_pixels=SHARED_PIXELS)
    return replace(recipe, limits=limits)


def choose_large_memory(memory: int, machine: int | None) -> int:
    """Return the bytes for decoding a large picture, given those for any other and those of the machine (or None).

    Up to ``LARGE_MEMORY``, but not over half of the machine's; and no more than ``memory`` where a person wants less
    than the default.
    """
    if memory < Limits().memory:
        return memory
    return max(memory, min(LARGE_MEMORY, (machine or 0) // 2))


def measure_machine() -> int | None:
    """Return the bytes of memory that this machine has, None where the system does not say."""
    if sys.platform == "win32":
        import ctypes

        size = ctypes.c_ulonglong(0)
        found = ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(size))
        return size.value << 10 if found else None
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def int_setting(settings: Settings, name: str) -> int:
    """Return a setting that is a whole number."""
    value = settings[name]
    assert isinstance(value, int)
    return value


def take_over_socket(settings: Settings) -> socket.socket:
    """In the new process: take the socket over, and leave no variable or standard input of the start behind."""
    if sys.platform == "win32":
        share = settings["share"]
        assert isinstance(share, bytes)
        channel = socket.fromshare(share)
    else:
        channel = socket.socket(fileno=int_setting(settings, "fd"))
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.close(nothing)
    os.environ.clear()
    return channel
