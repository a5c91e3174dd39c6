"""Furniture of a screen: what may have none is told before anything costly is looked for."""

from __future__ import annotations

import numpy as np
import pytest

from takedown_cli.hashing.readings.furniture import Furniture, find_furniture, may_have_furniture

#: Height and width: pages of a book and pictures of cameras, upright, square, lying, and screens.
SHAPES = [(400, 300), (300, 300), (300, 400), (270, 480), (480, 270), (480, 222), (300, 480)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bars", [True, False])
def test_what_may_have_none_has_none(shape: tuple[int, int], *, bars: bool) -> None:
    height, width = shape
    small = np.full((3, height, width), 240, np.int16)
    if bars:
        small[:, :10] = 200
        small[:, 10:24] = 220
    marks = np.zeros(shape, np.bool_)
    for top in range(4, height - 8, 24):
        marks[top : top + 5, 10:60] = True
        marks[top : top + 5, width - 60 : width - 10] = True
    assert may_have_furniture(small) == (find_furniture(marks, small) is not Furniture.NONE)
    assert may_have_furniture(small) == (height > 1.6 * width or (width > height and bars))
