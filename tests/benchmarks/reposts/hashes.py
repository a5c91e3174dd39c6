"""What is listed of a picture or of a screenshot, and what a platform reads in a copy, both as bits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from takedown_cli.core.model import MIN_QUALITY
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copies import PREDICTED_KINDS, predict_copies
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from takedown_cli.hashing.readings.first_look import may_be_screen
from takedown_cli.hashing.readings.screens import cut_out, find_screen
from takedown_cli.hashing.readings.upload import read_upload
from tests.benchmarks.copies import Picture
from tests.benchmarks.pictures import Bits, bits


def list_picture(picture: Picture) -> Bits:
    """Return what ``--copies all`` lists of a picture, N x 256."""
    pixels = np.asarray(picture)
    both = pdq.hash_both(pixels)
    values = [both[pdq.NEAREST].value, *both[pdq.FULL].dihedral_values().values()]
    predicted = predict_copies(make_thumbnail(pixels), frozenset(PREDICTED_KINDS))
    return bits(values + [each.value for each in predicted])


def list_screenshot(shot: Picture) -> Bits:
    """Return what is listed of the pictures in a screenshot; nothing where no screen is seen."""
    pixels = np.asarray(shot)
    screen = find_screen(pixels) if may_be_screen(pdq.hash_full(pixels).block) else None
    inside = [list_picture(Image.fromarray(cut_out(pixels, box))) for box in screen.pictures] if screen else []
    return np.concatenate([np.zeros((0, 256), np.bool_), *inside])


def read_copy(copy: Picture) -> Bits:
    """Return the hash of a copy and those of its readings, N x 256, without those too poor to match."""
    pixels = np.asarray(copy)
    full = pdq.hash_full(pixels)
    first = [full.value] if full.quality >= MIN_QUALITY else ["00" * 32]
    return bits(first + [reading.value for reading in read_upload(pixels, full)])


def nearest(readings: Bits, listed: Bits) -> npt.NDArray[np.int64]:
    """Return for each reading the least distance to the list, in bits."""
    return np.array([(listed != reading).sum(axis=1).min() for reading in readings])
