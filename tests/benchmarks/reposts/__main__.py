"""How many of the copies that people really make are caught: by the list alone, and with the readings of an upload.

Run as ``python -m tests.benchmarks.reposts [--photos DIR] [--limit N] [--pairs N] [--out DIR]``. Each kind counts once
in the mean, since nobody has published how common they are. This module must never tune what it measures.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.fixtures.texture import picture as made_up
from tests.benchmarks.copied import PHASH_DISTANCE
from tests.benchmarks.copies import Picture, finish
from tests.benchmarks.measure import begin_anew, write_page, yield_to_others
from tests.benchmarks.pictures import Bits, Scene, scenes
from tests.benchmarks.reposts import augly_copies, strangers
from tests.benchmarks.reposts.amounts import SPLITS
from tests.benchmarks.reposts.captures import CAPTURES
from tests.benchmarks.reposts.chains import CHAINS
from tests.benchmarks.reposts.hashes import list_picture, list_screenshot, nearest, read_copy
from tests.benchmarks.reposts.layouts import LAYOUTS

#: Every kind of copy that is made here, AugLy's aside.
KINDS = {**LAYOUTS, **CAPTURES, **CHAINS}
#: JPEG quality, and pixels of the long side: 1080 wide, as a phone's screen is.
QUALITY, SIDE = 80, 2520
#: Screens that show one picture of which others are parts: what is beside it is the same in all of them.
ALIKE = (
    "ios viewer", "google viewer", "whatsapp viewer", "whatsapp chat", "telegram chat", "imessage chat", "x post",
    "story", "tiktok", "web page",
)  # fmt: skip
#: Kinds that are much alike to the person who sees them.
GROUPS = {
    "viewers": ("ios viewer", "google viewer", "whatsapp viewer"),
    "chats": ("whatsapp chat", "telegram chat", "imessage chat"),
    "feeds": ("instagram post", "x post"),
    "our kinds": tuple(KINDS),
}
#: Scenes of which copies by amount, and by AugLy, are made at most.
_SPLIT_SCENES, _AUGLY_SCENES = 70, 40
_AUGLY = "AugLy "


@dataclass(frozen=True, slots=True)
class Found:
    """Whether one copy is caught: by the list alone, by any reading, and by pHash alone."""

    alone: bool
    read: bool
    phash: bool


@dataclass(frozen=True, slots=True)
class Read:
    """A scene's list, its copies by kind and by kind and amount, and every reading of a copy, N x 256.

    ``screens`` is what screenshots of the scene list when they are submitted, the same screenshots for all scenes but
    for the picture in them. ``submitted`` says of each whether that catches the picture, saved again.
    """

    listed: Bits
    found: dict[str, Found]
    split: dict[tuple[str, float], Found]
    readings: Bits
    screens: Bits
    submitted: dict[str, bool]
    #: The scene that other parts of the copies show.
    other: int


@dataclass(frozen=True, slots=True)
class Job:
    """One scene to read: its number, the one beside it, and where AugLy's copies of it are, if there are any."""

    number: int
    scene: Scene
    beside: int
    other: Scene
    seed: int
    split: bool
    augly: tuple[Path, ...]


def read_scene(job: Job) -> Read:
    """List one scene, make its copies, and read them."""
    picture, besides = job.scene.load(), job.other.load()
    listed, original = list_picture(picture), imagehash.phash(picture)
    every: list[Bits] = []

    def judge(copy: Picture) -> Found:
        readings = read_copy(copy)
        every.append(readings)
        near = nearest(readings, listed) <= MATCH_DISTANCE
        return Found(bool(near[0]), bool(near.any()), imagehash.phash(copy) - original <= PHASH_DISTANCE)

    found = {}
    for index, (name, lay_out) in enumerate(KINDS.items()):
        source = np.random.default_rng([job.seed, job.number, index])
        found[name] = judge(finish(lay_out(picture, besides, source), QUALITY, SIDE))
    for path in job.augly:
        with Image.open(path) as opened:
            found[_AUGLY + path.suffixes[-2][1:].replace("_", " ")] = judge(opened.convert("RGB"))
    split = {}
    for index, (name, kind) in enumerate(SPLITS.items()):
        for amount in kind.amounts if job.split else ():
            source = np.random.default_rng([job.seed, job.number, index, round(amount)])
            split[name, amount] = judge(finish(kind.make(picture, amount, source)))
    screens, submitted = [], {}
    again = read_copy(finish(picture))[:1]
    for index, name in enumerate(ALIKE):
        source = np.random.default_rng([job.seed, index])
        shot = finish(LAYOUTS[name](picture, made_up(700 + index, (800, 600)), source), QUALITY, SIDE)
        every.append(read_copy(shot))
        screens.append(list_screenshot(shot))
        submitted[name] = bool(len(screens[-1])) and int(nearest(again, screens[-1])[0]) <= MATCH_DISTANCE
    return Read(listed, found, split, np.concatenate(every), np.concatenate(screens), submitted, job.beside)


def tabulate(read: list[Read]) -> list[str]:
    """Return Markdown rows: per cent caught of each kind by pHash, the list alone, list and readings; and the means."""
    rows = ["| copy | pHash | list alone | list and readings |", "|---|---:|---:|---:|"]
    names = list(dict.fromkeys(name for each in read for name in each.found))
    rows += [
        f"| {name} | {_show(_shares([each.found[name] for each in read if name in each.found]))} |" for name in names
    ]
    for title, some in {**GROUPS, "AugLy": tuple(name for name in names if name not in KINDS)}.items():
        of = [[each.found[name] for name in some] for each in read if some and some[0] in each.found]
        if of:
            # Photographs are drawn, kinds are not: the error of the mean is that of a photograph's own mean.
            own = np.array([_shares(each) for each in of])
            error = own.std(axis=0) / np.sqrt(len(own))
            means = [f"{mean:.1f} ± {by:.1f}" for mean, by in zip(own.mean(axis=0), error, strict=True)]
            rows.append(f"| **mean of {title}** | {' | '.join(means)} |")
    return rows


