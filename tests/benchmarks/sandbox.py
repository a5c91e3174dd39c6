"""What the sandbox costs: the pool with it against the pool without, and the first picture against bare imports.

Run ``python -m tests.benchmarks.sandbox [rounds]``. Both sides of a ratio ran alternately in one
run; it is no test, because it measures time.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from takedown_cli.core.model import Found, Hashed, Recipe
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool.supervisor import Pool

_ONE_PICTURE = """
import sys
from pathlib import Path
from takedown_cli.hashing.discover import open_media
from takedown_cli.core.model import Found, Recipe
from takedown_cli.hashing.pool.supervisor import Pool
with Pool(Recipe(), 1, open_file=open_media) as pool:
    print(len(list(pool.outcomes([Found(Path(sys.argv[1]), 1)]))))
"""


def pictures(folder: Path, count: int, size: tuple[int, int]) -> list[Found]:
    """``count`` different JPEGs of ``size``."""
    found = []
    for number in range(count):
        path = folder / f"{size[0]}-{number}.jpg"
        picture = Image.effect_noise((size[0] // 8, size[1] // 8), 60).resize(size, Image.Resampling.BILINEAR)
        picture.convert("RGB").rotate(number).save(path, quality=88)
        found.append(Found(path, path.stat().st_size))
    return found


def seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def hash_all(files: list[Found], sandbox: bool) -> None:
    with Pool(Recipe(), open_file=open_media, sandbox=sandbox) as pool:
        if not all(isinstance(outcome, Hashed) for outcome in pool.outcomes(files)):
            raise SystemExit("a picture was not hashed")


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def compare(title: str, ours: Callable[[], None], base: Callable[[], None], rounds: int) -> None:
    pairs = [(seconds(ours), seconds(base)) for _ in range(rounds)]
    one, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"{title:<52} {one:8.3f} s {other:8.3f} s {one / other:6.2f}×")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = pictures(folder, 400, (320, 240)), pictures(folder, 24, (4000, 3000))
        print(f"{'median of ' + str(rounds):<52} {'sandbox':>10} {'without':>10} {'ratio':>7}")
        for title, files in ((f"{len(small)} small pictures", small), (f"{len(large)} photos of 12 MP", large)):
            compare(title, lambda f=files: hash_all(f, True), lambda f=files: hash_all(f, False), rounds)  # type: ignore[misc]
        print(f"{'':<52} {'pool':>10} {'bare':>10}")
        one = str(small[0].path)
        compare(
            "one small picture against import numpy, PIL.Image",
            lambda: run("-c", _ONE_PICTURE, one),
            lambda: run("-c", "import numpy, PIL.Image"),
            rounds,
        )


if __name__ == "__main__":
    main()
