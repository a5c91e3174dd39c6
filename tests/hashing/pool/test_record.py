"""The record that crosses from an untrusted child: exact for what is valid, closed for everything else."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takedown_cli.core.model import Failed, Fingerprint, Hashed, Media, MediaFile, Skipped
from takedown_cli.core.reasons import FAILED, PARTIAL, SKIPPED, TOO_POOR, Reason
from takedown_cli.hashing.pool.channel import Replies
from takedown_cli.hashing.pool.record import (
    FORMATS,
    KINDS,
    MAX_ALSO,
    MAX_BOXES,
    MAX_FINGERPRINTS,
    MAX_NAME,
    MAX_RECORD,
    RecordError,
    decode_outcome,
    decode_request,
    encode_outcome,
    encode_request,
)
from takedown_cli.protocol.bundle.document import item_of

FILE = MediaFile(Path("the/parents/own.jpg"), 4711, Media.IMAGE, "JPEG")

names = st.from_regex(r"[a-z0-9][a-z0-9:+.-]{0,39}", fullmatch=True)
labels = st.tuples(names, names).map("/".join)
seconds = st.floats(-1e12, 1e12, allow_nan=False)


@st.composite
def fingerprints(draw: st.DrawFn) -> Fingerprint:
    kind = draw(st.sampled_from(sorted(KINDS)))
    length = KINDS[kind]
    return Fingerprint(
        kind=kind,
        value=draw(st.binary(min_size=length, max_size=length)).hex(),
        method=draw(st.none() | names),
        variant=draw(st.none() | names),
        quality=draw(st.none() | st.integers(0, 100)),
        frame=draw(st.none() | st.integers(0, 2**31 - 1)),
        timestamp=draw(st.none() | seconds),
        also=tuple(draw(st.lists(labels, max_size=4))),
    )


hashed = st.builds(
    Hashed,
    path=st.just(FILE.path),
    size=st.just(FILE.size),
    media=st.just(FILE.media),
    format=st.sampled_from(FORMATS),
    width=st.integers(0, 2**30),
    height=st.integers(0, 2**30),
    fingerprints=st.lists(fingerprints(), max_size=6).map(tuple),
    duration=st.none() | seconds,
    partial=st.none() | st.sampled_from(sorted(PARTIAL)),
    weak=st.none() | st.sampled_from(sorted(TOO_POOR)),
    inside=st.lists(st.tuples(*[st.integers(0, 2**31)] * 4), max_size=MAX_BOXES).map(tuple),
    whole=st.booleans(),
)


@given(hashed)
def test_what_was_computed_arrives_unchanged(outcome: Hashed) -> None:
    assert decode_outcome(encode_outcome(outcome), FILE) == outcome


def test_no_more_places_of_pictures_than_there_can_be() -> None:
    outcome = Hashed(FILE.path, FILE.size, FILE.media, "JPEG", 9, 9, (), inside=((0, 0, 1, 1),) * MAX_BOXES)
    whole = encode_outcome(outcome)
    with pytest.raises(RecordError):
        encode_outcome(replace(outcome, inside=((0, 0, 1, 1),) * (MAX_BOXES + 1)))
    for count in (0, MAX_BOXES - 1, MAX_BOXES + 1):
        with pytest.raises(RecordError):
            decode_outcome(whole[: -16 * MAX_BOXES - 1] + bytes([count]) + whole[-16 * MAX_BOXES :], FILE)
    with pytest.raises(RecordError):
        decode_outcome(whole[:-1], FILE)


@pytest.mark.parametrize("reason", sorted(FAILED))
def test_every_failure_arrives(reason: Reason) -> None:
    failed = Failed(FILE.path, reason, FILE.size, FILE.media)
    assert decode_outcome(encode_outcome(failed), FILE) == failed


@pytest.mark.parametrize("reason", sorted(SKIPPED))
def test_every_skip_arrives(reason: Reason) -> None:
    skipped = Skipped(FILE.path, reason, FILE.size)
    assert decode_outcome(encode_outcome(skipped), FILE) == skipped


def test_path_and_size_never_come_from_the_child() -> None:
    lie = Failed(Path("/etc/shadow"), Reason.DAMAGED, 1, Media.VIDEO)
    assert decode_outcome(encode_outcome(lie), FILE) == Failed(FILE.path, Reason.DAMAGED, FILE.size, FILE.media)
    assert b"shadow" not in encode_outcome(lie)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_outcome_or_refused(data: bytes) -> None:
    try:
        outcome = decode_outcome(data, FILE)
    except RecordError:
        return
    assert encode_outcome(outcome) == data  # one outcome, one record


@given(hashed, st.data())
@settings(max_examples=300)
def test_a_changed_byte_is_another_valid_record_or_refused(outcome: Hashed, data: st.DataObject) -> None:
    record = bytearray(encode_outcome(outcome))
    place = data.draw(st.integers(0, len(record) - 1))
    record[place] = data.draw(st.integers(0, 255))
    try:
        other = decode_outcome(bytes(record), FILE)
    except RecordError:
        return
    assert encode_outcome(other) == bytes(record)


@given(hashed, st.integers(1, 40))
def test_a_cut_or_longer_record_is_refused(outcome: Hashed, length: int) -> None:
    record = encode_outcome(outcome)
    for wrong in (record[:-length], record + bytes(length)):
        with pytest.raises(RecordError):
            decode_outcome(wrong, FILE)


def test_a_failure_cannot_be_given_a_reason_of_another_kind() -> None:
    reasons = list(Reason)
    for code, allowed in ((2, FAILED), (3, SKIPPED)):
        for number, reason in enumerate(reasons):
            if reason not in allowed:
                with pytest.raises(RecordError):
                    decode_outcome(bytes([code, number]), FILE)
    with pytest.raises(RecordError):
        decode_outcome(bytes([2, len(reasons)]), FILE)


@given(hashed, st.booleans())
def test_one_bad_label_ends_no_run(outcome: Hashed, exact: bool) -> None:
    """Whatever a record may hold, a bundle may: pydantic never has the last word on what a child sent."""
    arrived = decode_outcome(encode_outcome(outcome), FILE)
    assert isinstance(arrived, Hashed)
    item = item_of(arrived, "adult", exact=exact)
    assert item is None or len(item.fingerprints) <= len(arrived.fingerprints)


def test_a_claimed_million_of_fingerprints_allocates_nothing() -> None:
    head = struct.pack("<BBBBBIIdI", 1, 0, 0, 0, 0, 10, 10, 0.0, 1_000_000)
    with pytest.raises(RecordError):
        decode_outcome(head, FILE)


def item(**changes: object) -> Hashed:
    values: dict[str, object] = {"kind": "pdq", "value": "00" * 32, **changes}
    print_ = Fingerprint(**values)  # type: ignore[arg-type]
    return Hashed(FILE.path, 1, Media.IMAGE, "JPEG", 1, 1, (print_,))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "pdk"},
        {"value": "00" * 31},
        {"value": "0"},
        {"value": "zz" * 32},
        {"kind": "phash", "value": ""},
        {"kind": "crop-resistant", "value": "00" * 9},
        {"variant": "-raw"},
        {"method": "/etc/x"},
        {"variant": "a" * (MAX_NAME + 1)},
        {"variant": "Upright"},
        {"variant": "a b"},
        {"variant": "é"},
        {"method": "full\n"},
        {"quality": 101},
        {"quality": -1},
        {"frame": -1},
        {"frame": 2**31},
        {"timestamp": math.nan},
        {"timestamp": math.inf},
        {"also": ("a/" + "a" * (MAX_ALSO - 1),)},
        {"also": ("a/a",) * 256},
        {"also": ("a",)},
        {"also": ("a/b/c",)},
    ],
    ids=str,
)
def test_what_is_outside_the_tables_does_not_leave_the_child(changes: dict[str, object]) -> None:
    assert isinstance(decode_outcome(encode_outcome(item()), FILE), Hashed)  # the unchanged one is fine
    with pytest.raises(RecordError):
        encode_outcome(item(**changes))


def test_too_many_fingerprints_do_not_leave_the_child() -> None:
    prints = (Fingerprint("md5", "00" * 16),) * (MAX_FINGERPRINTS + 1)
    with pytest.raises(RecordError):
        encode_outcome(Hashed(FILE.path, 1, Media.VIDEO, "mp4", 1, 1, prints))


@pytest.mark.parametrize("media", list(Media))
@pytest.mark.parametrize("fmt", FORMATS)
def test_the_request_names_no_path(media: Media, fmt: str) -> None:
    request = encode_request(7, MediaFile(Path("secret.jpg"), 2**40, media, fmt))
    assert decode_request(request) == (7, MediaFile(Path(), 2**40, media, fmt))
    assert b"secret" not in request


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=5), st.integers(1, 17))
def test_replies_come_together_from_any_pieces(records: list[bytes], piece: int) -> None:
    stream = b"".join(struct.pack("<II", i, len(data)) + data for i, data in enumerate(records))
    replies = Replies()
    got = [reply for at in range(0, len(stream), piece) for reply in replies.feed(stream[at : at + piece])]
    assert got == list(enumerate(records))


def test_a_reply_that_claims_too_much_is_refused_at_once() -> None:
    with pytest.raises(RecordError):
        Replies().feed(struct.pack("<II", 1, MAX_RECORD + 1))