def tabulate_split(read: list[Read]) -> list[str]:
    """Return Markdown rows: for each kind and amount what is caught, list alone and with readings."""
    rows = ["| copy | amount | pHash | list alone | list and readings |", "|---|---:|---:|---:|---:|"]
    for name, kind in SPLITS.items():
        for amount in kind.amounts:
            some = [each.split[name, amount] for each in read if each.split]
            rows.append(f"| {name} | {amount:g} {kind.unit}".rstrip() + f" | {_show(_shares(some))} |")
    return rows


def tabulate_submitted(read: list[Read]) -> list[str]:
    """Return Markdown rows: per cent of the screenshots whose own list catches the picture in them."""
    rows = ["| screenshot | catches the picture |", "|---|---:|"]
    return rows + [f"| {name} | {100 * np.mean([each.submitted[name] for each in read]):.0f} |" for name in ALIKE]


def _shares(found: Sequence[Found]) -> list[float]:
    each: tuple[Callable[[Found], bool], ...] = (lambda one: one.phash, lambda one: one.alone, lambda one: one.read)
    return [100 * float(np.mean([caught(one) for one in found])) for caught in each]


def _show(shares: list[float]) -> str:
    return " | ".join(f"{share:.0f}" for share in shares)


def _ask_augly(some: list[Scene], folder: Path) -> dict[int, tuple[Path, ...]]:
    """Return AugLy's copies of some of the scenes, by number; none where it is not installed."""
    python = augly_copies.interpreter()
    if python is None:
        return {}
    numbers = range(0, len(some), -(-len(some) // _AUGLY_SCENES))
    for number in numbers:
        some[number].load().save(folder / f"{number:04}.png", compress_level=1)
    augly_copies.make(python, folder)
    return {number: tuple(sorted(folder.glob(f"{number:04}.*.jpg"))) for number in numbers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photographs (else those of Debian's packages)")
    parser.add_argument("--out", type=Path, help="folder for reposts.md")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--limit", type=int, default=200, help="scenes at most, spread over all that there are")
    parser.add_argument(
        "--pairs", type=float, default=5e9, help="pairs to compare at least: as many made-up pictures are listed too"
    )
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.reposts")
    found, words = scenes(chosen.photos)
    some = found[:: -(-len(found) // chosen.limit)]
    step = -(-len(some) // _SPLIT_SCENES)
    besides = [(number + len(some) // 2) % len(some) for number in range(len(some))]
    with (
        tempfile.TemporaryDirectory(prefix="takedown-augly-") as scratch,
        ProcessPoolExecutor(initializer=yield_to_others) as executor,
    ):
        augly = _ask_augly(some, Path(scratch))
        jobs = [
            Job(n, scene, besides[n], some[besides[n]], chosen.seed, n % step == 0, augly.get(n, ()))
            for n, scene in enumerate(some)
        ]
        read = list(executor.map(read_scene, jobs))
        known = [(each.readings, each.listed, each.screens, each.other) for each in read]
        unknown: list[Bits] = []
        while missing := strangers.count_missing(known, unknown, int(chosen.pairs)):
            first = 10_000 + len(unknown)
            unknown += executor.map(list_stranger, range(first, first + missing))
    compared = strangers.count_false(known, unknown)
    saved = (
        f"A copy is saved as JPEG {QUALITY}, and matches within {MATCH_DISTANCE} of 256 bits "
        f"(pHash: {PHASH_DISTANCE} of 64)."
    )
    witness = "AugLy was not measured: `make augly` installs it where there is a Python 3.11."
    if augly:
        witness = f"The kinds of AugLy are its own, on {len(augly)} of the photographs."
    split = sum(bool(each.split) for each in read)
    apart = (
        "Every reading of every copy was compared with every fingerprint of all pictures that the copy does not show:\n"
        f"those above, {len(unknown)} made-up ones, and the pictures in screenshots.\n"
        f"Of {len(ALIKE)} layouts each picture has a screenshot that differs from the others by the picture alone."
    )
    false = f"False matches in {compared.pairs:,} pairs: **{len(compared.near)}**."
    text = [
        f"Measured on {len(some)} of {words}, one copy of each kind, seed {chosen.seed}.",
        saved,
        "The list is that of `--copies all`. Per cent caught:",
        "",
        *tabulate(read),
        "",
        witness,
        "",
        "## By amount",
        "",
        f"On {split} of the photographs, brought to 1080 px, from what is predicted to well beyond it:",
        "",
        *tabulate_split(read),
        "",
        "## A screenshot that a person submits",
        "",
        "All that a person may have is a screenshot. It lists the picture in it with `--copies all`.",
        "Per cent of them that then catch the picture itself, saved again at 1080 px:",
        "",
        *tabulate_submitted(read),
        "",
        "## False matches",
        "",
        apart,
        "",
        f"{false} The least distance is {compared.least} bits.",
    ]
    print("\n".join(text))
    if chosen.out:
        command = f"python -m tests.benchmarks.reposts --out docs/laboratory --limit {chosen.limit}"
        write_page(chosen.out / "reposts.md", "Copies as people repost them", command, text)


def list_stranger(number: int) -> Bits:
    """Return what is listed of a made-up picture that no copy shows."""
    return list_picture(made_up(number, ((1280, 960), (960, 1280))[number % 2]))


if __name__ == "__main__":
    main()
