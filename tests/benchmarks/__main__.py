"""``make bench``: every figure that the project is held to, in one table with its bar and what this machine measured.

What could not be measured here is in the table too, with what is missing.
It is no part of the tests, because it measures time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from takedown_cli.fixtures import picture
from tests.benchmarks import clips, photos, scans, speed, uploads, whole
from tests.benchmarks.measure import Row, begin_anew, machine, table

GROUPS = ("core", "readings", "start", "workers", "whole", "scan", "video", "many")


def _rows(chosen: argparse.Namespace, media: Path) -> Iterator[Row]:
    """The rows of the chosen groups, each as soon as it is measured."""
    wanted = set(chosen.only or GROUPS)
    if wanted & {"core", "readings", "workers", "whole", "scan"}:
        pictures, words = photos.make(media / "photos", chosen.photos)
        _say(words)
    if "core" in wanted:
        yield from speed.rows(pictures, chosen.rounds)
    if "readings" in wanted:
        yield from uploads.rows(pictures, chosen.rounds)
    if "start" in wanted:
        small = media / "small.jpg"
        picture(1, (320, 240)).save(small)
        yield speed.start_up(small, 7 * chosen.rounds)
    if "workers" in wanted:
        yield whole.two_workers(pictures, chosen.rounds)
    if "whole" in wanted:
        yield whole.against_threatexchange(pictures, _threatexchange(), chosen.rounds, full=chosen.full)
    if "scan" in wanted:
        yield from scans.rows(pictures, media, chosen.rounds)
    if "video" in wanted:
        python = clips.interpreter(os.environ.get("VPDQ"))
        yield from clips.rows(clips.make(media / "clips") if python else {}, python, chosen.rounds)
    if "many" in wanted:
        yield whole.many_small(media / f"small-{chosen.small}", chosen.small)


def _threatexchange() -> str | None:
    return os.environ.get("TX") or shutil.which("threatexchange")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=GROUPS, help="these groups of figures only")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of either side (default 3)")
    parser.add_argument("--photos", type=int, default=60, help="photographs (default 60)")
    parser.add_argument("--small", type=int, default=5000, help="small pictures (the bar is about 100000)")
    parser.add_argument("--full", action="store_true", help="give threatexchange all the photographs: minutes")
    parser.add_argument("--media", type=Path, help="keep what is made here, and use it again")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks")
    with tempfile.TemporaryDirectory(prefix="takedown-bench-") as scratch:
        rows = []
        for row in _rows(chosen, chosen.media or Path(scratch)):
            _say(f"  {row.figure}: {row.measured} ({row.bar}) {row.verdict}")
            rows.append(row)
    print(f"\n{machine()}\n\n{table(rows)}")


if __name__ == "__main__":
    main()
