"""How many of the copies that people really make are caught: by the list alone, and with the readings of an upload.

Run as ``python -m tests.benchmarks.reposted [--photos DIR] [--limit N] [--out DIR]``. Each kind counts once in the
mean, since nobody has published how common they are. This module must never tune what it measures.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from takedown_cli.core.model import MATCH_DISTANCE, MIN_QUALITY
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copies import PREDICTED_KINDS, predict_copies
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from takedown_cli.hashing.readings.upload import read_upload
from tests.benchmarks.copies import Picture, finish
from tests.benchmarks.measure import begin_anew, yield_to_others
from tests.benchmarks.pictures import Bits, Scene, bits, scenes
from tests.benchmarks.reposts import LAYOUTS

#: JPEG quality, and pixels of the long side: 1080 wide, as a phone's screen is.
QUALITY, SIDE = 80, 2520


@dataclass(frozen=True, slots=True)
class Read:
    """A scene's list, and the readings of its copy in each layout, the copy as it is first."""

    listed: Bits
    readings: dict[str, Bits]
    #: The scene that other parts of the copies show.
    other: int


def read_scene(job: tuple[int, Scene, int, Scene, int]) -> Read:
    """List one scene, make its copies, and read them."""
    number, scene, beside, other, seed = job
    picture, besides = scene.load(), other.load()
    readings = {}
    for index, (name, lay_out) in enumerate(LAYOUTS.items()):
        copy = finish(lay_out(picture, besides, np.random.default_rng([seed, number, index])), QUALITY, SIDE)
        readings[name] = read_copy(copy)
    return Read(list_picture(picture), readings, beside)


def list_picture(picture: Picture) -> Bits:
    """Return what ``--copies all`` lists of a picture, N x 256."""
    pixels = np.asarray(picture)
    both = pdq.hash_both(pixels)
    values = [both[pdq.NEAREST].value, *both[pdq.FULL].dihedral_values().values()]
    predicted = predict_copies(make_thumbnail(pixels), frozenset(PREDICTED_KINDS))
    return bits(values + [each.value for each in predicted])


def read_copy(copy: Picture) -> Bits:
    """Return the hash of a copy and those of its readings, N x 256, without those too poor to match."""
    pixels = np.asarray(copy)
    full = pdq.hash_full(pixels)
    first = [full.value] if full.quality >= MIN_QUALITY else ["00" * 32]
    return bits(first + [reading.value for reading in read_upload(pixels, full)])


def nearest(readings: Bits, listed: Bits) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return for each reading the least distance to the list, in bits."""
    return np.array([(listed != reading).sum(axis=1).min() for reading in readings])


def count_false(read: list[Read]) -> tuple[int, int, int]:
    """Return pairs of a reading and the list of a scene that is not shown, false matches, and the least distance."""
    pairs = false = 0
    least = 256
    signs = [np.where(each.listed, np.float32(1), np.float32(-1)).T for each in read]
    for number, each in enumerate(read):
        mine = np.where(np.concatenate(list(each.readings.values())), np.float32(1), np.float32(-1))
        for beside, listed in enumerate(signs):
            if beside not in (number, each.other):
                distances = (256 - mine @ listed) / 2
                pairs += distances.size
                false += int((distances <= MATCH_DISTANCE).sum())
                least = min(least, int(distances.min()))
    return pairs, false, least


def tabulate(read: list[Read]) -> list[str]:
    """Return Markdown rows: per cent caught of each kind, by the list alone and with readings, and the means."""
    rows = ["| copy | list alone | list and readings |", "|---|---:|---:|"]
    shares = []
    for name in LAYOUTS:
        found = [nearest(each.readings[name], each.listed) <= MATCH_DISTANCE for each in read]
        shares.append((100 * np.mean([each[0] for each in found]), 100 * np.mean([each.any() for each in found])))
        rows.append(f"| {name} | {shares[-1][0]:.0f} | {shares[-1][1]:.0f} |")
    means = np.mean(shares, axis=0)
    # Photographs are drawn, kinds are not: the error of the mean is that of a photograph's own mean over the kinds.
    own = np.array([
        [np.mean([caught[0] for caught in each]), np.mean([caught.any() for caught in each])]
        for each in ([nearest(one.readings[name], one.listed) <= MATCH_DISTANCE for name in LAYOUTS] for one in read)
    ])  # fmt: skip
    error = 100 * own.std(axis=0) / np.sqrt(len(read))
    rows.append(f"| **mean of the kinds** | {means[0]:.1f} ± {error[0]:.1f} | {means[1]:.1f} ± {error[1]:.1f} |")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photographs (else those of Debian's packages)")
    parser.add_argument("--out", type=Path, help="folder for reposts.md")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--limit", type=int, default=200, help="scenes at most, spread over all that there are")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.reposted")
    found, words = scenes(chosen.photos)
    some = found[:: max(1, len(found) // chosen.limit)][: chosen.limit]
    besides = [(number + len(some) // 2) % len(some) for number in range(len(some))]
    jobs = [(n, scene, besides[n], some[besides[n]], chosen.seed) for n, scene in enumerate(some)]
    with ProcessPoolExecutor(initializer=yield_to_others) as executor:
        read = list(executor.map(read_scene, jobs))
    pairs, false, least = count_false(read)
    text = [
        f"Measured on {len(some)} of {words}, one copy of each kind, seed {chosen.seed}.",
        f"A copy is saved as JPEG {QUALITY}, and matches within {MATCH_DISTANCE} of 256 bits.",
        "The list is that of `--copies all`. Per cent caught:",
        "",
        *tabulate(read),
        "",
        f"False matches in {pairs:,} pairs of a reading and the list of a picture that it does not show: **{false}**.",
        f"The least distance of such a pair is {least} bits.",
    ]
    print("\n".join(text))
    if chosen.out:
        made_by = "Made by `python -m tests.benchmarks.reposted --out docs/laboratory`."
        page = "\n".join(["# Copies as people repost them", "", made_by, "", *text, ""])
        (chosen.out / "reposts.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
