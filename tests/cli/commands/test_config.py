"""``takedown config``: the values of the settings, and where each comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.documents import published
from tests.cli.runner import run


def _settings(document: dict[str, list[dict[str, str]]]) -> dict[str, tuple[str | None, str]]:
    return {row["name"]: (row["value"], row["source"]) for row in document["settings"]}


def test_config_shows_values_and_where_they_come_from(tmp_path: Path) -> None:
    folder = tmp_path / "settings" / "takedown"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('workers = 3\ncopies = "none"\nproxy = "http://u:secret@127.0.0.1:1"\n')
    env = {"XDG_CONFIG_HOME": str(tmp_path / "settings"), "TAKEDOWN_COPIES": "flips"}
    ended = run("config", "show", "--json", cwd=tmp_path, env=env)
    found = _settings(published(ended.out))
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
    assert run("hash", ".", cwd=good).code == 0


@pytest.mark.parametrize("home", [None, "/nonexistent/home"])
def test_no_home_is_no_problem(good: Path, tmp_path: Path, home: str | None) -> None:
    env = {"HOME": home or "", "XDG_CONFIG_HOME": ""}
    assert run("hash", good, cwd=tmp_path, env=env).code == 0


def test_a_setting_is_set_shown_and_removed_and_the_rest_stays(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path / "settings")}
    path = Path(published(run("config", "path", "--json", cwd=tmp_path, env=env).out)["file"])
    assert not path.exists()
    for name, value in (("workers", "2"), ("intake", "https://intake.example"), ("ledger", "cases.ledger")):
        assert run("config", "set", name, value, cwd=tmp_path, env=env).code == 0
    path.write_text(f"# mine\n{path.read_text()}")
    assert path.stat().st_mode & 0o777 == 0o600
    found = _settings(published(run("config", "show", "--json", cwd=tmp_path, env=env).out))
    assert found["workers"] == ("2", "file")
    assert found["ledger"] == (str(tmp_path / "cases.ledger"), "file")
    assert run("config", "set", "workers", "3", cwd=tmp_path, env=env).code == 0
    assert run("config", "unset", "intake", cwd=tmp_path, env=env).code == 0
    found = _settings(published(run("config", "show", "--json", cwd=tmp_path, env=env).out))
    assert (found["workers"], found["intake"]) == (("3", "file"), (None, "default"))
    assert path.read_text().startswith("# mine\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("set", "intkae", "https://intake.example"), "Did you mean 'intake'?"),
        (("unset", "nonsense"), "There is no such setting: 'nonsense'."),
        (("set", "workers", "many"), "from 1 to 256"),
        (("set", "intake", "ftp://x"), "https://"),
        (("set", "name", "a\nb"), "one line"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_and_nothing_written(
    arguments: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    ended = run("config", *arguments, cwd=tmp_path, env={"XDG_CONFIG_HOME": str(tmp_path / "settings")})
    assert ended.code == 2
    assert words in ended.said
    assert not (tmp_path / "settings").exists()


def test_a_file_that_cannot_be_changed_line_by_line_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "settings" / "takedown"
    folder.mkdir(parents=True)
    text = 'intake = """\nhttps://intake.example"""\n'
    (folder / "config.toml").write_text(text)
    ended = run(
        "config", "set", "intake", "https://other.example", cwd=tmp_path, env={"XDG_CONFIG_HOME": str(folder.parent)}
    )
    assert ended.code == 2
    assert (folder / "config.toml").read_text() == text


def test_settings_that_cannot_be_kept_have_another_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = {
        "HOME": str(tmp_path / "file"),
        "XDG_CONFIG_HOME": str(tmp_path / "file"),
        "APPDATA": str(tmp_path / "file"),
    }
    ended = run("config", "set", "lang", "de", cwd=tmp_path, env=home)
    assert ended.code == 2
    assert "[output]" in ended.said
    assert "variables such as TAKEDOWN_INTAKE" in " ".join(ended.said.split())
