"""Totals over a run: when it counts as complete."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from takedown_cli.core.model import Failed, Hashed, Media, Outcome, Skipped
from takedown_cli.core.reasons import FAILED, SKIPPED, Reason
from takedown_cli.hashing.pipeline import Tally

GOOD = Hashed(Path("a"), 1, Media.IMAGE, "JPEG", 1, 1, ())


def complete(*outcomes: Outcome) -> bool:
    tally = Tally()
    for outcome in outcomes:
        tally.add(outcome)
    return tally.complete


def test_sidecars_and_second_copies_made_every_run_incomplete() -> None:
    beside = [Skipped(Path("b"), reason) for reason in (Reason.NOT_MEDIA, Reason.NOT_MEDIA, Reason.DUPLICATE)]
    assert complete(GOOD, *beside)
    assert not complete(*beside)
    assert not complete()


@pytest.mark.parametrize("reason", sorted((FAILED | SKIPPED) - {Reason.NOT_MEDIA, Reason.DUPLICATE}))
def test_whatever_else_is_left_out_counts(reason: Reason) -> None:
    kind = Skipped if reason in SKIPPED else Failed
    assert not complete(GOOD, kind(Path("b"), reason))


def test_what_is_partial_or_too_poor_counts() -> None:
    assert not complete(GOOD, replace(GOOD, partial=Reason.TRUNCATED))
    assert not complete(GOOD, replace(GOOD, weak=Reason.BLANK))
