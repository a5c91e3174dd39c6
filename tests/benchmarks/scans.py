"""``takedown platform scan`` against ``takedown hash`` on the same photographs, as whole commands with all processors.

Two sizes: as a camera leaves them, and as sites keep them. Each command runs on a few files and on all of them; the
difference is what a further file costs. So neither the start counts, nor how long a scan takes to load its list. It is
processor time of all processes that counts, since both commands keep all processors busy.
"""

from __future__ import annotations

import argparse
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, sleep, time

import numpy as np
from PIL import Image

from takedown_cli.platform.home import Home, make_settings
from takedown_cli.platform.local_list import ListState, LocalList
from takedown_cli.protocol.feed import ActiveRecord
from tests.benchmarks import photos
from tests.benchmarks.measure import (
    TAKEDOWN,
    Cost,
    Pairs,
    Row,
    begin_anew,
    clean_environment,
    cost,
    machine,
    resident,
    run,
    table,
)
from tests.benchmarks.whole import make_small

#: Pixels of the long side of a site's pictures.
SITE = 1080
#: Files that a command is given for the difference to all.
_FEW = 4
_PER_PAGE = 5000
HASHES = 100_000
#: A scan may be so much slower than ``hash``.
BAR = 0.9
#: Bytes of memory for a hash: those of the index, of its record, and what loading takes; and MiB beside the list.
MOST_BYTES, PARENT = 200, 150


def rows(pictures: list[Path], folder: Path, rounds: int, hashes: int = HASHES) -> Iterator[Row]:
    """Return for either size the speed of a scan, with and without readings, as a share of the speed of ``hash``."""
    home = _make_home(folder / f"list-{hashes}", hashes)
    for size, files in (("12 MP", pictures), (f"{SITE} px", _as_a_site(pictures, folder / "site"))):
        scan = (*TAKEDOWN, "platform", "scan", str(home), "--jsonl")
        commands = {
            "hash": (*TAKEDOWN, "hash", "--jsonl"),
            "copies": (*TAKEDOWN, "hash", "--jsonl", "--copies", "all"),
            "scan": scan,
            "plain": (*scan, "--readings", "none"),
        }
        found = _measure(commands, files, rounds)
        for figure, one, other in (
            (f"`scan` of {size}, against `hash`", "scan", "hash"),
            (f"`scan` of {size}, against `hash --copies all`", "scan", "copies"),
            (f"`scan --readings none` of {size}, against `hash`", "plain", "hash"),
        ):
            yield _row(figure, Pairs(found[one], found[other]), f"{len(files)} files, {hashes:,} hashes")


def _row(figure: str, pairs: Pairs, detail: str) -> Row:
    speed = 1 / pairs.processor_ratio
    one, other = (1000 * median(each.processor for each in side) for side in (pairs.ours, pairs.theirs))
    how = f"{one:.1f} ms against {other:.1f} ms a file, by the clock {1 / pairs.ratio:.2f}×; {detail}"
    return Row(figure, f"≥ {BAR:g}×", f"{speed:.2f}×", speed >= BAR, how)


