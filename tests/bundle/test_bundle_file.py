"""The payload: closed, canonical, equal for equal pictures; and the file around it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takedown_cli.bundle import envelope, file
from takedown_cli.bundle.document import Bundle, Declaration, item_of
from takedown_cli.case import CaseNumber
from takedown_cli.errors import BundleError, NothingToDoError, SealError, SignatureError
from takedown_cli.model import Fingerprint, Media
from takedown_cli.reasons import Reason
from takedown_cli.wire import canonical, decode, encode
from tests.bundle.factory import DECLARATION, SIGNING, card, item, pdq, picture
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


def test_nothing_to_report_is_an_error() -> None:
    with pytest.raises(NothingToDoError):
        _payload()


def test_the_payload_is_the_published_vector() -> None:
    assert encode(_payload("a", "b")) == vector("bundle-payload.json").rstrip(b"\n")


def test_a_signed_file_reads_back() -> None:
    payload = _payload("a")
    opened = file.open_signed(file.write(payload, CASE))
    assert opened.bundle == payload
    assert opened.countersigners == ()


def test_a_sealed_file_opens_with_its_case_number_only() -> None:
    data = file.write(_payload("a"), CASE, card())
    assert file.is_sealed(data)
    assert file.open_sealed(data, CASE).bundle == _payload("a")
    with pytest.raises(SealError):
        file.open_sealed(data, CaseNumber.draw())


def test_a_stranger_cannot_sign_for_the_case() -> None:
    forged = envelope.sign(Bundle.TYPE, encode(_payload("a")), SIGNING)
    with pytest.raises(SignatureError):
        file.open_signed(forged)


def test_a_helpline_signs_beside_the_case_key() -> None:
    data = envelope.countersign(file.write(_payload("a"), CASE), Bundle.TYPE, SIGNING)
    assert file.open_signed(data).countersigners == (SIGNING.public_key().public_bytes_raw(),)


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
        decode(Bundle, canonical(document))


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
    for document in sorted((shared / "corpus/json/test_parsing").iterdir()):
        with pytest.raises(BundleError):
            decode(Bundle, document.read_bytes())


def test_an_addition_that_is_repeated_is_the_same_payload() -> None:
    first, again, other = (
        file.payload_of([item(pdq(digit))], CASE, DECLARATION, day=DAY, adds=True) for digit in ("a", "a", "b")
    )
    assert encode(first) == encode(again)
    assert first.nonce != other.nonce
    assert first.nonce != file.payload_of([item(pdq("a"))], CaseNumber.draw(), DECLARATION, day=DAY, adds=True).nonce
