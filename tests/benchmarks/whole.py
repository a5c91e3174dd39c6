"""``takedown hash`` as a whole, sandbox and all cores included: many photographs, one or two workers, many files.

What is timed is the command that a person runs, from its start to its end.
It does not leave out the sandbox, nor count the making of the pictures.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO

from takedown_cli.fixtures import picture
from takedown_cli.hashing.pool.supervisor import count_processors
from tests.benchmarks.measure import TAKEDOWN, Cost, Pairs, Row, clean_environment, cost, in_turn, run

#: Megabytes that the parent may take, and megabytes between the first fifth of the files and the last that are "flat".
PARENT = 300
FLAT = 16
#: Files that ``threatexchange`` hashes beyond the first: it takes about a second for each.
_FEW = 12


def against_threatexchange(photos: list[Path], program: str | None, rounds: int, *, full: bool) -> Row:
    """Whole process against whole process; theirs on a few files, the time for each and for the start scaled up."""
    figure = f"`takedown hash` on {len(photos)} photos, whole process, against `threatexchange hash photo`"
    if program is None:
        return Row.skipped(figure, "≥ 20×", "no threatexchange; TX=/path/to/threatexchange")
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(cost(partial(_hash, photos)))
        if full:
            theirs.append(cost(partial(run, program, "hash", "photo", *photos)))
            continue
        one = cost(partial(run, program, "hash", "photo", *photos[:1]))
        few = cost(partial(run, program, "hash", "photo", *photos[: 1 + _FEW]))
        wall, processor = _scaled(one.wall, few.wall, len(photos)), _scaled(one.processor, few.processor, len(photos))
        theirs.append(Cost(wall, processor))
    scaled = "all its files" if full else f"theirs from 1 and {1 + _FEW} files, scaled to all"
    return Row.faster(figure, Pairs(tuple(ours), tuple(theirs)), 20.0, f"{count_processors()} cores; {scaled}")


def _scaled(one: float, few: float, count: int) -> float:
    each = max(0.0, few - one) / _FEW
    return one + each * (count - 1)


def _hash(photos: list[Path], *options: str) -> None:
    run(*TAKEDOWN, "hash", "--jsonl", *options, *photos)


def two_workers(photos: list[Path], rounds: int) -> Row:
    """Beside it what two ``djpeg`` at once gain over one after the other: more cannot be had of this machine."""
    figure = "two workers against one, whole process"
    if count_processors() < 2:
        return Row.skipped(figure, "≥ 1.8×", "one core")
    pairs = in_turn(partial(_hash, photos, "--workers", "2"), partial(_hash, photos, "--workers", "1"), rounds)
    djpeg = shutil.which("djpeg")
    detail = ""
    if djpeg is not None:
        both = in_turn(partial(_side_by_side, djpeg, photos, 2), partial(_side_by_side, djpeg, photos, 1), rounds)
        detail = f"two `djpeg` against one on the same: {1 / both.ratio:.2f}×"
    speed = 1 / pairs.ratio
    one, other = pairs.seconds
    return Row(figure, "≥ 1.8×", f"{speed:.2f}×", speed >= 1.8, f"{one:.1f} s against {other:.1f} s; {detail}")


def _side_by_side(djpeg: str, photos: list[Path], lanes: int) -> None:
    script = 'd="$1"; shift; for f in "$@"; do "$d" "$f" > /dev/null; done'
    running = [subprocess.Popen(["sh", "-c", script, "sh", djpeg, *photos[lane::lanes]]) for lane in range(lanes)]
    for process in running:
        process.wait()


# -- many small files --------------------------------------------------------------------------------------------------


def many_small(folder: Path, count: int) -> Row:
    """A report of ``count`` pictures, the parent's memory read at every fiftieth of it."""
    figure = f"{count:,} small pictures: the parent's memory, report streamed"
    status = Path("/proc/self/status")
    if not status.exists():
        return Row.skipped(figure, f"< {PARENT} MB, flat", "no /proc on this system")
    make_small(folder, count)
    command = [*TAKEDOWN, "hash", "--jsonl", str(folder)]
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean_environment(), text=True
    )
    assert process.stdout is not None
    first, sizes, lines = _watch(process.stdout, process.pid, began, max(1, count // 50))
    process.wait()
    seconds = time.perf_counter() - began
    if lines != count + 1:
        raise SystemExit(f"{lines} lines for {count} pictures")
    early, peak = max(sizes[: max(1, len(sizes) // 5)]), max(sizes)
    passed = peak < PARENT and peak - early <= FLAT and first < seconds / 2
    detail = (
        f"{early:.0f} MB after a fifth, {peak:.0f} MB at most; first line after {first:.1f} s of {seconds:.1f} s; "
        f"{count / seconds:,.0f} files/s"
    )
    return Row(figure, f"< {PARENT} MB, flat", f"{peak:.0f} MB", passed, detail)


def _watch(report: IO[str], pid: int, began: float, step: int) -> tuple[float, list[float], int]:
    """Seconds until the first line, megabytes held after every ``step`` lines, and the number of lines."""
    first, sizes, lines = 0.0, [0.0], 0
    for lines, _ in enumerate(report, start=1):
        if lines == 1:
            first = time.perf_counter() - began
        if lines % step == 0:
            sizes.append(_megabytes(pid) or sizes[-1])
    return first, sizes, lines


def _megabytes(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def make_small(folder: Path, count: int) -> None:
    """Pictures of 160 x 120, no two equal, a thousand to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor() as executor:
        list(executor.map(partial(_make_thousand, folder, count), range(0, count, 1000)))


def _make_thousand(folder: Path, count: int, start: int) -> None:
    below = folder / f"{start:06}"
    below.mkdir(exist_ok=True)
    wide = picture(start, (1600, 1200))
    for number in range(start, min(start + 1000, count)):
        left, top = number % 40 * 36, number // 40 % 25 * 40
        path = below / f"{number:06}.jpg"
        if not path.exists():
            wide.crop((left, top, left + 160, top + 120)).save(path, "JPEG", quality=85)
