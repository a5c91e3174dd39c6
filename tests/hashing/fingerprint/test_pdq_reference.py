"""The reference's float32 arithmetic, against the same written out sample by sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from takedown_cli.hashing.fingerprint import pdq_reference

Floats = npt.NDArray[np.float32]


def _box(line: list[np.float32], window: int) -> list[np.float32]:
    """One running sum along a line, as ``box1DFloat`` in ``pdq/cpp/downscaling`` keeps it."""
    ahead = (window + 2) // 2
    total, count, means = np.float32(0), 0, []
    for right in range(len(line) + ahead - 1):
        if right < len(line):
            total, count = total + line[right], count + 1
        if right >= window:
            total, count = total - line[right - window], count - 1
        if right >= ahead - 1:
            means.append(total / np.float32(count))
    return means


def _literally(luma: Floats) -> Floats:
    height, width = luma.shape
    plane = luma
    for _ in range(2):
        plane = np.array([_box(list(line), (width + 127) // 128) for line in plane], np.float32)
        plane = np.array([_box(list(line), (height + 127) // 128) for line in plane.T], np.float32).T
    rows, columns = (((np.arange(64) + 0.5) * size / 64).astype(int) for size in (height, width))
    samples: Floats = plane[rows][:, columns]
    return samples


@pytest.mark.parametrize("size", [(5, 9), (63, 64), (64, 129), (65, 128), (131, 70), (257, 300)])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_sample_is_the_references_to_the_last_bit(size: tuple[int, int], channels: int) -> None:
    pixels = np.random.default_rng(channels).integers(0, 256, (*size, channels), np.uint8)
    if channels == 1:
        pixels = pixels[:, :, 0]
    red, green, blue = ([pixels] * 3) if channels == 1 else (pixels[:, :, index] for index in range(3))
    double = (red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32)
    assert np.array_equal(pdq_reference.downsample(pixels, single=False), _literally(double))
    if channels > 1:
        single = red * np.float32(0.299) + green * np.float32(0.587) + blue * np.float32(0.114)
        assert np.array_equal(pdq_reference.downsample(pixels, single=True), _literally(single.astype(np.float32)))


def test_exact_sums_round_to_the_same_luma_as_sums_in_double_precision() -> None:
    levels = np.arange(256, dtype=np.uint8)
    for red in (0, 1, 2, 77, 128, 254, 255):
        colours = np.stack(np.broadcast_arrays(np.uint8(red), levels[:, None], levels), axis=2)
        double = (colours[:, :, 0] * 0.299 + colours[:, :, 1] * 0.587 + colours[:, :, 2] * 0.114).astype(np.float32)
        assert np.array_equal(pdq_reference.luma_in_double(colours), double)
