"""The eight PDQ hashes of a picture and its turned and mirrored copies, from one DCT block.

It guarantees the reference's names, order and sign rules.
It must never look at pixels: a flip or a quarter turn only changes signs and order of DCT coefficients.

Source: facebook/ThreatExchange, ``pdq/cpp/hashing`` (``pdqDihedralHash256esFromFloatLuma``).
"""

from __future__ import annotations

import numpy as np

from takedown_cli.fingerprint.tent import Doubles

#: The reference's order. ``flipplus1`` mirrors along the main diagonal, ``flipminus1`` along the other one.
NAMES = ("original", "rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1")

# Row (or column) k of the block is frequency k + 1: mirroring an axis negates its odd frequencies.
_MIRROR = np.where(np.arange(16) % 2 == 0, -1.0, 1.0)
_DOWN, _ACROSS = _MIRROR[:, None], _MIRROR[None, :]


def turned(coefficients: Doubles) -> Doubles:
    """8 x 16 x 16: the DCT block (16 x 16) of the picture and of its seven turned copies, in the order of ``NAMES``."""
    down, across = coefficients * _DOWN, coefficients * _ACROSS
    both = down * _ACROSS
    return np.stack([coefficients, across.T, both, down.T, down, across, coefficients.T, both.T])
