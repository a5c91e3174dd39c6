"""What a long deny-list costs innocent people, and the intake: pictures that have nothing to do with its entries.

Run as ``python -m tests.benchmarks.denied``; ``--photos FOLDER`` for photographs of yours. The photographs are split in
two halves, and each half is asked about a list of the other: the hashes of windows cut from it at random, turned at
random. No photograph is asked about a list that has its own scene. Where there are too few, made-up pictures are asked
about the same lists. Quarters of the photographs have a row of their own: many of them are bare sky or floor, which
nobody would send. It does not measure whether the list catches what it should: the tests do.
"""

from __future__ import annotations

import argparse
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from takedown_cli.core.model import MIN_QUALITY
from takedown_cli.core.variants import COPY_KINDS
from takedown_cli.fixtures.texture import picture as made_up
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copies import predict_copies
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.signals import plausible
from tests.benchmarks.measure import Row, table
from tests.benchmarks.pictures import APART, Bits, bits, photographs

#: Pixels of the longest side of a photograph here, of the shortest side of a window, and of a block that is hashed.
SIDE, SMALLEST, BLOCK = 800, 120, 64
#: Hashes of which the time is measured.
TIMED = 2000


def load(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        opened.draft("RGB", (SIDE, SIDE))
        picture = opened.convert("RGB")
    picture.thumbnail((SIDE, SIDE))
    return picture


def quarters(picture: Image.Image) -> list[Image.Image]:
    middle, low = picture.width // 2, picture.height // 2
    boxes = [(left, top, left + middle, top + low) for left in (0, middle) for top in (0, low)]
    return [picture.crop(box) for box in boxes]


def windows(picture: Image.Image, count: int, draw: random.Random) -> set[bytes]:
    """The hashes of so many windows that are good enough to be listed. Averages stand for PDQ's own reduction."""
    grey = picture.convert("L")
    found: set[bytes] = set()
    for _ in range(5):
        blocks = []
        for _ in range(count):
            wide, tall = (draw.randint(min(SMALLEST, side), side) for side in grey.size)
            left, top = draw.randint(0, grey.width - wide), draw.randint(0, grey.height - tall)
            box = (left, top, left + wide, top + tall)
            blocks.append(np.asarray(grey.resize((BLOCK, BLOCK), Image.Resampling.BOX, box), dtype=np.float64))
        good = [block for block in blocks if pdq.measure_quality(block) >= MIN_QUALITY]
        for coefficients in pdq.transform_block(np.stack(good)) if good else ():
            value = bytes.fromhex(draw.choice(pdq.hex_values(pdq.turn_coefficients(coefficients))))
            if plausible("pdq", value):
                found.add(value)
        if len(found) >= count:
            break
    return set(sorted(found)[:count])


def list_of(paths: list[Path], entries: int, draw: random.Random) -> DenyList:
    """A list of so many windows, about as many of each photograph."""
    values: set[bytes] = set()
    for path in paths:
        values |= windows(load(path), -(-entries * 5 // 4 // len(paths)), draw)
    return DenyList(draw.sample(sorted(values), min(entries, len(values))))


def hashes_of_scenes(paths: list[Path]) -> list[str]:
    return [value for path in paths for value in pdq.hash_full(np.asarray(load(path))).dihedral_values().values()]


def is_apart(own: list[bytes], scenes: Bits) -> bool:
    """Whether a picture shows another scene than each of these."""
    return bool((bits([own[0].hex()]) != scenes).sum(axis=1).min() >= APART)


def own_hashes(pixels: NDArray[np.uint8]) -> list[bytes] | None:
    """The hashes of a picture itself, or None if nobody could list it."""
    readings = pdq.hash_both(pixels)
    if readings[pdq.FULL].quality < MIN_QUALITY:
        return None
    return [bytes.fromhex(value) for value in dict.fromkeys(reading.value for reading in readings.values())]


def fingerprints(picture: Image.Image) -> tuple[list[bytes], list[bytes]] | None:
    """The hashes of a picture itself and of its predicted copies, or None if nobody could list it."""
    pixels = np.asarray(picture)
    own = own_hashes(pixels)
    if own is None:
        return None
    copies = predict_copies(make_thumbnail(pixels), frozenset(COPY_KINDS))
    good = [bytes.fromhex(each.value) for each in copies if (each.quality or 0) >= MIN_QUALITY]
    return own, [value for value in good if value not in own]


@dataclass
class Asked:
    """Pictures that were asked about a list: how many, how many lose their own hash, and how many lose any."""

    pictures: int = 0
    refused: int = 0
    losing: int = 0
    fingerprints: int = 0
    lost: int = 0

    def ask(self, denied: DenyList, own: list[bytes], copies: list[bytes]) -> None:
        near = denied.find_near([*own, *copies])
        self.pictures += 1
        self.refused += any(near[: len(own)])
        self.losing += any(near)
        self.fingerprints += len(near)
        self.lost += sum(near)


def rows(folder: Path | None, entries: int, count: int) -> list[Row]:
    """Measure all photographs, and made-up pictures up to ``count``, against two lists of ``entries`` each."""
    paths = photographs(folder)
    if len(paths) < 2:
        raise SystemExit(
            "There are fewer than two photographs: run 'make photographs' first, or name a folder by --photos."
        )
    halves, draw = (paths[::2], paths[1::2]), random.Random(1)
    whole, made, parts = Asked(), Asked(), Asked()
    milliseconds = []
    for number, (named, others) in enumerate((halves, halves[::-1])):
        denied, apart = list_of(named, entries, draw), bits(hashes_of_scenes(named))
        some: list[bytes] = []
        for path in others:
            picture = load(path)
            if (one := fingerprints(picture)) and is_apart(one[0], apart):
                whole.ask(denied, *one)
                some += [*one[0], *one[1]][: -(-TIMED // len(others))]
            for quarter in quarters(picture):
                if (readings := own_hashes(np.asarray(quarter))) and is_apart(readings, apart):
                    parts.ask(denied, readings, [])
        for seed in range(1 + number, 1 + max(0, count - len(paths)), 2):
            if own := own_hashes(np.asarray(made_up(seed, (SIDE, SIDE * 3 // 4)))):
                made.ask(denied, own, [])
        started = time.process_time()
        denied.find_near(some)
        milliseconds.append((time.process_time() - started) / len(some) * 1000)
    lists = f"two lists of {entries:,} entries, from {len(halves[0])} and {len(halves[1])} photographs"
    innocent, refused = whole.pictures + made.pictures, whole.refused + made.refused
    what = f"{whole.pictures:,} photographs and {made.pictures:,} made-up pictures"
    losing = f"{whole.lost:,} of {whole.fingerprints:,} fingerprints are lost"
    return [
        _share(f"{what}: refused", "≤ 0.1 %", refused, innocent, lists, bar=0.001),
        _share("the photographs alone: refused", "≤ 0.1 %", whole.refused, whole.pictures, lists, bar=0.001),
        _share("the photographs: those that lose any fingerprint", "(measured)", whole.losing, whole.pictures, losing),
        _share("quarters of the photographs: refused", "(measured)", parts.refused, parts.pictures,
               "many are bare sky or floor"),
        Row("processor time of a hash", "< 1 ms", f"{max(milliseconds):.2f} ms", max(milliseconds) < 1,
            "the slower of the two lists"),
    ]  # fmt: skip


def _share(figure: str, bar_text: str, part: int, whole: int, detail: str, bar: float = 1.0) -> Row:
    share = part / max(1, whole)
    return Row(figure, bar_text, f"{share:.2%}", share <= bar, f"{part} of {whole:,}; {detail}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.denied", description=__doc__)
    parser.add_argument("--photos", type=Path, help="photographs of yours; default: those of 'make photographs'")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=500)
    chosen = parser.parse_args()
    print(table(rows(chosen.photos, chosen.entries, chosen.count)))


if __name__ == "__main__":
    main()
