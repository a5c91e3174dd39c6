"""The published rule, bit by bit: what is near enough, what counts as a reading, and what is never compared."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from takedown_cli.core.model import Fingerprint, Hashed, Media
from takedown_cli.hashing.matching import HashList, Listed, distance, readings


def _pdq(value: int, method: str = "full", variant: str = "upright", quality: int = 100, **more: object) -> Fingerprint:
    also = more.get("also", ())
    frame = more.get("frame")
    assert isinstance(also, tuple)
    assert frame is None or isinstance(frame, int)
    return Fingerprint("pdq", f"{value:064x}", method, variant, quality, frame, also=also)


def _copy(*fingerprints: Fingerprint, media: Media = Media.IMAGE) -> Hashed:
    return Hashed(Path("copy"), 1, media, "JPEG", 640, 480, fingerprints)


def _listed(*fingerprints: Fingerprint, media: Media = Media.IMAGE) -> HashList:
    return HashList(Listed(number, media, one) for number, one in enumerate(fingerprints, start=1))


def _ones(count: int) -> int:
    return (1 << count) - 1


def test_distance_counts_bits() -> None:
    assert distance("00ff", "0000") == 8
    assert distance("a" * 64, "5" * 64) == 256
    assert distance("0123456789abcdef", "0123456789abcdef") == 0


@pytest.mark.parametrize(("bits", "caught"), [(0, True), (31, True), (32, False), (256, False)])
def test_up_to_31_bits_match(bits: int, caught: bool) -> None:
    verdict = _listed(_pdq(0)).judge(_copy(_pdq(_ones(bits))))
    assert verdict.nearest is not None
    assert (verdict.nearest.distance, verdict.caught) == (bits, caught)


def test_the_nearest_of_many_is_found() -> None:
    random = Random(5)
    listed = [_pdq(random.getrandbits(256)) for _ in range(700)]
    candidates = [_pdq(random.getrandbits(256)) for _ in range(20)]
    for candidate, match in zip(candidates, _listed(*listed).nearest(candidates), strict=True):
        assert match.reading is candidate
        assert match.distance == min(distance(candidate.value, one.value) for one in listed)
        assert match.distance == distance(candidate.value, listed[match.listed.item - 1].value)


def test_of_equally_near_ones_the_picture_as_it_is_is_named() -> None:
    match = _listed(_pdq(1, variant="crop:left:6"), _pdq(2), _pdq(4, variant="raw")).nearest([_pdq(0)])[0]
    assert match.listed.item == 2


def test_what_hma_reads_is_the_picture_as_it_is() -> None:
    match = _listed(_pdq(1, variant="crop:left:6"), _pdq(2, variant="hma")).nearest([_pdq(0)])[0]
    assert match.listed.item == 2


@pytest.mark.parametrize(("quality", "compared"), [(50, True), (49, False), (0, False)])
def test_a_reading_too_poor_is_not_compared(quality: int, compared: bool) -> None:
    verdict = _listed(_pdq(0)).judge(_copy(_pdq(0, quality=quality)))
    assert (verdict.nearest is not None) is compared
    assert verdict.caught is verdict.everywhere is compared
    assert list(verdict.readings) == ["full"]


def test_a_copy_is_read_upright_by_both_methods() -> None:
    copy = _copy(
        Fingerprint("md5", "0" * 32),
        _pdq(1, also=("512nn/raw",)),
        _pdq(2, "512nn"),
        _pdq(3, variant="raw"),
        _pdq(4, variant="flipx"),
        _pdq(5, variant="hma"),
    )
    assert [(one.method, int(one.value, 16)) for one in readings(copy)] == [("full", 1), ("512nn", 2)]


def test_a_value_of_both_methods_is_read_twice() -> None:
    assert [one.method for one in readings(_copy(_pdq(1, also=("512nn/upright",))))] == ["full", "512nn"]
    assert [one.method for one in readings(_copy(_pdq(1, "512nn", "raw", also=("512nn/upright",))))] == ["512nn"]


def test_caught_by_one_reading_is_not_caught_everywhere() -> None:
    hashes = _listed(_pdq(0))
    verdict = hashes.judge(_copy(_pdq(1), _pdq(_ones(40), "512nn")))
    assert (verdict.caught, verdict.everywhere) == (True, False)
    distances = {method: match.distance for method, match in verdict.readings.items() if match}
    assert distances == {"full": 1, "512nn": 40}
    assert hashes.judge(_copy(_pdq(1), _pdq(3, "512nn"))).everywhere
    assert not hashes.judge(_copy(_pdq(1), _pdq(1, "512nn", quality=10))).everywhere


def test_frames_are_counted_each_once() -> None:
    frames = [_pdq(value, frame=frame) for frame, value in enumerate([0, 3, _ones(90)])]
    poor = _pdq(0, quality=20, frame=3)
    verdict = _listed(_pdq(0), _pdq(3)).judge(_copy(*frames, poor, media=Media.VIDEO))
    assert (verdict.frames, verdict.frames_caught) == (3, 2)


@pytest.mark.parametrize("kind", ["md5", "sha1", "sha256"])
def test_digests_match_only_when_equal_and_of_the_same_kind_of_media(kind: str) -> None:
    digest, other = Fingerprint(kind, "ab" * 16), Fingerprint(kind, "ab" * 15 + "aa")
    hashes = _listed(digest, media=Media.VIDEO)
    assert hashes.judge(_copy(digest, media=Media.VIDEO)).everywhere
    assert not hashes.judge(_copy(other, media=Media.VIDEO)).caught
    assert not hashes.judge(_copy(digest)).caught


def test_other_kinds_are_not_compared() -> None:
    phash = Fingerprint("phash", "0" * 16, None, "upright")
    hashes = _listed(phash)
    assert len(hashes) == 0
    assert hashes.judge(_copy(phash)).nearest is None


def test_an_empty_list_catches_nothing() -> None:
    verdict = _listed().judge(_copy(_pdq(0)))
    assert not verdict.caught
    assert verdict.nearest is None


def test_a_further_reading_catches_a_copy_but_not_everywhere() -> None:
    listed = HashList([Listed(1, Media.IMAGE, Fingerprint("pdq", "0f" * 32, "full", "upright", 90))])
    found = (
        Fingerprint("pdq", "f0" * 32, "full", "upright", 90, also=("512nn/upright",)),
        Fingerprint("pdq", "0f" * 32, "inside", "1:original", 90),
    )
    verdict = listed.judge(Hashed(Path("a"), 1, Media.IMAGE, "JPEG", 9, 9, found))
    assert (verdict.caught, verdict.everywhere) == (True, False)
    assert verdict.nearest is not None
    assert verdict.nearest.reading.method == "inside"
