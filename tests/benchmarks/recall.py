"""How many real copies the fingerprints of a photograph catch, class by class, and whether they ever catch another's.

Run as ``python -m tests.benchmarks.recall [--photos DIR] [--out DIR]``; every amount is drawn at
random, and every copy also went through a resize and a JPEG. It does not tune what it measures.
"""

from __future__ import annotations

import argparse
import warnings
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.copies import PREDICTED_KINDS, predict_copies
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from tests.benchmarks.copied import PHASH_DISTANCE, copied
from tests.benchmarks.copies import KINDS
from tests.benchmarks.curves import Curve, draw
from tests.benchmarks.measure import begin_anew, yield_to_others
from tests.benchmarks.pictures import Bits, Scene, bits, scenes
from tests.benchmarks.reposts.strangers import compare, to_words

_TRANSPARENT = (
    "A transparent picture is read as it is stored, on white and on black. What is predicted of it (flips, crops and "
    "the rest) is predicted of what is stored, or of the first ground that shows enough where that does not."
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One scene: its fingerprints in the order they are sent, their classes, and for each kind what its copies met.

    By kind, one value a copy: ``ranks`` is the number of fingerprints after which it is caught, 0 for never;
    ``nearest`` the least distance, in bits; ``nearest512`` the same for a reader that resizes to 512 x 512 first;
    ``phash`` whether pHash alone caught it. ``copies`` holds the hashes of all copies.
    """

    fingerprints: Bits
    classes: tuple[str, ...]
    orientations: Bits
    ranks: dict[str, list[int]]
    nearest: dict[str, list[int]]
    nearest512: dict[str, list[int]]
    phash: dict[str, list[bool]]
    copies: Bits


def measure(job: tuple[int, Scene, int, int]) -> Measured:
    """Fingerprint one scene, make its copies, and see which are caught."""
    number, scene, seed, draws = job
    pixels = np.asarray(scene.load())
    readings = pdq.hash_both(pixels)
    turned = readings[pdq.FULL].dihedral_values()
    predicted = predict_copies(make_thumbnail(pixels), frozenset(PREDICTED_KINDS))
    values = [readings[pdq.FULL].value, readings[pdq.NEAREST].value, *list(turned.values())[1:]]
    classes = ["none", "none", *["flips"] * 7, *(_class(each.variant or "") for each in predicted)]
    sent = bits(values + [each.value for each in predicted])
    made = [copied(number, scene, seed, draw) for draw in range(draws)]
    ranks, nearest, nearest512, phash = {}, {}, {}, {}
    for index, kind in enumerate(KINDS):
        distances = (np.stack([each.full[index] for each in made])[:, None] != sent).sum(axis=2)
        caught = distances <= MATCH_DISTANCE
        ranks[kind] = np.where(caught.any(axis=1), caught.argmax(axis=1) + 1, 0).tolist()
        nearest[kind] = distances.min(axis=1).tolist()
        other = np.stack([each.nearest[index] for each in made])
        nearest512[kind] = (other[:, None] != sent).sum(axis=2).min(axis=1).tolist()
        phash[kind] = [bool(each.phash[index]) for each in made]
    hashes = np.concatenate([each.full for each in made])
    return Measured(sent, tuple(classes), bits(list(turned.values())), ranks, nearest, nearest512, phash, hashes)


def _class(name: str) -> str:
    """The class that a variant's name begins with: ``crop:left:6`` is of ``crops``."""
    return f"{name.partition(':')[0]}s"


def false_matches(measured: list[Measured]) -> tuple[int, int]:
    """Pairs compared, and false matches: each scene's fingerprints against all others' orientations and copies."""
    targets = [np.concatenate([each.orientations, each.copies]) for each in measured]
    shown = np.repeat(np.arange(len(measured)), [len(each) for each in targets])[:, None]
    owners = np.repeat(np.arange(len(measured)), [len(each.fingerprints) for each in measured])
    listed = np.concatenate([each.fingerprints for each in measured])
    compared = compare(to_words(np.concatenate(targets)), shown, to_words(listed), owners)
    return compared.pairs, len(compared.near)


def _deviation(share: float, measured: list[Measured]) -> float:
    """By how many per cent a share of all copies of one kind varies, if each copy is caught or not by chance."""
    copies = sum(len(next(iter(each.ranks.values()))) for each in measured)
    return 100 * float(np.sqrt(share * (1 - share) / max(1, copies)))


def _share(flags: list[bool]) -> float:
    return 100 * float(np.mean(flags))


def table(measured: list[Measured]) -> list[str]:
    """Markdown rows: per cent caught of each kind, by the published hash, pHash and all, and the bar."""
    rows = [
        "| copy | class | pHash | published PDQ | ours | ours, read as 512nn | p95 bits | bar |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for kind, (name, _, bar) in KINDS.items():
        ranks = [rank for each in measured for rank in each.ranks[kind]]
        near = [bit for each in measured for bit in each.nearest[kind]]
        far = [bit for each in measured for bit in each.nearest512[kind]]
        phash = [hit for each in measured for hit in each.phash[kind]]
        ours = _share([rank > 0 for rank in ranks])
        verdict = "–" if bar is None else f"{bar:g} {'met' if ours >= bar else '**missed**'}"
        rows.append(
            f"| {kind} | {name} | {_share(phash):.1f} | {_share([rank == 1 for rank in ranks]):.1f} | **{ours:.1f}** "
            f"| {_share([bit <= MATCH_DISTANCE for bit in far]):.1f} | {np.percentile(near, 95):.0f} | {verdict} |"
        )
    return rows


def numbers(measured: list[Measured]) -> list[str]:
    """Markdown rows: fingerprints a photograph, class by class."""
    rows = ["| class | mean | most |", "|---|---:|---:|"]
    counts = {name: [each.classes.count(name) for each in measured] for name in ("none", "flips", *PREDICTED_KINDS)}
    counts["all"] = [len(each.classes) for each in measured]
    return rows + [f"| {name} | {np.mean(count):.1f} | {max(count)} |" for name, count in counts.items()]


def curves(measured: list[Measured]) -> list[Curve]:
    """Recall of each class's kinds that have a bar, after the first 1, 2, 3 … fingerprints of the list."""
    most = max(len(each.classes) for each in measured)
    drawn = []
    for wanted in ("flips", *PREDICTED_KINDS):
        kinds = [kind for kind, (name, _, bar) in KINDS.items() if name == wanted and bar is not None]
        if not kinds:  # fits are measured as people repost them, in ``reposts``
            continue
        ranks = np.array([rank for each in measured for kind in kinds for rank in each.ranks[kind]])
        phash = [hit for each in measured for kind in kinds for hit in each.phash[kind]]
        shares = [100 * float(np.mean((ranks > 0) & (ranks <= count))) for count in range(1, most + 1)]
        drawn.append(Curve(wanted, shares, _share(phash)))
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, help="a folder of photographs (else those of Debian's packages)")
    parser.add_argument("--out", type=Path, help="folder for recall.md and recall.svg")
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--draws", type=int, default=1, help="random copies of each kind and photograph")
    parser.add_argument("--limit", type=int, help="scenes at most, spread over all that there are")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.recall")
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    found, words = scenes(chosen.photos)
    step = -(-len(found) // (chosen.limit or len(found)))
    jobs = [(number, found[number], chosen.seed, chosen.draws) for number in range(0, len(found), step)]
    with ProcessPoolExecutor(initializer=yield_to_others) as executor:
        measured = list(executor.map(measure, jobs, chunksize=4))
    pairs, false = false_matches(measured)
    most = max(len(each.classes) for each in measured)
    how = (
        f"Measured on {len(jobs)} of {words}, random copies of each kind and photograph: {chosen.draws}, "
        f"threshold {MATCH_DISTANCE} of 256 (pHash: {PHASH_DISTANCE} of 64), seed {chosen.seed}; "
        "every copy also went to 1080 px and JPEG 85. "
        f"Another draw moves 92 by {_deviation(0.92, measured):.1f} and 98 by {_deviation(0.98, measured):.1f} "
        "(one standard deviation). Per cent caught:"
    )
    text = [
        how,
        "",
        *table(measured),
        "",
        "Fingerprints a photograph:",
        "",
        *numbers(measured),
        "",
        f"False matches in {pairs:,} pairs of a scene's fingerprints and others' orientations and copies: **{false}**.",
        "",
        _TRANSPARENT,
    ]
    print("\n".join(text))
    if chosen.out:
        notes = ("dashed: pHash alone", "left end: published PDQ alone")
        plot = draw("Copies caught against fingerprints sent", curves(measured), most, notes)
        (chosen.out / "recall.svg").write_text(plot, encoding="utf-8")
        limited = f" --limit {chosen.limit}" if chosen.limit else ""
        made_by = f"Made by `python -m tests.benchmarks.recall --out docs/laboratory{limited}`."
        body = ["# Which copies are caught", "", made_by, "", *text]
        (chosen.out / "recall.md").write_text("\n".join([*body, "", "![Recall](recall.svg)", ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
