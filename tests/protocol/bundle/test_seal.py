"""Sealing: who can open, what an observer sees, and that nothing can be changed on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takedown_cli.core.errors import BundleError, SealError, TooLargeError
from takedown_cli.protocol.bundle import seal
from takedown_cli.protocol.bundle.card import audience_of
from tests.protocol.bundle.factory import SEALING, card

AUDIENCE = audience_of(card())
PUBLIC = seal.public_key(SEALING)
OWN = b"o" * 32


def test_the_intake_and_the_owner_open_it_and_nobody_else() -> None:
    sealed = seal.parse(seal.seal(b"hashes", AUDIENCE, "bundle", PUBLIC, OWN))
    assert seal.open_as_intake(sealed, SEALING) == b"hashes"
    assert seal.open_as_owner(sealed, OWN) == b"hashes"
    with pytest.raises(SealError):
        seal.open_as_intake(sealed, seal.new_private_key())
    with pytest.raises(SealError):
        seal.open_as_owner(sealed, b"p" * 32)


def test_without_an_own_key_only_the_intake_opens_it_and_the_form_is_the_same() -> None:
    with_key = seal.seal(b"hashes", AUDIENCE, "bundle", PUBLIC, OWN)
    without = seal.seal(b"hashes", AUDIENCE, "bundle", PUBLIC)
    assert len(with_key) == len(without)
    assert seal.open_as_intake(seal.parse(without), SEALING) == b"hashes"
    with pytest.raises(SealError):
        seal.open_as_owner(seal.parse(without), OWN)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, seal.BUCKETS[2]))
def test_the_length_is_a_bucket(size: int) -> None:
    padded = seal.pad_to_bucket(b"x" * size)
    assert len(padded) in seal.BUCKETS
    assert seal.remove_padding(padded) == b"x" * size


def test_more_than_the_largest_bucket_is_refused() -> None:
    with pytest.raises(TooLargeError):
        seal.pad_to_bucket(bytes(seal.BUCKETS[-1]))


def test_padding_has_one_form() -> None:
    padded = bytearray(seal.pad_to_bucket(b"abc"))
    padded[-1] = 1
    with pytest.raises(BundleError):
        seal.remove_padding(bytes(padded))
    with pytest.raises(BundleError):
        seal.remove_padding(seal.pad_to_bucket(b"abc") + bytes(seal.BUCKETS[1] - seal.BUCKETS[0]))


def test_no_changed_byte_is_accepted_by_either_reader() -> None:
    whole = seal.seal(b"hashes", AUDIENCE, "bundle", PUBLIC, OWN)
    head = len(seal.parse(whole).header)
    key_end, own_end = head + 1168, head + 1168 + 60
    for place in (head + 5, head + 1100, key_end + 20, own_end + 9):
        changed = bytearray(whole)
        changed[place] ^= 1
        sealed = seal.parse(bytes(changed))
        with pytest.raises(SealError):
            seal.open_as_intake(sealed, SEALING)
        if place > key_end:
            with pytest.raises(SealError):
                seal.open_as_owner(sealed, OWN)


def test_the_header_is_authenticated() -> None:
    whole = seal.seal(b"hashes", AUDIENCE, "bundle", PUBLIC, OWN)
    moved = seal.parse(whole.replace(b"intake.example", b"intake.examplf"))
    with pytest.raises(SealError):
        seal.open_as_intake(moved, SEALING)
    with pytest.raises(SealError):
        seal.open_as_owner(moved, OWN)


@pytest.mark.parametrize("data", [b"", seal.MAGIC, seal.MAGIC + b"{}\n", seal.MAGIC + b"{" * 5000, b"{}" * 9000])
def test_what_is_not_sealed_is_refused(data: bytes) -> None:
    with pytest.raises(BundleError):
        seal.parse(data)


def test_a_reply_opens_with_its_key_only() -> None:
    reply = seal.seal_reply(b"yes", OWN)
    assert seal.open_reply(reply, OWN) == b"yes"
    with pytest.raises(SealError):
        seal.open_reply(reply, b"p" * 32)
    assert len(reply) == len(seal.seal_reply(b"n" * 500, OWN))


def test_a_request_answered_twice_shows_nothing_of_the_answers() -> None:
    """Under one key and one nonce, the XOR of two replies would be that of what they say."""
    first, second = (seal.seal_reply(text, OWN) for text in (b"known", b"other"))
    assert first[:12] != second[:12]
    assert sum(a == b for a, b in zip(first[12:], second[12:], strict=True)) < len(first) // 50


def test_bits_that_base64_ignores_are_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from takedown_cli.protocol.bundle import envelope

    signed = envelope.sign("t", b"{}", Ed25519PrivateKey.generate())
    end = signed.rindex(b'=="')
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = alphabet[alphabet.index(signed[end - 1]) ^ 1]
    with pytest.raises(BundleError):
        envelope.verify(signed[: end - 1] + bytes([other]) + signed[end:], "t")
