"""One process, one core: a 12-megapixel JPEG fingerprinted, against libjpeg-turbo's own decode of it; and the start-up.

Ours includes reading the file, SHA-256, MD5, PDQ by both methods and the flips, from a warm process,
and ``djpeg`` runs as a whole process, with its pixels thrown away. It is no test, because it measures time.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np

from takedown_cli.core.model import MIN_QUALITY, Fingerprint, Hashed, Media, MediaFile, Recipe
from takedown_cli.core.variants import expand_copies
from takedown_cli.hashing import hash_media
from tests.benchmarks.measure import NOTHING, TAKEDOWN, Row, in_turn, one_core, run

EXACT = Recipe()
FAST = Recipe(fast=True)
COPIES = Recipe(copies=expand_copies(frozenset({"all"})))
#: Bits that the fast hash may be from the exact one, at the 95th percentile of photographs.
FAST_BITS = 4

_MISSING = "no djpeg; Debian: libjpeg-turbo-progs"
_RGB = ()
_EIGHTH = ("-grayscale", "-scale", "1/8")


def hashed(path: Path, recipe: Recipe) -> Hashed:
    """The file fingerprinted in this process, as the decoding process does it."""
    with path.open("rb") as stream:
        file = MediaFile(path, path.stat().st_size, Media.IMAGE, "JPEG")
        outcome = hash_media.hash_media(stream, file, recipe)
    if not isinstance(outcome, Hashed):
        raise SystemExit(f"a photograph was not hashed: {outcome.reason}")
    return outcome


def rows(photos: list[Path], rounds: int) -> list[Row]:
    most = len(hashed(photos[0], COPIES).fingerprints)
    return [
        _against_djpeg("12-MP JPEG, one core, exact, against `djpeg`", photos, rounds, EXACT, _RGB, 1.25),
        _against_djpeg(
            "the same, `--fast`, against `djpeg -grayscale -scale 1/8`", photos, rounds, FAST, _EIGHTH, 1.4
        ),
        _error_of_fast(photos),
        _against_djpeg(
            "`--copies all`, one core, against `djpeg`", photos, rounds, COPIES, _RGB, 2.5,
            f"{most} fingerprints of the first photo" if most > 20 else "the classes are not wired up yet",
        ),
    ]  # fmt: skip


def _against_djpeg(
    figure: str, photos: list[Path], rounds: int, recipe: Recipe, options: tuple[str, ...], bar: float, detail: str = ""
) -> Row:
    djpeg = shutil.which("djpeg")
    if djpeg is None:
        return Row.skipped(figure, f"≤ {bar:g}×", _MISSING)
    pairs = NOTHING
    with one_core():
        hashed(photos[0], recipe)
        for photo in photos:
            pairs += in_turn(lambda p=photo: hashed(p, recipe), lambda p=photo: run(djpeg, *options, p), rounds)  # type: ignore[misc]
    return Row.at_most(figure, pairs, bar, detail)


def _error_of_fast(photos: list[Path]) -> Row:
    """Bits between the exact hash and the fast one, of every photograph that platforms would match."""
    bits = []
    for photo in photos:
        exact, fast = (_upright(hashed(photo, recipe)) for recipe in (EXACT, FAST))
        if (exact.quality or 0) >= MIN_QUALITY:
            bits.append((int(exact.value, 16) ^ int(fast.value, 16)).bit_count())
    high = float(np.percentile(bits, 95))
    detail = f"mean {np.mean(bits):.1f}, most {max(bits)}, {len(bits)} photos of quality ≥ {MIN_QUALITY}"
    return Row("`--fast`, bits from exact, 95 % of photos", f"≤ {FAST_BITS}", f"{high:.1f}", high <= FAST_BITS, detail)


def _upright(outcome: Hashed) -> Fingerprint:
    return next(each for each in outcome.fingerprints if each.method == "full" and each.variant == "upright")


def start_up(small: Path, rounds: int) -> Row:
    """``takedown hash`` on one small picture, whole process, against an interpreter that imports the two libraries."""
    run(*TAKEDOWN, "hash", small, "--jsonl")
    pairs = in_turn(
        lambda: run(*TAKEDOWN, "hash", small, "--jsonl"),
        lambda: run(sys.executable, "-c", "import numpy, PIL.Image"),
        rounds,
    )
    return Row.at_most('start-up, against `python -c "import numpy, PIL.Image"`', pairs, 3.0)
