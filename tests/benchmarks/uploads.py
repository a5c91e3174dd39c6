"""What looking for pictures inside pictures costs: all readings of an upload, and ``hash`` of what is no screenshot.

Uploads have the pixels of 1080 x 1920: photographs cut to that shape, and the layouts of ``reposts``. All is done in
this process on one core, and processor time counts. It does not measure what is found.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from takedown_cli.fixtures import picture
from takedown_cli.hashing.decoded import Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.readings.first_look import may_be_screen
from takedown_cli.hashing.readings.grounds import find_flat, find_grounds
from takedown_cli.hashing.readings.reduced import Upload
from takedown_cli.hashing.readings.upload import read_upload
from tests.benchmarks.measure import NOTHING, Row, in_turn, one_core
from tests.benchmarks.reposts.layouts import LAYOUTS
from tests.benchmarks.speed import EXACT, hashed

SIZE = (1080, 1920)
#: Share of flat pixels below which a first look finds no flat area.
_FLAT = 0.04
#: Photographs of which uploads are made.
_MOST = 16
_WHOLE = replace(EXACT, whole=True)


def rows(photos: list[Path], rounds: int) -> list[Row]:
    with one_core():
        drawn = [_open(path) for path in photos[:: max(1, len(photos) // _MOST)][:_MOST]]
        plain = [np.asarray(each) for each in drawn]
        bare = [pixels for pixels in plain if _has_no_ground(pixels)]
        return [
            _cost("readings of a 1080 x 1920 upload, beyond its decode", 40, [*plain, *_lay_out(drawn)], rounds),
            _cost("the same, where a first look finds no flat area", 10, bare, rounds),
            _against_no_look(photos, rounds),
        ]


def _open(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        return ImageOps.fit(opened.convert("RGB"), SIZE)


def _lay_out(drawn: list[Image.Image]) -> Iterator[Pixels]:
    """Yield each layout of two of the photographs, with as many pixels as the other uploads have."""
    for number, lay_out in enumerate(LAYOUTS.values()):
        for turn in range(2):
            shown = drawn[(number + turn * len(drawn) // 2) % len(drawn)]
            other = picture(number, (800, 600))
            copy = lay_out(shown, other, np.random.default_rng([number, turn])).convert("RGB")
            scale = math.sqrt(SIZE[0] * SIZE[1] / (copy.width * copy.height))
            yield np.asarray(copy.resize((round(copy.width * scale), round(copy.height * scale))))


def _has_no_ground(pixels: Pixels) -> bool:
    small = Upload(pixels).small
    flat = find_flat(small)
    return bool(flat.mean() < _FLAT) and not find_grounds(small, flat)


def _cost(figure: str, bar: float, uploads: list[Pixels], rounds: int) -> Row:
    if not uploads:
        return Row.skipped(figure, f"≤ {bar:g} ms", "no such photograph")
    costs, counts = [], []
    for pixels in uploads:
        full = pdq.hash_full(pixels)
        each = []
        for _ in range(1 + rounds):
            began = time.process_time()
            found = read_upload(pixels, full)
            each.append(1000 * (time.process_time() - began))
        costs.append(min(each))
        counts.append(len(found))
    mean, high = float(np.mean(costs)), float(np.percentile(costs, 95))
    detail = (
        f"95 % within {high:.0f} ms, all within {max(costs):.0f} ms; "
        f"{len(uploads)} uploads, {np.mean(counts):.0f} readings"
    )
    return Row(figure, f"≤ {bar:g} ms", f"{mean:.1f} ms", mean <= bar, detail)


def _against_no_look(photos: list[Path], rounds: int) -> Row:
    """The hash of each photograph, against the same with the look for screenshots switched off."""
    pairs, screens, looked = NOTHING, 0, 0
    hashed(photos[0], EXACT)
    for path in photos:
        if hashed(path, EXACT).inside:
            screens += 1
            continue
        with Image.open(path) as opened:
            looked += may_be_screen(pdq.hash_full(np.asarray(opened.convert("RGB"))).block)
        pairs += in_turn(lambda p=path: hashed(p, EXACT), lambda p=path: hashed(p, _WHOLE), rounds)  # type: ignore[misc]
    ours, theirs = (sum(each.processor for each in side) for side in (pairs.ours, pairs.theirs))
    detail = (
        f"processor time of all {len(photos) - screens} photographs; {looked} are looked at twice, "
        f"{screens} taken for screenshots are left out"
    )
    figure = "12-MP JPEG that is no screenshot, against no look for screenshots"
    return Row(figure, "≤ 1.05×", f"{ours / theirs:.3f}×", ours <= 1.05 * theirs, detail)
