"""Sealed records: each opens at its own place under its own file's key, and nowhere else."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from takedown_cli.core.sealed_log import SEAL_SIZE, LogFormat, open_record, seal_record

FORMAT = LogFormat(b"a log of tests 1\n", b"tests/v1")
KEY = b"k" * 32


def test_a_record_opens_only_at_its_place() -> None:
    cipher = ChaCha20Poly1305(FORMAT.derive_key(KEY, FORMAT.new_head()))
    sealed = seal_record(cipher, b"said", 3)
    assert len(sealed) == len(b"said") + SEAL_SIZE
    assert open_record(cipher, sealed, 3) == b"said"
    for torn, place in ((sealed, 2), (sealed[:-1], 3), (sealed[: SEAL_SIZE - 1], 3), (b"", 3)):
        with pytest.raises(InvalidTag):
            open_record(cipher, torn, place)


def test_two_files_of_one_owner_and_two_kinds_of_log_share_no_key() -> None:
    head = FORMAT.new_head()
    assert head.startswith(FORMAT.magic)
    assert len(head) == FORMAT.head_size
    other = LogFormat(FORMAT.magic, b"tests/v2")
    keys = {FORMAT.derive_key(KEY, head), FORMAT.derive_key(KEY, FORMAT.new_head()), other.derive_key(KEY, head)}
    assert len(keys) == 3
    assert FORMAT.derive_key(KEY, head, 64)[:32] in keys
