"""A key store that takes short entries only, as Windows' does, and a key that was rotated often."""

from __future__ import annotations

import pytest

from takedown_cli.core.errors import OrganisationKeyError
from takedown_cli.helpline.keys import lifecycle, system_keyring
from takedown_cli.helpline.keys.key_uri import KeyringUri
from takedown_cli.helpline.keys.secret import OrganisationSecret
from takedown_cli.protocol.wire import encode

#: CRED_MAX_CREDENTIAL_BLOB_SIZE, 2,560 bytes of UTF-16.
_LONGEST = 1280
OFFICE = KeyringUri("office")


class _Store(dict[str, str]):
    """Entries by name. ``full`` is the name of the entry that cannot be written."""

    full: str | None = None

    def put(self, name: str, secret: str) -> None:
        if len(secret) > _LONGEST or name == self.full:
            raise OrganisationKeyError
        self[name] = secret


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> _Store:
    made = _Store()
    monkeypatch.setattr(system_keyring, "read_secret", made.get)
    monkeypatch.setattr(system_keyring, "store_secret", made.put)
    return made


def _no_passphrase() -> str:
    raise AssertionError


def _nowhere(*_: object) -> None:
    raise AssertionError


def _rotate(day: int) -> bytes:
    return lifecycle.rotate_key(OFFICE, _no_passphrase, f"2026-03-{day:02}", _nowhere).public


def test_a_key_can_be_rotated_for_ever_and_every_earlier_key_is_known(store: _Store) -> None:
    first = lifecycle.create_key(OFFICE, _no_passphrase, "2026-03-01", _nowhere)
    ledger = lifecycle.load_key(OFFICE, _no_passphrase).ledger_key()
    public = [first.public, *(_rotate(day) for day in range(2, 29))]
    described = lifecycle.describe_key(OFFICE, _no_passphrase)
    assert [*(past.public for past in described.past), described.public] == public
    assert lifecycle.load_key(OFFICE, _no_passphrase).ledger_key() == ledger
    assert max(map(len, store.values())) <= _LONGEST


def test_an_entry_of_an_earlier_version_with_many_keys_is_read_and_rotated(store: _Store) -> None:
    secret = OrganisationSecret.draw("2026-01-01")
    for day in range(1, 20):
        secret = secret.rotated(f"2026-02-{day:02}")
    store["office"] = encode(secret).decode()
    assert len(lifecycle.describe_key(OFFICE, _no_passphrase).past) == 19
    _rotate(1)
    past = lifecycle.describe_key(OFFICE, _no_passphrase).past
    assert [each.public.hex() for each in past] == [each.public for each in secret.past] + [secret.public.hex()]
    assert len(store["office"]) <= _LONGEST


def test_an_interrupted_rotation_loses_and_doubles_no_key(store: _Store) -> None:
    lifecycle.create_key(OFFICE, _no_passphrase, "2026-03-01", _nowhere)
    for day in range(2, 20):
        before = lifecycle.describe_key(OFFICE, _no_passphrase)
        store.full = "office"
        with pytest.raises(OrganisationKeyError):
            _rotate(day)
        store.full = None
        assert lifecycle.describe_key(OFFICE, _no_passphrase) == before
        _rotate(day)
    past = [each.public for each in lifecycle.describe_key(OFFICE, _no_passphrase).past]
    assert len(set(past)) == len(past) == 18


def test_a_later_key_of_the_same_name_has_none_of_the_first_ones_keys(store: _Store) -> None:
    for _ in range(2):
        lifecycle.create_key(OFFICE, _no_passphrase, "2026-03-01", _nowhere)
        assert lifecycle.describe_key(OFFICE, _no_passphrase).past == ()
        for day in range(2, 10):
            _rotate(day)
        del store["office"]
