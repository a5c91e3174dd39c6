"""Each format, read again by what reads it: nothing is lost, added or twice."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from xml.etree import ElementTree

import pytest

from takedown_cli.cli.commands.export import NAMES
from takedown_cli.intake.feeds import stopncii as feed
from takedown_cli.intake.feeds.ncmec import NAMESPACE
from takedown_cli.protocol.bundle.document import Bundle, Item, canonical_items
from takedown_cli.protocol.bundle.export import FORMATS, Exported, export_items
from tests.protocol.bundle.every_kind import DAY, FRAMES, SQUEEZED, TURNED, UPRIGHT, items

MIDNIGHT = 1767312000  # 2026-01-02T00:00:00Z
VIDEOS = ("1" * 32, "2" * 32)


def _numbered(some: list[Item] | None = None) -> list[tuple[int, Item]]:
    return list(enumerate(canonical_items(some or items()), start=1))


def _export(name: str, some: list[Item] | None = None) -> Exported:
    return export_items(_numbered(some), name, DAY)


def _pdqs() -> set[str]:
    return {f.value for _, item in _numbered() for f in item.fingerprints if f.kind == "pdq"}


def test_the_command_offers_what_there_is() -> None:
    assert tuple(FORMATS) == NAMES


def test_stopncii_is_what_an_intake_takes_as_submitted_hashes() -> None:
    made = _export("stopncii")
    offered = feed.Hashes.model_validate_json(made.data).contributions()
    found = Counter((one.signal, one.value.hex(), one.feedback) for one in offered)
    assert found == Counter(
        {("pdq", value, "None"): 1 for value in _pdqs()} | {("video-md5", value, "None"): 1 for value in VIDEOS}
    )
    document = json.loads(made.data)
    assert document["count"] == len(document["hashRecords"]) == made.hashes
    assert {record["lastModtimestamp"] for record in document["hashRecords"]} == {MIDNIGHT}
    assert made.left_out == Counter({"sha1": 2, "md5": 1, "sha256": 1, "phash": 1})


def test_ncmec_has_an_entry_for_each_hash() -> None:
    made = _export("ncmec")
    assert b"<!DOCTYPE" not in made.data
    root = ElementTree.fromstring(made.data)
    assert root.tag == f"{{{NAMESPACE}}}queryResult"
    found: Counter[tuple[str, str, str | None]] = Counter()
    for group in root:
        assert int(group.attrib["count"]) == len(group)
        assert group.attrib["maxTimestamp"] == "2026-01-02T00:00:00Z"
        for entry in group:
            names = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in entry]
            assert names == ["member", "timestamp", "id", "fingerprints"]
            (fingerprint,) = entry[3]
            element, kind = (tag.removeprefix(f"{{{NAMESPACE}}}") for tag in (entry.tag, fingerprint.tag))
            found[element, kind, fingerprint.text] += 1
    assert found == Counter(
        {("image", "pdq", value): 1 for value in _pdqs()}
        | {("image", "md5", "2" * 32): 1}
        | {("video", "md5", value): 1 for value in VIDEOS}
        | {("video", "sha1", value + "0" * 8): 1 for value in VIDEOS}
    )
    ids = [entry.text for entry in root.iter(f"{{{NAMESPACE}}}id")]
    assert len(set(ids)) == len(ids) == made.hashes


def test_an_entry_keeps_its_id_in_another_bundle() -> None:
    def ids(some: list[Item]) -> set[str | None]:
        root = ElementTree.fromstring(_export("ncmec", some).data)
        return {entry.text for entry in root.iter(f"{{{NAMESPACE}}}id")}

    assert ids(items()[:1]) < ids(items())


def test_an_empty_group_has_no_time() -> None:
    root = ElementTree.fromstring(_export("ncmec", items()[:1]).data)
    assert [dict(group.attrib) for group in root] == [
        {"count": "3", "maxTimestamp": "2026-01-02T00:00:00Z"},
        {"count": "0"},
    ]


def test_tx_lines_are_a_type_and_a_value() -> None:
    lines = _export("tx").data.decode("ascii").splitlines()
    assert Counter(lines) == Counter(
        {f"pdq {value}": 1 for value in _pdqs()} | {f"video_md5 {value}": 1 for value in VIDEOS}
    )


def test_vpdq_has_each_frame_once_as_stored() -> None:
    rows = {}
    for one in _numbered():
        made = export_items([one], "vpdq", DAY)
        if made.hashes:
            assert made.hashes == 2
            rows[one[1].fingerprints[0].value] = json.loads(made.data)
    assert rows == {
        VIDEOS[0]: [f"{FRAMES[0]},90,0.000", f"{FRAMES[1]},90,1.001"],
        VIDEOS[1]: [f"{TURNED[0]},80,0.000", f"{TURNED[1]},80,1.001"],
    }


def test_vpdq_of_a_bundle_in_another_order_is_the_same() -> None:
    """A bundle need not be ours, and its schema does not order fingerprints."""
    video = items()[-1]
    assert video.fingerprints[0].value == VIDEOS[1]
    turned = video.model_copy(update={"fingerprints": video.fingerprints[::-1]})
    assert export_items([(1, turned)], "vpdq", DAY).data == export_items([(1, video)], "vpdq", DAY).data


def test_csv_has_every_fingerprint() -> None:
    made = _export("csv")
    rows = list(csv.DictReader(io.StringIO(made.data.decode("ascii"), newline="")))
    assert not made.left_out
    assert made.data.count(b"\r\n") == made.data.count(b"\n") == len(rows) + 1
    told = Counter((int(r["item"]), r["media"], r["kind"], r["method"], r["variant"], r["value"]) for r in rows)
    assert told == Counter(
        (number, item.media, f.kind, f.method or "", f.variant or "", f.value)
        for number, item in _numbered()
        for f in item.fingerprints
    )
    assert {(r["frame"], r["ms"]) for r in rows if r["variant"] == "raw"} == {("0", "0"), ("30", "1001")}


def test_the_schema_keeps_formulas_out_of_cells() -> None:
    label = Bundle.model_json_schema()["$defs"]["BundleFingerprint"]["properties"]
    text = json.dumps(label)
    patterns = set(re.findall(r'"pattern": "([^"]*)"', text))
    assert patterns
    for pattern in patterns:
        for cell in ("=1+1", "+1", "-1", "@x", "\t=1", "a,b", 'a"b'):
            assert not re.search(pattern, cell)


@pytest.mark.parametrize("name", NAMES)
def test_equal_bundles_give_equal_files(name: str) -> None:
    assert _export(name, items()[::-1]) == _export(name)


def test_a_hash_of_two_pictures_is_written_once() -> None:
    for name in ("stopncii", "ncmec", "tx"):
        assert _export(name).data.count(UPRIGHT.encode()) == 1
        assert _export(name).data.count(SQUEEZED.encode()) == 1
    assert _export("csv").data.count(UPRIGHT.encode()) == 2
