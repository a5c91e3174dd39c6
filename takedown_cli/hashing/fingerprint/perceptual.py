"""The perceptual hashes of the imagehash library, made by that library, for sites that run it.

Loaded only when one of its kinds is requested, because it loads SciPy and PyWavelets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import imagehash
import numpy as np
from PIL import Image

from takedown_cli.core.model import Fingerprint
from takedown_cli.core.variants import UPRIGHT
from takedown_cli.hashing.decoded import Pixels

_SINGLE: Final[dict[str, Callable[[Image.Image], object]]] = {
    "phash": imagehash.phash,
    "dhash": imagehash.dhash,
    "ahash": imagehash.average_hash,
    "whash": imagehash.whash,
}
_SEGMENTS: Final = "crop-resistant"
#: The kinds in the order in which they are listed.
KINDS: Final = (*_SINGLE, _SEGMENTS)


def hash_perceptually(
    upright: Pixels, kinds: frozenset[str], frame: int | None = None, timestamp: float | None = None
) -> Iterator[Fingerprint]:
    """Yield the wanted hashes of a picture; a crop-resistant hash is several values, one for each segment.

    ``upright``: uint8, H x W or H x W x 3 or 4.
    """
    wanted = [kind for kind in KINDS if kind in kinds]
    if not wanted:
        return
    picture = Image.fromarray(np.ascontiguousarray(upright[..., :3] if upright.ndim == 3 else upright))
    for kind in wanted:
        if kind in _SINGLE:
            yield Fingerprint(kind, str(_SINGLE[kind](picture)), None, UPRIGHT, None, frame, timestamp)
            continue
        for number, value in enumerate(str(imagehash.crop_resistant_hash(picture)).split(",")):
            yield Fingerprint(kind, value, None, f"segment-{number}", None, frame, timestamp)
