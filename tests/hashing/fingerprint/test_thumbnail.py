"""The thumbnail: means of the whole picture, nothing lost at the edges, the right way up."""

from __future__ import annotations

import numpy as np
import pytest

from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decoded import ORIENTATIONS, turn_upright
from takedown_cli.hashing.fingerprint import pdq_downsample, thumbnail
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail, pick_rows


@pytest.mark.parametrize("shape", [(1000, 1300, 3), (1300, 1000, 4), (700, 2001), (30, 40, 3), (3, 5000, 3), (1, 1)])
def test_each_value_is_the_mean_of_its_blocks_rows(shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    luma = make_thumbnail(pixels)
    height, width = shape[:2]
    assert max(luma.shape) <= thumbnail.SIDE
    plane = pixels.astype(float) if len(shape) == 2 else pixels[:, :, :3] @ np.array(pdq_downsample.LUMA)
    picks = pick_rows(np.arange(luma.shape[0] + 1) * height // luma.shape[0])
    for row in {0, luma.shape[0] // 2, luma.shape[0] - 1}:
        rows = picks[row].tolist()
        top, bottom = row * height // luma.shape[0], (row + 1) * height // luma.shape[0]
        assert top <= min(rows) <= max(rows) < bottom
        assert len(set(rows)) == min(3, bottom - top)
        for column in {0, luma.shape[1] // 3, luma.shape[1] - 1}:
            columns = slice(column * width // luma.shape[1], (column + 1) * width // luma.shape[1])
            assert luma[row, column] == pytest.approx(plane[rows, columns].mean(), abs=0.01)


@pytest.mark.parametrize("number", range(1, 9))
def test_a_thumbnail_is_upright(number: int) -> None:
    stored = np.random.default_rng(number).integers(0, 256, (90, 120, 3), np.uint8)
    orientation = ORIENTATIONS[number]
    upright = np.ascontiguousarray(turn_upright(stored, orientation))
    assert np.allclose(make_thumbnail(stored, orientation), make_thumbnail(upright), atol=1e-3)


def test_a_few_rows_stand_for_their_block() -> None:
    photo = np.asarray(picture(4, (3000, 2250)))
    plane = (photo @ np.array(pdq_downsample.LUMA))[:2048, :2048]
    blocks = plane.reshape(512, 4, 512, 4).mean(axis=(1, 3))
    assert np.abs(make_thumbnail(np.ascontiguousarray(photo[:2048, :2048])) - blocks).mean() < 0.5


def test_sums_of_tall_blocks_stay_exact() -> None:
    pixels = np.full((512 * 300, 2), 255, np.uint8)
    assert np.allclose(make_thumbnail(pixels), 255)
