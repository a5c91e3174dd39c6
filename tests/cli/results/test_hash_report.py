"""Rows and totals: one row an outcome, in constant memory, and sentences that group repeats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from takedown_cli.cli.results import hash_report
from takedown_cli.cli.results.hash_report import Spool, file_row, summary, summary_lines
from takedown_cli.core.model import Failed, Fingerprint, Hashed, Media, Outcome, Skipped
from takedown_cli.core.reasons import FAILED, PARTIAL, SKIPPED, TOO_POOR, Reason
from takedown_cli.hashing.pipeline import Tally

FRAME = Fingerprint("pdq", "0" * 64, "full", "upright", 100, frame=3, timestamp=1.5, also=("512nn/upright",))


def _hashed(partial: Reason | None = None, weak: Reason | None = None) -> Hashed:
    return Hashed(Path("c.mp4"), 10, Media.VIDEO, "mp4", 320, 240, (FRAME,), 18.8, partial, weak)


def test_a_video_row() -> None:
    assert file_row(_hashed()) == {
        "path": "c.mp4", "outcome": "hashed", "media": "video", "format": "mp4", "width": 320, "height": 240,
        "duration": 18.8,
        "fingerprints": [
            {
                "kind": "pdq", "method": "full", "variant": "upright", "frame": 3, "timestamp": 1.5, "value": "0" * 64,
                "quality": 100, "also": ["512nn/upright"],
            }
        ],
    }  # fmt: skip


@pytest.mark.parametrize("reason", sorted(Reason))
def test_every_reason_has_a_row_and_words(reason: Reason) -> None:
    outcomes: list[Outcome] = []
    if reason in SKIPPED:
        outcomes.append(Skipped(Path("a"), reason))
    if reason in FAILED:
        outcomes.append(Failed(Path("a"), reason, media=Media.IMAGE))
    if reason in PARTIAL:
        outcomes.append(_hashed(partial=reason))
    if reason in TOO_POOR:
        outcomes.append(_hashed(weak=reason))
    (outcome,) = outcomes
    row = file_row(outcome)
    assert reason in {row.get("reason"), row.get("weak")}
    assert reason.sentence in row["detail"]
    tally = Tally()
    tally.add(outcome)
    words = " ".join(summary_lines(tally, 0.5))
    assert "1 file in 0.5 s" in words
    assert summary(tally, 0.5)["reasons"] == {str(reason): 1}
    assert (": 1 can be protected" in words) == (reason in PARTIAL)


def test_a_partial_and_weak_file_is_not_called_protectable() -> None:
    row = file_row(_hashed(Reason.TRUNCATED, Reason.LOW_QUALITY))
    assert row["outcome"] == "partial"
    assert (row["reason"], row["weak"]) == ("truncated", "low-quality")
    assert row["detail"] == Reason.LOW_QUALITY.sentence


def test_the_spool_gives_back_every_row_and_stays_small() -> None:
    spool = Spool()
    for number in range(20_000):
        spool.add({"path": f"{number}.jpg", "outcome": "skipped", "reason": "not-media", "detail": "x" * 200})
    held = sum(map(len, spool._chunks))
    rows = json.loads(b"".join(spool.pieces()))
    assert [row["path"] for row in rows] == [f"{number}.jpg" for number in range(20_000)]
    assert held < 20_000 * 300 / 5


def test_an_empty_spool_is_an_empty_list() -> None:
    assert json.loads(b"".join(Spool().pieces())) == []


@pytest.mark.parametrize(("seconds", "words"), [(0.44, "0.4 s"), (61, "1 min 1 s"), (7322, "2 h 2 min")])
def test_durations(seconds: float, words: str) -> None:
    assert hash_report._seconds(seconds) == words


def _recording(*, whole: bool) -> Hashed:
    return Hashed(Path("a"), 1, Media.VIDEO, "mp4", 9, 9, (), 1.0, inside=((0, 2, 9, 7), (0, 1, 9, 5)), whole=whole)


def test_a_recording_of_a_screen_is_called_one() -> None:
    tally = Tally()
    tally.add(_recording(whole=False))
    line = "This looks like a recording of a screen; the clip in it is protected, the screen around it is not."
    assert line in summary_lines(tally, 0.5)
    tally.add(_recording(whole=True))
    words = summary_lines(tally, 0.5)
    assert line.replace("This looks", "1 file looks") in words
    assert "1 file may be a recording of a screen: the whole of it is protected, and so is the clip in it." in words
    row = file_row(_recording(whole=False))
    assert (row["inside"], row["inside_more"]) == ([0, 2, 9, 7], [[0, 1, 9, 5]])
