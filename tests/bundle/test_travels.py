"""Which of a file's fingerprints travel: a closed list, so that nothing new travels by oversight."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.bundle import document
from takedown_cli.bundle.document import MAX_OF_ITEM, item_of
from takedown_cli.errors import TooLargeError
from takedown_cli.model import Fingerprint, Hashed, Media

PDQ = Fingerprint("pdq", "0f" * 32, "full", "upright", 100)


def hashed(*items: Fingerprint, media: Media = Media.IMAGE) -> Hashed:
    return Hashed(Path("a"), 1, media, "JPEG", 1, 1, items)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("media", list(Media))
def test_an_unknown_kind_stays_at_home(media: Media, exact: bool) -> None:
    for kind in ("vpdq", "tlsh", "note"):
        assert item_of(hashed(Fingerprint(kind, "00" * 32), media=media), "adult", exact=exact) is None
        assert item_of(hashed(Fingerprint(kind, "00" * 32, quality=100), media=media), "adult", exact=exact) is None


def test_a_pdq_without_quality_or_below_it_stays_at_home() -> None:
    for quality in (None, 0, 49):
        assert item_of(hashed(Fingerprint("pdq", "0f" * 32, "full", "upright", quality)), "adult") is None
    assert item_of(hashed(PDQ), "adult") is not None


def test_what_was_asked_for_travels() -> None:
    for kind in document.PERCEPTUAL:
        assert item_of(hashed(Fingerprint(kind, "00" * 8, None, "upright")), "adult") is not None


@pytest.mark.parametrize(("seconds", "ms"), [(-3.5, 0), (1.7e12, 2**40 - 1), (0.0004, 0), (12.3456, 12346)])
def test_a_strange_clock_costs_no_bundle(seconds: float, ms: int) -> None:
    item = item_of(
        hashed(Fingerprint("pdq", "0f" * 32, "full", "upright", 100, 3, seconds), media=Media.VIDEO), "adult"
    )
    assert item is not None
    assert (item.fingerprints[0].frame, item.fingerprints[0].ms) == (3, ms)


def test_too_many_fingerprints_of_one_file_are_an_error_with_advice() -> None:
    with pytest.raises(TooLargeError):
        item_of(hashed(*[PDQ] * (MAX_OF_ITEM + 1)), "adult")
