"""Files that an earlier version wrote are read by this one, and mean the same."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.core.variants import kind_of_copy, shows_picture_itself
from takedown_cli.hashing.matching import distance
from tests.client import hma_server
from tests.compatibility.kept import ANSWERS, KEY, Kept, copy

pytestmark = [pytest.mark.slow, pytest.mark.waits]
LEDGER = ("--ledger", "cases.ledger", *KEY)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return copy(tmp_path)


def test_a_signed_bundle_says_what_it_said(kept: Kept) -> None:
    assert kept.json("inspect", "signed.tdb") == ANSWERS["signed"]["inspect"]
    assert hashes_in(kept, "signed.tdb") == ANSWERS["signed"]["csv"].splitlines()


def test_the_pictures_of_a_case_still_give_its_hashes_and_variants(kept: Kept) -> None:
    """Withdrawing by file rests on the hashes of the picture itself, what platforms find on those of its copies.

    Copies are predicted and chosen in single precision. Another processor sums in another order, and may choose others.
    Since 2026-11-30 the last of them made room for other kinds. Nine in ten of what was listed are still matched.
    """
    photos = ("photos/half.jpg", "photos/picture.avif")
    kept.json("hash", *photos, "-o", "again.tdb", "--age", "adult", "--for", "self", "--test", "--copies", "all")
    again, before = (
        list(csv.DictReader(lines)) for lines in (hashes_in(kept, "again.tdb"), ANSWERS["signed"]["csv"].splitlines())
    )
    assert [row for row in again if shows_picture_itself(row["variant"] or None)] == [
        row for row in before if shows_picture_itself(row["variant"] or None)
    ]
    # Of the kinds of copies none is gone; "all" has one more since then.
    kinds = {kind_of_copy(row["variant"]) for row in again}
    assert kinds == {kind_of_copy(row["variant"]) for row in before} | {"fits"}
    near = []
    for row in before:
        same_kind = (other for other in again if all(other[name] == row[name] for name in ("item", "kind", "method")))
        near.append(min(distance(row["value"], other["value"]) for other in same_kind) <= MATCH_DISTANCE)
    assert sum(near) >= 0.9 * len(near), f"{sum(near)} of {len(near)}"


def hashes_in(kept: Kept, bundle: str) -> list[str]:
    return kept("export", bundle, "--format", "csv", "-o", "-").out.decode().splitlines()


def test_a_journal_cut_short_is_resumed(kept: Kept) -> None:
    """Three of four files are in it whole. Their content is gone here, so their hashes can only be the journal's."""
    for path in (kept.folder / "photos").iterdir():
        if path.name != "smaller.mp4":
            content = path.read_bytes()
            path.write_bytes(content[:1000] + bytes(len(content) - 1000))
            os.utime(path, ns=(ANSWERS["time"], ANSWERS["time"]))
    again = ("hash", "photos", "--resume", "cut.journal", "--case", "-", "--copies", "flips", "--json")
    ended = kept.in_its_place(*again, stdin=ANSWERS["journal"]["case"])
    assert ended.code == 0, ended.said
    assert hashes_of(ended.document()) == hashes_of(ANSWERS["journal"]["report"])


def hashes_of(report: Any) -> list[str]:
    return sorted(json.dumps(file["fingerprints"], sort_keys=True) for file in report["files"])


def test_a_key_file_opens(kept: Kept) -> None:
    assert kept.json("keys", "show", "file:helpline.key", "--passphrase-file", "passphrase.txt") == ANSWERS["key"]


def test_a_ledger_says_what_it_said(kept: Kept) -> None:
    offline = kept.json("batch", "status", "--offline", "--all", "--show-references", *LEDGER)
    assert offline == ANSWERS["ledger"]["status"]
    report = kept.json("batch", "report", "--threshold", "1", *LEDGER)
    assert figures(report) == figures(ANSWERS["ledger"]["report"])
    assert kept("batch", "handover", "--verify", "handover.json", *LEDGER).code == 0


def figures(report: dict[str, Any]) -> dict[str, list[int]]:
    """The report without its wording."""
    return {table["id"]: [cell["count"] for cell in table["cells"]] for table in report["tables"]}


def test_a_case_of_an_earlier_ledger_is_withdrawn_and_forgotten_and_stays_so(kept: Kept) -> None:
    """That ledger knew nothing of callers who withdrew and were forgotten."""
    with kept.intake():
        kept.json("batch", "withdraw", "--entry", "1", "--yes", *LEDGER)
    forgotten = kept.json("batch", "forget", "--entry", "1", "--yes", *LEDGER)
    assert (forgotten["forgotten"], forgotten["marks"]) == (1, 1)
    assert kept.json("batch", "forget", "--entry", "2", "--yes", *LEDGER)["marks"] == 1


def test_a_ledger_is_resumed_where_it_stopped(kept: Kept) -> None:
    """Its third case was signed when the intake was away."""
    with kept.intake():
        ended = kept("batch", "resume", "--json", *LEDGER)
        assert ended.code == 0, ended.said
        cases = kept.json("batch", "status", "--all", *LEDGER)["cases"]
        assert [case["state"] for case in cases] == ["sent", "sent", "sent"]
        for number in ANSWERS["slips"]:
            assert kept.json("status", "-", stdin=number)["items"][0]["state"] == "listed"


def test_a_manifest_is_read(kept: Kept) -> None:
    with kept.intake():
        run = ("batch", "run", "callers.csv", "--dry-run", "--ledger", "new.ledger", *KEY, "--test", "--json")
        ended = kept(*run)
    assert ended.code == 0, ended.said
    assert ended.document()["callers"] == 3


