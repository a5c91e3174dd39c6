"""Our values for every kind of picture and clip against the references': threatexchange's PDQ, and ``vpdq``.

``vpdq`` is built against the FFmpeg of the machine, so it runs in a process of its own: this Python, or that of VPDQ.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

from takedown_cli.core.model import MIN_QUALITY, Fingerprint, Hashed, MediaFile, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover.sniff import sniff
from takedown_cli.hashing.hash_media import hash_media
from takedown_cli.hashing.matching import distance
from tests.hashing.decode import video_zoo
from tests.hashing.decode.picture_zoo import zoo

#: How FFmpeg brings ten bits with halved colours to eight changed between its versions.
_BITS, _DEEP_BITS = 2, 6
_VPDQ = """
import json, sys, vpdq
found = vpdq.computeHash(sys.argv[1], seconds_per_hash=1.0)
print(json.dumps([[item.frame_number, item.timestamp, item.quality, item.hex] for item in found]))
"""


def _listed(data: bytes, recipe: Recipe) -> list[Fingerprint]:
    told = sniff(data)
    assert not isinstance(told, Reason)
    outcome = hash_media(io.BytesIO(data), MediaFile(Path("x"), len(data), *told), recipe)
    assert isinstance(outcome, Hashed)
    return [item for item in outcome.fingerprints if item.kind == "pdq"]


@pytest.mark.parametrize("name", zoo())
def test_what_threatexchange_computes_is_listed(name: str) -> None:
    data = zoo()[name]
    try:
        value, quality = pdq_from_bytes(data)
    except Exception as error:  # it refuses one and sixteen bits, and very small pictures, in many ways
        pytest.skip(f"the reference does not read it: {type(error).__name__}")
    if quality >= MIN_QUALITY:
        assert value in {item.value for item in _listed(data, Recipe(copies=frozenset()))}


def _python() -> str:
    found = os.environ.get("VPDQ", sys.executable)
    if subprocess.run([found, "-c", "import vpdq"], capture_output=True, check=False).returncode:
        pytest.skip("vpdq is not installed: VPDQ names a Python that has it")
    return found


@pytest.mark.parametrize("name", video_zoo.NAMES)
def test_the_frames_of_vpdq(name: str, tmp_path: Path) -> None:
    file = tmp_path / "clip"
    file.write_bytes(video_zoo.made(name))
    done = subprocess.run([_python(), "-c", _VPDQ, str(file)], capture_output=True, text=True, check=True, timeout=60)
    theirs = json.loads(done.stdout.splitlines()[-1])
    ours = _listed(video_zoo.made(name), Recipe(copies=frozenset(), video="vpdq"))
    assert [item.frame for item in ours] == [frame for frame, *_ in theirs]
    assert [item.timestamp for item in ours] == pytest.approx([when for _, when, *_ in theirs], abs=1e-4)
    most = _DEEP_BITS if "420p10" in name or "told" in name else _BITS
    for item, (_, _, quality, value) in zip(ours, theirs, strict=True):
        if quality >= MIN_QUALITY:
            assert distance(item.value, value) <= most
