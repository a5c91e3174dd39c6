"""The organisation's key: kept sealed, unlocked by its passphrase alone, rotated without losing the ledger."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from takedown_cli.bundle.file import open_signed
from takedown_cli.cli import output
from takedown_cli.cli.documents import KeysReport
from takedown_cli.errors import ConfigError, OrganisationKeyError, PassphraseError, TakedownError
from takedown_cli.helpline.keys import file as key_file
from takedown_cli.helpline.keys import secret as key_secret
from takedown_cli.helpline.keys import store as key_store
from takedown_cli.helpline.keys import system as key_system
from takedown_cli.helpline.keys import uri as key_uri
from takedown_cli.helpline.keys.file import Cost
from takedown_cli.helpline.keys.uri import FileUri, KeyringUri, TokenUri
from tests.cli.runner import in_terminal, run
from tests.helpline.offices import bundle

CHEAP = Cost(memory=8 << 10, passes=1, lanes=1)
PASSPHRASE = "correct horse battery"
DAY = "2026-03-01"


def write(path: Path, data: bytes, replace: bool) -> None:
    output.write(path, data, force=replace)


def passphrase() -> str:
    return PASSPHRASE


@pytest.fixture
def kept(tmp_path: Path) -> FileUri:
    uri = FileUri(tmp_path / "office.key")
    key_store.create(uri, passphrase, DAY, write, CHEAP)
    return uri


# -------------------------------------------------------------------------------------------------------------- files


def test_a_key_countersigns_and_only_its_public_half_is_told(kept: FileUri) -> None:
    key = key_store.load(kept, passphrase)
    opened = open_signed(key.countersign(bundle()))
    assert opened.countersigners == (key.public,)
    assert key_store.describe(kept, passphrase).public == key.public
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
            key_store.load(kept, lambda wrong=wrong: wrong)  # type: ignore[misc]


def test_a_passphrase_is_one_however_its_letters_are_composed(tmp_path: Path) -> None:
    sealed = key_file.seal(b"secret", "Zürich grüßt uns", CHEAP)
    assert key_file.unseal(sealed, "Zu\u0308rich gru\u0308ßt uns") == b"secret"


def test_a_short_passphrase_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(PassphraseError):
        key_store.create(FileUri(tmp_path / "k"), lambda: "short", DAY, write, CHEAP)
    assert not (tmp_path / "k").exists()


def test_no_byte_of_the_file_can_be_changed(kept: FileUri) -> None:
    data = kept.path.read_bytes()
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        if changed[: len(key_file.MAGIC)] == key_file.MAGIC and b'"memory":8192' not in changed:
            continue  # a dearer header only makes the refusal slow
        with pytest.raises(OrganisationKeyError):
            key_file.unseal(changed, PASSPHRASE)
    for length in (0, 10, len(key_file.MAGIC), len(data) - 1):
        with pytest.raises(OrganisationKeyError):
            key_file.unseal(data[:length], PASSPHRASE)


@pytest.mark.parametrize("cost", ["4194304", "0", "-1", "8192.5", '"8192"'])
def test_a_hostile_file_cannot_ask_for_unbounded_memory(kept: FileUri, cost: str) -> None:
    data = kept.path.read_bytes().replace(b'"memory":8192', b'"memory":' + cost.encode())
    with pytest.raises(OrganisationKeyError, match="not an organisation's key"):
        key_file.unseal(data, PASSPHRASE)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(kept: FileUri, mode: int) -> None:
    kept.path.chmod(mode)
    with pytest.raises(OrganisationKeyError, match="others"):
        key_store.load(kept, passphrase)


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "text").write_text("x")
    (tmp_path / "text").chmod(0o600)
    for name in ("pipe", "text", "none", "."):
        with pytest.raises(OrganisationKeyError):
            key_store.load(FileUri(tmp_path / name), passphrase)


def test_a_key_is_never_drawn_over_another(kept: FileUri) -> None:
    before = kept.path.read_bytes()
    with pytest.raises(OrganisationKeyError):
        key_store.create(kept, passphrase, DAY, write, CHEAP)
    assert kept.path.read_bytes() == before


def test_two_rotations_keep_the_ledger_and_the_history(kept: FileUri) -> None:
    first = key_store.load(kept, passphrase)
    key_store.rotate(kept, passphrase, "2026-04-01", write, CHEAP)
    second = key_store.load(kept, passphrase)
    told = key_store.rotate(kept, passphrase, "2026-05-01", write, CHEAP)
    third = key_store.load(kept, passphrase)
    assert len({first.public, second.public, third.public}) == 3
    assert first.ledger_key() == second.ledger_key() == third.ledger_key()
    assert told.public == third.public
    assert [(past.public, past.since, past.until) for past in told.past] == [
        (first.public, DAY, "2026-04-01"),
        (second.public, "2026-04-01", "2026-05-01"),
    ]
    assert open_signed(third.countersign(bundle())).countersigners == (third.public,)


def test_a_rotation_over_another_is_refused(kept: FileUri) -> None:
    def meanwhile() -> str:
        if not done:
            done.append(True)
            key_store.rotate(kept, passphrase, "2026-04-01", write, CHEAP)
        return PASSPHRASE

    done: list[bool] = []
    with pytest.raises(OrganisationKeyError, match="in the meantime"):
        key_store.rotate(kept, meanwhile, "2026-04-02", write, CHEAP)
    assert len(key_store.describe(kept, passphrase).past) == 1


_ROTATE_FOR_EVER = """
import sys
from pathlib import Path
from tests.helpline.test_keys import CHEAP, FileUri, key_store, passphrase, write
print("ready", flush=True)
while True:
    key_store.rotate(FileUri(Path(sys.argv[1])), passphrase, "2026-04-01", write, CHEAP)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_a_kill_at_any_moment_leaves_the_old_key_or_the_new_one(kept: FileUri) -> None:
    ledger = key_store.load(kept, passphrase).ledger_key()
    rotations = 0
    for round_ in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", _ROTATE_FOR_EVER, kept.path],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        time.sleep(0.05 + 0.013 * round_)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        key = key_store.load(kept, passphrase)
        assert key.ledger_key() == ledger
        told = key_store.describe(kept, passphrase)
        assert len({past.public for past in told.past} | {told.public}) == len(told.past) + 1
        rotations = len(told.past)
    assert rotations  # it was killed while it rotated, and not before
    assert {path.name for path in kept.path.parent.iterdir() if not path.name.endswith(".part")} == {"office.key"}


