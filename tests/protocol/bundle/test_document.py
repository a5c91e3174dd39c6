"""The payload: closed, canonical, equal for equal pictures, and without what no platform can match."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takedown_cli.core.errors import BundleError, TooLargeError
from takedown_cli.core.model import Fingerprint, Hashed, Media
from takedown_cli.core.reasons import Reason
from takedown_cli.protocol.bundle import document, file
from takedown_cli.protocol.bundle.document import MAX_OF_ITEM, Bundle, Declaration, item_of
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import canonical_json, decode, encode
from tests.protocol.bundle.factory import DECLARATION, item, pdq, picture
from tests.vectors import vector

CASE = CaseNumber.parse("0000-0000-0000-0000-0000-0000")
NONCE = "5" * 32
DAY = "2026-01-31"


def _payload(*items_digits: str) -> Bundle:
    return file.payload_of([item(pdq(d)) for d in items_digits], CASE, DECLARATION, day=DAY, nonce=NONCE)


def test_order_and_repetition_do_not_show() -> None:
    assert encode(_payload("a", "b", "a")) == encode(_payload("b", "a"))


@given(st.text(min_size=4, max_size=60), st.integers(0, 2**40))
def test_names_and_sizes_do_not_show(name: str, size: int) -> None:
    plain = item_of(picture(), "adult")
    other = item_of(dataclasses.replace(picture(), path=Path("/home/x") / name.replace("\0", ""), size=size), "adult")
    assert plain == other


def test_a_changed_file_digest_does_not_show_for_pictures() -> None:
    """EXIF values change a file's digest, never the picture: so the digest of a picture stays at home."""
    changed = dataclasses.replace(picture(), fingerprints=(Fingerprint("sha256", "9" * 64), pdq("a")))
    assert item_of(changed, "adult") == item_of(picture(), "adult")


def test_a_video_carries_its_md5_and_good_frames() -> None:
    frames = tuple(
        dataclasses.replace(pdq(d, q), frame=n, timestamp=n / 3) for n, (d, q) in enumerate([("a", 90), ("b", 49)])
    )
    video = dataclasses.replace(
        picture(),
        media=Media.VIDEO,
        fingerprints=(Fingerprint("sha256", "1" * 64), Fingerprint("md5", "2" * 32), *frames),
    )
    made = item_of(video, "adult")
    assert made is not None
    assert [(f.kind, f.ms) for f in made.fingerprints] == [("md5", None), ("pdq", 0)]


def test_what_no_platform_can_match_does_not_travel() -> None:
    assert item_of(dataclasses.replace(picture(pdq("a", 10)), weak=Reason.LOW_QUALITY), "adult") is None
    assert item_of(picture(pdq("a", 49)), "adult") is None


def test_exact_digests_travel_when_asked_for() -> None:
    made = item_of(picture(), "adult", exact=True)
    assert made is not None
    assert {f.kind for f in made.fingerprints} == {"md5", "sha256", "pdq"}


def test_the_payload_is_the_published_vector() -> None:
    assert encode(_payload("a", "b")) == vector("bundle-payload.json").rstrip(b"\n")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), 2),
        (("version",), True),
        (("file_name",), "beach.jpg"),
        (("created",), "yesterday"),
        (("declaration", "behalf"), "other"),
        (("declaration", "name"), "x"),
        (("items",), []),
        (("items", 0, "path"), "x"),
        (("items", 0, "fingerprints", 0, "value"), "A" * 64),
        (("items", 0, "fingerprints", 0, "value"), "a" * 62),
        (("items", 0, "fingerprints", 0, "quality"), 101),
        (("items", 0, "fingerprints", 0, "quality"), 50.0),
        (("items", 0, "fingerprints", 0, "frame"), -1),
    ],
)
def test_the_schema_is_closed(path: tuple[str | int, ...], value: object) -> None:
    document = json.loads(encode(_payload("a")))
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(BundleError):
        decode(Bundle, canonical_json(document))


@pytest.mark.parametrize(
    "change", [(b'{"adds"', b'{ "adds"'), (b'"version":1}', b'"version":1,"version":1}'), (b"100", b"1e2")]
)
def test_a_second_spelling_is_refused(change: tuple[bytes, bytes]) -> None:
    data = encode(_payload("a"))
    assert change[0] in data
    with pytest.raises(BundleError):
        decode(Bundle, data.replace(*change))


def test_authority_goes_with_acting_for_another() -> None:
    assert Declaration(behalf="other", authority="permission").authority == "permission"
    with pytest.raises(ValueError, match="authority"):
        Declaration(behalf="self", authority="law")


def test_refused_json_of_the_public_corpus(shared: Path) -> None:
    for refused in sorted((shared / "corpus/json/test_parsing").iterdir()):
        with pytest.raises(BundleError):
            decode(Bundle, refused.read_bytes())


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
    segments = [Fingerprint("crop-resistant", "0f" * 8, None, f"segment-{n}") for n in range(MAX_OF_ITEM + 1)]
    with pytest.raises(TooLargeError):
        item_of(hashed(*segments), "adult")


def test_what_lists_would_not_take_of_one_file_is_left_out_and_counted() -> None:
    frames = [Fingerprint("pdq", f"{n:064x}", "full", "upright", 100, n, n / 25) for n in range(2500)]
    long = hashed(Fingerprint("md5", "0f" * 16), *frames, media=Media.VIDEO)
    item = item_of(long, "adult")
    assert item is not None
    assert (len(item.fingerprints), document.count_left_out(long, item)) == (2000, 501)
    assert item.fingerprints[0].kind == "md5"
