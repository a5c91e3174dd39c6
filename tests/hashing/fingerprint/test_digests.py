"""Digests of files kept in memory, read in pieces, and longer or shorter than expected."""

from __future__ import annotations

import hashlib
import io

import pytest

from takedown_cli.hashing.fingerprint import digests
from takedown_cli.hashing.fingerprint.digests import digest_stream

DATA = bytes(range(256)) * 9000


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("claimed", [len(DATA), len(DATA) - 5, len(DATA) + 5, 0])
def test_all_bytes_are_digested_whatever_size_was_expected(keep: bool, claimed: int) -> None:
    found = digest_stream(io.BytesIO(DATA), claimed, frozenset({"sha1", "phash"}), keep=keep)
    assert found.size == len(DATA)
    assert found.values == {kind: hashlib.new(kind, DATA).hexdigest() for kind in ("sha256", "md5", "sha1")}
    assert found.data in (None, DATA)
    assert (found.data is not None) == (keep and claimed >= len(DATA))


def test_sha1_only_when_asked_for() -> None:
    assert list(digest_stream(io.BytesIO(b""), 0).values) == ["sha256", "md5"]


def test_a_large_file_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "KEEP", 100)
    found = digest_stream(io.BytesIO(DATA), len(DATA))
    assert found.data is None
    assert found.values["md5"] == hashlib.md5(DATA, usedforsecurity=False).hexdigest()
