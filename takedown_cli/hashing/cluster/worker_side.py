"""The code that runs on a worker: it hashes the files of an order in its own sandboxed pool, and describes the worker.

Decoders are locked down as on this computer, and only files in the order are opened. No exception leaves the worker,
because its text could hold a path.
"""

from __future__ import annotations

import json
import os
import platform
import threading
from importlib import metadata
from typing import Any, Final

import dask
from distributed import get_worker

from takedown_cli import __version__
from takedown_cli.core.errors import DecoderStartError
from takedown_cli.core.model import Failed, Found, Limits, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.cluster import messages
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool.interpreter import Settings
from takedown_cli.hashing.pool.settings import recipe_from_settings
from takedown_cli.hashing.pool.supervisor import Pool

#: Seconds after which a pool without work is closed.
_IDLE: Final = 30.0
_DECIDING: Final = ("av", "imagehash", "numpy", "pillow", "pillow-heif", "simplejpeg")

Opened = tuple[int, MediaFile] | Skipped | Failed


def list_versions() -> dict[str, str]:
    """Return the versions that must be equal on all machines, so that their hashes are equal."""
    return {"takedown": __version__, "python": platform.python_version(), **{n: metadata.version(n) for n in _DECIDING}}


def describe_worker() -> bytes:
    """Return as JSON how this worker is set up: versions, whether it may write results to disk or serves pages."""
    worker = get_worker()
    spills = bool(worker.memory_manager.memory_limit) and (
        dask.config.get("distributed.worker.memory.spill") is not False
        or dask.config.get("distributed.worker.memory.target") is not False
    )
    pages = bool(dask.config.get("distributed.worker.http.routes"))
    return json.dumps({"versions": list_versions(), "spills": spills, "pages": pages}).encode()


def scheduler_serves_pages() -> bytes:
    """On the scheduler: return one byte, whether it serves pages. Its port answers even with ``--no-dashboard``."""
    return bytes([bool(dask.config.get("distributed.scheduler.http.routes"))])


def hash_files(settings: Settings, lines: tuple[messages.OrderLine, ...]) -> bytes:
    """Return the answer to an order. Several orders may come at once; the pool takes one after the other."""
    try:
        return _keeper.hash_order(recipe_from_settings({"recipe": settings}), lines)
    except DecoderStartError:
        return messages.NO_DECODERS
    except Exception:
        return messages.BROKEN


class _PoolKeeper:
    """This worker's pool, for as long as there is work under one recipe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._recipe: Recipe | None = None
        self._order: dict[str, messages.OrderLine] = {}
        self._unseen: set[str] = set()
        self._timer: threading.Timer | None = None

    def hash_order(self, recipe: Recipe, lines: tuple[messages.OrderLine, ...]) -> bytes:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._order = {os.fsdecode(line[0]): line for line in lines}
            self._unseen = set()
            pool = self._pool_for(recipe)
            try:
                outcomes = list(pool.outcomes(messages.found_of(line) for line in lines))
            except BaseException:
                self._close()
                raise
            finally:
                self._timer = threading.Timer(_IDLE, self._close_when_idle)
                self._timer.daemon = True
                self._timer.start()
            return messages.pack_answer([None if str(each.path) in self._unseen else each for each in outcomes])

    def _pool_for(self, recipe: Recipe) -> Pool:
        if self._pool is None or recipe != self._recipe:
            self._close()
            worker: Any = get_worker()
            self._pool, self._recipe = Pool(recipe, worker.state.nthreads, open_file=self._open_ordered), recipe
        return self._pool

    def _open_ordered(self, found: Found, limits: Limits) -> Opened:
        """Return the file if it matches the description, otherwise Failed."""
        opened = open_media(found, limits)
        if isinstance(opened, tuple):
            descriptor, file = opened
            if messages.is_same(self._order[str(found.path)], file, int(os.fstat(descriptor).st_mtime)):
                return descriptor, file
            os.close(descriptor)
        self._unseen.add(str(found.path))
        return Failed(found.path, Reason.CHANGED)

    def _close_when_idle(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()


_keeper = _PoolKeeper()
