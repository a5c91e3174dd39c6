"""Whatever bytes come in, each parser gives a value of its kind or an error of ours; nothing else gets out."""

from __future__ import annotations

import struct
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from takedown_cli.core import config
from takedown_cli.core.errors import BundleError, CaseNumberError, ConfigError, SealError, TakedownError
from takedown_cli.core.model import Failed, Fingerprint, Hashed, Media, MediaFile, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover.sniff import sniff
from takedown_cli.hashing.pool import record
from takedown_cli.hashing.pool.channel import Replies
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.bundle import envelope, file, seal
from takedown_cli.protocol.bundle.card import audience_of, read_card
from takedown_cli.protocol.bundle.document import Bundle
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import CaseRequest, CaseStatus, IntakeCard, Receipt, Refusal, decode, encode
from tests.campaigns.fuzz.damage import damaged
from tests.hashing.discover.samples import PICTURES, VIDEOS, picture, video
from tests.protocol.bundle.factory import DECLARATION, SEALING, card, item, signed_card

NUMBER = CaseNumber.parse("0" * 24)
BUNDLE = file.payload_of([item()], NUMBER, DECLARATION, day="2026-01-31", nonce="0" * 32)
PAYLOAD = encode(BUNDLE)
SIGNED = file.encode_bundle(BUNDLE, NUMBER)
SEALED = seal.seal(SIGNED, audience_of(card()), "bundle", bytes.fromhex(card().sealing_key), NUMBER.bundle_key())
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OUTSIDE = len(SEALED) - seal.BUCKETS[0]
PHOTO = MediaFile(Path("x"), 1000, Media.IMAGE, "JPEG")
HASHED = Hashed(
    PHOTO.path, 1000, Media.IMAGE, "JPEG", 640, 480,
    (Fingerprint("sha256", "1" * 64), Fingerprint("pdq", "a" * 64, "full", "upright", 90, 3, 1.5, ("512nn/upright",))),
    2.5, Reason.TRUNCATED, Reason.TINY,
)  # fmt: skip
RECORDS = (
    record.encode_outcome(HASHED),
    record.encode_outcome(Failed(PHOTO.path, Reason.DAMAGED)),
    record.encode_outcome(Skipped(PHOTO.path, Reason.UNSUPPORTED)),
)


@given(damaged(SIGNED, envelope.sign(Bundle.TYPE, b"{}", KEY)))
@example(b"[" * 100_000)
@example(b'{"payload":"=","payloadType":"","signatures":[]}')
def test_envelope(data: bytes) -> None:
    try:
        opened = file.open_signed(data)
    except BundleError:
        return
    assert opened.payload == PAYLOAD, "only what was signed is believed"
    assert opened.envelope == data


@given(damaged(PAYLOAD))
@example(b'{"a":' * 100_000)
def test_payload(data: bytes) -> None:
    try:
        document = decode(Bundle, data)
    except BundleError:
        return
    assert encode(document) == data, "one document, one form"


@given(data=damaged(SEALED[:OUTSIDE]))
def test_sealed_message(data: bytes) -> None:
    whole = data + SEALED[OUTSIDE:]
    try:
        sealed = seal.parse(whole)
        assert sealed.header + sealed.body == whole
        plain = seal.open_as_owner(sealed, NUMBER.bundle_key())
        as_intake = seal.open_as_intake(sealed, SEALING)
    except (BundleError, SealError):
        assert whole != SEALED
        return
    assert (whole, plain) == (SEALED, SIGNED)
    assert as_intake == plain


@given(st.binary(max_size=300))
def test_reply(data: bytes) -> None:
    try:
        seal.open_reply(data, b"k" * 32)
    except SealError:
        return
    raise AssertionError("noise was believed")


@given(st.text(max_size=60) | damaged(str(NUMBER).encode()).map(lambda data: data.decode("utf-8", "surrogateescape")))
@example("ı" * 24)
@example("0000-0000-0000-0000-0000-000\u0660")
@example("ß" * 12)
def test_case_number(text: str) -> None:
    try:
        number = CaseNumber.parse(text)
    except CaseNumberError:
        return
    assert CaseNumber.parse(str(number)) == number
    assert len(number.lookup_id()) == 64


@given(damaged(b'intake = "https://intake.example"\nworkers = 3\nproxy = "socks5h://127.0.0.1:9050"\n'))
@example(b"a = " + b"[" * 50_000)
@example(b"workers = " + b"9" * 5000)
@example(b"a.b.c = 1\n[a]\n")
def test_configuration(data: bytes) -> None:
    try:
        read = config.read_settings_file(data.decode("utf-8", "surrogateescape"))
    except ConfigError:
        return
    assert all(isinstance(value, str) for value in read.values())
    assert {known.name for known in config.KNOWN} >= set(read)


@given(damaged(b"https://intake.example:8443#" + b"a" * 40))
def test_address(data: bytes) -> None:
    try:
        address = IntakeAddress.parse(data.decode("utf-8", "surrogateescape"))
    except TakedownError:
        return
    assert IntakeAddress.parse(str(address) if "://" in str(address) else address.origin).origin == address.origin


@given(damaged(*RECORDS))
def test_record(data: bytes) -> None:
    try:
        outcome = record.decode_outcome(data, PHOTO)
    except record.RecordError:
        return
    assert outcome.path == PHOTO.path
    assert outcome.size == PHOTO.size
    assert record.encode_outcome(outcome) == data, "one outcome, one record"


@given(pieces=st.lists(damaged(*(struct.pack("<II", n, len(r)) + r for n, r in enumerate(RECORDS))), max_size=4))
def test_replies_of_a_child(pieces: list[bytes]) -> None:
    replies = Replies()
    try:
        for piece in pieces:
            for _, reply in replies.feed(piece):
                assert len(reply) <= record.MAX_RECORD
    except record.RecordError:
        pass


@given(
    damaged(*(picture(form)[:2000] for form in PICTURES), *(video(muxer, codec)[:2000] for _, muxer, codec in VIDEOS))
)
def test_sniff(data: bytes) -> None:
    reported = sniff(data)
    if isinstance(reported, Reason):
        assert reported in {Reason.EMPTY, Reason.NOT_MEDIA, Reason.UNSUPPORTED}
    else:
        assert reported[1] in record.FORMATS


@given(damaged(signed_card()))
def test_card(data: bytes) -> None:
    try:
        found = read_card(data, None)
    except TakedownError:
        return
    assert encode(found) == encode(card())


DOCUMENTS = (
    Receipt(message="1" * 64, day="2026-01-31", expires="2027-01-31"),
    Refusal(reason="busy"),
    card(),
    CaseRequest(action="status", lookup_id="0" * 64, audience=audience_of(card()), nonce="0" * 32, reply_key="1" * 64),
)


@given(damaged(*(encode(document) for document in DOCUMENTS)))
def test_documents_of_an_intake(data: bytes) -> None:
    for kind in (Receipt, Refusal, IntakeCard, CaseStatus, CaseRequest):
        try:
            document = decode(kind, data)
        except BundleError:
            continue
        assert encode(document) == data