# --------------------------------------------------------------------------------------------------------------- URIs


def test_uris_are_read() -> None:
    assert key_uri.parse("file:office.key") == FileUri(Path("office.key"))
    assert key_uri.parse("file:///srv/a%20b.key") == FileUri(Path("/srv/a b.key"))
    assert key_uri.parse("keyring:Helpline 1") == KeyringUri("Helpline 1")
    token = key_uri.parse("pkcs11:token=Our%20token;object=office;type=private?module-path=/usr/lib/x.so")
    assert token == TokenUri("Our token", "office", Path("/usr/lib/x.so"))


@pytest.mark.parametrize(
    "text",
    [
        "", "office.key", "file:", "file://host/x", "keyring:", "keyring:a/b", "keyring:a\x1b", "https://x", "pkcs11:",
        "pkcs11:token=a;object=b", "pkcs11:token=a;object=b?module-path=x.so", "pkcs11:object=b?module-path=/x.so",
        "pkcs11:token=a;token=b;object=c?module-path=/x.so", "pkcs11:token=%ff;object=c?module-path=/x.so",
        "pkcs11:token=a;object=b;type=public?module-path=/x.so", "pkcs11:token=a;object=b;x=y?module-path=/x.so",
        "pkcs11:token=a;object=b?module-path=/x.so&pin-value=1234", "pkcs11:token=a;object=b?pin-source=file:/x",
    ],
)  # fmt: skip
def test_uris_that_are_none_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        key_uri.parse(text)
    assert "1234" not in f"{caught.value.sentence}{caught.value.hint}"


# -------------------------------------------------------------------------------------------------- the system's store

_BACKEND = """
from pathlib import Path
from keyring.backend import KeyringBackend

class Store(KeyringBackend):
    "A store of the tests' own, in a file: it goes through the real keyring library."
    priority = 9
    place = Path({place!r})
    def get_password(self, service, username):
        entry = self.place / f"{{service}} {{username}}"
        return entry.read_text() if entry.exists() else None
    def set_password(self, service, username, password):
        (self.place / f"{{service}} {{username}}").write_text(password)
    def delete_password(self, service, username):
        (self.place / f"{{service}} {{username}}").unlink()
"""


@pytest.fixture
def store(tmp_path: Path) -> dict[str, str]:
    """The environment in which the keyring library uses a store of the tests' own."""
    pytest.importorskip("keyring")
    (tmp_path / "entries").mkdir()
    (tmp_path / "backend_of_tests.py").write_text(_BACKEND.format(place=str(tmp_path / "entries")))
    root = Path(__file__).parents[2]
    return {"PYTHON_KEYRING_BACKEND": "backend_of_tests.Store", "PYTHONPATH": f"{tmp_path}{os.pathsep}{root}"}


def test_the_systems_store_keeps_and_rotates_a_key(tmp_path: Path, store: dict[str, str]) -> None:
    made = run("keys", "new", "keyring:office", "--json", cwd=tmp_path, env=store)
    assert made.code == 0, made.said
    again = run("keys", "new", "keyring:office", cwd=tmp_path, env=store)
    assert again.code == 2
    rotated = run("keys", "rotate", "keyring:office", "--json", cwd=tmp_path, env=store)
    shown = run("keys", "show", "keyring:office", "--json", cwd=tmp_path, env=store)
    assert shown.document() == rotated.document()
    assert [past["public_key"] for past in shown.document()["past"]] == [made.document()["public_key"]]
    assert run("keys", "show", "keyring:other", cwd=tmp_path, env=store).code == 2
    [entry] = (tmp_path / "entries").iterdir()
    seed = json.loads(entry.read_text())["seed"]
    assert seed not in (made.out + made.err + shown.out + shown.err).decode()


