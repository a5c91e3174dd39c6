"""A bundle's hashes in the formats that other services read.

Each hash that a format can hold is in the file once; the others are counted. The file holds nothing that the bundle
does not hold: no name, no time except the bundle's day, nothing about this computer.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from takedown_cli.protocol.bundle.document import BundleFingerprint, Item


@dataclass(frozen=True, slots=True)
class Entry:
    """One hash: ``item`` counts from 1, as ``inspect`` does; ``media`` is image or video, ``age`` as declared."""

    item: int
    media: str
    age: str
    sent: BundleFingerprint

    @property
    def sort_key(self) -> tuple[int, int, str, str, str, str]:
        """The order of our own bundles, also for those made elsewhere; ``raw`` comes before ``upright``."""
        sent = self.sent
        frame = -1 if sent.frame is None else sent.frame
        return (self.item, frame, sent.kind, sent.method or "", sent.variant or "", sent.value)

    @property
    def listed_media(self) -> str:
        """The medium it is listed as: a video's frame is listed as the picture it is."""
        return "image" if self.sent.kind == "pdq" else self.media


@dataclass(frozen=True, slots=True)
class Format:
    """``key`` returns None for an entry that the format cannot hold. Entries with equal keys are written once.

    ``write`` returns the file, for a day (YYYY-MM-DD). ``single``: a file holds only one video.
    """

    key: Callable[[Entry], object | None]
    write: Callable[[Sequence[Entry], str], bytes]
    suffix: str
    single: bool = False


# StopNCII: the body of ``SubmitHashes``, API version 1.


def _stopncii_key(entry: Entry) -> tuple[str, str] | None:
    kinds = {("image", "pdq"): "ImagePDQ", ("video", "md5"): "VideoMD5"}
    signal_type = kinds.get((entry.listed_media, entry.sent.kind))
    return None if signal_type is None else (signal_type, entry.sent.value)


def _write_stopncii(entries: Sequence[Entry], day: str) -> bytes:
    second = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    records = [
        {
            "lastModtimestamp": second,
            "signalType": key[0],
            "hashValue": key[1],
            # "None" is no opinion: it leaves the state of a hash as it is.
            "CSPFeedbacks": [{"tags": [], "feedbackValue": "None"}],
        }
        for entry in entries
        if (key := _stopncii_key(entry))
    ]
    return json.dumps({"count": len(records), "hashRecords": records}, indent=1).encode("ascii") + b"\n"


# NCMEC: the answer to a query for entries of its Hash Sharing API, version 2. Nothing is classified.

_NCMEC_NAMESPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
#: The source of the entries. The format requires a number and a name, and a bundle has neither.
_MEMBER_ID, _MEMBER_NAME = "0", "takedown"


def _ncmec_key(entry: Entry) -> tuple[str, str, str] | None:
    sent = entry.sent
    return (entry.listed_media, sent.kind, sent.value) if sent.kind in {"md5", "sha1", "pdq"} else None


def _write_ncmec(entries: Sequence[Entry], day: str) -> bytes:
    """Write one hash an entry, as existing clients read it; each entry's time is the first second of ``day``."""
    time = f"{day}T00:00:00Z"
    root = Element("queryResult", {"xmlns": _NCMEC_NAMESPACE})
    for media in ("image", "video"):
        rows = [entry for entry in entries if entry.listed_media == media]
        # An empty group has no maxTimestamp: there is none.
        latest = {"maxTimestamp": time} if rows else {}
        group = SubElement(root, f"{media}s", {"count": str(len(rows)), **latest})
        for row in rows:
            element = SubElement(group, media)
            SubElement(element, "member", {"id": _MEMBER_ID}).text = _MEMBER_NAME
            SubElement(element, "timestamp").text = time
            # The id depends on the hash alone, so that it does not show which other hashes came with it.
            name = f"{media} {row.sent.kind} {row.sent.value}"
            SubElement(element, "id").text = sha256(name.encode()).hexdigest()[:32]
            SubElement(SubElement(element, "fingerprints"), row.sent.kind).text = row.sent.value
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()


