"""What ``takedown check`` catches now, and what it caught at an earlier commit, of the same copies.

Run as ``python -m tests.benchmarks.reposts.against COMMIT [--photos DIR] [--limit N] [--out DIR]``. Both programs run
as whole commands on the same files: the originals with ``--copies all``, and one copy of each kind. The earlier one is
taken from git and runs on the libraries of today. A copy counts where its own original is what it matches.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

import numpy as np

from tests.benchmarks.copies import finish
from tests.benchmarks.measure import begin_anew, write_page, yield_to_others
from tests.benchmarks.pictures import Scene, scenes
from tests.benchmarks.reposts import augly_copies
from tests.benchmarks.reposts.__main__ import KINDS, QUALITY, SIDE

HERE = Path(__file__).resolve().parents[3]
#: A seed of its own, so that the copies are none of those that ``reposts`` measures.
SEED = 9
_SHOWN = ("before", "list alone", "list and readings")


def write_copies(folder: Path, number: int, scene: Scene, other: Scene) -> None:
    """Write the original, and one copy of each of our kinds as ``NUMBER.KIND.jpg``."""
    picture, beside = scene.load(), other.load()
    picture.save(folder / "originals" / f"{number:03}.png")
    for index, (kind, make) in enumerate(KINDS.items()):
        copy = finish(make(picture, beside, np.random.default_rng([SEED, number, index])), QUALITY, SIDE)
        copy.save(folder / "copies" / f"{number:03}.{kind}.jpg", quality=95)


def find_caught(program: Path, folder: Path, *more: str) -> set[str]:
    """Return the names of the copies that ``takedown check`` of a source tree catches by their own originals.

    Raise CalledProcessError where the command fails.
    """
    command = (
        sys.executable, "-m", "takedown_cli", "check", str(folder / "originals"), "--copies", "all", *more,
        "--copy", str(folder / "copies"), "--json", "--show-paths",
    )  # fmt: skip
    # From the directory of the sources: Python looks there before it looks at what is installed.
    ended = subprocess.run(command, cwd=program, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": ""})
    found = json.loads(ended.stdout or "{}")
    if "copies" not in found:  # what ends the command is told in JSON too
        raise subprocess.CalledProcessError(ended.returncode, command, ended.stdout, ended.stderr)
    caught = set()
    for copy in found["copies"]:
        name = Path(copy["path"]).name
        if copy["caught"] and Path(copy["match"]["path"]).stem == name.split(".")[0]:
            caught.add(name)
    return caught


def tabulate(names: list[str], caught: list[set[str]]) -> list[str]:
    """Return Markdown rows: per cent of the copies of each kind in each of the sets, and the means over the kinds."""
    kinds = list(dict.fromkeys(name.split(".")[1] for name in names))
    shares = []
    for kind in kinds:
        of = [name for name in names if name.split(".")[1] == kind]
        shares.append([100 * sum(name in some for name in of) / len(of) for some in caught])
    rows = [f"| copy | {' | '.join(_SHOWN)} |", f"|---|{'---:|' * len(_SHOWN)}"]
    rows += [
        f"| {kind} | {' | '.join(f'{share:.0f}' for share in each)} |" for kind, each in zip(kinds, shares, strict=True)
    ]
    means = " | ".join(f"{mean:.1f}" for mean in np.mean(shares, axis=0))
    return [*rows, f"| **mean of the kinds** | {means} |"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="the earlier commit, whose program is compared with this one")
    parser.add_argument("--photos", type=Path, help="photographs (default: those of the packages)")
    parser.add_argument("--limit", type=int, default=20, help="photographs at most, spread over all of them")
    parser.add_argument("--out", type=Path, help="folder for against.md")
    chosen = parser.parse_args()
    begin_anew("tests.benchmarks.reposts.against")
    found, words = scenes(chosen.photos)
    # What is beside a picture, in a collage for one, is no original: only the nearest match of a copy is known.
    step = max(2, -(-len(found) // chosen.limit))
    picked, others = found[::step], [found[(at + 1) % len(found)] for at in range(0, len(found), step)]
    with tempfile.TemporaryDirectory(prefix="takedown-against-") as scratch:
        folder, before = Path(scratch) / "files", Path(scratch) / "before"
        for each in ("originals", "copies"):
            (folder / each).mkdir(parents=True)
        with ProcessPoolExecutor(initializer=yield_to_others) as executor:
            list(executor.map(write_copies, repeat(folder), range(len(picked)), picked, others))
        python = augly_copies.interpreter()
        if python is not None:
            augly_copies.make(python, folder / "originals")
            for path in (folder / "originals").glob("*.jpg"):
                path.rename(folder / "copies" / path.name.replace(".", ".AugLy ", 1).replace("_", " "))
        subprocess.run(("git", "worktree", "add", "--detach", before, chosen.commit), cwd=HERE, check=True)
        try:
            caught = [find_caught(before, folder), find_caught(HERE, folder), find_caught(HERE, folder, "--readings")]
        finally:
            subprocess.run(("git", "worktree", "remove", "--force", before), cwd=HERE, check=True)
        rows = tabulate(sorted(path.name for path in (folder / "copies").iterdir()), caught)
    text = [
        f"Measured on {len(picked)} of {words}, one copy of each kind, seed {SEED}.",
        f"*Before* is the program at the commit `{chosen.commit}`.",
        "The figures are what `takedown check --copies all` of either program says of the same files. Per cent caught:",
        "",
        *rows,
    ]
    print("\n".join(text))
    if chosen.out:
        command = f"python -m tests.benchmarks.reposts.against {chosen.commit} --limit {chosen.limit}"
        write_page(chosen.out / "against.md", "Copies caught now and before", command, text)


if __name__ == "__main__":
    main()
