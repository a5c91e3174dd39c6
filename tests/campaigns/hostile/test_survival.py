"""Every file exactly one outcome, whatever it is: bombs, disguises, odd trees, hostile names, damaged media."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from takedown_cli.core.model import Limits
from tests.campaigns.hostile import bombs, census, disguises, measure, mutants, oddities
from tests.hashing.discover.samples import picture

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="FIFOs, links and modes")

#: Bombs that are answered in a moment; all of them are in ``make hostile``.
QUICK = ("2500-megapixels.png", "claims-4-gigapixels.png", "65535x65535.gif", "negative.bmp", "loop.tif", "text.png")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "tree"
    folder.mkdir()
    yield folder
    oddities.remove(folder)


def survives(folder: Path, *options: str) -> measure.Figures:
    """Run, with no special rights, and check what must hold whatever is in the folder."""
    figures = measure.run([folder], options, keep=True, humble=True)
    expected = int(measure.humbly("tests.campaigns.hostile.census", folder))
    assert figures.files == expected
    assert figures.reconciles()
    assert len({(row["path"], row.get("path_b64")) for row in figures.rows}) == expected
    assert figures.code in {0, 3, 4}
    assert b"Traceback" not in figures.said
    assert str(folder).encode() not in figures.said
    assert figures.reasons["internal"] == 0
    assert figures.parent < 300 << 20
    return figures


def reason(figures: measure.Figures, name: str) -> str:
    (row,) = (row for row in figures.rows if Path(row["path"]).name == name)
    return str(row.get("reason", row["outcome"]))


def test_bombs(place: Path) -> None:
    for name, make, _ in bombs.BOMBS:
        if name in QUICK:
            (place / name).write_bytes(make())
    figures = survives(place)
    for name, _, allowed in bombs.BOMBS:
        assert name not in QUICK or reason(figures, name) in allowed | {"hashed"}, name


def test_bombs_in_archives(place: Path) -> None:
    quick = [each for each in bombs.ARCHIVES if each[0] != "100000.zip"]
    for name, make, _ in quick:
        (place / name).write_bytes(make())
    figures = measure.run([place], ["--archives"], keep=True, humble=True)
    assert figures.code == 4
    assert figures.reconciles()
    assert b"Traceback" not in figures.said
    assert figures.parent < 300 << 20
    for name, _, allowed in quick:
        reasons = {row["reason"] for row in figures.rows if Path(row["path"]).name == name}
        assert reasons & allowed, (name, reasons)


def test_disguises_are_refused(place: Path, tmp_path: Path) -> None:
    canary = tmp_path / "canary.jpg"
    canary.write_bytes(picture("JPEG"))
    disguises.write(place, canary)
    figures = survives(place)
    reported = {Path(row["path"]).name: row["outcome"] for row in figures.rows}
    assert {name for name, outcome in reported.items() if outcome in {"hashed", "partial"}} <= disguises.HONEST
    assert reported["picture-then-script.jpg"] == "hashed"


def test_specials_sizes_and_what_may_not_be_read(place: Path) -> None:
    good = picture("JPEG")
    for name, fill in (("s", oddities.specials), ("z", oddities.sizes), ("f", oddities.forbidden)):
        (place / name).mkdir()
        fill(place / name, good)
    figures = survives(place)
    assert reason(figures, "pipe.jpg") == "not-regular"
    assert reason(figures, "a.jpg") == reason(figures, "root") == reason(figures, "zero.jpg") == "symlink"
    assert reason(figures, "second-name.jpg") == "duplicate"
    assert reason(figures, "empty.jpg") == "empty"
    assert reason(figures, "sparse.mp4") == "not-media"
    assert reason(figures, "sparse.jpg") == "too-many-pixels"
    assert reason(figures, "secret.jpg") == reason(figures, "unlisted") == "no-permission"
    assert reason(figures, "good.jpg") == "hashed"


def test_a_deep_tree_and_hostile_names(place: Path, request: pytest.FixtureRequest) -> None:
    good = picture("JPEG")
    (place / "deep").mkdir()
    oddities.deep(place / "deep", good)
    (place / "names").mkdir()
    listed = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "naughty-strings.json"
    further = json.loads(listed.read_text("utf-8")) if listed.exists() else []
    made = oddities.names(place / "names", good, further)
    assert made >= 30
    figures = survives(place)
    assert figures.reasons["too-deep"] == 1
    assert figures.outcomes["hashed"] == made + 1  # one picture above the depth limit
    assert b"\x1b" not in figures.said


def test_files_that_change_while_they_are_read(place: Path) -> None:
    """A file that is replaced while its folder is listed may be missed; one that stands still is not."""
    still = {f"still-{number}.jpg" for number in range(8)}
    for name in still:
        (place / name).write_bytes(picture("JPEG"))
    with oddities.Churn(place, picture("JPEG")):
        figures = measure.run([place], keep=True, humble=True)
    met = [Path(row["path"]).name for row in figures.rows]
    assert still <= set(met)
    assert len(met) == len(set(met)) <= census.entries(place, Limits().depth)
    assert figures.reconciles()
    assert b"Traceback" not in figures.said
    assert figures.reasons["internal"] == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_media_of_every_format(place: Path, seed: int) -> None:
    for name, data in mutants.mutants(3, seed):
        (place / name).write_bytes(data)
    figures = survives(place)
    assert figures.reasons["decoder-crashed"] == 0
    assert figures.outcomes["hashed"] > 10


def test_the_census_counts_what_find_counts(place: Path) -> None:
    """The counter that everything else is held against, on a tree whose number is known."""
    (place / "a").mkdir()
    (place / "a" / "b").mkdir()
    for name in ("x", "a/y", "a/b/z"):
        (place / name).touch()
    (place / "a" / "link").symlink_to("y")
    assert census.entries(place, 64) == 4
    assert census.entries(place, 1) == 1 + 2 + 1  # "b" is one outcome: too deep
