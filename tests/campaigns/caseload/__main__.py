"""``make caseload``: a caseload from nothing to the reckoning, with figures beside the bar.

Run as ``python -m tests.campaigns.caseload --callers 10000 --kills 20``.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.measure import machine, put
from tests.campaigns.caseload import scenario
from tests.campaigns.caseload.make import Plan, kept, make

BAR = 1.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=int(os.environ.get("N", "500")))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="the page whose table is to be replaced")
    parser.add_argument("--keep", type=Path, help="where to keep the made-up files, and to find them the next time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        began = time.monotonic()
        where = arguments.keep / f"{arguments.callers}-{arguments.seed}" if arguments.keep else root / "caseload"
        made = kept(where) or make(where, Plan.of(arguments.callers), arguments.seed, _say)
        _say(f"made in {time.monotonic() - began:.0f} s; hashing alone …")
        alone = scenario.hash_alone(made)
        _say(f"{alone.total:,} items in {alone.seconds:.0f} s; now the caseload …")
        (root / "line").mkdir()
        line = scenario.Helpline(root / "line", made)
        line.set_up()
        try:
            seconds = scenario.play(line, arguments.kills, alone, random.Random(arguments.seed), _say)
            said = scenario.totals(line)
        finally:
            line.stop()
        found = scenario.reckon(line, alone)
    ratio = seconds / alone.seconds
    rows = {
        "callers": (f"{said['callers']:,}", ""),
        "files of the largest folder": (f"{alone.largest:,}", ""),
        "kills of the client": (f"{line.kills}", f"{arguments.kills}"),
        "restarts of the intake": (f"{line.restarts}", "2" if arguments.kills > 1 else ""),
        "cases at the intake": (f"{found.cases:,}", f"{alone.callers:,}, who have something to protect"),
        "items at the intake": (f"{found.items:,}", f"{alone.total:,}, different ones by hashing alone"),
        "items there twice": (f"{found.repeated}", "0"),
        "items found twice in a folder": (f"{said['found_twice']:,}", ""),
        "callers whose items are not all there": (f"{len(found.wrong)}", "0"),
        "cross-caller findings": (f"{len(found.findings)}", "0"),
        "bundles taken": (f"{found.submissions:,}", ""),
        "states": (", ".join(f"{count:,} {state}" for state, count in said["states"].items()), ""),
        "hashing alone": (f"{alone.seconds:.1f} s (processor {alone.processor:.1f} s)", ""),
        "the caseload": (f"{seconds:.1f} s", ""),
        "ratio": (f"{ratio:.2f}", f"≤ {BAR}"),
    }  # fmt: skip
    for name, (value, bar) in rows.items():
        print(f"{name:<40} {value}{f'  (bar: {bar})' if bar else ''}")
    for finding in found.findings[:10]:
        print(f"  found: {finding}")
    if arguments.out:
        lines = [f"| {name} | {value} | {bar} |" for name, (value, bar) in rows.items()]
        put(arguments.out, "caseload", "\n".join([machine(), "", "| what | found | bar |", "|---|---|---|", *lines]))
    sound = found.cases == alone.callers and not (found.repeated or found.wrong or found.findings)
    sys.exit(0 if sound and line.kills == arguments.kills and ratio <= BAR else 1)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
