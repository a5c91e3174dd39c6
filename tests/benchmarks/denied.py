"""What a long deny-list costs innocent people, and the intake: photographs that have nothing to do with its entries.

Run as ``python -m tests.benchmarks.denied``; ``--photos FOLDER`` for photographs of yours. The entries are the hashes
of windows cut at random from every fifth photograph, turned at random. The innocent photographs are the others, and
quarters of them where there are too few, with all their predicted copies; none shows the same scene as one of the
fifth. It does not measure whether the list catches what it should: the tests do.
"""

from __future__ import annotations

import argparse
import random
import time
from itertools import chain
from pathlib import Path

import numpy as np
from PIL import Image

from takedown_cli.core.model import MIN_QUALITY
from takedown_cli.core.variants import COPY_KINDS
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copies import predict_copies
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.signals import plausible
from tests.benchmarks.measure import Row, table
from tests.benchmarks.pictures import APART, bits, photographs

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


def fingerprints(picture: Image.Image) -> tuple[list[bytes], list[bytes]] | None:
    """The hashes of a photograph itself and of its predicted copies, or None if nobody could list it."""
    pixels = np.asarray(picture)
    readings = pdq.hash_both(pixels)
    if readings[pdq.FULL].quality < MIN_QUALITY:
        return None
    own = dict.fromkeys(reading.value for reading in readings.values())
    copies = predict_copies(make_thumbnail(pixels), frozenset(COPY_KINDS))
    good = [each.value for each in copies if (each.quality or 0) >= MIN_QUALITY and each.value not in own]
    return [bytes.fromhex(value) for value in own], [bytes.fromhex(value) for value in good]


def rows(folder: Path | None, entries: int, count: int) -> list[Row]:
    """Measure so many photographs, or as many as there are, against so many entries."""
    paths = photographs(folder)
    named, others = paths[::5], [path for number, path in enumerate(paths) if number % 5]
    draw = random.Random(1)
    values: set[bytes] = set()
    scenes: list[str] = []
    for path in named:
        picture = load(path)
        values |= windows(picture, -(-entries * 5 // 4 // len(named)), draw)
        scenes += pdq.hash_full(np.asarray(picture)).dihedral_values().values()
    denied, apart = DenyList(draw.sample(sorted(values), min(entries, len(values)))), bits(scenes)
    hashed: list[tuple[list[bytes], list[bytes]]] = []
    whole = (load(path) for path in others)
    for picture in chain(whole, (quarter for path in others for quarter in quarters(load(path)))):
        one = fingerprints(picture)
        if one and (bits([one[0][0].hex()]) != apart).sum(axis=1).min() >= APART:
            hashed.append(one)
        if len(hashed) == count:
            break
    refused = sum(any(denied.find_near(own)) for own, _ in hashed)
    lost = [sum(denied.find_near([*own, *copies])) for own, copies in hashed]
    total = sum(len(own) + len(copies) for own, copies in hashed)
    some = [value for own, copies in hashed for value in (*own, *copies)][:TIMED]
    started = time.process_time()
    denied.find_near(some)
    each = (time.process_time() - started) / len(some) * 1000
    size = f"{len(hashed):,} innocent photographs, {len(denied):,} entries"
    detail = f"entries from {len(named)} other photographs; {total:,} fingerprints, of which {sum(lost)} are lost"
    own_share, any_share = refused / len(hashed), sum(map(bool, lost)) / len(hashed)
    return [
        Row(f"{size}: photographs refused", "≤ 0.1 %", f"{own_share:.2%}", own_share <= 0.001, detail),
        Row(f"{size}: photographs that lose any fingerprint", "(measured)", f"{any_share:.2%}", True, detail),
        Row("the same, processor time of a hash", "< 1 ms", f"{each:.2f} ms", each < 1, f"of {len(some):,} hashes"),
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.denied", description=__doc__)
    parser.add_argument("--photos", type=Path, help="photographs of yours; default: those of 'make photographs'")
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--count", type=int, default=500)
    chosen = parser.parse_args()
    print(table(rows(chosen.photos, chosen.entries, chosen.count)))


if __name__ == "__main__":
    main()
