"""The bundle file: signed by its case, opened by its number, known by how it begins."""

from __future__ import annotations

import os
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from takedown_cli.core.errors import NothingToDoError, SealError, SignatureError
from takedown_cli.protocol.bundle import envelope, file, seal
from takedown_cli.protocol.bundle.document import Bundle
from takedown_cli.protocol.case_number import CaseNumber
from takedown_cli.protocol.wire import encode
from tests.protocol.bundle.factory import DECLARATION, SIGNING, card, item, pdq

CASE = CaseNumber.parse("0000-0000-0000-0000-0000-0000")
NONCE = "5" * 32
DAY = "2026-01-31"


def _payload(*items_digits: str) -> Bundle:
    return file.payload_of([item(pdq(d)) for d in items_digits], CASE, DECLARATION, day=DAY, nonce=NONCE)


def test_nothing_to_report_is_an_error() -> None:
    with pytest.raises(NothingToDoError):
        _payload()


def test_a_signed_file_reads_back() -> None:
    payload = _payload("a")
    opened = file.open_signed(file.encode_bundle(payload, CASE))
    assert opened.bundle == payload
    assert opened.countersigners == ()


def test_a_sealed_file_opens_with_its_case_number_only() -> None:
    data = file.encode_bundle(_payload("a"), CASE, card())
    assert file.is_sealed(data)
    assert file.open_sealed(data, CASE).bundle == _payload("a")
    with pytest.raises(SealError):
        file.open_sealed(data, CaseNumber.draw())


def test_a_stranger_cannot_sign_for_the_case() -> None:
    forged = envelope.sign(Bundle.TYPE, encode(_payload("a")), SIGNING)
    with pytest.raises(SignatureError):
        file.open_signed(forged)


def test_a_helpline_signs_beside_the_case_key() -> None:
    data = envelope.countersign(file.encode_bundle(_payload("a"), CASE), Bundle.TYPE, SIGNING)
    assert file.open_signed(data).countersigners == (SIGNING.public_key().public_bytes_raw(),)


def test_an_addition_that_is_repeated_is_the_same_payload() -> None:
    first, again, other = (
        file.payload_of([item(pdq(digit))], CASE, DECLARATION, day=DAY, adds=True) for digit in ("a", "a", "b")
    )
    assert encode(first) == encode(again)
    assert first.nonce != other.nonce
    assert first.nonce != file.payload_of([item(pdq("a"))], CaseNumber.draw(), DECLARATION, day=DAY, adds=True).nonce


def test_a_bundle_is_known_by_how_its_file_begins(tmp_path: Path) -> None:
    files = {"signed": b'{"payload":"', "sealed": seal.MAGIC, "picture": b"\xff\xd8\xff", "empty": b""}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    assert [name for name in (*files, "missing", "\0", ".") if file.is_bundle_file(tmp_path / name)] == [
        "signed",
        "sealed",
    ]


@pytest.mark.skipif(os.name == "nt", reason="no pipes in the file system")
def test_a_pipe_is_no_bundle_and_nobody_waits_for_it(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    os.mkfifo(tmp_path / "pipe")
    assert not file.is_bundle_file(tmp_path / "pipe")


def test_a_signed_bundle_is_made_to_the_same_byte() -> None:
    """Since version 0.1: equal pictures and one case number give one file."""
    payload = file.payload_of([item(pdq("a"), pdq("b", variant="flipx"))], CASE, DECLARATION, day=DAY)
    assert sha256(file.encode_bundle(payload, CASE)).hexdigest() == (
        "f135fb63e291f0060e84c69fa7c0d04dde4f0c0d050bb8e7df13a69a26888069"
    )
