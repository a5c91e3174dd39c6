"""JPEG by libjpeg-turbo's own door, into one buffer that is used again and again, or scaled in the DCT.

It guarantees the very bytes that Pillow's decoder gives, or None, upon which Pillow is asked.
It must never decide that a file is damaged: it is stricter than Pillow.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import numpy.typing as npt

try:
    import simplejpeg
except ImportError:  # no wheel for this machine: Pillow reads JPEG as well, at twice the cost
    simplejpeg = None

Pixels = npt.NDArray[np.uint8]

#: Bytes of a decoded picture kept for the next one; a larger picture gets memory of its own.
_KEPT = 64 << 20
_COLOUR = {"RGB": ("RGB", 3), "L": ("GRAY", 1)}


class _Kept(threading.local):
    """One buffer per thread. Fresh memory for every picture costs a fifth of the whole decode, in page faults."""

    buffer: Pixels = np.empty(0, np.uint8)

    def room(self, size: int) -> Pixels:
        if size > _KEPT:
            return np.empty(size, np.uint8)
        if self.buffer.size < size:
            self.buffer = np.empty(size, np.uint8)
        return self.buffer


_kept = _Kept()


def decode(data: bytes, mode: str, width: int, height: int) -> Pixels | None:
    """H x W x 3 (``mode`` RGB) or H x W (L), uint8, valid until the next call in this thread; None if it may differ."""
    return _decode(data, mode, (height, width))


def scaled(data: bytes, mode: str, width: int, height: int, shrink: int) -> Pixels | None:
    """The same at ceil(H / s) x ceil(W / s): each value stands for ``shrink`` x ``shrink`` (2, 4, 8) pixels.

    In colour although only luma is wanted: where a saturated colour is clamped, the file's own Y is up to 20 bits off.
    """
    small = (-(-height // shrink), -(-width // shrink))
    return _decode(data, mode, small, min_height=small[0], min_width=small[1])


def _decode(data: bytes, mode: str, size: tuple[int, int], **options: Any) -> Pixels | None:
    if mode not in _COLOUR:
        return None
    space, channels = _COLOUR[mode]
    decoded = _call(data, space, buffer=_kept.room(size[0] * size[1] * channels), **options)
    if decoded is None or decoded.shape[:2] != size:
        return None
    return decoded[..., 0] if channels == 1 else decoded


def _call(data: bytes, space: str, **options: Any) -> Pixels | None:
    if simplejpeg is None:
        return None
    try:
        # The accurate DCT and the smooth upsampling are Pillow's own settings, so the bytes agree.
        decoded: Pixels = simplejpeg.decode_jpeg(data, space, fastdct=False, fastupsample=False, strict=True, **options)
    except Exception:  # ValueError for whatever is unusual: damage, 12 bits, an odd colour space
        return None
    return decoded
