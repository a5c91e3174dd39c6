"""``takedown doctor`` and ``takedown config``: what works here, and which settings hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from takedown_cli.cli.installation_documents import ConfigReport, DoctorReport
from takedown_cli.cli.privacy import PARAGRAPHS
from tests.cli.runner import run


def test_doctor_tries_formats_and_protection(tmp_path: Path) -> None:
    ended = run("doctor", "--json", cwd=tmp_path)
    TypeAdapter(DoctorReport).validate_json(ended.out, strict=True, extra="forbid")
    document = ended.document()
    assert ended.code == 0
    readable = {row["format"] for row in document["formats"] if row["readable"]}
    assert {"JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF", "H.264"} <= readable
    assert document["intake"] is None
    assert document["sandbox"]["level"] in {"full", "partial", "process-only"}
    assert document["libraries"]["libheif"]


def test_doctor_in_words(tmp_path: Path) -> None:
    words = run("doctor", cwd=tmp_path).out.decode()
    assert "Protection: " in words
    assert "  yes  JPEG" in words
    assert max(map(len, words.splitlines())) <= 80


def test_doctor_asks_an_intake_only_when_told(tmp_path: Path) -> None:
    assert run("doctor", "--intake", cwd=tmp_path).code == 2
    ended = run("doctor", "--intake", "--json", cwd=tmp_path, env={"TAKEDOWN_INTAKE": "http://127.0.0.1:9"})
    assert ended.code == 7
    assert ended.document()["intake"]["reachable"] is False


def test_privacy_names_what_remains_and_never_says_wipe(tmp_path: Path) -> None:
    text = run("doctor", "--privacy", cwd=tmp_path).out.decode()
    for title in PARAGRAPHS:
        assert title in text
    for word in ("history", "backups", "Tor", "Do not wipe"):
        assert word in text


def _settings(document: dict[str, list[dict[str, str]]]) -> dict[str, tuple[str | None, str]]:
    return {row["name"]: (row["value"], row["source"]) for row in document["settings"]}


def test_config_shows_values_and_where_they_come_from(tmp_path: Path) -> None:
    folder = tmp_path / "settings" / "takedown"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('workers = 3\ncopies = "none"\nproxy = "http://u:secret@127.0.0.1:1"\n')
    env = {"XDG_CONFIG_HOME": str(tmp_path / "settings"), "TAKEDOWN_COPIES": "flips"}
    ended = run("config", "show", "--json", cwd=tmp_path, env=env)
    TypeAdapter(ConfigReport).validate_json(ended.out, strict=True, extra="forbid")
    found = _settings(ended.document())
    assert found["workers"] == ("3", "file")
    assert found["copies"] == ("flips", "environment")
    assert found["video"] == ("gaps", "default")
    assert b"secret" not in ended.out + run("config", "show", cwd=tmp_path, env=env).out


@pytest.mark.parametrize("text", ["workers = [", "colour = 1", "workers = true"])
def test_a_bad_settings_file_is_exit_2_everywhere(tmp_path: Path, text: str, good: Path) -> None:
    folder = tmp_path / "settings" / "takedown"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)
    env = {"XDG_CONFIG_HOME": str(tmp_path / "settings")}
    assert run("config", "show", cwd=tmp_path, env=env).code == 2
    assert run("hash", good, cwd=tmp_path, env=env).code == 2


def test_a_settings_file_beside_the_pictures_is_no_settings_file(good: Path, tmp_path: Path) -> None:
    (good / "config.toml").write_text("workers = [")
    (good / "takedown.toml").write_text("workers = [")
    assert run("hash", ".", cwd=good).code == 3


@pytest.mark.parametrize("home", [None, "/nonexistent/home"])
def test_no_home_is_no_problem(good: Path, tmp_path: Path, home: str | None) -> None:
    env = {"HOME": home or "", "XDG_CONFIG_HOME": ""}
    assert run("hash", good, cwd=tmp_path, env=env).code == 0
