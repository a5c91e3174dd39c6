"""The rectangles of an upload in which a photograph sits: in a screen, a page, a frame, a caption or a collage.

Pictures of every size and shape are taken, and cost bounded time. No rectangle is an ordinary answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from takedown_cli.core.model import Box
from takedown_cli.hashing.readings.borders import trim_borders
from takedown_cli.hashing.readings.edges import sharpen_edges
from takedown_cli.hashing.readings.grounds import Mask, stands_out, stands_out_of_margins
from takedown_cli.hashing.readings.reduced import Colours, Upload
from takedown_cli.hashing.readings.regions import grow_regions
from takedown_cli.hashing.readings.seams import Seams

#: Rectangles of an upload at most.
MOST = 16
#: A rectangle has at least these shares of the whole: of its width, of its height, of its area.
_WIDTH, _HEIGHT, _AREA = 0.2, 0.1, 0.03
#: Two boxes that overlap by more than this share are one; in the small picture they are so sooner.
_SAME, _ALIKE = 0.985, 0.96
#: Boxes that are ranked at most, those of which the parts are looked at, and those that are sharpened in other ways.
_RANKED, _PARTED, _AGAIN = 9, 4, 3
#: What a region counts more than the parts of one.
_BEFORE = 0.1
#: Share of flat pixels from which there may be a ground.
FIRST_LOOK = 0.04
#: Regions that are grown on one mask; one less where their parts are looked at too.
_SEEDS = 4
#: Unmarked lines inside a region, as shares of the long side of the picture.
_GAPS = (0.0024, 0.014, 0.033)
#: How far the sides of a box may move, as shares of the long side of the picture: to the strongest step very near, to
#: the innermost of the strong ones, to the strongest one farther off.
_NEAR, _INNER, _FAR = 0.006, 0.009, 0.022


def find_rectangles(upload: Upload, flat: Mask, grounds: list[Colours], *marks: Mask, parts: bool = True) -> list[Box]:
    """Return boxes of ``upload.luma``, the likeliest first, none like another one or like the whole.

    ``flat`` and ``grounds`` are what ``find_flat`` and ``find_grounds`` give for ``upload.small``. Regions are grown
    on ``marks`` too. With ``parts`` also what lies between the seams of a region, which may be a detail of a picture.
    """
    _, height, width = upload.small.shape
    seams = Seams(upload.small)
    ground = flat & ~stands_out(upload.small, grounds) if grounds else flat
    regions = list(_find_boxes(upload, flat, grounds, marks, _SEEDS - parts))
    found = _rank(regions, seams, ground, most=_RANKED if parts else MOST)
    if parts:
        parted = [part for box in [(0, 0, width, height), *found[:_PARTED]] for part in seams.find_parts(box)]
        found = _rank(parted, seams, ground, found, most=_RANKED)
    boxes = [upload.enlarge(box) for box in found]
    if not boxes:
        return []
    height, width = upload.luma.shape
    sharp = _sharpen(boxes, upload, _AGAIN if parts else len(boxes))
    return [box for _, box in zip(range(MOST), _choose(sharp, width, height), strict=False)]


def _find_boxes(
    upload: Upload, flat: Mask, grounds: list[Colours], marks: tuple[Mask, ...], seeds: int
) -> Iterator[Box]:
    """Yield boxes of the small picture: without its borders, and what stands out of the ground, if there is one."""
    small = upload.small
    yield trim_borders(small)
    masks = [*marks, stands_out(small, grounds)] if grounds else [*marks]
    masks += [~flat, stands_out_of_margins(small)] if flat.mean() >= FIRST_LOOK else []
    gaps = tuple(round(gap * max(flat.shape)) for gap in _GAPS)
    for marked in masks:
        yield from grow_regions(marked, gaps, seeds)


def _rank(boxes: list[Box], seams: Seams, ground: Mask, before: Sequence[Box] = (), *, most: int) -> list[Box]:
    """Return those that are large enough, the likeliest first, and of those that are nearly one the likeliest.

    Those ``before`` count more: a picture that shows a page or a window has parts that are as likely as it is.

    A picture has four sides along which the pixels jump, and little ground inside.
    """
    height, width = ground.shape
    every = np.asarray([*before, *boxes], np.intp).reshape(-1, 4)
    wide, tall = every[:, 2] - every[:, 0], every[:, 3] - every[:, 1]
    large = (wide >= _WIDTH * width) & (tall >= _HEIGHT * height) & (wide * tall >= _AREA * width * height)
    large &= wide * tall < _SAME * width * height
    worth = np.where(np.arange(len(every)) < len(before), _BEFORE, 0.0)[large]
    every = every[large]
    if not len(every):
        return []
    sides = seams.measure_sides(every)
    sums = np.zeros((height + 1, width + 1), np.int32)
    np.cumsum(np.cumsum(ground, axis=0, dtype=np.int32), axis=1, out=sums[1:, 1:])
    left, top, right, bottom = every.T
    areas = (right - left) * (bottom - top)
    inside = (sums[bottom, right] - sums[top, right] - sums[bottom, left] + sums[top, left]) / areas
    worth += (sides.min(axis=1) + sides.mean(axis=1)) / 2 - inside
    found: list[Box] = []
    while len(found) < most:
        best = int(worth.argmax())
        if worth[best] == -np.inf:
            break
        found.append(tuple(every[best].tolist()))
        shared = np.clip(np.minimum(right, right[best]) - np.maximum(left, left[best]), 0, None)
        shared *= np.clip(np.minimum(bottom, bottom[best]) - np.maximum(top, top[best]), 0, None)
        worth[shared > _ALIKE * (areas + areas[best] - shared)] = -np.inf
    return found


def _sharpen(boxes: list[Box], upload: Upload, again: int) -> Iterator[Box]:
    """Yield each box with its sides on the steps near them, then the first few with their sides on others."""
    size = max(upload.luma.shape)
    for reach, inner, most in ((_NEAR, False, len(boxes)), (_INNER, True, again), (_FAR, False, again)):
        for box in boxes[:most]:
            yield sharpen_edges(upload.luma, box, round(reach * size), inner=inner)


def _choose(boxes: Iterable[Box], width: int, height: int) -> Iterator[Box]:
    """Yield the boxes that are unlike the whole, width x height, and those before."""
    seen: list[Box] = [(0, 0, width, height)]
    for box in boxes:
        if all(overlap(box, other) <= _SAME for other in seen):
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
