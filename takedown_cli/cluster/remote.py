"""What runs on a worker: the files of an order through a sandboxed pool of its own, and a look at how it is set up.

It guarantees that a decoder is locked down there as it is here, and that only a file described in the order is opened.
It must never let an exception out, for its text would travel with a path in it, nor keep a pool that is not needed.
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
from takedown_cli.cluster import parcel
from takedown_cli.discover import open_media
from takedown_cli.errors import DecoderStartError
from takedown_cli.model import Failed, Found, Limits, MediaFile, Recipe, Skipped
from takedown_cli.pool import Pool
from takedown_cli.pool.interpreter import Settings
from takedown_cli.pool.settings import recipe_of
from takedown_cli.reasons import Reason

#: Seconds after which a pool without work is closed.
_IDLE: Final = 30.0
_DECIDING: Final = ("av", "imagehash", "numpy", "pillow", "pillow-heif", "simplejpeg")

Opened = tuple[int, MediaFile] | Skipped | Failed


def versions() -> dict[str, str]:
    """What must be equal everywhere for equal hashes."""
    return {"takedown": __version__, "python": platform.python_version(), **{n: metadata.version(n) for n in _DECIDING}}


def look() -> bytes:
    """How this worker is set up, as JSON: versions, whether it may write results to disk, whether it serves pages."""
    worker = get_worker()
    spills = bool(worker.memory_manager.memory_limit) and (
        dask.config.get("distributed.worker.memory.spill") is not False
        or dask.config.get("distributed.worker.memory.target") is not False
    )
    told = {"versions": versions(), "spills": spills, "pages": bool(dask.config.get("distributed.worker.http.routes"))}
    return json.dumps(told).encode()


def scheduler_pages() -> bytes:
    """Run on the scheduler: one byte, whether it serves pages. Its port answers even with ``--no-dashboard``."""
    return bytes([bool(dask.config.get("distributed.scheduler.http.routes"))])


def hash_files(settings: Settings, lines: tuple[parcel.Line, ...]) -> bytes:
    """The answer to an order. Several orders may come at once; the pool takes one after the other."""
    try:
        return _station.work(recipe_of({"recipe": settings}), lines)
    except DecoderStartError:
        return parcel.NO_DECODERS
    except Exception:
        return parcel.BROKEN


class _Station:
    """This worker's pool, for as long as there is work under one recipe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: Pool | None = None
        self._recipe: Recipe | None = None
        self._order: dict[str, parcel.Line] = {}
        self._unseen: set[str] = set()
        self._timer: threading.Timer | None = None

    def work(self, recipe: Recipe, lines: tuple[parcel.Line, ...]) -> bytes:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._order = {os.fsdecode(line[0]): line for line in lines}
            self._unseen = set()
            pool = self._ready(recipe)
            try:
                outcomes = list(pool.outcomes(parcel.found_of(line) for line in lines))
            except BaseException:
                self._close()
                raise
            finally:
                self._timer = threading.Timer(_IDLE, self._rest)
                self._timer.daemon = True
                self._timer.start()
            return parcel.pack([None if str(one.path) in self._unseen else one for one in outcomes])

    def _ready(self, recipe: Recipe) -> Pool:
        if self._pool is None or recipe != self._recipe:
            self._close()
            worker: Any = get_worker()
            self._pool, self._recipe = Pool(recipe, worker.state.nthreads, opener=self._open), recipe
        return self._pool

    def _open(self, found: Found, limits: Limits) -> Opened:
        """The file if it is the one that was described; what the storage shows here otherwise, nobody wants to know."""
        opened = open_media(found, limits)
        if isinstance(opened, tuple):
            descriptor, file = opened
            if parcel.is_same(self._order[str(found.path)], file, int(os.fstat(descriptor).st_mtime)):
                return descriptor, file
            os.close(descriptor)
        self._unseen.add(str(found.path))
        return Failed(found.path, Reason.CHANGED)

    def _rest(self) -> None:
        with self._lock:
            self._close()

    def _close(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()


_station = _Station()
