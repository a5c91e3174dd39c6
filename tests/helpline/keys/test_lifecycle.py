"""The organisation's key: sealed, unlocked by its passphrase alone, rotated without losing the ledger."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from takedown_cli.core.errors import OrganisationKeyError, PassphraseError
from takedown_cli.helpline.keys import lifecycle, passphrase_file
from takedown_cli.helpline.keys import secret as key_secret
from takedown_cli.helpline.keys.key_uri import FileUri
from takedown_cli.protocol.bundle.file import open_signed
from tests.helpline.caller_files import bundle
from tests.helpline.keys.cheap_keys import CHEAP, DAY, PASSPHRASE, passphrase, write


def test_a_key_countersigns_and_shows_only_its_public_half(kept: FileUri) -> None:
    key = lifecycle.load_key(kept, passphrase)
    opened = open_signed(key.countersign(bundle()))
    assert opened.countersigners == (key.public,)
    assert lifecycle.describe_key(kept, passphrase).public == key.public
    assert len(key.ledger_key()) == 32
    assert kept.path.stat().st_mode & 0o777 == 0o600
    data = kept.path.read_bytes()
    for secret in (key.public, key.ledger_key()):
        assert secret not in data
        assert secret.hex().encode() not in data


def test_nothing_secret_is_in_repr() -> None:
    secret = key_secret.OrganisationSecret.draw(DAY)
    for text in (repr(secret), str(secret), repr(secret.unlocked())):
        assert secret.seed not in text
        assert secret.ledger not in text


def test_another_passphrase_opens_nothing(kept: FileUri) -> None:
    for wrong in ("correct horse batterz", PASSPHRASE.upper(), PASSPHRASE + " ", ""):
        with pytest.raises(PassphraseError):
            lifecycle.load_key(kept, lambda wrong=wrong: wrong)  # type: ignore[misc]


def test_a_passphrase_is_one_however_its_letters_are_composed(tmp_path: Path) -> None:
    sealed = passphrase_file.seal_secret(b"secret", "Zürich grüßt uns", CHEAP)
    assert passphrase_file.unseal_secret(sealed, "Zu\u0308rich gru\u0308ßt uns") == b"secret"


def test_a_key_made_when_the_mark_of_a_utf_8_file_counted_still_opens() -> None:
    sealed = passphrase_file.seal_secret(b"secret", "\ufeff" + PASSPHRASE, CHEAP)
    assert passphrase_file.unseal_secret(sealed, PASSPHRASE) == b"secret"


def test_a_short_passphrase_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(PassphraseError):
        lifecycle.create_key(FileUri(tmp_path / "k"), lambda: "short", DAY, write, CHEAP)
    assert not (tmp_path / "k").exists()


def test_no_byte_of_the_file_can_be_changed(kept: FileUri) -> None:
    data = kept.path.read_bytes()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        if changed[: len(passphrase_file.MAGIC)] == passphrase_file.MAGIC and b'"memory":8192' not in changed:
            continue  # a dearer header only makes the refusal slow
        with pytest.raises(OrganisationKeyError):
            passphrase_file.unseal_secret(changed, PASSPHRASE)
    for length in (0, 10, len(passphrase_file.MAGIC), len(data) - 1):
        with pytest.raises(OrganisationKeyError):
            passphrase_file.unseal_secret(data[:length], PASSPHRASE)


@pytest.mark.parametrize("cost", ["4194304", "0", "-1", "8192.5", '"8192"'])
def test_a_hostile_file_cannot_ask_for_unbounded_memory(kept: FileUri, cost: str) -> None:
    data = kept.path.read_bytes().replace(b'"memory":8192', b'"memory":' + cost.encode())
    with pytest.raises(OrganisationKeyError, match="not an organisation's key"):
        passphrase_file.unseal_secret(data, PASSPHRASE)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(kept: FileUri, mode: int) -> None:
    kept.path.chmod(mode)
    with pytest.raises(OrganisationKeyError, match="others"):
        lifecycle.load_key(kept, passphrase)


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "text").write_text("x")
    (tmp_path / "text").chmod(0o600)
    for name in ("pipe", "text", "none", "."):
        with pytest.raises(OrganisationKeyError):
            lifecycle.load_key(FileUri(tmp_path / name), passphrase)


def test_a_key_is_never_drawn_over_another(kept: FileUri) -> None:
    before = kept.path.read_bytes()
    with pytest.raises(OrganisationKeyError):
        lifecycle.create_key(kept, passphrase, DAY, write, CHEAP)
    assert kept.path.read_bytes() == before


def test_two_rotations_keep_the_ledger_and_the_history(kept: FileUri) -> None:
    first = lifecycle.load_key(kept, passphrase)
    lifecycle.rotate_key(kept, passphrase, "2026-04-01", write, CHEAP)
    second = lifecycle.load_key(kept, passphrase)
    described = lifecycle.rotate_key(kept, passphrase, "2026-05-01", write, CHEAP)
    third = lifecycle.load_key(kept, passphrase)
    assert len({first.public, second.public, third.public}) == 3
    assert first.ledger_key() == second.ledger_key() == third.ledger_key()
    assert described.public == third.public
    assert [(past.public, past.since, past.until) for past in described.past] == [
        (first.public, DAY, "2026-04-01"),
        (second.public, "2026-04-01", "2026-05-01"),
    ]
    assert open_signed(third.countersign(bundle())).countersigners == (third.public,)


def test_a_rotation_over_another_is_refused(kept: FileUri) -> None:
    def meanwhile() -> str:
        if not done:
            done.append(True)
            lifecycle.rotate_key(kept, passphrase, "2026-04-01", write, CHEAP)
        return PASSPHRASE

    done: list[bool] = []
    with pytest.raises(OrganisationKeyError, match="changed in the meantime"):
        lifecycle.rotate_key(kept, meanwhile, "2026-04-02", write, CHEAP)
    assert len(lifecycle.describe_key(kept, passphrase).past) == 1


_ROTATE_FOR_EVER = """
import sys
from pathlib import Path
from takedown_cli.helpline.keys import lifecycle
from takedown_cli.helpline.keys.key_uri import FileUri
from tests.helpline.keys.cheap_keys import CHEAP, passphrase, write
while True:
    lifecycle.rotate_key(FileUri(Path(sys.argv[1])), passphrase, "2026-04-01", write, CHEAP)
    print("rotated", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_kill_at_any_moment_leaves_the_old_key_or_the_new_one(kept: FileUri) -> None:
    ledger = lifecycle.load_key(kept, passphrase).ledger_key()
    rotations = 0
    for round_ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", _ROTATE_FOR_EVER, kept.path],
            cwd=Path(__file__).parents[3],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"rotated\n"
        time.sleep(0.003 * round_)  # to meet the next rotation at another point each time; any point will do
        process.kill()
        process.wait()
        process.stdout.close()
        key = lifecycle.load_key(kept, passphrase)
        assert key.ledger_key() == ledger
        described = lifecycle.describe_key(kept, passphrase)
        assert len({past.public for past in described.past} | {described.public}) == len(described.past) + 1
        rotations = len(described.past)
    assert rotations >= 8
    assert {path.name for path in kept.path.parent.iterdir() if not path.name.endswith(".part")} == {"office.key"}
