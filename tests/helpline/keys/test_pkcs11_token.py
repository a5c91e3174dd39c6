"""Keys on a PKCS#11 token."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli.core.errors import TakedownError
from takedown_cli.helpline.keys import lifecycle
from takedown_cli.helpline.keys.key_uri import TokenUri
from tests.cli.runner import run
from tests.helpline.keys.cheap_keys import passphrase

_MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, str]]:
    """The URI of a key on a token that SoftHSM keeps, and the environment in which it is found."""
    module = next((path for path in _MODULES if Path(path).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    (tmp_path / "tokens").mkdir()
    settings = tmp_path / "softhsm.conf"
    settings.write_text(
        f"directories.tokendir = {tmp_path / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    environment = {"SOFTHSM2_CONF": str(settings), "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "Our token",
        "--pin",
        "654321",
        "--so-pin",
        "12345678",
    ]
    subprocess.run(command, env={**os.environ, **environment}, check=True, capture_output=True)
    return f"pkcs11:token=Our%20token;object=office?module-path={module}", environment


_COUNTERSIGN = """
import sys
from takedown_cli.protocol.bundle.file import open_signed
from takedown_cli.helpline.keys import lifecycle
from takedown_cli.helpline.keys import key_uri
from tests.helpline.caller_files import bundle
key = lifecycle.load_key(key_uri.parse_key_uri(sys.argv[1]), lambda: "654321")
[signer] = open_signed(key.countersign(bundle())).countersigners
assert signer == key.public
print(signer.hex(), key.ledger_key().hex())
"""


def test_a_token_signs_and_rotates_and_gives_no_private_key(tmp_path: Path, token: tuple[str, dict[str, str]]) -> None:
    uri, env = token
    pin = tmp_path / "pin"
    pin.write_text("654321\n")
    pin.chmod(0o600)

    def keys(command: str, file: Path = pin) -> tuple[int, dict[str, object]]:
        ended = run("keys", command, uri, "--passphrase-file", file, "--json", cwd=tmp_path, env=env)
        assert b"654321" not in ended.out + ended.err
        return ended.code, ended.document()

    def used() -> list[str]:
        environment = {**os.environ, **env}
        done = subprocess.run(
            [sys.executable, "-c", _COUNTERSIGN, uri], env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.split()

    code, made = keys("new")
    assert code == 0
    assert keys("new")[0] == 2
    first, ledger = used()
    assert first == made["public_key"]
    for _ in range(2):
        assert keys("rotate")[0] == 0
    third, same = used()
    assert same == ledger
    code, shown = keys("show")
    assert shown["public_key"] == third
    assert isinstance(shown["past"], list)
    assert shown["past"][0]["public_key"] == first
    assert len(shown["past"]) == 2
    wrong = tmp_path / "wrong"
    wrong.write_text("111111")
    wrong.chmod(0o600)
    code, error = keys("show", wrong)
    assert (code, error["id"]) == (2, "passphrase")


def test_without_the_tokens_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    with pytest.raises(TakedownError) as caught:
        lifecycle.load_key(TokenUri("a", "b", Path("/x.so")), passphrase)
    assert caught.value.id == "missing-extra"
    assert "[pkcs11]" in caught.value.hint


def test_a_token_that_is_not_there(tmp_path: Path) -> None:
    uri = "pkcs11:token=a;object=b?module-path=/nonexistent/module.so"
    shown = run("keys", "show", uri, "--json", cwd=tmp_path)
    assert (shown.code, shown.document()["id"]) == (2, "organisation-key")
