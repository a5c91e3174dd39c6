"""The main loop of a decoding process: it locks itself down, then reads one open file after the other.

Each file gets one reply with its record, or the process ends.
"""

from __future__ import annotations

import gc
import io
import os
import socket
import time
from typing import BinaryIO

from takedown_cli.core.model import ARCHIVE, Failed, Hashed, Media, MediaFile, Recipe, Skipped, VideoProgress
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.pool import channel, listing, record, sandbox
from takedown_cli.hashing.pool.interpreter import Settings
from takedown_cli.hashing.pool.preload import preload
from takedown_cli.hashing.pool.settings import int_setting, recipe_for_child, recipe_from_settings, take_over_socket


class NamelessFile(io.FileIO):
    """The file as decoders see it. A library that has the descriptor would ask for the size, which is forbidden here.

    Python's own attempt to ask may fail. The size in the request is the one that counts.
    """

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def main(settings: Settings) -> None:
    """Run a child that was started on its own, not forked."""
    link = take_over_socket(settings)
    recipe = recipe_from_settings(settings)
    preload(recipe, Media.IMAGE)
    if settings["video"]:
        preload(recipe, Media.VIDEO)
    serve_requests(link, settings)


def serve_requests(link: socket.socket, settings: Settings) -> None:
    """Answer requests until the parent closes the channel; never returns."""
    recipe = recipe_for_child(settings)
    link = channel.move_to_number(link)
    held = sandbox.Layer(0)
    if settings["sandbox"]:
        held = sandbox.lock_down(recipe.limits.memory, int_setting(settings, "cpu"), channel.NUMBER)
    gc.freeze()
    gc.enable()
    try:
        channel.send_reply(link, channel.READY, bytes([held]))
        while (request := channel.receive_file(link)) is not None:
            sequence, file = record.decode_job(request[0])
            progress = _ProgressSender(link, sequence)
            channel.send_reply(link, sequence, _hash_file(request[1], file, recipe, progress))
    except OSError:
        pass  # the parent is gone
    os._exit(0)


class _ProgressSender:
    """Sends the parent now and then how far a long video is. It may be called whenever something was done."""

    def __init__(self, link: socket.socket, sequence: int) -> None:
        self._link, self._sequence = link, sequence
        self._next = time.monotonic() + record.PROGRESS_SECONDS

    def __call__(self, seconds: float, total: float) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + record.PROGRESS_SECONDS
            done = VideoProgress(min(max(0.0, seconds), total), total)
            channel.send_reply(self._link, self._sequence, record.encode_progress(done))


def _hash_file(descriptor: int, file: MediaFile, recipe: Recipe, progress: hash_media.OnProgress) -> bytes:
    try:
        with io.BufferedReader(NamelessFile(descriptor)) as stream:
            stream.seek(0)
            if file.format == ARCHIVE:
                return _list_archive(stream, file, recipe)
            if file.entry:
                outcome = _hash_member(stream, file, recipe, progress)
            else:
                outcome = hash_media.hash_media(stream, file, recipe, progress)
        return record.encode_outcome(outcome)
    except hash_media.NeedsVideoError:
        return record.NEEDS_VIDEO
    except MemoryError:
        reason = Reason.TOO_MUCH_MEMORY
    except OSError:
        reason = Reason.READ_ERROR
    except Exception:  # a bug costs one file; its text stays here
        reason = Reason.INTERNAL
    return record.encode_outcome(Failed(file.path, reason, file.size, file.media))


def _list_archive(stream: BinaryIO, file: MediaFile, recipe: Recipe) -> bytes:
    from takedown_cli.hashing import archive

    try:
        return listing.encode_listing(archive.list_members(stream, file.size, recipe.limits))
    except archive.DamagedError:
        return record.encode_outcome(Failed(file.path, Reason.DAMAGED, file.size))


def _hash_member(
    stream: BinaryIO, file: MediaFile, recipe: Recipe, progress: hash_media.OnProgress
) -> Hashed | Failed | Skipped:
    from takedown_cli.hashing import archive

    assert file.entry is not None
    try:
        return hash_media.hash_media(archive.open_member(stream, file.entry), file, recipe, progress)
    except archive.DamagedError:
        return Failed(file.path, Reason.DAMAGED, file.size, file.media)
