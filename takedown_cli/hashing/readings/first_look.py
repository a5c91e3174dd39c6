"""The first look for a screenshot, which every picture gets: it has to cost next to nothing."""

from __future__ import annotations

import numpy as np

from takedown_cli.hashing.decoded import Doubles

#: Share of the samples whose luma is within a level of one value, and of those that are like their neighbours.
_ALIKE, _FLAT = 0.08, 0.06


def may_be_screen(block: Doubles) -> bool:
    """Return whether a picture may be a screenshot, by its 64 x 64 luma as PDQ reduces it. It costs next to nothing.

    A screen has flat ground: many samples have one value, and neighbours of the same value.
    """
    flat = (np.abs(np.diff(block, axis=0)[:, :-1]) < 1) & (np.abs(np.diff(block, axis=1)[:-1]) < 1)
    counts = np.bincount(np.clip(block.ravel(), 0, 255).astype(np.intp), minlength=256)
    alike = int(np.convolve(counts, np.ones(3, np.intp)).max())
    return bool(alike >= _ALIKE * block.size and flat.mean() >= _FLAT)
