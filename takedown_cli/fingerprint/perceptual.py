"""The perceptual hashes of the imagehash library, for sites that run it.

It guarantees the library's own values on the upright picture, by the library itself.
It must never be loaded unless one of its kinds was asked for: it brings SciPy and PyWavelets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import imagehash
import numpy as np
import numpy.typing as npt
from PIL import Image

from takedown_cli.model import Fingerprint

_SINGLE: Final[dict[str, Callable[[Image.Image], object]]] = {
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "ahash": imagehash.average_hash,
    "whash": imagehash.whash,
}
_SEGMENTS: Final = "crop-resistant"
#: The kinds in the order in which they are listed.
KINDS: Final = (*_SINGLE, _SEGMENTS)


def fingerprints(
    upright: npt.NDArray[np.uint8], kinds: frozenset[str], frame: int | None = None, timestamp: float | None = None
) -> Iterator[Fingerprint]:
    """``upright``: uint8, H x W or H x W x 3 or 4. A crop-resistant hash is several values, one for each segment."""
    wanted = [kind for kind in KINDS if kind in kinds]
    if not wanted:
        return
    picture = Image.fromarray(np.ascontiguousarray(upright[..., :3] if upright.ndim == 3 else upright))
    for kind in wanted:
        if kind in _SINGLE:
            yield Fingerprint(kind, str(_SINGLE[kind](picture)), None, "upright", None, frame, timestamp)
            continue
        for number, value in enumerate(str(imagehash.crop_resistant_hash(picture)).split(",")):
            yield Fingerprint(kind, value, None, f"segment-{number}", None, frame, timestamp)