def without_answers_off_the_list(status: dict[str, Any]) -> dict[str, Any]:
    """That version showed what platforms said about held and withdrawn items too, which revealed other cases."""
    items = [item if item["state"] == "listed" else item | {"platforms": []} for item in status["items"]]
    return status | {"items": items}


def without_withdrawn_cases(record: dict[str, Any]) -> dict[str, Any]:
    """That version also named the cases that had been withdrawn."""
    named = {name: state for name, state in record["caseNumbers"].items() if state != "Withdrawn"}
    return record | {"caseNumbers": named}


def test_an_intake_answers_cases_feeds_and_its_operator_as_before(kept: Kept) -> None:
    operator = ANSWERS["operator"]
    assert kept.json("intake", "verify", "home") == operator["verify"]
    assert kept.json("intake", "review", "home") == operator["review"]
    assert kept.json("intake", "participant", "list", "home") == operator["participants"]
    assert kept.json("intake", "participant", "audit", "home") == operator["audit"]
    assert kept.json("intake", "metrics-token", "home") == operator["metrics_token"]
    organisations = kept.json("intake", "organisation", "list", "home")["organisations"]
    before = operator["organisations"]["organisations"]
    assert [each | {"today": 0} for each in organisations] == [each | {"today": 0} for each in before]
    with kept.intake():
        for name in ANSWERS["cases"]:
            before = without_answers_off_the_list(ANSWERS["status"][name])
            now = kept.status(name)
            if all(item["state"] == "withdrawn" for item in before["items"]):  # that version named a later day
                assert now["expires"] < before["expires"]
                before["expires"] = now["expires"]
            assert now == before, name
        for platform, page in ANSWERS["feeds"].items():
            assert kept.fetch(platform)["hashRecords"] == [without_withdrawn_cases(one) for one in page["hashRecords"]]
        metrics = kept.get("/metrics", {"Authorization": f"Bearer {operator['metrics_token']['token']}"}).decode()
    assert set(ANSWERS["metrics"]) <= {line.split()[2] for line in metrics.splitlines() if line.startswith("# TYPE")}


def test_old_cases_are_withdrawn_released_and_added_to(kept: Kept) -> None:
    [held] = kept.json("intake", "review", "home")["held"]
    kept.json("intake", "review", "home", "--release", str(held["case"]))
    numbers = ANSWERS["cases"]
    with kept.intake():
        assert [item["state"] for item in kept.status("held")["items"]] == ["listed"]
        one = kept.json("withdraw", "-", "--file", "photos/smaller.jpg", "--yes", stdin=numbers["listed"])
        assert sorted(item["state"] for item in one["items"]) == ["listed", "withdrawn"]
        copies = kept.json("withdraw", "-", "--copies", "crops", "--yes", stdin=numbers["under 18"])
        assert copies["withdrawn"] > 0
        kept.json("withdraw", "-", "--yes", stdin=numbers["listed"])
        records = {record["hashValue"]: record["hashStatus"] for record in kept.fetch("A")["hashRecords"]}
        assert records[ANSWERS["blocked"]] == "Withdrawn"
        denied = ("submit", "denied.jpg", "--age", "adult", "--for", "self", "--test", "--yes", "--copies", "none")
        assert kept(*denied).code == 6


def test_a_sealed_bundle_is_taken_in(kept: Kept) -> None:
    assert kept("inspect", "sealed.tdb", "--case", "-", stdin=ANSWERS["sealed"]).code == 0
    with kept.intake():
        assert kept("submit", "sealed.tdb", "--yes").code == 0
        assert len(kept.json("status", "-", stdin=ANSWERS["sealed"])["items"]) == 1


def test_an_intake_card_seals_a_bundle(kept: Kept) -> None:
    card = ("--intake-card", "intake-card.json", "--age", "adult", "--for", "self", "--test")
    assert kept("hash", "photos/half.jpg", "-o", "for-it.tdb", *card).code == 0


def test_a_backup_is_restored(kept: Kept) -> None:
    assert kept("intake", "restore", "backup", "restored").code == 0
    assert kept.json("intake", "verify", "restored") == ANSWERS["operator"]["verify"]
    with kept.intake("restored"):
        assert kept.status("listed") == ANSWERS["status"]["listed"]


def test_a_bank_is_emptied_by_its_receipt(kept: Kept) -> None:
    with hma_server.serving() as server:
        server.entries = {int(number): entry for number, entry in ANSWERS["bank"]["entries"].items()}
        server.index()
        receipt = kept.folder / "bank.receipt"
        receipt.write_text(receipt.read_text().replace(ANSWERS["bank"]["origin"], server.origin))
        assert kept("withdraw", "--receipt", "bank.receipt", "--yes").code == 0
        assert server.entries == {}


def test_a_manifest_of_fixtures_is_compared(kept: Kept) -> None:
    manifest = json.loads((kept.folder / "fixtures-manifest.json").read_text())
    library = kept.folder / "library"
    names = {"copies/smaller.jpg", "copies/half.jpg", "copies/smaller.mp4", "media/picture.avif"}
    for name in names:
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        (library / name).write_bytes((kept.folder / "photos" / Path(name).name).read_bytes())
    manifest["files"] = [file for file in manifest["files"] if file["file"] in names]
    manifest["copies"] = manifest["bundles"] = []
    (library / "manifest.json").write_text(json.dumps(manifest))
    ended = kept("fixtures", "verify", "library")
    assert ended.code == 0, ended.said
