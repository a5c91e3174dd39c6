"""``--archives``: the rows of what is in an archive, and where the option cannot be used."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from takedown_cli.fixtures.texture import picture
from tests.cli.runner import run


@pytest.fixture
def takeout(tmp_path: Path) -> Path:
    """A folder with an archive of two pictures, a sidecar, and one name that is no name for a terminal."""
    folder = tmp_path / "download"
    folder.mkdir()
    with zipfile.ZipFile(folder / "takeout-001.zip", "w", zipfile.ZIP_DEFLATED) as made:
        for number, name in enumerate(("Takeout/Photos/IMG_1.jpg", "../\x1b[31mIMG_2.jpg")):
            stream = io.BytesIO()
            picture(number, (320, 240)).save(stream, "JPEG")
            made.writestr(zipfile.ZipInfo(name), stream.getvalue())
        made.writestr("Takeout/Photos/IMG_1.jpg.supplemental-metadata.json", "{}")
    return folder


def test_the_members_are_rows_in_the_place_of_the_archive(takeout: Path) -> None:
    told = run("hash", takeout, "--archives", "--json", cwd=takeout)
    rows = told.document()["files"]
    assert told.code == 0
    assert [(row["member"], row["outcome"], row.get("reason")) for row in rows] == [
        (1, "hashed", None), (2, "hashed", None), (3, "skipped", "not-media"),
    ]  # fmt: skip
    assert {row["path"] for row in rows} == {str(takeout / "takeout-001.zip")}
    assert "IMG_" not in told.out.decode() + told.said


def test_the_names_of_members_are_shown_only_when_asked_for(takeout: Path) -> None:
    told = run("hash", takeout, "--archives", "--json", "--show-paths", cwd=takeout)
    assert told.document()["files"][0]["member_name"] == "Takeout/Photos/IMG_1.jpg"
    assert "takeout-001.zip, Takeout/Photos/IMG_1.jpg: fingerprinted." in told.said
    assert "\x1b[31m" not in told.said
    assert "\\x1b[31mIMG_2.jpg" in told.said


def test_without_the_option_the_archive_is_one_row(takeout: Path) -> None:
    told = run("hash", takeout, "--json", cwd=takeout)
    rows = told.document()["files"]
    assert [(row.get("member"), row["reason"]) for row in rows] == [(None, "archive")]
    assert told.code == 4


def test_a_bundle_holds_what_is_inside(takeout: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "case.tdb"
    made = run("hash", takeout, "--archives", "-o", bundle, "--age", "adult", "--for", "self", cwd=tmp_path)
    assert made.code == 0
    assert run("inspect", bundle, "--json", cwd=tmp_path).document()["totals"]["items"] == 2


@pytest.mark.parametrize("command", [("hash",), ("batch", "resume", "--ledger", "x", "--key", "file:x")], ids=str)
def test_a_cluster_does_not_read_archives(command: tuple[str, ...], takeout: Path) -> None:
    folders = (str(takeout),) if command == ("hash",) else ()
    told = run(*command, *folders, "--archives", "--executor", "dask://127.0.0.1:9", cwd=takeout)
    assert told.code == 2
    assert "--archives" in told.said
