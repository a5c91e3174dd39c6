"""Screenshots: whether a picture is one, and where the photographs are that it shows.

A screen of a phone or a browser has furniture: a clock, names, buttons and lines of text on flat ground. Where that is
found, the screen is *certain*. With less of it, it is only *likely*: a framed picture with a caption looks much the
same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from takedown_cli.core.model import Box
from takedown_cli.hashing.decoded import Pixels
from takedown_cli.hashing.readings.borders import trim_borders
from takedown_cli.hashing.readings.corners import fill_corners
from takedown_cli.hashing.readings.edges import sharpen_edges
from takedown_cli.hashing.readings.furniture import Furniture, find_furniture, may_have_furniture
from takedown_cli.hashing.readings.grounds import Mask, find_flat, find_grounds, stands_out, stands_out_exactly
from takedown_cli.hashing.readings.rectangles import find_rectangles, overlap
from takedown_cli.hashing.readings.reduced import Upload

#: Pictures of a screen that are taken at most, and how large each is at least, as a share of the largest one's area.
MOST, _SMALLEST = 4, 0.5
#: Share of a screen that is flat at least.
_GROUND = 0.15
#: Share of the weakest side along which the pixels jump, and levels of a jump; sides that are clear beyond doubt.
_SIDE, _JUMP, _CLEAR = 0.3, 5, 0.6
#: Share of a photograph that has the very colour of a ground at most. Rows of nothing else count twice.
_GROUND_INSIDE, _ROWS, _WHOLE_ROW = 0.5, 2.0, 0.97
#: Long side of a photograph to its short one at most: bars are longer.
_LONGEST = 3.2
#: What another photograph of the same screen may be worse by, and the share by which two boxes of one overlap.
_WORSE, _ONE = 0.3, 0.3
#: As shares of the long side of the screen: how far a side lies inside another box, and the frame that a message has.
_INSIDE, _FRAME = 0.01, 0.006
#: As a share of the photograph's long side: a border of one colour that is taken off. What is deeper may be a sky.
_BORDER = 0.025


@dataclass(frozen=True, slots=True)
class Screen:
    """A screenshot: whether that is ``certain``, and the ``pictures`` in it, boxes in its own pixels, largest first."""

    certain: bool
    pictures: tuple[Box, ...]


def find_screen(pixels: Pixels, still: Mask | None = None) -> Screen | None:
    """Return what kind of screenshot this is, or None if it is none; ``pixels`` are upright, as for ``Upload``.

    A screen that is certain may show no picture; one that is likely shows at least one. Of a frame of a video,
    ``still`` marks the pixels of ``Upload.small`` that do not change: only they can be furniture.
    """
    upload = Upload(pixels)
    # Looking for rectangles takes as long as hashing a large photograph: only where they can matter.
    if not may_have_furniture(upload.small):
        return None
    flat = find_flat(upload.small)
    if flat.mean() < _GROUND:
        return None
    grounds = find_grounds(upload.small, flat)
    exactly = [stands_out_exactly(upload.small, flat, ground) for ground in grounds]
    ground = flat & ~np.logical_and.reduce(exactly) if exactly else np.zeros_like(flat)
    pictures = _choose_pictures(upload, ground, find_rectangles(upload, flat, grounds, *exactly, parts=False))
    outside = np.ones_like(flat)
    for box in pictures:
        outside[_in_small(upload, box, 3)] = False
    # Marks are what is not of a ground, or, where the ground is no single colour, what is not flat.
    masks = [~flat, *([stands_out(upload.small, grounds)] if grounds else [])]
    outside &= still if still is not None else True
    found = [find_furniture(mask & outside, upload.small) for mask in masks]
    if Furniture.CERTAIN not in found and not (Furniture.SOME in found and pictures):
        return None
    scale = pixels.shape[0] / upload.luma.shape[0]
    boxes: list[Box] = []
    for box in pictures:
        left, top, right, bottom = (round(side * scale) for side in box)
        boxes.append(_trim(pixels, (left, top, right, bottom)))
    return Screen(Furniture.CERTAIN in found, tuple(boxes))


def _in_small(upload: Upload, box: Box, margin: int) -> tuple[slice, slice]:
    """Return the rows and columns of the small picture that a box of the large one covers, and a margin around."""
    down, across = (upload.small.shape[axis + 1] / upload.luma.shape[axis] for axis in (0, 1))
    left, top, right, bottom = box
    rows = slice(max(0, int(top * down) - margin), int(bottom * down) + margin + (margin > 0))
    return rows, slice(max(0, int(left * across) - margin), int(right * across) + margin + (margin > 0))


def _choose_pictures(upload: Upload, ground: Mask, boxes: list[Box]) -> list[Box]:
    """Return the boxes that hold a photograph, one for each photograph, the largest first; none much smaller."""
    scored: list[tuple[float, float, Box]] = []
    for box in boxes:
        sharp, inside = measure_sides(upload.luma, box), _measure_ground(ground, upload, box)
        shape = (box[2] - box[0]) / (box[3] - box[1])
        if sharp >= _SIDE and inside <= _GROUND_INSIDE and 1 / _LONGEST <= shape <= _LONGEST:
            scored.append((sharp - inside, sharp, box))
    scored.sort(key=lambda each: -each[0])
    clear = [box for _, sharp, box in scored if sharp >= _CLEAR]
    chosen: list[Box] = []
    for score, _, box in scored:
        if score < scored[0][0] - _WORSE:
            break
        # What holds another box away from its own sides is a list of messages or a page, and no photograph.
        holds = any(_lies_inside(other, box, _INSIDE * max(upload.luma.shape)) for other in clear)
        if not holds and all(overlap(box, other) <= _ONE for other in chosen):
            chosen.append(box)
    chosen.sort(key=_area, reverse=True)
    return [_leave_frame(upload, box) for box in chosen if _area(box) >= _SMALLEST * _area(chosen[0])][:MOST]


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _lies_inside(inner: Box, outer: Box, least: float) -> bool:
    """Return whether three sides or more of a box lie inside another one by more than ``least``, and none outside."""
    margins = (inner[0] - outer[0], inner[1] - outer[1], outer[2] - inner[2], outer[3] - inner[3])
    return min(margins) > -least and sum(margin > least for margin in margins) >= 3


def _measure_ground(ground: Mask, upload: Upload, box: Box) -> float:
    """Return the share of a box that is of a ground, or ``_ROWS`` times that of rows of nothing else if it is more."""
    inside = ground[_in_small(upload, box, 0)]
    if inside.size == 0:
        return 1.0
    rows = inside.mean(axis=1)
    return float(max(rows.mean(), _ROWS * (rows > _WHOLE_ROW).mean()))


def measure_sides(luma: Pixels, box: Box) -> float:
    """Return the least share of a side along which the pixels jump. A side on the edge of the screen does not count."""
    left, top, right, bottom = box
    height, width = luma.shape
    shares = []
    for at, end, lines in (
        (top, height, luma[:, left:right]), (bottom, height, luma[:, left:right]),
        (left, width, luma[top:bottom].T), (right, width, luma[top:bottom].T),
    ):  # fmt: skip
        if 2 < at < end - 2:
            steps = np.abs(lines[at + 1].astype(np.int16) - lines[at - 2])
            shares.append(float((steps > _JUMP).mean()))
    return min(shares, default=0.0)


def _leave_frame(upload: Upload, box: Box) -> Box:
    """Return the box of the picture inside the thin frame that a message has, if there is one."""
    inner = sharpen_edges(upload.luma, box, round(_FRAME * max(upload.luma.shape)), inner=True)
    shrunk = min(inner[0] - box[0], inner[1] - box[1], box[2] - inner[2], box[3] - inner[3]) >= 0
    return inner if shrunk and measure_sides(upload.luma, inner) >= _CLEAR else box


def _trim(pixels: Pixels, box: Box) -> Box:
    """Return the box without thin borders of one colour."""
    left, top, right, bottom = box
    inside = pixels[top:bottom, left:right]
    colours = inside[None] if inside.ndim == 2 else inside[:, :, :3].transpose(2, 0, 1)
    _, height, width = colours.shape
    found = trim_borders(colours.astype(np.int16))
    depths = (found[0], found[1], width - found[2], height - found[3])
    near, up, far, low = (depth if depth <= _BORDER * max(height, width) else 0 for depth in depths)
    return left + near, top + up, right - far, bottom - low


def cut_out(shown: Pixels, box: Box) -> Pixels:
    """Return a copy of a box of upright pixels, as if cropped by hand; rounded corners are filled."""
    left, top, right, bottom = box
    return fill_corners(np.ascontiguousarray(shown[top:bottom, left:right]))
