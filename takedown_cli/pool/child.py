"""The main loop of a decoding process: lock down, then one open file after the other, a record for each.

It guarantees one reply per file or the end of the process, and that nothing of a file outlives its reply.
It must never open, write, connect, or answer for a file it was not asked about.
"""

from __future__ import annotations

import gc
import io
import os
import socket

from takedown_cli import worker
from takedown_cli.model import Failed, Hashed, Media, MediaFile, Recipe, Skipped
from takedown_cli.pool import channel, record, sandbox
from takedown_cli.pool.interpreter import Settings
from takedown_cli.pool.preload import preload
from takedown_cli.pool.settings import adopt, number, recipe_of
from takedown_cli.reasons import Reason


class _Nameless(io.FileIO):
    """The file as decoders may see it: a library given the number would ask for its size, which is not allowed here.

    Python's own attempt to do so may fail: the size that counts is in the request.
    """

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def main(settings: Settings) -> None:
    """Entry of a child that was started on its own (not forked from the template)."""
    link = adopt(settings)
    recipe = recipe_of(settings)
    preload(recipe, Media.IMAGE)
    if settings["video"]:
        preload(recipe, Media.VIDEO)
    serve(link, settings)


def serve(link: socket.socket, settings: Settings) -> None:
    """Answer requests until the parent closes the channel; never returns."""
    recipe = recipe_of(settings)
    link = channel.settle(link)
    held = sandbox.Layer(0)
    if settings["sandbox"]:
        held = sandbox.lock_down(recipe.limits.memory, number(settings, "cpu"), channel.NUMBER)
    gc.freeze()
    gc.enable()
    try:
        channel.send_reply(link, channel.READY, bytes([held]))
        while (request := channel.receive_file(link)) is not None:
            sequence, file = record.decode_request(request[0])
            channel.send_reply(link, sequence, _answer(request[1], file, recipe))
    except OSError:
        pass  # the parent is gone
    os._exit(0)


def _answer(descriptor: int, file: MediaFile, recipe: Recipe) -> bytes:
    try:
        with io.BufferedReader(_Nameless(descriptor)) as stream:
            stream.seek(0)
            outcome: Hashed | Failed | Skipped = worker.hash_media(stream, file, recipe)
        return record.encode_outcome(outcome)
    except MemoryError:
        reason = Reason.TOO_MUCH_MEMORY
    except OSError:
        reason = Reason.READ_ERROR
    except Exception:  # a bug costs one file; its text stays here
        reason = Reason.INTERNAL
    return record.encode_outcome(Failed(file.path, reason, file.size, file.media))
