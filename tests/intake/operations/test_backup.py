"""A backup taken while the intake serves is a whole intake."""

from __future__ import annotations

import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake import running
from takedown_cli.intake.operations.backup import backup_intake, read_backup, restore_intake
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import Person
from tests.intake.served import intake_with, somebody


def test_a_backup_taken_while_it_serves_is_a_whole_intake(home: Path, tmp_path: Path) -> None:
    with intake_with(home) as server:
        person = somebody(server)
        person.submit()
        backup_intake(Home(home), tmp_path / "copy")
        later = somebody(server)
        later.submit()
    for path in [tmp_path / "copy", *(tmp_path / "copy").rglob("*")]:
        assert not path.stat().st_mode & 0o077
    restore_intake(read_backup(tmp_path / "copy"), Home(tmp_path / "restored"))
    with running(tmp_path / "restored") as server:
        moved = Person(server.origin, server.card, person.number)
        assert moved.status().known
        assert not Person(server.origin, server.card, later.number).status().known
        assert server.intake.check_integrity().wrong == ()


def test_a_damaged_backup_is_not_restored(home: Path, tmp_path: Path) -> None:
    make_intake(Home(home), Settings(name="Test intake"))
    backup_intake(Home(home), tmp_path / "copy")
    pepper = tmp_path / "copy" / "keys" / "pepper"
    pepper.write_bytes(pepper.read_bytes()[::-1])
    with pytest.raises(ConfigError):
        restore_intake(read_backup(tmp_path / "copy"), Home(tmp_path / "restored"))
    assert not (tmp_path / "restored").exists()


def test_a_restore_that_fails_at_its_end_leaves_nothing(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Windows the last step fails while another program has a file of the folder open."""
    make_intake(Home(home), Settings(name="Test intake"))
    backup_intake(Home(home), tmp_path / "copy")

    def held(_self: Path, _target: Path) -> NoReturn:
        raise PermissionError

    monkeypatch.setattr(Path, "rename", held)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ConfigError, match="could not be restored"):
        restore_intake(read_backup(tmp_path / "copy"), Home(tmp_path / "restored"))
    assert sorted(tmp_path.iterdir()) == before


def hostile(folder: Path, name: str, content: bytes) -> Path:
    """A backup that names a file outside of it, whose digest its maker knows."""
    folder.mkdir()
    (folder / "intake.toml").write_text('name = "x"\n')
    digests = {"intake.toml": sha256((folder / "intake.toml").read_bytes()).hexdigest()}
    digests[name] = sha256(content).hexdigest()
    (folder / "backup.json").write_text(json.dumps({"version": 1, "files": digests}))
    return folder


@pytest.mark.parametrize("name", ["{victim}", "../system/program", "keys/../../system/program"])
def test_a_hostile_backup_rewrites_no_file_elsewhere(name: str, tmp_path: Path) -> None:
    """It put a copy, without its rights, in the place of any file whose digest was known."""
    victim = tmp_path / "system" / "program"
    victim.parent.mkdir()
    victim.write_bytes(b"#!/bin/sh\n")
    victim.chmod(0o755)
    before = victim.stat()
    backup = hostile(tmp_path / "backup", name.format(victim=victim), victim.read_bytes())
    with pytest.raises(ConfigError):
        restore_intake(read_backup(backup), Home(tmp_path / "new"))
    after = victim.stat()
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "system"]


def test_a_backup_of_an_earlier_version_is_restored_without_what_else_was_in_the_folder(
    home: Path, tmp_path: Path
) -> None:
    make_intake(Home(home), Settings(name="Test intake"))
    backup_intake(Home(home), tmp_path / "copy")
    manifest = json.loads((tmp_path / "copy" / "backup.json").read_text())
    (tmp_path / "copy" / "notes.txt").write_text("by the operator")
    manifest["files"]["notes.txt"] = sha256(b"by the operator").hexdigest()
    (tmp_path / "copy" / "backup.json").write_text(json.dumps(manifest))
    restore_intake(read_backup(tmp_path / "copy"), Home(tmp_path / "restored"))
    assert sorted(path.name for path in (tmp_path / "restored").iterdir()) == [
        "intake-card.json", "intake.db", "intake.toml", "keys",
    ]  # fmt: skip


@pytest.mark.parametrize("missing", ["keys/pepper", "intake.db", "intake.toml"])
def test_half_a_backup_is_not_restored(missing: str, home: Path, tmp_path: Path) -> None:
    make_intake(Home(home), Settings(name="Test intake"))
    backup_intake(Home(home), tmp_path / "copy")
    manifest = json.loads((tmp_path / "copy" / "backup.json").read_text())
    del manifest["files"][missing]
    (tmp_path / "copy" / "backup.json").write_text(json.dumps(manifest))
    with pytest.raises(ConfigError):
        read_backup(tmp_path / "copy")


@pytest.mark.skipif(sys.platform == "win32", reason="making a link needs a right there")
@pytest.mark.parametrize("link", ["deny.txt", "keys"])
def test_a_backup_is_not_read_through_a_link(link: str, home: Path, tmp_path: Path) -> None:
    make_intake(Home(home), Settings(name="Test intake"))
    Home(home).deny_list.write_text("# nothing\n")
    backup_intake(Home(home), tmp_path / "copy")
    (tmp_path / "copy" / link).rename(tmp_path / "elsewhere")
    (tmp_path / "copy" / link).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        read_backup(tmp_path / "copy")


def test_a_restore_writes_into_no_folder_that_was_there(home: Path, tmp_path: Path) -> None:
    make_intake(Home(home), Settings(name="Test intake"))
    backup_intake(Home(home), tmp_path / "copy")
    (tmp_path / "restored.part").mkdir()
    with pytest.raises(ConfigError):
        restore_intake(read_backup(tmp_path / "copy"), Home(tmp_path / "restored"))
    assert list((tmp_path / "restored.part").iterdir()) == []
