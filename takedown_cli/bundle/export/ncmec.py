"""Entries of NCMEC's Hash Sharing API, version 2: the XML document that answers a query for entries.

It guarantees well-formed XML in the namespace of that interface, with one PDQ an entry, as existing clients read it.
It must never classify: that is the reader's to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from takedown_cli.bundle.export.entry import Entry

NAMESPACE: Final = "https://hashsharing.ncmec.org/hashsharing/v2"
#: Who the entries are from; a number and a name are asked for, and a bundle has neither.
MEMBER: Final = ("0", "takedown")
_KINDS: Final = ("md5", "sha1", "pdq")


def takes(entry: Entry) -> bool:
    return entry.sent.kind in _KINDS


def key(entry: Entry) -> object:
    return _element(entry), entry.sent.kind, entry.sent.value


def _element(entry: Entry) -> str:
    return "image" if entry.sent.kind == "pdq" else entry.media  # a video's frame is listed as the picture it is


def write(entries: Sequence[Entry], day: str) -> bytes:
    """Each entry's time is the first second of ``day``."""
    time = f"{day}T00:00:00Z"
    root = Element("queryResult", {"xmlns": NAMESPACE})
    for kind in ("image", "video"):
        rows = [entry for entry in entries if _element(entry) == kind]
        # An empty group has no maxTimestamp: there is none.
        latest = {"maxTimestamp": time} if rows else {}
        group = SubElement(root, f"{kind}s", {"count": str(len(rows)), **latest})
        for row in rows:
            _entry(SubElement(group, kind), row, time)
    indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'.encode()


def _entry(parent: Element, entry: Entry, time: str) -> None:
    number, name = MEMBER
    SubElement(parent, "member", {"id": number}).text = name
    SubElement(parent, "timestamp").text = time
    SubElement(parent, "id").text = _id(entry)
    fingerprints = SubElement(parent, "fingerprints")
    SubElement(fingerprints, entry.sent.kind).text = entry.sent.value


def _id(entry: Entry) -> str:
    """The same for the same hash wherever it comes from, so that an entry does not tell which others it came with."""
    return sha256(f"{_element(entry)} {entry.sent.kind} {entry.sent.value}".encode()).hexdigest()[:32]
