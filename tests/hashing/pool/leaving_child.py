"""A decoding process that ends as if all were well, instead of answering, when it meets a file of a certain size."""

from __future__ import annotations

import os
from io import BufferedReader

from takedown_cli.core.model import Failed, Hashed, MediaFile, Recipe, Skipped
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.pool import child
from takedown_cli.hashing.pool.interpreter import Settings


def main(settings: Settings) -> None:
    """Run like ``child.main``, except for the file of ``settings["victim"]`` bytes."""
    usual = hash_media.hash_media

    def leave(
        stream: BufferedReader, file: MediaFile, recipe: Recipe, on_progress: hash_media.OnProgress | None = None
    ) -> Hashed | Failed | Skipped:
        if file.size == settings["victim"]:
            os._exit(0)
        return usual(stream, file, recipe, on_progress)

    hash_media.hash_media = leave  # type: ignore[assignment]
    child.main(settings)
