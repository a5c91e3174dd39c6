"""Every flaw that hostile files have found, made again in code; each test is named after its flaw."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image

from takedown_cli.core.model import Failed, Found, Hashed, Limits, Media, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decode.video import decode_frames
from takedown_cli.hashing.decoded import End
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool.record import RecordError, encode_outcome
from takedown_cli.hashing.pool.supervisor import Pool
from tests.hashing.discover.samples import video as clip


def outcome_of(path: Path) -> object:
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        (outcome,) = pool.outcomes([Found(path, path.stat().st_size)])
    return outcome


def noise() -> Image.Image:
    return Image.effect_noise((96, 96), 80)


def test_a_video_cut_before_its_first_frame_was_called_a_crash(tmp_path: Path) -> None:
    """Its failure was "truncated", which is no reason to fail: the record was refused, and the child with it."""
    whole = bytearray(clip("mp4", "mpeg4"))
    path = tmp_path / "x.mp4"
    struct.pack_into(">I", whole, whole.index(b"stco") + 12, len(whole) + 1000)  # where the frames begin
    path.write_bytes(whole)
    for end in decode_frames(io.BytesIO(path.read_bytes()), path.stat().st_size, "gaps", Limits()):
        assert isinstance(end, End)
        assert end.failed is Reason.NO_FRAMES
    outcome = outcome_of(path)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.NO_FRAMES


@pytest.mark.parametrize("outcome", [
    Failed(Path(), Reason.TRUNCATED), Failed(Path(), Reason.BLANK), Skipped(Path(), Reason.DAMAGED),
])  # fmt: skip
def test_a_wrong_reason_is_refused_in_the_child_and_not_first_in_the_parent(outcome: Failed | Skipped) -> None:
    with pytest.raises(RecordError):
        encode_outcome(outcome)


def test_a_tiff_whose_second_page_is_damaged_lost_its_first(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    out = io.BytesIO()
    noise().save(out, "TIFF", save_all=True, append_images=[noise()])
    data = bytearray(out.getvalue())
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    (second,) = struct.unpack_from("<I", data, first + 2 + 12 * count)
    struct.pack_into("<H", data, second + 2, 0x7777)  # the width's tag
    path.write_bytes(data)
    outcome = outcome_of(path)
    assert isinstance(outcome, Hashed)
    assert outcome.partial is Reason.TRUNCATED


def test_a_gif_with_a_damaged_later_frame_lost_its_first(tmp_path: Path) -> None:
    """The block of the second frame's control is shorter than it must be: Pillow raises IndexError while counting."""
    path = tmp_path / "x.gif"
    out = io.BytesIO()
    noise().save(out, "GIF", save_all=True, append_images=[noise()], duration=50)
    data = out.getvalue()
    at = data.index(b"\x21\xf9\x04", data.index(b"\x21\xf9\x04") + 3)
    path.write_bytes(data[:at] + b"\x21\xf9\x01\x00\x00" + data[at + 8 :])
    outcome = outcome_of(path)
    assert isinstance(outcome, Hashed)
    assert outcome.partial is Reason.TRUNCATED


def test_a_large_animation_took_all_its_time_and_lost_every_frame() -> None:
    out = io.BytesIO()
    noise().save(out, "GIF", save_all=True, append_images=[noise() for _ in range(5)], duration=50)
    *pictures, end = decode_pictures(out.getvalue(), Limits(image_seconds=1e-9))
    assert len(pictures) == 1
    assert end == End(None, Reason.TIME_LIMIT)


def test_a_sparse_giant_that_begins_as_a_picture_was_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    noise().save(path)
    with path.open("r+b") as stream:
        stream.truncate(64 << 30)
    opened = open_media(Found(path, 64 << 30), Limits())
    assert opened == Failed(path, Reason.TOO_MANY_PIXELS, 64 << 30, Media.IMAGE)


def test_a_picture_with_much_behind_it_is_still_one(tmp_path: Path) -> None:
    """A motion photo holds a film behind the picture."""
    path = tmp_path / "x.png"
    noise().save(path)
    with path.open("ab") as stream:
        stream.write(zlib.compress(bytes(100)) + bytes(20 << 20))
    assert isinstance(outcome_of(path), Hashed)
    assert MediaFile(path, 1, Media.IMAGE, "PNG").format == "PNG"
