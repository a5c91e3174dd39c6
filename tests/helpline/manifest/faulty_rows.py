"""A manifest row for each kind of fault, and the folder that they need."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from takedown_cli.protocol.bundle import seal
from takedown_cli.protocol.case_number import CaseNumber
from tests.helpline.caller_files import bundle, day, folder, row
from tests.protocol.bundle.factory import card

NUMBER = str(CaseNumber.draw())
Files = dict[str, bytes]
_DECLARED = ("-age", "-for", "-authority", "-copies")


#: Reason → the cells of one row that have it; files and folders that it needs are in ``office`` below.
ROWS: dict[str, dict[str, str]] = {
    "cell-case-number": row("R", NUMBER.lower().replace("-", " ")),
    "cell-too-long": row("R", "x" * 1001),
    "cell-control-character": row("R\x07", "plain"),
    "cell-invisible-character": row("R\u202e1", "plain"),
    "cell-unassigned-character": row("R\ue000", "plain"),
    "cell-replacement-character": row("M\ufffdller", "plain"),
    "cell-formula": row("=1+1", "plain"),
    "cell-spreadsheet-error": row("#REF!", "plain"),
    "row-line-break": row("R", "plain", language="d\ne"),
    "row-too-long": row("R", "x" * 17_000),
    "reference-missing": row("", "plain"),
    "reference-too-long": row("r" * 65, "plain"),
    "reference-characters": row("R<1>", "plain"),
    "reference-e-mail": row("someone@example.org", "plain"),
    "reference-mangled": row("1.23E+15", "plain"),
    "reference-scripts": row("pаy", "plain"),
    "reference-reserved": row("con", "plain"),
    "source-missing": row("R", ""),
    "source-not-there": row("R", "nowhere"),
    "source-absolute": row("R", "/srv/callers"),
    "source-outside": row("R", "plain/../other"),
    "source-url": row("R", "https://example.org/x"),
    "source-backslash": row("R", "callers\\1"),
    "source-wildcard": row("R", "call*"),
    "source-name": row("R", "n" * 300),
    "source-symlink": row("R", "link"),
    "source-kind": row("R", "pipe"),
    "source-empty": row("R", "empty"),
    "source-manifest-folder": row("R", "."),
    "source-not-bundle": row("R", "single.jpg"),
    "bundle-empty": row("R", "nothing.tdb"),
    "bundle-too-large": row("R", "large.tdb"),
    "bundle-hashes": row("R", "stuffed.tdb"),
    "bundle-invalid": row("R", "broken.tdb"),
    "bundle-signature": row("R", "tampered.tdb"),
    "bundle-other-intake": row("R", "elsewhere.tdb"),
    "bundle-test": row("R", "test.tdb"),
    "bundle-old": row("R", "old.tdb"),
    "bundle-future": row("R", "future.tdb"),
    "bundle-adds": row("R", "adds.tdb"),
    "bundle-countersigned": row("R", "countersigned.tdb"),
    "bundle-age": {"reference": "R", "source": "fine1.tdb", "age": "under-18"},
    "bundle-for": {"reference": "R", "source": "fine2.tdb", "for": "child"},
    "bundle-authority": {"reference": "R", "source": "fine3.tdb", "authority": "law"},
    "bundle-copies": {"reference": "R", "source": "fine4.tdb", "copies": "flips"},
    "age-missing": row("R", "plain", age=""),
    "age-number": row("R", "plain", age="17"),
    "age-unknown": row("R", "plain", age="minor"),
    "for-missing": row("R", "plain", **{"for": ""}),
    "for-unknown": row("R", "plain", **{"for": "neighbour"}),
    "authority-missing": row("R", "plain", authority=""),
    "authority-unknown": row("R", "plain", authority="friend"),
    "authority-for-self": row("R", "plain", **{"for": "self"}),
    "authority-of-adult": row("R", "plain", authority="parent-or-guardian"),
    "copies-unknown": row("R", "plain", copies="flips upside-down"),
    "copies-none-and": row("R", "plain", copies="none flips"),
    "intake-address": row("R", "plain", intake="intake"),
    "intake-insecure": row("R", "plain", intake="http://intake.example"),
    "intake-key": row("R", "plain", intake="https://intake.example#12"),
    "language-unknown": row("R", "plain", language="tlh"),
}


def make_office(tmp_path: Path) -> Path:
    """Everything that ``ROWS`` names, and a plain folder for each row that only has another fault."""
    files: Files = {
        "single.jpg": b"\xff\xd8\xff",
        "nothing.tdb": b"",
        "large.tdb": seal.MAGIC + bytes(16 << 20),
        "broken.tdb": b'{"payload":"AAAA"}',
        "elsewhere.tdb": bundle(card=card("https://other.example")),
        "test.tdb": bundle(test=True),
        "stuffed.tdb": bundle(hashes=401),
        "old.tdb": bundle(created=day(-370)),
        "future.tdb": bundle(created=day(3)),
        "adds.tdb": bundle(adds=True),
        "countersigned.tdb": bundle(organisation=Ed25519PrivateKey.generate()),
        **{f"fine{n}.tdb": bundle() for n in range(1, 5)},
    }
    whole = bundle()
    place = whole.index(b'"sig":"') + 7
    files["tampered.tdb"] = whole[:place] + (b"A" if whole[place : place + 1] != b"A" else b"B") + whole[place + 1 :]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to(folder(tmp_path, "target"))
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")
    return tmp_path


def prepared(office: Path) -> list[tuple[str, dict[str, str]]]:
    """``ROWS``, each with a reference and a folder of its own where those are not what is wrong."""
    made = []
    for number, (reason, cells) in enumerate(ROWS.items()):
        own = dict(cells)
        if own["source"] == "plain":
            own["source"] = folder(office, f"plain{number}").name
        if own["source"].endswith(".tdb") and reason != "bundle-other-intake" and not reason.endswith(_DECLARED):
            own = {"reference": own["reference"], "source": own["source"]}
        if own["reference"] == "R":
            own["reference"] = f"R{number}"
        made.append((reason, own))
    return made
