"""Whether the time of an answer reveals that a case exists: requests in pairs, one after the other.

Run as ``python -m tests.campaigns.timing``. Each pair asks about a known case and about one that does not exist, in
random order, and each message is sealed for itself. Both messages of a pair are sent several times in turn, and the
quickest answer to each counts: it was interrupted least. Then the mean of the differences, without the largest tenth
on either side, holds on a busy machine as well. A second row asks
about two cases that do not exist: what it shows is of the measurement, not of the intake. The requests are answered in
this process, so that no network hides a difference.
"""

from __future__ import annotations

import argparse
import gc
import random
import tempfile
import time
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from statistics import fmean, median, variance

from takedown_cli.intake.cases import cases
from takedown_cli.intake.messages.admission import read_request
from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.benchmarks.measure import Row, table
from tests.intake.person import Person, balanced, picture

#: Microseconds within which the difference has to lie, with 99 % certainty.
BAR = 2.0
#: Of the ordered differences, the share that is left out at each end; and the normal distribution's 99 % quantile.
_TRIMMED, _SURE = 0.1, 2.576
#: How often each message is sent.
_TURNS = 5


def seconds(intake: Intake, message: bytes) -> float:
    """Processor time of this thread for one answer: what others compute meanwhile is not in it."""
    started = time.thread_time_ns()
    intake.quick_answer(*read_request(message, "status", intake.identity))
    return (time.thread_time_ns() - started) / 1e9


def pairs(intake: Intake, one: Person, other: Person, count: int) -> tuple[list[float], list[float]]:
    """The quickest of the answers to each message in seconds, for so many requests of either kind."""
    times: tuple[list[float], list[float]] = ([], [])
    gc.disable()
    for number in range(-100, count // _TURNS):  # the first ones warm up
        messages = [person.asked(person.request("status", b"r" * 32)) for person in (one, other)]
        taken: tuple[list[float], list[float]] = ([], [])
        for _ in range(_TURNS):
            first = random.getrandbits(1)
            for which in (first, 1 - first):
                taken[which].append(seconds(intake, messages[which]))
        if number >= 0:
            for found, all_of_one in zip(times, taken, strict=True):
                found.append(min(all_of_one))
        if number % 1000 == 0:
            gc.collect()
    gc.enable()
    return times


def trimmed_mean(values: list[float]) -> tuple[float, float]:
    """The mean without the largest and the smallest, and half its 99 % interval (Tukey and McLaughlin, 1963)."""
    ordered = sorted(values)
    cut = int(len(ordered) * _TRIMMED)
    kept = ordered[cut : len(ordered) - cut]
    winsorized = variance(kept + cut * [kept[0]] + cut * [kept[-1]])
    return fmean(kept), _SURE * sqrt(winsorized / len(ordered)) / (1 - 2 * _TRIMMED)


def _row(what: str, times: tuple[list[float], list[float]]) -> Row:
    mean, half = (1e6 * value for value in trimmed_mean([a - b for a, b in zip(*times, strict=True)]))
    return Row(
        f"{what}, {2 * _TURNS * len(times[0]):,} requests",
        f"99 % interval of the difference within ± {BAR:g} µs",
        f"{mean:+.2f} ± {half:.2f} µs",
        abs(mean) + half <= BAR,
        f"{len(times[0]):,} pairs; medians {median(times[0]) * 1e6:.1f} µs and {median(times[1]) * 1e6:.1f} µs",
    )


def rows(each: int) -> Iterator[Row]:
    """``each`` requests of either kind."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        make_intake(home, Settings(name="Timing", test=True))
        intake = Intake.open(home)
        intake.start()
        card = intake.identity.card
        known, unknown = Person("http://x", card), Person("http://x", card)
        submission = intake.admit_submission(known.message(known.bundle(picture(balanced(1)))))
        intake.operate(lambda transaction: cases.accept_submission(transaction, submission, intake.policy))

        yield _row("known against unknown case", pairs(intake, known, unknown, each))
        yield _row("the same, two unknown cases", pairs(intake, Person("http://x", card), unknown, each))
        intake.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000, help="of each kind")
    print(table(list(rows(parser.parse_args().requests))))


if __name__ == "__main__":
    main()