def many(folder: Path, pictures: int, hashes: int) -> Row:
    """Return the memory of a scan of small pictures that is killed half way and resumed, if it gave the same lines."""
    home, small, journal = (
        _make_home(folder / f"list-{hashes}", hashes),
        folder / f"small-{pictures}",
        folder / "journal",
    )
    make_small(small, pictures)
    command = [*TAKEDOWN, "platform", "scan", str(home), str(small), "--jsonl", "-q"]
    began = perf_counter()
    whole, peak, alone = _scan(command, folder / "whole")
    seconds = perf_counter() - began
    journal.unlink(missing_ok=True)
    _scan([*command, "--resume", str(journal)], folder / "killed", until=pictures // 2)
    resumed, _, _ = _scan([*command, "--resume", str(journal)], folder / "resumed")
    if resumed[:-1] != whole[:-1] or len(whole) != pictures + 1:
        raise SystemExit("the scan that was resumed gave other lines")
    figure = f"`scan` of {pictures:,} small pictures against {hashes:,} hashes: memory of its own process"
    how = f"with its children {peak} MiB; {seconds:.0f} s; killed half way and resumed, it gave the same lines"
    bar = MOST_BYTES * hashes / 2**20 + PARENT
    return Row(figure, f"< {bar:.0f} MiB", f"{alone} MiB", alone < bar, how)


def _scan(command: Sequence[str], out: Path, until: int | None = None) -> tuple[list[bytes], int, int]:
    """Return the lines of a scan, and the most MiB of all of its processes and of the first; killed after ``until``."""
    peak = alone = 0
    with out.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.DEVNULL, env=clean_environment())
    while process.poll() is None:
        with suppress(OSError):  # a child may end meanwhile
            peak, alone = max(peak, resident(process.pid)), max(alone, resident(process.pid, alone=True))
        if until is not None and out.read_bytes().count(b"\n") >= until:
            process.kill()
        sleep(0.2)
    return out.read_bytes().splitlines(), peak, alone


def _measure(commands: Mapping[str, Sequence[str]], files: list[Path], rounds: int) -> dict[str, tuple[Cost, ...]]:
    """Return of each command what a file costs, ``rounds`` times, in turn."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds):
        # Who goes first changes, as in every comparison here.
        for name, command in sorted(commands.items(), reverse=bool(number % 2)):
            few, all_ = (cost(partial(run, *command, *some)) for some in (files[:_FEW], files))
            more = len(files) - _FEW
            found[name].append(Cost((all_.wall - few.wall) / more, (all_.processor - few.processor) / more))
    return {name: tuple(each) for name, each in found.items()}


def _as_a_site(pictures: list[Path], folder: Path) -> list[Path]:
    """Return copies of pictures as a site keeps them, those that are there already kept."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / path.name for path in pictures]
    for source, path in zip(pictures, files, strict=True):
        if not path.exists():
            with Image.open(source) as opened:
                opened.thumbnail((SITE, SITE), Image.Resampling.LANCZOS)
                opened.save(path, "JPEG", quality=85)
    return files


def _make_home(folder: Path, hashes: int) -> Path:
    """Return the folder of a platform with a made-up list, one that is there already."""
    home = Home(folder)
    if home.exists:
        return folder
    settings = make_settings(f"http://127.0.0.1:9#{'0' * 40}", "none", ("adult",), (), (), 365)
    home.save(settings)
    random = np.random.default_rng(1)
    with LocalList(home.list_file, make=True) as local, local.changing(afresh=True) as writer:
        for begin in range(0, hashes, _PER_PAGE):
            writer.apply(
                ActiveRecord(
                    id=secrets.token_hex(16), state="active", list="adult", tier="confirmed", signal="pdq",
                    value=random.bytes(32).hex(), media=("image",), classes=("original",), distance=31,
                )
                for _ in range(begin, min(begin + _PER_PAGE, hashes))
            )  # fmt: skip
        now = int(time())
        writer.finish(ListState(settings.source(), "cursor", now, now))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scans", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each command (default 3)")
    parser.add_argument("--photos", type=int, default=60, help="photographs (default 60)")
    parser.add_argument("--hashes", type=int, default=HASHES, help="hashes on the list")
    parser.add_argument("--many", type=int, help="measure a scan of so many small pictures instead")
    parser.add_argument("--media", type=Path, help="keep what is made here, and use it again")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.scans")
    with tempfile.TemporaryDirectory(prefix="takedown-scan-") as scratch:
        media = chosen.media or Path(scratch)
        if chosen.many:
            print(f"{machine()}\n\n{table([many(media, chosen.many, chosen.hashes)])}")
            return
        pictures, words = photos.make(media / "photos", chosen.photos)
        print(words, file=sys.stderr)
        found = list(rows(pictures, media, chosen.rounds, chosen.hashes))
    print(f"{machine()}\n\n{table(found)}")


if __name__ == "__main__":
    main()
