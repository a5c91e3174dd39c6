"""What is exported, read by platforms' own software; skipped where it is not installed (``make interop``)."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from takedown_cli import fixtures
from takedown_cli.cli.app import run as run_here
from takedown_cli.core.model import Hashed, Recipe
from takedown_cli.hashing.matching import distance
from takedown_cli.hashing.pipeline import outcomes
from takedown_cli.protocol.bundle.document import canonical_items, item_of
from takedown_cli.protocol.bundle.export import export_items
from tests.protocol.bundle.every_kind import DAY, items

NUMBERED = list(enumerate(canonical_items(items()), start=1))


def test_vpdq_of_real_clips_is_the_reference(shared: Path, tmp_path: Path) -> None:
    """From a video file through a bundle to the exported text: the reference's frames, within 2 bits."""
    for name in ("chair-19-sd-bar", "test-padded-dimensions"):
        vector = json.loads((shared / f"vectors/{name}.mp4.vpdq.json").read_text())
        bundle, out = tmp_path / f"{name}.tdb", tmp_path / f"{name}.json"
        clip = shared / f"media/video/{name}.mp4"
        assert run_here(["hash", str(clip), "-o", str(bundle), "--video", "vpdq", "-q", "--no-input"]) == 0
        assert run_here(["export", str(bundle), "--format", "vpdq", "-o", str(out), "-q"]) == 0
        rows = [row.split(",") for row in json.loads(out.read_text())]
        expected = [feature for feature in vector["features"] if feature["quality"] >= 50]
        assert [int(quality) for _, quality, _ in rows] == [feature["quality"] for feature in expected]
        assert [float(when) for *_, when in rows] == [round(feature["timestamp"], 3) for feature in expected]
        assert max(distance(row[0], feature["pdq"]) for row, feature in zip(rows, expected, strict=True)) <= 2


def test_a_local_file_is_fetched_and_matches(tmp_path: Path) -> None:
    pytest.importorskip("threatexchange", reason="the interop group is not installed: make interop")
    api = importlib.import_module("threatexchange.exchanges.impl.file_api")
    pdq = importlib.import_module("threatexchange.signal_type.pdq.signal").PdqSignal
    md5 = importlib.import_module("threatexchange.signal_type.md5").VideoMD5Signal
    fixtures.picture(1, (900, 700)).save(tmp_path / "original.png")
    fixtures.clip(tmp_path / "party.mp4", 3)
    fixtures.reencode(tmp_path / "original.png", tmp_path / "copy.jpg")
    hashed = [o for o in outcomes([tmp_path], Recipe(), workers=1) if isinstance(o, Hashed)]
    sent = [item for o in hashed if o.path.name != "copy.jpg" and (item := item_of(o, "adult")) is not None]
    (tmp_path / "list.txt").write_bytes(export_items(list(enumerate(sent, start=1)), "tx", DAY).data)
    collab = api.FileCollaborationConfig(
        name="export", api="local_file", enabled=True, filename=str(tmp_path / "list.txt")
    )
    (delta,) = api.LocalFileSignalExchangeAPI.for_collab(collab).fetch_iter([], None)
    assert len(delta.updates) == (tmp_path / "list.txt").read_text().count("\n")
    for kind, value in delta.updates:
        signal = {"pdq": pdq, "video_md5": md5}[kind]
        assert signal.validate_signal_str(value) == value
    index = pdq.get_index_cls().build([(value, None) for kind, value in delta.updates if kind == "pdq"])
    assert index.query(pdq.hash_from_bytes((tmp_path / "copy.jpg").read_bytes()))
    assert ("video_md5", md5.hash_from_file(tmp_path / "party.mp4")) in delta.updates


def test_the_ncmec_client_reads_every_entry() -> None:
    client = pytest.importorskip("threatexchange.exchanges.clients.ncmec.hash_api", reason="make interop")
    data = export_items(NUMBERED, "ncmec", DAY)
    with _served(data.data) as origin:
        answer = client.NCMECHashAPI("u", "p", SimpleNamespace(value=f"{origin}/hashsharing")).get_entries()
    assert answer.max_timestamp == 1767312000
    assert not answer.next
    assert len(answer.updates) == data.hashes
    found = {(u.entry_type.value, *pair) for u in answer.updates for pair in u.fingerprints.items()}
    assert len(found) == data.hashes
    assert ("video", "md5", "1" * 32) in found
    assert ("image", "pdq", "a" * 64) in found
    assert not any(u.deleted or u.feedback or u.classification for u in answer.updates)


@contextmanager
def _served(answer: bytes) -> Iterator[str]:
    """An origin on the loopback interface that gives this answer to whatever is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_the_stopncii_client_knows_every_field() -> None:
    client = pytest.importorskip("threatexchange.exchanges.clients.stopncii.api", reason="make interop")
    document = json.loads(export_items(NUMBERED, "stopncii", DAY).data)
    for record in document["hashRecords"]:
        client.StopNCIISignalType(record["signalType"])
        (said,) = record["CSPFeedbacks"]
        mine = client.StopNCIICSPFeedback(client.StopNCIICSPFeedbackValue(said["feedbackValue"]), set(said["tags"]))
        assert mine.as_dict_for_post() == said


def test_the_vpdq_signal_reads_a_video() -> None:
    pytest.importorskip("vpdq", reason="vpdq has to be compiled")
    pytest.importorskip("threatexchange", reason="make interop")
    reader = importlib.import_module("threatexchange.extensions.vpdq.vpdq_util")
    videos = [made for one in NUMBERED if (made := export_items([one], "vpdq", DAY)).hashes]
    assert len(videos) == 2
    for video in videos:
        features = reader.json_to_vpdq(video.data.decode())
        assert [round(feature.timestamp, 3) for feature in features] == [0.0, 1.001]
        assert reader.json_to_vpdq(reader.vpdq_to_json(features))[0] == features[0]
