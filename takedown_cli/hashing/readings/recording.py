"""Recordings of a screen: where in the frames of a video a clip plays.

A phone's or a browser's furniture around it that stands still makes a recording *certain*. Flat or blurred bars around
what plays make it only *likely*: a film with bars of its own looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from takedown_cli.core.model import Box
from takedown_cli.hashing.decoded import Doubles, Pixels
from takedown_cli.hashing.readings.edges import sharpen_edges
from takedown_cli.hashing.readings.first_look import may_be_screen
from takedown_cli.hashing.readings.grounds import Mask
from takedown_cli.hashing.readings.rectangles import overlap
from takedown_cli.hashing.readings.reduced import Colours, Upload
from takedown_cli.hashing.readings.regions import grow_regions
from takedown_cli.hashing.readings.screens import Screen, find_screen, measure_sides

#: Frames of a group in which a screen is looked for, and the share of them that has to show it.
LOOKED_AT, _SHARE = 4, 0.75
#: Two boxes of one place overlap by this share.
_ONE = 0.9
#: Levels that a pixel may change while it stands still, and from which it moves.
_STILL, _MOVES = 24, 16
#: Pixels around one that changes that are no furniture, and of the shorter side of a frame at least.
_NEAR, _TINY = 7, 64
#: What plays moves by this share of what moves the most, and a picture holds this share of what plays in it.
_PLAYS, _PLAYED = 0.3, 0.8
#: Share of the pixels around what plays that may move, and of the frame that it covers, at least and at most.
_AROUND, _SMALLEST, _LARGEST = 0.03, 0.12, 0.93
#: Share of the weakest side along which pixels jump, on average over frames.
_SIDE = 0.4
#: A line belongs to a bar if it has this share of the detail of the lines in the middle. Share of a side that a bar
#: takes at least, and by which the two bars may differ.
_PLAIN, _BAR, _UNEVEN = 0.3, 0.04, 0.02
#: The same for the first look on 64 x 64 blocks: levels from which a cell moves, lines of a bar, and its detail.
_LEVELS, _LINES, _NEARLY_PLAIN = 4.0, 2, 0.45
#: Share of the cells between two still bars that move at least: few where a camera moves slowly, or over a sky.
_SOME = 0.2


def may_be_recording(blocks: Sequence[Doubles]) -> bool:
    """Return whether a group of frames may be of a recording, by their 64 x 64 luma. It costs next to nothing."""
    if sum(map(may_be_screen, blocks)) >= _SHARE * len(blocks):
        return True
    stack = np.asarray(blocks)
    moves = np.ptp(stack, axis=0) > _LEVELS
    for axis in (0, 1):
        lines = moves.mean(axis=1 - axis)
        still = _runs(lines <= _AROUND)
        if min(still) >= _LINES and sum(still) < len(lines) and lines[still[0] : len(lines) - still[1]].mean() > _SOME:
            return True
        if any(_find_even_bars(_measure_detail(stack, axis), _NEARLY_PLAIN)):
            return True
    return False


def find_recording(frames: Sequence[Pixels]) -> Screen | None:
    """Return what plays in a group of frames of one size, or None if they are no recording; boxes are of the frames.

    ``frames`` are upright, H x W grey or H x W x C, and some time apart. As of ``find_screen``, a screen that is
    certain may show no picture.
    """
    if min(frames[0].shape[:2]) < _TINY:
        return None
    uploads = [Upload(frame) for frame in frames]
    smalls = np.asarray([upload.small for upload in uploads])
    change: Colours = (smalls.max(axis=0) - smalls.min(axis=0)).max(axis=0)
    count = min(LOOKED_AT, len(frames))
    picked = [at * len(frames) // count for at in range(count)]
    # Words that change leave pixels between their letters as they were.
    changed = Image.fromarray(change > _STILL).convert("L").filter(ImageFilter.MaxFilter(_NEAR))
    found = [find_screen(frames[at], np.asarray(changed) == 0) for at in picked]
    screen = _agree([each for each in found if each is not None], len(found))
    scale = frames[0].shape[0] / uploads[0].luma.shape[0]
    moving = _find_moving(change > _MOVES)
    plays = None if moving is None else _settle([uploads[at] for at in picked], moving, scale)
    if screen is not None and (screen.certain or screen.pictures):
        pictures = _choose_moving(screen.pictures, change > _MOVES, frames[0].shape)
        # A coloured ground may look like a picture, but it stands still.
        if plays is not None and pictures and not any(_holds(box, plays.pictures[0]) for box in pictures):
            pictures = plays.pictures
        return Screen(screen.certain, pictures)
    if moving is not None:
        return plays
    bars = _find_bars(smalls)
    return None if bars is None else _settle([uploads[at] for at in picked], bars, scale)


def _agree(screens: list[Screen], looked: int) -> Screen | None:
    """Return the screen that most of the frames show, with those pictures that stay at their place."""
    certain = [screen for screen in screens if screen.certain]
    chosen = certain if len(certain) >= _SHARE * looked else screens
    if len(chosen) < _SHARE * looked:
        return None
    boxes: list[Box] = []
    for box in (box for screen in chosen for box in screen.pictures):
        if any(overlap(box, other) > _ONE for other in boxes):
            continue
        same = [other for screen in chosen for other in screen.pictures if overlap(box, other) > _ONE]
        if len(same) >= _SHARE * looked:
            boxes.append(_middle(same))
    return Screen(chosen is certain, tuple(boxes))


def _choose_moving(boxes: tuple[Box, ...], moves: Mask, shape: tuple[int, ...]) -> tuple[Box, ...]:
    """Return the boxes of a frame in which a clip plays; where none does, all of them."""
    down, across = moves.shape[0] / shape[0], moves.shape[1] / shape[1]
    shares = [
        float(moves[int(top * down) : int(bottom * down) + 1, int(left * across) : int(right * across) + 1].mean())
        for left, top, right, bottom in boxes
    ]
    least = _PLAYS * max(shares, default=0)
    return tuple(box for box, share in zip(boxes, shares, strict=True) if share >= least)


def _holds(outer: Box, inner: Box) -> bool:
    """Return whether most of one box lies in another."""
    across, down = (min(outer[at + 2], inner[at + 2]) - max(outer[at], inner[at]) for at in (0, 1))
    return max(0, across) * max(0, down) > _PLAYED * (inner[2] - inner[0]) * (inner[3] - inner[1])


def _middle(boxes: list[Box]) -> Box:
    left, top, right, bottom = np.median(np.asarray(boxes), axis=0).astype(int).tolist()
    return left, top, right, bottom


def _find_moving(moves: Mask) -> Box | None:
    """Return the box of the small frame that holds nearly all that moves, and is nearly full of it."""
    gap = round(0.014 * max(moves.shape))
    height, width = moves.shape
    for left, top, right, bottom in grow_regions(moves, (gap,), 1):
        # On one side alone it may be a sky, or a banner over a film.
        if min(top, height - bottom) < _BAR * height and min(left, width - right) < _BAR * width:
            continue
        outside = moves.copy()
        outside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = False
        around = outside.sum() / max(1, moves.size - (right - left) * (bottom - top))
        if around <= _AROUND:
            return left, top, right, bottom
    return None


def _find_bars(smalls: Colours) -> Box | None:
    """Return the box of the small frame between two even bars that have little detail, black or blurred."""
    luma = smalls.mean(axis=1)
    height, width = luma.shape[1:]
    (top, bottom), (left, right) = (_find_even_bars(_measure_detail(luma, axis), _PLAIN) for axis in (0, 1))
    return (left, top, width - right, height - bottom) if max(top, left) else None


def _measure_detail(stack: Doubles, axis: int) -> Doubles:
    """Return for each line along an axis how much neighbours on it differ, on average over the frames (N x h x w)."""
    detail: Doubles = np.abs(np.diff(stack, axis=2 - axis)).mean(axis=(0, 2 - axis))
    return detail


def _find_even_bars(detail: Doubles, plain: float) -> tuple[int, int]:
    """Return how many lines the bars at both ends have; 0 and 0 if there are none, or uneven ones."""
    size = len(detail)
    runs = _runs(detail <= plain * float(np.median(detail[size // 4 : size - size // 4])))
    even = abs(runs[0] - runs[1]) <= max(1, _UNEVEN * size)
    return runs if min(runs) >= _BAR * size and sum(runs) < size and even else (0, 0)


def _runs(low: Mask) -> tuple[int, int]:
    """Return the lengths of the runs at both ends."""
    return int(np.logical_and.accumulate(low).sum()), int(np.logical_and.accumulate(low[::-1]).sum())


def _settle(uploads: list[Upload], box: Box, scale: float) -> Screen | None:
    """Return the box with its sides on the steps that the frames have there, if they are clear and of a fit size."""
    height, width = uploads[0].luma.shape
    reach = round(0.02 * max(height, width))
    sharp = _middle([sharpen_edges(upload.luma, upload.enlarge(box), reach) for upload in uploads])
    left, top, right, bottom = sharp
    share = (right - left) * (bottom - top) / (height * width)
    sides = float(np.mean([measure_sides(upload.luma, sharp) for upload in uploads]))
    if not _SMALLEST <= share <= _LARGEST or sides < _SIDE:
        return None
    left, top, right, bottom = (round(side * scale) for side in sharp)
    return Screen(False, ((left, top, right, bottom),))
