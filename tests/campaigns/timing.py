"""Whether a known case and an unknown one take the same time: Welch's t over many requests, taken in turn.

Run as ``python -m tests.campaigns.timing``. The requests are answered in this process, so that no network hides a
difference; below 4.5 the two cannot be distinguished.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
from math import sqrt
from pathlib import Path
from statistics import fmean, variance

from takedown_cli.intake.cases import cases
from takedown_cli.intake.messages.admission import read_request
from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.benchmarks.measure import Row, table
from tests.intake.person import Person, balanced, picture


def samples(intake: Intake, count: int) -> tuple[list[float], list[float]]:
    """Seconds for so many requests about a known case and about an unknown one, mixed at random."""
    card = intake.identity.card
    known, unknown = Person("http://x", card), Person("http://x", card)
    submission = intake.admit_submission(known.message(known.bundle(picture(balanced(1)))))
    intake.operate(lambda transaction: cases.accept_submission(transaction, submission, intake.policy))
    times: tuple[list[float], list[float]] = ([], [])
    messages = [[person.asked(person.request("status", b"r" * 32)) for _ in range(50)] for person in (known, unknown)]
    gc.disable()
    for number in range(-200, 2 * count):  # the first ones warm up
        which = random.getrandbits(1)
        message = messages[which][number % 50]
        started = time.thread_time_ns()
        intake.quick_answer(*read_request(message, "status", intake.identity))
        if number >= 0:
            times[which].append((time.thread_time_ns() - started) / 1e9)
        if number % 1000 == 0:
            gc.collect()
    gc.enable()
    return times


def welch(one: list[float], other: list[float]) -> float:
    """Welch's t, of what is left when the slowest twentieth (interruptions) is cut off at one common time."""
    limit = sorted(one + other)[int(0.95 * (len(one) + len(other)))]
    a, b = ([value for value in times if value <= limit] for times in (one, other))
    return (fmean(a) - fmean(b)) / sqrt(variance(a) / len(a) + variance(b) / len(b))


def row(each: int) -> Row:
    """``each`` requests of either kind."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        make_intake(home, Settings(name="Timing", test=True))
        intake = Intake.open(home)
        intake.start()
        known, unknown = samples(intake, each)
        intake.stop()
    t = welch(known, unknown)
    detail = f"known {fmean(known) * 1e6:.1f} µs, unknown {fmean(unknown) * 1e6:.1f} µs"
    return Row(
        f"known against unknown case, {2 * each:,} requests", "Welch abs(t) < 4.5", f"{t:+.2f}", abs(t) < 4.5, detail
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000, help="of each kind")
    print(table([row(parser.parse_args().requests)]))


if __name__ == "__main__":
    main()
