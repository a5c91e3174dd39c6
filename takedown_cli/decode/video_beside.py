"""Decoding in a thread of its own, so that the next frame is on its way while the last one is hashed.

It guarantees the same values in the same order, the exception where there was one, and no thread when it is done.
It must never be more than one value ahead: frames are large.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def beside(values: Generator[T]) -> Generator[T]:
    """What ``values`` gives, each made while the one before is used; none may be None. Closes ``values``."""
    try:
        with ThreadPoolExecutor(1) as thread:
            try:
                coming = thread.submit(next, values, None)
            except RuntimeError:  # no thread to be had: the same without
                yield from values
                return
            while (value := coming.result()) is not None:
                coming = thread.submit(next, values, None)
                yield value
    finally:
        values.close()
