"""``make caseload``: a caseload from nothing to the reckoning, with figures beside the bar.

Run as ``python -m tests.caseload --callers 10000 --kills 20``.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.caseload import scenario
from tests.caseload.make import Plan, make

BAR = 1.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=int(os.environ.get("N", "500")))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        began = time.monotonic()
        made = make(root / "caseload", Plan.of(arguments.callers), arguments.seed)
        print(f"made in {time.monotonic() - began:.0f} s; hashing alone …", flush=True)
        alone = scenario.hash_alone(made)
        (root / "line").mkdir()
        line = scenario.Helpline(root / "line", made)
        line.set_up()
        try:
            pace = alone.seconds / (arguments.kills + 1)
            before = os.times()
            seconds = scenario.play(line, arguments.kills, pace, random.Random(arguments.seed))
            said = scenario.totals(line)
        finally:
            line.stop()
        after = os.times()
        found = scenario.reckon(line, alone)
        processor = sum(after[2:4]) - sum(before[2:4])
    expected = sum(count > 0 for count in alone.items.values())
    rows = {
        "callers": said["callers"],
        "cases at the intake": f"{found.cases} ({expected} callers have something to protect)",
        "items at the intake": f"{found.items} ({sum(alone.items.values())} different ones by hashing alone)",
        "items there twice": found.repeated,
        "items found twice in a folder": said["found_twice"],
        "callers whose items are not all there": len(found.wrong),
        "cross-caller findings": len(found.findings),
        "bundles taken": found.submissions,
        "kills": line.kills,
        "restarts of the intake": line.restarts,
        "states": said["states"],
        "hashing alone": f"{alone.seconds:.1f} s (processor {alone.processor:.1f} s)",
        "the caseload": f"{seconds:.1f} s (processor, with the intake, {processor:.1f} s)",
        "ratio": f"{seconds / alone.seconds:.2f} (bar {BAR})",
    }
    for name, value in rows.items():
        print(f"{name:<40} {value}")
    for finding in found.findings[:10]:
        print(f"  found: {finding}")
    sound = found.cases == expected and not (found.repeated or found.wrong or found.findings)
    sys.exit(0 if sound and seconds <= BAR * alone.seconds else 1)


if __name__ == "__main__":
    main()
