"""Two ways of doing one thing, timed in turn, and the ratio of them as a row of the table.

Both sides of a ratio ran alternately in one run, so that a busy machine slows both.
It does not compare with a figure that was measured elsewhere, or earlier.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from takedown_cli.hashing.pool.supervisor import count_processors

#: How the program is started: as the ``takedown`` command does it.
TAKEDOWN = (sys.executable, "-c", "from takedown_cli.cli.app import main; main()")
#: Variables that change what is measured: one stops compiled files from being kept, the others pick a slow kernel.
_DISTURBING = (
    "PYTHONDONTWRITEBYTECODE", "PYTHONTRACEMALLOC", "PYTHONDEVMODE",
    "OPENBLAS_CORETYPE", "OPENBLAS_VERBOSE", "OPENBLAS_NUM_THREADS",
)  # fmt: skip

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, and of processor time (of this process and of the children it waited for)."""

    wall: float
    processor: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """Costs of one side and of the other, measured in turn."""

    ours: tuple[Cost, ...]
    theirs: tuple[Cost, ...]

    @property
    def ratio(self) -> float:
        """Ours to theirs: the median of the ratios of neighbours in time."""
        return statistics.median(a.wall / b.wall for a, b in zip(self.ours, self.theirs, strict=True))

    @property
    def processor_ratio(self) -> float:
        pairs = zip(self.ours, self.theirs, strict=True)
        return statistics.median(a.processor / max(b.processor, 1e-9) for a, b in pairs)

    @property
    def seconds(self) -> tuple[float, float]:
        """The median of each side, by the clock."""
        return statistics.median(a.wall for a in self.ours), statistics.median(b.wall for b in self.theirs)

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(self.ours + other.ours, self.theirs + other.theirs)


NOTHING = Pairs((), ())


@dataclass(frozen=True, slots=True)
class Row:
    """One figure: what it is, its bar, what was measured, whether it passes (None: not measured), and how it came."""

    figure: str
    bar: str
    measured: str
    passed: bool | None
    detail: str

    @classmethod
    def at_most(cls, figure: str, pairs: Pairs, bar: float, detail: str = "") -> Row:
        """Ours may take ``bar`` times as long as theirs."""
        return cls(figure, f"≤ {bar:g}×", f"{pairs.ratio:.3f}×", pairs.ratio <= bar, _told(pairs, detail))

    @classmethod
    def faster(cls, figure: str, pairs: Pairs, bar: float, detail: str = "") -> Row:
        """Ours must be ``bar`` times as fast as theirs."""
        speed = 1 / pairs.ratio
        return cls(figure, f"≥ {bar:g}×", f"{speed:.2f}×", speed >= bar, _told(pairs, detail, faster=True))

    @classmethod
    def skipped(cls, figure: str, bar: str, why: str) -> Row:
        return cls(figure, bar, "–", None, f"not measured: {why}")

    @property
    def verdict(self) -> str:
        return {True: "pass", False: "**falls short**", None: "skipped"}[self.passed]


def _told(pairs: Pairs, detail: str, *, faster: bool = False) -> str:
    one, other = pairs.seconds
    processor = 1 / pairs.processor_ratio if faster else pairs.processor_ratio
    parts = [f"{_seconds(one)} against {_seconds(other)}", f"processor time {processor:.2f}×", detail]
    return "; ".join(part for part in parts if part)


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 2 else f"{value:.1f} s"


def cost(work: Work) -> Cost:
    """Do it once."""
    before, began = os.times(), time.perf_counter()
    work()
    wall, after = time.perf_counter() - began, os.times()
    return Cost(wall, sum(after[:4]) - sum(before[:4]))


def in_turn(ours: Work, theirs: Work, rounds: int) -> Pairs:
    """Each side ``rounds`` times; who goes first changes, for the second finds a warmer or a hotter machine."""
    mine: list[Cost] = []
    others: list[Cost] = []
    for number in range(rounds):
        if number % 2:
            others.append(cost(theirs))
            mine.append(cost(ours))
        else:
            mine.append(cost(ours))
            others.append(cost(theirs))
    return Pairs(tuple(mine), tuple(others))


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _DISTURBING}


def begin_anew(module: str) -> None:
    """Start the benchmark ``module`` again without what disturbs, and with one thread of BLAS, as the decoders have.

    Returns when that is how it was started. numpy reads these variables when it is imported, so it is too late to set
    them here.
    """
    wanted = {**clean_environment(), "OPENBLAS_NUM_THREADS": "1"}
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]], wanted)


def yield_to_others() -> None:
    """Let other programs go first: for benchmarks that take all processors for long. Not on Windows."""
    if sys.platform != "win32":
        os.nice(max(0, 10 - os.nice(0)))  # not twice, where somebody has done it already


def run(*command: str | Path) -> None:
    """Run a program to its end, its output thrown away. Exit code 3 of ours means: some pictures are too poor."""
    thrown = subprocess.DEVNULL
    done = subprocess.run(list(command), check=False, stdout=thrown, stderr=thrown, env=clean_environment())
    if done.returncode not in (0, 3):
        raise SystemExit(f"{Path(str(command[0])).name} ended with {done.returncode}")


@contextmanager
def one_core() -> Iterator[None]:
    """This process, and what it starts meanwhile, on one processor, where the system allows to say so."""
    if sys.platform != "linux":
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def table(rows: Sequence[Row]) -> str:
    """The rows as one Markdown table."""
    lines = ["| figure | bar | measured | | how |", "|---|---|---:|---|---|"]
    lines += [f"| {row.figure} | {row.bar} | {row.measured} | {row.verdict} | {row.detail} |" for row in rows]
    return "\n".join(lines)


def machine() -> str:
    """What this ran on, in a line."""
    model = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        lines = facts.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), model)
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {count_processors()} cores{load}; {platform.system()}, Python {platform.python_version()}"


def resident(process: int, *, alone: bool = False) -> int:
    """Memory in MiB of a process and, unless ``alone``, of those that it started; 0 where the system does not say."""
    tasks = Path(f"/proc/{process}/task")
    if sys.platform == "win32" or not tasks.exists():
        return 0
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    children = {int(one) for path in tasks.glob("*/children") for one in path.read_text(encoding="ascii").split()}
    others = 0 if alone else sum(resident(child) for child in children)
    return (pages * os.sysconf("SC_PAGE_SIZE") >> 20) + others


def put(page: Path, name: str, text: str) -> None:
    """Replace what stands between ``<!-- name -->`` and ``<!-- end -->`` on a page."""
    before, mark, rest = page.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    if not mark:
        raise SystemExit(f"{page.name} has no place for {name}")
    after = rest[rest.index("<!-- end -->") :]
    page.write_text(f"{before}{mark}{text.strip()}\n{after}", encoding="utf-8")


def write_page(page: Path, title: str, command: str, lines: Sequence[str]) -> None:
    """Write a page of the laboratory notebook: its title, the command that made it, and what that measured."""
    text = [f"# {title}", "", f"Made by `{command}`.", "", *lines, ""]
    page.write_text("\n".join(text), encoding="utf-8")
