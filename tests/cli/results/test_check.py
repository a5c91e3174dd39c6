"""What is said of one copy, from the fields that scripts get."""

from __future__ import annotations

from typing import Any

import pytest

from takedown_cli.cli.results.check import AgainstRow, CheckReport, CopyRow, MatchRow, ReadingRow
from takedown_cli.core.reasons import Reason

MATCH = MatchRow(item=3, media="image", kind="pdq", method="full", variant="upright")


def _reading(method: str, distance: int | None) -> ReadingRow:
    caught = distance is not None and distance <= 31
    return ReadingRow(kind="pdq", method=method, caught=caught, distance=distance)


def _copy(**fields: Any) -> CopyRow:
    known: dict[str, Any] = {
        "number": 1,
        "media": "image",
        "caught": True,
        "everywhere": True,
        "distance": 4,
        "match": MATCH,
        "readings": [],
    }
    return CopyRow(**(known | fields))


@pytest.mark.parametrize(
    ("copy", "sentence"),
    [
        (_copy(), "yes. Very close: 4 bits of 256 from picture 3 (pdq full upright)."),
        (_copy(distance=1), "yes. Very close: 1 bit of 256 from picture 3 (pdq full upright)."),
        (
            _copy(match=MatchRow(item=2, media="video", kind="md5"), distance=0, media="video", frames=9),
            "yes. It is the same file as video 2 (md5).",
        ),
        (
            _copy(caught=False, everywhere=False, distance=40),
            (
                "no. The nearest is picture 3 (pdq full upright), a little too far away: 40 bits of 256 differ; "
                "31 or fewer would match."
            ),
        ),
        (
            _copy(everywhere=False, readings=[_reading("full", 4), _reading("512nn", 33)]),
            (
                "yes, by platforms that read pictures in full size. Very close: 4 bits of 256 from picture 3 "
                "(pdq full upright). "
                "No, by those that read them shrunk to 512 pixels: 33 bits of 256."
            ),
        ),
        (
            _copy(everywhere=False, readings=[_reading("full", None), _reading("512nn", 4)]),
            (
                "yes, by platforms that read pictures shrunk to 512 pixels. Very close: 4 bits of 256 from picture 3 "
                "(pdq full upright). "
                "No, by those that read them in full size: too little detail."
            ),
        ),
        (
            _copy(reason=str(Reason.TRUNCATED), detail="The end is missing."),
            "yes. Very close: 4 bits of 256 from picture 3 (pdq full upright). Only a part of it could be read.",
        ),
        (
            _copy(caught=False, match=None, distance=None, reason=str(Reason.BLANK), detail="It is one plain area."),
            "no. It is one plain area.",
        ),
        (
            _copy(caught=None, media=None, reason=str(Reason.NOT_MEDIA), detail="This is not a picture or a video."),
            "could not be read. This is not a picture or a video.",
        ),
    ],
)
def test_a_copy_in_words(copy: CopyRow, sentence: str) -> None:
    assert copy.sentence() == f"Copy 1: {sentence}"


def test_a_copy_is_named_only_when_its_path_is_there() -> None:
    assert _copy(path="a.jpg").sentence().startswith("Copy 1 (a.jpg): ")


def test_the_counts_add_up() -> None:
    against = AgainstRow(source="bundle", items=1, fingerprints=1, unusable=0)
    copies = [_copy(), _copy(caught=False), _copy(caught=None, reason="damaged", detail="")]
    report = CheckReport.of_copies(against, copies)
    assert (report.summary.copies, report.summary.caught, report.summary.missed, report.summary.unreadable) == (
        3, 1, 1, 1,
    )  # fmt: skip
    assert next(iter(report.notes())) == "1 of 3 copies would be caught, 1 would not, 1 could not be read."


def test_one_of_a_thing_is_not_called_several() -> None:
    against = AgainstRow(source="originals", items=1, fingerprints=1, unusable=1)
    assert against.introduce().startswith("Comparing with 1 fingerprint of 1 picture or video. 1 original could")
