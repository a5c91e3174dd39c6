"""What a new process is told once, and how it takes its socket over.

It guarantees that a recipe arrives field for field, and that no variable or standard input of the start stays behind.
It must never be used in the other direction: a child is not trusted to send such values.
"""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import fields

from takedown_cli.model import Limits, Recipe
from takedown_cli.pool.interpreter import Settings


def plain(recipe: Recipe) -> Settings:
    """A recipe as plain values, every field by name."""
    values: Settings = {field.name: getattr(recipe, field.name) for field in fields(recipe)}
    values["limits"] = {field.name: getattr(recipe.limits, field.name) for field in fields(recipe.limits)}
    return values


def recipe_of(settings: Settings) -> Recipe:
    """The inverse of ``plain``, in the new process."""
    values = settings["recipe"]
    assert isinstance(values, dict)
    return Recipe(**{**values, "limits": Limits(**values["limits"])})


def number(settings: Settings, name: str) -> int:
    value = settings[name]
    assert isinstance(value, int)
    return value


def adopt(settings: Settings) -> socket.socket:
    """In the new process: take the socket over and leave nothing of the start behind."""
    if sys.platform == "win32":
        share = settings["share"]
        assert isinstance(share, bytes)
        channel = socket.fromshare(share)
    else:
        channel = socket.socket(fileno=number(settings, "fd"))
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.close(nothing)
    os.environ.clear()
    return channel
