"""The real HMA pulls from our feeds and matches; a bank of it takes what ``submit --to`` sends, and gives it back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from takedown_cli import fixtures
from takedown_cli.cli.app import run as run_here
from takedown_cli.core.model import Hashed, Recipe
from takedown_cli.hashing.pipeline import outcomes
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import clock, hashes, listings
from takedown_cli.intake.store.writer import WriteTransaction
from takedown_cli.platform.feed_reader import FeedReader
from takedown_cli.protocol import public_keys
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.feed import Verdict
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


@dataclass(frozen=True)
class Native:
    """What pulls the native feed into the banks NATIVE and, confirmed hashes alone, SURE."""

    platform: Platform
    address: str


@pytest.fixture(scope="module")
def native(intake: Running, hma: Hma) -> Native:
    platform = Platform(intake.origin, intake.add_participant("HMA with the extension", "both"))
    key = public_keys.key_id(bytes.fromhex(Person(intake.origin, intake.card).intake.signing_key))
    address = f"{intake.origin}#{key}"
    token = {"credential_json": {"token": platform.keys.endpoints["feed"]}}
    hma.post("/c/exchanges/api/takedown", token)
    for bank, config in (("NATIVE", {}), ("SURE", {"tier": "confirmed"})):
        hma.post("/c/exchanges", {"bank": bank, "api": "takedown", "api_json": {"intake": address, **config}})
    return Native(platform, address)


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
    stock = {"BY_STOPNCII", "BY_NCMEC"}
    assert hma.fetched_well("BY_STOPNCII")
    assert hma.fetched_well("BY_NCMEC")
    assert hma.lookup_photo(copy) & stock == stock
    assert hma.lookup_photo(other) == set()
    assert person.answers()["HMA"] == "seen"
    person.withdraw()
    time.sleep(_LATER)
    hma.fetch()
    assert hma.fetched_well("BY_STOPNCII")
    assert hma.fetched_well("BY_NCMEC")
    # Its StopNCII client does not look at hashStatus: what is withdrawn there goes on matching.
    assert hma.lookup_photo(copy) & stock == {"BY_STOPNCII"}


def test_the_extension_matches_reposts_removes_and_says_which_record(
    intake: Running, hma: Hma, native: Native, tmp_path: Path
) -> None:
    person, another = (Person(intake.origin, intake.card) for _ in range(2))
    image = photos.picture(71)
    image.save(tmp_path / "original.png")
    copies = photos.reposts_of(image, tmp_path)
    person.submit(picture(pdq_of(tmp_path / "original.png")))
    another.submit(*(picture(balanced(("beside", n))) for n in range(3)))
    hma.fetch()
    assert hma.fetched_well("NATIVE")
    assert {name for name, path in copies.items() if "NATIVE" in hma.lookup_photo(path, "pdq_readings")} == {*copies}
    assert "SURE" not in hma.lookup_photo(copies["upright"], "pdq_readings")
    [match] = hma.matches_of_photo(copies["chat"])["pdq_readings"]["NATIVE"]
    content = hma.get(f"/c/bank/NATIVE/content/{match['bank_content_id']}")
    [record] = content["metadata"]["collab"]["NATIVE"]
    with FeedReader(IntakeAddress.parse(native.address), native.platform.keys.endpoints["feed"]) as reader:
        assert reader.send_verdicts([Verdict(id=record, verdict="Blocked", tags=[])]) == 1
    assert person.answers()["HMA with the extension"] == "blocked"
    person.withdraw()
    hma.fetch()
    assert hma.fetched_well("NATIVE")
    for copy in copies.values():
        assert "NATIVE" not in hma.lookup_photo(copy, "pdq_readings") | hma.lookup_photo(copy)


@pytest.mark.usefixtures("native")
def test_after_a_restore_of_the_intake_it_drops_what_the_intake_has_not(intake: Running, hma: Hma) -> None:
    """HMA itself deletes nothing when a checkpoint is stale."""
    person = Person(intake.origin, intake.card)
    gone, kept = balanced("lost by a restore"), balanced("kept by it")
    person.submit(picture(gone), picture(kept))
    hma.fetch()
    # By our signal type: the index of the stock one matches nothing where it has few hashes.
    assert "NATIVE" in hma.lookup(gone, "pdq_readings")
    intake.intake.operate(lambda transaction: _lose(transaction, gone))
    for _ in range(2):  # the first learns that its cursor ended
        hma.fetch()
    assert hma.fetched_well("NATIVE")
    assert "NATIVE" not in hma.lookup(gone, "pdq_readings")
    assert "NATIVE" in hma.lookup(kept, "pdq_readings")


def _lose(transaction: WriteTransaction, value: str) -> None:
    """What a restore of an older backup does: a record is not there, and another era begins."""
    row = transaction.scalar(select(hashes.c.id).where(hashes.c.value == bytes.fromhex(value)))
    transaction.execute(delete(listings).where(listings.c.hash_id == row))
    transaction.execute(delete(hashes).where(hashes.c.id == row))
    transaction.execute(update(clock).values(era=b"restored"))


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
