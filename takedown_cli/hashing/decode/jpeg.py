"""Decodes JPEG with libjpeg-turbo directly, into one buffer that is reused, or scaled in the DCT.

The bytes are the same as from Pillow's decoder. This decoder is stricter, so Pillow reads the files that it rejects.
"""

from __future__ import annotations

import threading

import numpy as np

from takedown_cli.hashing.decoded import Pixels

try:
    import simplejpeg
except ImportError:  # no wheel for this machine: Pillow reads JPEG as well, at twice the cost
    simplejpeg = None

#: Bytes of a decoded picture kept for the next one; a larger picture gets memory of its own.
_KEPT_BYTES = 64 << 20
_COLOUR = {"RGB": ("RGB", 3), "L": ("GRAY", 1)}
#: The coarsest scale of the DCT.
MOST_SHRINK = 8


class _Kept(threading.local):
    """One buffer per thread. Fresh memory for every picture costs a fifth of the whole decode, in page faults."""

    buffer: Pixels = np.empty(0, np.uint8)

    def make_room(self, size: int) -> Pixels:
        if size > _KEPT_BYTES:
            return np.empty(size, np.uint8)
        if self.buffer.size < size:
            self.buffer = np.empty(size, np.uint8)
        return self.buffer


_kept = _Kept()


def can_shrink(mode: str) -> bool:
    """Return whether a JPEG of this mode can be scaled here."""
    return simplejpeg is not None and mode in _COLOUR


def decode_jpeg(data: bytes, mode: str, width: int, height: int, shrink: int = 1) -> Pixels | None:
    """Return H x W x 3 (``mode`` RGB) or H x W (L), uint8, valid until the next call in this thread.

    ``shrink`` (1, 2, 4, 8) scales in the DCT: each value of ceil(H / s) x ceil(W / s) stands for that many pixels both
    ways. Return None where the bytes may differ from Pillow's.
    """
    if simplejpeg is None or mode not in _COLOUR:
        return None
    # In colour although only luma is needed: where a saturated colour is clamped, the file's own Y is 20 bits off.
    space, channels = _COLOUR[mode]
    size = (-(-height // shrink), -(-width // shrink))
    scaled = {"min_height": size[0], "min_width": size[1]} if shrink > 1 else {}
    buffer = _kept.make_room(size[0] * size[1] * channels)
    try:
        # The accurate DCT and the smooth upsampling are Pillow's own settings, so the bytes agree.
        decoded: Pixels = simplejpeg.decode_jpeg(
            data, space, fastdct=False, fastupsample=False, strict=True, buffer=buffer, **scaled
        )
    except Exception:  # ValueError for anything unusual: damage, 12 bits, an odd colour space
        return None
    if decoded.shape[:2] != size:
        return None
    return decoded[..., 0] if channels == 1 else decoded
