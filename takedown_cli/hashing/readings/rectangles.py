"""The rectangles of an upload in which a photograph sits: in a screen, a page, a frame, a caption or a collage.

Pictures of every size and shape are taken, and cost bounded time. No rectangle is an ordinary answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from takedown_cli.core.model import Box
from takedown_cli.hashing.readings.borders import trim_borders
from takedown_cli.hashing.readings.edges import sharpen_edges
from takedown_cli.hashing.readings.grounds import Mask, stands_out, stands_out_of_margins
from takedown_cli.hashing.readings.reduced import Colours, Upload
from takedown_cli.hashing.readings.regions import grow_regions
from takedown_cli.hashing.readings.seams import find_cells

#: Rectangles of an upload at most.
MOST = 16
#: A rectangle has at least these shares of the whole: of its width, of its height, of its area.
_WIDTH, _HEIGHT, _AREA = 0.2, 0.1, 0.03
#: Two boxes that overlap by more than this share are one.
_SAME = 0.985
#: Share of flat pixels from which there may be a ground.
_FIRST_LOOK = 0.04
#: Regions that are grown on one mask.
_SEEDS = 4
#: Unmarked lines inside a region, as shares of the long side of the picture.
_GAPS = (0.0024, 0.014, 0.033)
#: How far the sides of a box may move, as shares of the long side of the picture: to the strongest step very near, to
#: the innermost of the strong ones, to the strongest one farther off.
_NEAR, _INNER, _FAR = 0.006, 0.009, 0.022


def find_rectangles(upload: Upload, flat: Mask, grounds: list[Colours], *marks: Mask) -> list[Box]:
    """Return boxes of ``upload.luma``, the likeliest first, none like another one or like the whole.

    ``flat`` and ``grounds`` are what ``find_flat`` and ``find_grounds`` give for ``upload.small``. Regions are grown
    on ``marks`` too, before all others.
    """
    _, height, width = upload.small.shape
    boxes = [upload.enlarge(box) for box in _choose(_find_boxes(upload, flat, grounds, marks), width, height)]
    boxes += find_cells(upload)
    if not boxes:
        return []
    height, width = upload.luma.shape
    sharp = _sharpen(boxes, upload)
    return [box for _, box in zip(range(MOST), _choose(sharp, width, height), strict=False)]


def _find_boxes(upload: Upload, flat: Mask, grounds: list[Colours], marks: tuple[Mask, ...]) -> Iterator[Box]:
    """Yield boxes of the small picture: without its borders, and what stands out of the ground, if there is one."""
    small = upload.small
    yield trim_borders(small)
    masks = [*marks, stands_out(small, grounds)] if grounds else [*marks]
    masks += [~flat, stands_out_of_margins(small)] if flat.mean() >= _FIRST_LOOK else []
    gaps = tuple(round(gap * max(flat.shape)) for gap in _GAPS)
    for marked in masks:
        yield from grow_regions(marked, gaps, _SEEDS)


def _sharpen(boxes: list[Box], upload: Upload) -> Iterator[Box]:
    """Yield each box with its sides on the steps near them, the likeliest way of all boxes first."""
    size = max(upload.luma.shape)
    for reach, inner in ((_NEAR, False), (_INNER, True), (_FAR, False)):
        for box in boxes:
            yield sharpen_edges(upload.luma, box, round(reach * size), inner=inner)


def _choose(boxes: Iterable[Box], width: int, height: int) -> Iterator[Box]:
    """Yield the boxes that are large enough and unlike the whole, width x height, and those before."""
    seen: list[Box] = [(0, 0, width, height)]
    for box in boxes:
        wide, tall = box[2] - box[0], box[3] - box[1]
        large = wide >= _WIDTH * width and tall >= _HEIGHT * height and wide * tall >= _AREA * width * height
        if large and all(overlap(box, other) <= _SAME for other in seen):
            seen.append(box)
            yield box


def overlap(one: Box, other: Box) -> float:
    """Return the shared area of two boxes as a share of what they cover together."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or tall <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return wide * tall / (areas - wide * tall)
