"""PDQ's filter as weights: exact sums, and weights that add up for any length."""

from __future__ import annotations

import numpy as np
import pytest

from takedown_cli.hashing.fingerprint import pdq_downsample


def test_row_sums_are_exact_where_the_weights_are_whole() -> None:
    """All white is the most that a 16-bit sum is ever given."""
    white = np.full((2999, 40), 255, np.uint8)
    down = pdq_downsample.filter_axis(2999)
    sums = pdq_downsample._sum_rows(white, down)
    for line, tap in zip(sums, down.taps, strict=True):
        if tap.parts:
            assert set(line.tolist()) == {255 * down.scale}


@pytest.mark.parametrize("size", [64, 500, 513, 4000, 20_011, 40_000])
def test_the_weights_of_every_output_add_up_to_one(size: int) -> None:
    axis = pdq_downsample.filter_axis(size)
    for tap in axis.taps:
        assert tap.weights.sum() == pytest.approx(axis.scale)
        assert all(part.weights.astype(int).sum() * 255 <= 0xFFFF for part in tap.parts)
        if tap.parts:
            assert np.concatenate([part.weights for part in tap.parts]).tolist() == np.rint(tap.weights).tolist()