# tx: lines for the ``local_file`` exchange of python-threatexchange: the signal's type, a space, its value.
# Source: facebook/ThreatExchange, ``python-threatexchange``, ``exchanges/impl/file_api.py``.


def _tx_line(entry: Entry) -> str | None:
    kinds = {("image", "pdq"): "pdq", ("video", "md5"): "video_md5"}
    kind = kinds.get((entry.listed_media, entry.sent.kind))
    return None if kind is None else f"{kind} {entry.sent.value}\n"


def _write_tx(entries: Sequence[Entry], day: str) -> bytes:
    return "".join(filter(None, map(_tx_line, entries))).encode("ascii")


# vPDQ: the frames of one video as the reference reads them, in order: a JSON array of "hash,quality,timestamp".
# Source: facebook/ThreatExchange, ``python-threatexchange``, ``extensions/vpdq/vpdq_util.py``.


def _vpdq_key(entry: Entry) -> tuple[int, int] | None:
    sent = entry.sent
    reference = (sent.kind, sent.method) == ("pdq", "full") and sent.variant in {"upright", "raw"}
    if entry.media != "video" or not reference or sent.frame is None or sent.ms is None:
        return None
    # Where a frame is turned for showing, the reference hashes it as stored: of the two, ``raw`` comes first.
    return entry.item, sent.frame


def _write_vpdq(entries: Sequence[Entry], day: str) -> bytes:
    """Write the timestamps as seconds with three decimals."""
    rows = [f"{e.sent.value},{e.sent.quality or 0},{(e.sent.ms or 0) / 1000:.3f}" for e in entries]
    return json.dumps(rows).encode("ascii") + b"\n"


# CSV (RFC 4180): every fingerprint as a row. The bundle's closed schema keeps formulas out of the cells.

_CSV_HEADING: Final = ("item", "media", "age", "kind", "method", "variant", "quality", "frame", "ms", "value")


def _write_csv(entries: Sequence[Entry], day: str) -> bytes:
    """Write lines that end in CR LF. A field that a fingerprint does not have is an empty cell."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    rows.writerow(_CSV_HEADING)
    for entry in entries:
        sent = [getattr(entry.sent, name) for name in _CSV_HEADING[3:]]
        rows.writerow([entry.item, entry.media, entry.age, *sent])
    return text.getvalue().encode("ascii")


FORMATS: Final = {
    "stopncii": Format(_stopncii_key, _write_stopncii, ".json"),
    "ncmec": Format(_ncmec_key, _write_ncmec, ".xml"),
    "tx": Format(_tx_line, _write_tx, ".txt"),
    "vpdq": Format(_vpdq_key, _write_vpdq, ".json", single=True),
    "csv": Format(lambda entry: (entry.item, entry.sent), _write_csv, ".csv"),
}


@dataclass(frozen=True, slots=True)
class Exported:
    """One file: its bytes, the number of hashes and items in it, and how many of each kind it cannot hold."""

    data: bytes
    items: frozenset[int]
    hashes: int
    left_out: Counter[str]


def export_items(numbered: Sequence[tuple[int, Item]], name: str, day: str) -> Exported:
    """Return the file of one of ``FORMATS`` for these items (number and item), made on ``day``.

    The data is empty when ``hashes`` is 0.
    """
    form = FORMATS[name]
    entries = [Entry(number, item.media, item.age, sent) for number, item in numbered for sent in item.fingerprints]
    taken: dict[object, Entry] = {}
    left_out: Counter[str] = Counter()
    for entry in sorted(entries, key=lambda entry: entry.sort_key):
        key = form.key(entry)
        if key is None:
            left_out[entry.sent.kind] += 1
        else:
            taken.setdefault(key, entry)
    kept = list(taken.values())
    data = form.write(kept, day) if kept else b""
    return Exported(data, frozenset(entry.item for entry in kept), len(kept), left_out)
