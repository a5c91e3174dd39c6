"""What stays of an item that has too many hashes: first what shows the picture itself, and something of every part."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from takedown_cli.protocol.bundle.document import BundleFingerprint, Item
from takedown_cli.protocol.bundle.item_limits import (
    MAX_OF_PICTURE,
    MAX_OF_VIDEO,
    MAX_PICTURES,
    is_far_over,
    keep_within_limits,
)


def pdq(number: int, variant: str, frame: int | None = None, method: str = "full") -> BundleFingerprint:
    value = f"{number:064x}"
    return BundleFingerprint(kind="pdq", value=value, method=method, variant=variant, quality=90, frame=frame)


def test_copies_give_way_before_what_shows_the_picture_itself() -> None:
    itself = [pdq(n, variant, method=method) for n, (variant, method) in enumerate(
        [("upright", "full"), ("upright", "512nn"), ("raw", "full"), ("hma", "full")]
    )]  # fmt: skip
    digests = [BundleFingerprint(kind="md5", value="0" * 32), BundleFingerprint(kind="sha1", value="0" * 40)]
    flips = [pdq(100 + n, f"flipx.{n}") for n in range(7)]
    copies = [pdq(200 + n, f"crop:{n}") for n in range(100)]
    kept = keep_within_limits("image", [*copies, *flips, *itself, *digests])
    assert len(kept) == MAX_OF_PICTURE
    assert {*itself, *digests, *flips} <= {*kept}
    assert list(kept) == sorted(kept, key=[*copies, *flips, *itself, *digests].index), "the order stays"


def test_a_long_video_keeps_the_upright_hashes_of_all_its_parts() -> None:
    """Readings as stored come between those upright, and must not take their places."""
    frames = [pdq(10 * n + m, variant, n) for n in range(3000) for m, variant in enumerate(("raw", "upright"))]
    kept = keep_within_limits("video", frames)
    assert len(kept) == MAX_OF_VIDEO
    assert {each.variant for each in kept} == {"upright"}
    places = [each.frame or 0 for each in kept]
    assert places[0] == 0
    assert max(after - before for before, after in pairwise(places)) <= 2
    assert places[-1] > 2990


def test_hashes_that_no_list_has_are_left_alone() -> None:
    others = [BundleFingerprint(kind="crop-resistant", value=f"{n:016x}", variant=f"segment-{n}") for n in range(180)]
    kept = keep_within_limits("image", [*others, *(pdq(n, "crop:1") for n in range(120))])
    assert Counter(each.kind for each in kept) == {"crop-resistant": 180, "pdq": MAX_OF_PICTURE}
    assert not is_far_over(Item(media="image", age="adult", fingerprints=(*others, *others, *others)))


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["image", "video"]),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), max_size=30),
)
def test_nothing_is_left_out_within_the_limits_and_nothing_stays_beyond(
    media: str, parts: list[tuple[int, int]]
) -> None:
    prints = [pdq(1000 * at + n, "upright", frame) for at, (frame, count) in enumerate(parts) for n in range(count)]
    kept = keep_within_limits(media, prints)
    of_frame = Counter(each.frame for each in kept)
    assert len(kept) <= (MAX_OF_VIDEO if media == "video" else MAX_PICTURES * MAX_OF_PICTURE)
    assert media == "video" or max(of_frame.values(), default=0) <= MAX_OF_PICTURE
    had = Counter(each.frame for each in prints)
    if media == "image" and max(had.values(), default=0) <= MAX_OF_PICTURE and len(prints) <= 1600:
        assert list(kept) == prints
    assert keep_within_limits(media, kept) == kept
