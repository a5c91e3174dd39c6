"""Keys in the system's key store."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from takedown_cli.core.errors import TakedownError
from takedown_cli.helpline.keys import system_keyring
from tests.cli.runner import run

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
    root = Path(__file__).parents[3]
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
        system_keyring.read_secret("office")
    assert caught.value.id == "missing-extra"
    assert "[keyring]" in caught.value.hint
