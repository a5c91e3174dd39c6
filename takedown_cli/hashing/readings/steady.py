"""The readings of a video's frames: turned, reframed, and the rectangles that are steady over frames, as of a viewer.

What moves inside a clip looks like an edge now and then. What many frames have at the same place is where it plays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from takedown_cli.core.model import MIN_QUALITY, Box, Fingerprint
from takedown_cli.hashing.decoded import Doubles, Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copy_geometry import GRID
from takedown_cli.hashing.matching import INSIDE, TURNED
from takedown_cli.hashing.readings.corners import fill_corners
from takedown_cli.hashing.readings.grounds import find_flat, find_grounds
from takedown_cli.hashing.readings.rectangles import find_rectangles, overlap
from takedown_cli.hashing.readings.reduced import Upload
from takedown_cli.hashing.readings.upload import read_reframed, read_square, read_turned

#: Frames in which rectangles are looked for: the first ones.
LOOKED_AT = 4
#: Rectangles of a video at most, the share of those frames that has to have one, and how far two boxes of one overlap.
MOST = 6
_SHARE, _ONE = 0.5, 0.95


@dataclass(frozen=True, slots=True)
class _Waiting:
    frame: int
    timestamp: float
    upload: Upload


class FrameReader:
    """Reads the frames of one video in the order in which they come."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        #: Boxes of ``Upload.luma``; None as long as frames are waited for.
        self._steady: list[Box] | None = None
        self._shape = (0, 0)

    def read(
        self, frame: int, timestamp: float, pixels: Pixels, coefficients: Doubles, quality: int
    ) -> list[Fingerprint]:
        """Return readings of this frame and of those that waited for it.

        ``pixels`` are upright, as for an upload; ``coefficients`` and ``quality`` are those of the frame's own hash.
        """
        found: list[Fingerprint] = []
        upload = Upload(pixels)
        if quality >= MIN_QUALITY:
            turned = read_turned(TURNED, "", coefficients, quality, pdq.DIHEDRAL_NAMES[1:])
            moved = read_reframed(upload)
            found += [replace(reading, frame=frame, timestamp=timestamp) for reading in turned + moved]
        self._waiting.append(_Waiting(frame, timestamp, upload))
        return found + (self.finish() if self._steady is not None or len(self._waiting) == LOOKED_AT else [])

    def finish(self) -> list[Fingerprint]:
        """Return the readings of the frames that still wait."""
        if self._steady is None:
            self._steady = _find_steady([each.upload for each in self._waiting])
            self._shape = self._waiting[0].upload.luma.shape if self._waiting else (0, 0)
        found: list[Fingerprint] = []
        for each in self._waiting:
            # A frame of another size has its rectangles elsewhere.
            boxes = self._steady if each.upload.luma.shape == self._shape else []
            for number, box in enumerate(boxes, start=1):
                square = fill_corners(each.upload.shrink(box, GRID))
                found += [
                    replace(reading, frame=each.frame, timestamp=each.timestamp)
                    for reading in read_square(INSIDE, f"{number}:", square)
                ]
        self._waiting.clear()
        return found


def _find_steady(uploads: list[Upload]) -> list[Box]:
    """Return the boxes that many of the frames have, those of most frames first."""
    alike = [upload for upload in uploads if upload.luma.shape == uploads[0].luma.shape]
    found: list[list[Box]] = []
    for upload in alike:
        flat = find_flat(upload.small)
        found.append(find_rectangles(upload, flat, find_grounds(upload.small, flat)))
    counted: list[tuple[int, Box]] = []
    for box in (box for boxes in found for box in boxes):
        if all(overlap(box, other) <= _ONE for _, other in counted):
            having = sum(any(overlap(box, other) > _ONE for other in boxes) for boxes in found)
            counted.append((having, box))
    counted.sort(key=lambda each: -each[0])
    return [box for having, box in counted if having >= _SHARE * len(alike)][:MOST]