@pytest.mark.parametrize("backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"])
def test_a_store_that_keeps_nothing_is_refused(tmp_path: Path, backend: str) -> None:
    pytest.importorskip("keyring")
    ended = run("keys", "new", "keyring:office", cwd=tmp_path, env={"PYTHON_KEYRING_BACKEND": backend})
    assert ended.code == 2
    assert "no key store" in ended.said


def test_without_the_library_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(TakedownError) as caught:
        key_system.get("office")
    assert caught.value.id == "missing-extra"
    assert "[keyring]" in caught.value.hint


# ------------------------------------------------------------------------------------------------------------- a token

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
    environment = {"SOFTHSM2_CONF": str(settings), "PYTHONPATH": str(Path(__file__).parents[2])}
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
from takedown_cli.bundle.file import open_signed
from takedown_cli.helpline.keys import store as key_store
from takedown_cli.helpline.keys import uri as key_uri
from tests.helpline.offices import bundle
key = key_store.load(key_uri.parse(sys.argv[1]), lambda: "654321")
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
        key_store.load(TokenUri("a", "b", Path("/x.so")), passphrase)
    assert caught.value.id == "missing-extra"
    assert "[pkcs11]" in caught.value.hint


def test_a_token_that_is_not_there(tmp_path: Path) -> None:
    uri = "pkcs11:token=a;object=b?module-path=/nonexistent/module.so"
    shown = run("keys", "show", uri, "--json", cwd=tmp_path)
    assert (shown.code, shown.document()["id"]) == (2, "organisation-key")


# --------------------------------------------------------------------------------------------------------- the command


def test_the_command_makes_shows_and_rotates(tmp_path: Path) -> None:
    (tmp_path / "words").write_text(PASSPHRASE + "\n")
    (tmp_path / "words").chmod(0o600)
    given = ("--passphrase-file", "words", "--json")
    made = run("keys", "new", "file:office.key", *given, cwd=tmp_path)
    assert made.code == 0, made.said
    TypeAdapter(KeysReport).validate_json(made.out, strict=True, extra="forbid")
    shown = run("keys", "show", "file:office.key", *given, cwd=tmp_path)
    assert shown.document()["public_key"] == made.document()["public_key"]
    rotated = run("keys", "rotate", "file:office.key", *given, cwd=tmp_path)
    assert rotated.document()["past"][0]["public_key"] == made.document()["public_key"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["office.key", "words"]


def test_a_passphrase_by_descriptor(tmp_path: Path, kept: FileUri) -> None:
    read, written = os.pipe()
    os.write(written, PASSPHRASE.encode() + b"\n")
    os.close(written)
    command = [sys.executable, "-m", "takedown_cli", "keys", "show", "file:office.key", "--passphrase-fd", str(read)]
    ended = subprocess.run(command, cwd=tmp_path, pass_fds=[read], capture_output=True, text=True, check=False)
    os.close(read)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == key_store.describe(kept, passphrase).public.hex()


def test_a_passphrase_is_asked_for_without_echo_and_twice_for_a_new_key(tmp_path: Path) -> None:
    first = ("for the new key", f"{PASSPHRASE}\n")
    code, screen = in_terminal("keys", "new", "file:k", cwd=tmp_path, answers=[first, ("Once more", f"{PASSPHRASE}\n")])
    assert code == 0, screen
    assert PASSPHRASE not in screen
    code, screen = in_terminal("keys", "new", "file:l", cwd=tmp_path, answers=[first, ("Once more", "another one\n")])
    assert code == 2
    assert not (tmp_path / "l").exists()


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe\n", b"x" * 5000])
def test_a_file_that_holds_no_passphrase(tmp_path: Path, kept: FileUri, content: bytes) -> None:
    (tmp_path / "words").write_bytes(content)
    assert run("keys", "show", "file:office.key", "--passphrase-file", "words", cwd=tmp_path).code == 2


def test_nobody_to_ask_is_exit_2_and_says_how(tmp_path: Path, kept: FileUri) -> None:
    ended = run("keys", "show", "file:office.key", cwd=tmp_path)
    assert ended.code == 2
    assert "--passphrase-file" in ended.said


def test_a_wrong_passphrase_is_exit_2_with_its_own_id(tmp_path: Path, kept: FileUri) -> None:
    (tmp_path / "words").write_text("something else entirely\n")
    (tmp_path / "words").chmod(0o644)
    ended = run("keys", "show", "file:office.key", "--passphrase-file", "words", "--json", cwd=tmp_path)
    assert (ended.code, ended.document()["id"]) == (2, "passphrase")
    assert b"something" not in ended.out + ended.err
    assert "Others on this computer can read" in ended.said
