"""The real HMA pulls from our feeds and matches; a bank of it takes what ``submit --to`` sends, and gives it back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from takedown_cli import fixtures
from takedown_cli.cli.app import run as run_here
from takedown_cli.intake import running
from takedown_cli.intake.server import Running
from takedown_cli.model import Hashed, Recipe
from takedown_cli.pipeline import outcomes
from tests.hma import server as real
from tests.hma.server import Hma
from tests.intake.person import Person, Platform, balanced, picture
from tests.interop import photos

_LATER = 7  # seconds: the NCMEC client leaves the last five out


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    real.source()
    with running(tmp_path_factory.mktemp("intake") / "home", name="Test intake") as server:
        yield server


@pytest.fixture(scope="module")
def hma(intake: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hma]:
    with real.running(tmp_path_factory.mktemp("hma"), f"{intake.origin}/hashsharing") as server:
        yield server


def pdq_of(path: Path) -> str:
    [hashed] = [o for o in outcomes([path], Recipe(copies=frozenset()), workers=1) if isinstance(o, Hashed)]
    return next(f.value for f in hashed.fingerprints if f.kind == "pdq" and f.method == "full")


def test_it_pulls_both_feeds_matches_a_copy_and_meets_the_withdrawal(intake: Running, hma: Hma, tmp_path: Path) -> None:
    platform = Platform(intake.origin, intake.add_participant("HMA", "both"))
    stopncii = {
        "fetch_function_key": platform.keys.endpoints["fetch"],
        "subscription_key": platform.keys.subscription,
        "base_url_override": f"{intake.origin}/v1",
    }
    ncmec = {"user": platform.keys.username, "password": platform.keys.endpoints["ncmec"]}
    hma.post("/c/exchanges/api/stop_ncii", {"credential_json": stopncii})
    hma.post("/c/exchanges/api/ncmec", {"credential_json": ncmec})
    hma.post("/c/exchanges", {"bank": "BY_STOPNCII", "api": "stop_ncii", "api_json": {}})
    hma.post(
        "/c/exchanges",
        {"bank": "BY_NCMEC", "api": "ncmec", "api_json": {"environment": "https://hashsharing.ncmec.org/npo"}},
    )
    image = photos.picture(7)
    image.save(tmp_path / "original.png")
    copy = photos.copy_of(image, tmp_path / "copy.jpg")
    other = photos.copy_of(photos.picture(8), tmp_path / "other.jpg")
    person, another = (Person(intake.origin, intake.card) for _ in range(2))
    person.submit(picture(pdq_of(tmp_path / "original.png")))
    another.submit(picture(balanced("never alone")))  # its index of a single hash matches nothing once it was stored
    time.sleep(_LATER)
    hma.fetch()
    assert hma.fetched_well("BY_STOPNCII")
    assert hma.fetched_well("BY_NCMEC")
    assert hma.lookup_photo(copy) == {"BY_STOPNCII", "BY_NCMEC"}
    assert hma.lookup_photo(other) == set()
    assert person.answers()["HMA"] == "seen"
    person.withdraw()
    time.sleep(_LATER)
    hma.fetch()
    assert hma.fetched_well("BY_STOPNCII")
    assert hma.fetched_well("BY_NCMEC")
    # Its StopNCII client does not look at hashStatus: what is withdrawn there goes on matching (docs/intake.md).
    assert hma.lookup_photo(copy) == {"BY_STOPNCII"}


@pytest.fixture
def submit(hma: Hma, tmp_path: Path) -> Callable[..., int]:
    fixtures.picture(21, (700, 500)).save(tmp_path / "one.png")
    fixtures.clip(tmp_path / "two.mp4", 22, seconds=2.0)

    def command(*extra: str) -> int:
        files = [str(tmp_path / "one.png"), str(tmp_path / "two.mp4")]
        to = ["--to", f"{hma.origin.replace('http', 'hma+http', 1)}/NCII", "--receipt", str(tmp_path / "receipt")]
        return run_here(["submit", *files, *to, "--age", "adult", "--for", "self", "--yes", "-q", *extra])

    return command


def test_a_bank_takes_hashes_once_and_gives_them_back(
    hma: Hma, submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hma.post("/c/banks", {"name": "NCII"})
    receipt = tmp_path / "receipt"
    value = pdq_of(tmp_path / "one.png")
    assert submit("--json") == 0
    said = json.loads(capsys.readouterr().out)
    hma.index()
    matches = hma.lookup(value)["NCII"]
    assert "0" in {match["distance"] for match in matches}
    fixtures.reencode(tmp_path / "one.png", tmp_path / "copy.jpg")
    assert hma.lookup_photo(tmp_path / "copy.jpg") == {"NCII"}
    assert submit("--json") == 0
    assert json.loads(capsys.readouterr().out)["already"] == said["banked"]
    # Cut short between the bank's answer and the receipt: what is in doubt is found in the bank, not sent again.
    receipt.write_bytes(b"".join(receipt.read_bytes().splitlines(keepends=True)[:-1]))
    assert submit() == 0
    hma.index()
    assert hma.lookup(value)["NCII"] == matches
    assert run_here(["withdraw", "--receipt", str(receipt), "--yes", "--json", "-q"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["taken_out"] == said["banked"]
    assert "NCII" not in hma.lookup(value)
    assert hma.lookup_photo(tmp_path / "copy.jpg") == set()
