"""Originals and copies of them, made once; and bundles of the originals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import pytest
from PIL import Image, ImageOps

from takedown_cli import fixtures
from takedown_cli.bundle.document import item_of
from takedown_cli.bundle.file import payload_of, write
from takedown_cli.case import CaseNumber
from takedown_cli.model import Hashed, Recipe
from takedown_cli.pipeline import outcomes
from tests.bundle.factory import DECLARATION, card

CASE = CaseNumber.parse("0" * 24)


@dataclass(frozen=True)
class Scene:
    """Folders and files of one little case: two pictures and a clip."""

    originals: Path
    copies: Path
    plain: Path
    sealed: Path
    number: Path


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    home = tmp_path_factory.mktemp("scene")
    originals, copies = home / "originals", home / "copies"
    originals.mkdir()
    copies.mkdir()
    for seed in (1, 2):
        fixtures.picture(seed, (900, 700)).save(originals / f"beach{seed}.jpg", quality=92)
    fixtures.clip(originals / "party.mp4", 3)
    _copies(originals, copies)
    hashed = [o for o in outcomes([originals], Recipe(), workers=1) if isinstance(o, Hashed)]
    items = [item for one in hashed if (item := item_of(one, "adult")) is not None]
    made = Scene(originals, copies, home / "x.tdb", home / "sealed.tdb", home / "number")
    for path, intake in ((made.plain, None), (made.sealed, card())):
        path.write_bytes(write(payload_of(items, CASE, DECLARATION, day="2026-01-02", card=intake), CASE, intake))
    made.number.write_text(str(CASE))
    return made


def _copies(originals: Path, copies: Path) -> None:
    fixtures.reencode(originals / "beach1.jpg", copies / "smaller.jpg")
    with Image.open(originals / "beach2.jpg") as picture:
        ImageOps.mirror(picture).save(copies / "mirrored.png")
    fixtures.picture(9, (800, 600)).save(copies / "other.png")
    Image.new("RGB", (300, 300), (9, 9, 9)).save(copies / "blank.png")
    (copies / "damaged.jpg").write_bytes((originals / "beach1.jpg").read_bytes()[:30] + b"\0" * 500)
    (copies / "same.mp4").write_bytes((originals / "party.mp4").read_bytes())
    with av.open(str(originals / "party.mp4")) as clip:
        frames = list(clip.decode(video=0))
    for name, number in (("still.jpg", 20), ("between.jpg", 27)):
        Image.fromarray(frames[number].to_ndarray(format="rgb24")).save(copies / name, quality=90)
    _slower(originals / "party.mp4", copies / "recoded.mp4")


def _slower(source: Path, target: Path) -> None:
    """The clip encoded again, at a quarter of the rate of bits and another size."""
    with av.open(str(source)) as opened, av.open(str(target), "w") as written:
        track = written.add_stream("mpeg4", rate=10)
        track.width, track.height, track.pix_fmt, track.bit_rate = 240, 180, "yuv420p", 500_000
        for frame in opened.decode(video=0):
            written.mux(track.encode(frame.reformat(240, 180)))
        written.mux(track.encode(None))
