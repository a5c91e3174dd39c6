"""An upload reframed: zoomed, widened or cut at one side, or tilted back.

A list predicts crops and tilts up to some amount. A copy beyond that is within reach again where the upload is moved by
a step of its own: the steps of both sides add up. What lies beyond the edge of an upload is shown as its mirror image,
which is nearer to what was cut off than any one colour.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from PIL import Image

from takedown_cli.hashing.decoded import Floats
from takedown_cli.hashing.fingerprint.copy_geometry import map_frame

Span = tuple[float, float]
_ALL: Final[Span] = (0.0, 1.0)
#: Name → from where to where of the width, and of the height, the upload is shown (0 to 1).
FRAMES: Final[dict[str, tuple[Span, Span]]] = {
    "wider": ((-0.02, 1.02), (-0.02, 1.02)),
    "closer": ((0.1, 0.9), (0.1, 0.9)),
    "more-left": ((-0.1, 1.0), _ALL),
    "more-right": ((0.0, 1.1), _ALL),
    "more-above": (_ALL, (-0.1, 1.0)),
    "more-below": (_ALL, (0.0, 1.1)),
    "less-left": ((0.05, 1.0), _ALL),
    "less-right": ((0.0, 0.95), _ALL),
    "less-above": (_ALL, (0.05, 1.0)),
    "less-below": (_ALL, (0.0, 0.95)),
}
#: Degrees of a tilt either way. A list predicts 3: this reaches from 2 to 8.
TILT: Final = 5
#: Side of the square to which an upload is brought first: twice the samples of PDQ.
SQUARE: Final = 128
_MAPS: Final[dict[Span, Floats]] = {
    span: map_frame(*span, SQUARE) for frame in (*FRAMES.values(), (_ALL, _ALL)) for span in frame
}


def reframe(square: Floats, aspect: float) -> Iterator[tuple[str, Floats]]:
    """Yield a name and 64 x 64 luma, as PDQ reduces it, of each way to reframe an upload.

    ``square`` is SQUARE x SQUARE luma of all of it, ``aspect`` its width over its height.
    """
    rows: dict[Span, Floats] = {y: np.matmul(_MAPS[y], square) for _, y in FRAMES.values()}
    for name, (x, y) in FRAMES.items():
        yield name, np.matmul(rows[y], _MAPS[x].T)
    drawn, whole = Image.fromarray(square), _MAPS[_ALL]
    for degrees in (-TILT, TILT):
        tilted = _tilt(drawn, math.radians(degrees), aspect)
        yield f"tilt{degrees:+d}", np.matmul(np.matmul(whole, tilted), whole.T)


def _tilt(drawn: Image.Image, angle: float, aspect: float) -> Floats:
    """Return the largest part of the upload's own shape that is upright once the upload is tilted, of the same size."""
    inside = 1 / (math.cos(angle) + math.sin(abs(angle)) * max(aspect, 1 / aspect))
    across, down = inside * math.cos(angle), inside * math.sin(angle)
    # The square stands for a picture of another shape: what is turned has to be of that shape.
    turned = np.array([[across, -down / aspect], [down * aspect, across]])
    offset = SQUARE / 2 * (1 - turned.sum(axis=1))
    affine = np.column_stack([turned, offset]).ravel().tolist()
    return np.asarray(drawn.transform(drawn.size, Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR))
