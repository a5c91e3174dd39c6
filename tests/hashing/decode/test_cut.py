"""Picture files whose end is missing: what is left of them is read, and nothing is called real that is not."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from takedown_cli.core.model import Found, Hashed, Limits, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import CUT
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decode import image
from takedown_cli.hashing.decode.cut import remains
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import End, Picture
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool.supervisor import Pool

SAMPLE = picture(19, (640, 480))
ZEROS = bytes(4096)


def saved(fmt: str, source: Image.Image = SAMPLE, **options: Any) -> bytes:
    stream = io.BytesIO()
    source.save(stream, fmt, **options)
    return stream.getvalue()


def read(data: bytes, limits: Limits | None = None) -> tuple[dict[str, Picture], End]:
    """The pictures by their variant, and the end."""
    *pictures, end = decode_pictures(data, limits or Limits())
    assert isinstance(end, End)
    assert all(isinstance(item, Picture) for item in pictures)
    return {item.variant: item for item in pictures if isinstance(item, Picture)}, end


def shown(data: bytes) -> Any:
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))


ROW_BY_ROW = [
    ("JPEG", {}), ("JPEG", {"subsampling": 0}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"quality": 95}), ("BMP", {}),
    ("TIFF", {}), ("HEIF", {}),
]  # fmt: skip


@pytest.mark.parametrize(("fmt", "options"), ROW_BY_ROW)
def test_a_cut_picture_got_no_fingerprint_at_all(fmt: str, options: dict[str, Any]) -> None:
    whole = saved(fmt, **options)
    found, end = read(whole[: len(whole) * 7 // 10])
    assert end == End(partial=Reason.TRUNCATED)
    part = found[CUT].stored
    height = len(part)
    assert 0.4 * 480 <= height < 0.85 * 480
    assert list(found) == [CUT]
    real = shown(whole)[-height:] if fmt == "BMP" else shown(whole)[:height]
    # All but the last rows, over which a decoder's own smoothing reaches.
    inner = slice(16, None) if fmt == "BMP" else slice(None, height - 16)
    assert np.array_equal(part[inner], real[inner])
    assert (found[CUT].width, found[CUT].height) == SAMPLE.size


@pytest.mark.parametrize(("fmt", "options"), ROW_BY_ROW)
def test_what_lacks_little_is_listed_as_a_whole_and_as_a_part(fmt: str, options: dict[str, Any]) -> None:
    whole = saved(fmt, **options)
    found, end = read(whole[: len(whole) * 95 // 100])
    assert list(found) == ["upright", CUT]
    assert end == End(partial=Reason.TRUNCATED)
    assert found["upright"].stored.shape[:2] == (480, 640)
    part = found[CUT].stored
    # The missing rows repeat the last one that came, which is nearer to the picture than a plain colour.
    if fmt == "BMP":
        assert np.array_equal(found["upright"].stored[0], part[0])
        assert np.array_equal(found["upright"].stored[-len(part) :], part)
    else:
        assert np.array_equal(found["upright"].stored[-1], part[-1])
        assert np.array_equal(found["upright"].stored[: len(part)], part)


NOT_MUCH = [*ROW_BY_ROW, ("GIF", {"interlace": 0}), ("AVIF", {}), ("JPEG", {"progressive": True})]


@pytest.mark.parametrize(("fmt", "options"), NOT_MUCH)
@pytest.mark.parametrize("share", [0.02, 0.3])
def test_what_is_mostly_not_there_is_damaged(fmt: str, options: dict[str, Any], share: float) -> None:
    if "progressive" in options:
        share /= 10
    whole = saved(fmt, **options)
    assert read(whole[: int(len(whole) * share)]) == ({}, End(failed=Reason.DAMAGED))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"optimize": True}])
@pytest.mark.parametrize("source", [SAMPLE, SAMPLE.convert("L")], ids=["colour", "grey"])
@pytest.mark.parametrize("behind", [b"", b"\0\0\0\x18ftypmp42" + bytes(range(1, 200)) * 40])
def test_a_jpeg_that_lacks_only_its_end_marker_is_whole(
    options: dict[str, Any], source: Image.Image, behind: bytes
) -> None:
    whole = saved("JPEG", source, **options)
    assert whole.endswith(b"\xff\xd9")
    found, end = read(whole[:-2] + behind)
    if "progressive" in options and behind:  # what is behind it was taken for more of the last scan
        assert list(found) == ["upright"]
        return
    assert end == End()
    assert list(found) == ["upright"]
    assert np.array_equal(found["upright"].stored, read(whole)[0]["upright"].stored)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_a_progressive_jpeg_is_whole_but_coarse_after_its_first_scan(share: float) -> None:
    whole = saved("JPEG", progressive=True)
    found, end = read(whole[: int(len(whole) * share)])
    assert (list(found), end) == (["upright"], End(partial=Reason.TRUNCATED))
    difference = np.abs(found["upright"].stored.astype(int) - shown(whole))
    assert difference.mean() < 12


@pytest.mark.parametrize(("fmt", "options"), [("PNG", {}), ("WEBP", {}), ("JPEG", {}), ("HEIF", {})])
@pytest.mark.parametrize("blank", [b"\0", b"\xff"])
def test_a_blank_end_is_not_taken_for_pixels(fmt: str, options: dict[str, Any], blank: bytes) -> None:
    whole = saved(fmt, **options)
    cut_at = len(whole) * 7 // 10
    found, end = read(whole[:cut_at] + blank * (len(whole) - cut_at))
    assert (list(found), end) == ([CUT], End(partial=Reason.TRUNCATED))
    without, _ = read(whole[:cut_at].rstrip(blank))
    assert abs(len(found[CUT].stored) - len(without[CUT].stored)) <= 16


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "BMP", "TIFF", "HEIF", "AVIF", "GIF"])
def test_zeros_behind_a_whole_picture_change_nothing(fmt: str) -> None:
    whole = saved(fmt)
    found, end = read(whole + ZEROS)
    assert end == End()
    assert np.array_equal(found["upright"].stored, read(whole)[0]["upright"].stored)


def test_black_rows_at_the_end_of_raw_pixels_are_a_picture() -> None:
    dark = SAMPLE.copy()
    dark.paste((0, 0, 0), (0, 200, 640, 480))
    for fmt in ("BMP", "TIFF"):
        source = dark.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if fmt == "BMP" else dark
        assert read(saved(fmt, source))[1] == End()


def interlaced_gif() -> bytes:
    return saved("GIF", SAMPLE.quantize(64), interlace=1)


def adam7(rows: Any) -> bytes:
    """An interlaced PNG of H x W grey (PNG 3rd ed., 8.2)."""
    import struct
    import zlib

    height, width = rows.shape
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    lines = b"".join(b"\0" + row.tobytes() for y, x, dy, dx in passes for row in rows[y::dy, x::dx])
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 1)), (b"IDAT", zlib.compress(lines))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in (*chunks, (b"IEND", b""))
    )


def test_an_interlaced_picture_is_read_as_coarse_as_it_came() -> None:
    rows = np.asarray(SAMPLE.convert("L"))
    whole = adam7(rows)
    assert np.array_equal(read(whole)[0]["upright"].stored, rows)
    for share, step in ((0.6, 2), (0.2, 4), (0.05, 8)):
        found, end = read(whole[: int(len(whole) * share)])
        assert (list(found), end) == (["upright"], End(partial=Reason.TRUNCATED))
        assert np.array_equal(found["upright"].stored, rows[::step, ::step])
    whole = interlaced_gif()
    found, end = read(whole[: len(whole) * 6 // 10])
    assert (list(found), end) == (["upright"], End(partial=Reason.TRUNCATED))
    assert np.array_equal(found["upright"].stored[:, :, :3], shown(whole)[::2, ::2])


@pytest.mark.parametrize("transparent", [False, True])
def test_the_clear_colour_of_a_gif_is_not_taken_for_rows(transparent: bool) -> None:
    source = SAMPLE.quantize(64)
    whole = saved("GIF", source, interlace=0, **({"transparency": 3} if transparent else {}))
    found, _ = read(whole[: len(whole) * 6 // 10])
    assert list(found) == [CUT]
    assert 0.4 * 480 < len(found[CUT].stored) < 0.8 * 480


def test_a_turned_picture_is_cut_where_a_person_sees_it() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = saved("JPEG", exif=exif)
    found, _ = read(whole[: len(whole) * 7 // 10])
    assert found[CUT].orientation == 6
    whole = saved("HEIF", exif=exif)
    found, _ = read(whole[: len(whole) * 7 // 10])
    assert list(found) == [CUT]


def test_a_cut_bomb_stays_within_the_limit() -> None:
    whole = saved("JPEG")
    assert read(whole[:-600], Limits(pixels=640 * 480 - 1)) == ({}, End(failed=Reason.TOO_MANY_PIXELS))


def test_the_bytes_that_stand_for_the_end_are_bounded() -> None:
    box = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0\0\0\x01mdat" + (1 << 50).to_bytes(8, "big") + b"x" * 40
    assert len(remains._complete(box, b"\0")) <= 5 * len(box)
    image = b"RIFF\xff\xff\xff\x7fWEBPVP8 \xff\xff\xff\x7f" + b"x" * 40
    assert len(remains._complete(image, b"\0")) <= 9 * len(image) + 8192 * 2


JPEG2000_COARSE_FIRST = [
    {}, {"no_jp2": True}, {"progression": "RLCP"}, {"progression": "RPCL", "precinct_size": (128, 128)},
    {"irreversible": True, "quality_mode": "rates", "quality_layers": [20, 4]},
]  # fmt: skip


@pytest.mark.parametrize("options", JPEG2000_COARSE_FIRST, ids=str)
@pytest.mark.parametrize("blank", [b"", ZEROS])
def test_a_cut_jpeg_2000_was_damaged(options: dict[str, Any], blank: bytes) -> None:
    whole = saved("JPEG2000", **options)
    for share, least in ((0.95, 2), (0.6, 4)):
        found, end = read(whole[: int(share * len(whole))] + blank)
        assert (list(found), end) == (["upright"], End(partial=Reason.TRUNCATED))
        stored = found["upright"].stored
        step = 640 // stored.shape[1]
        assert 2 <= step <= least
        assert (found["upright"].width, found["upright"].height) == SAMPLE.size
        difference = np.abs(stored.astype(int) - np.asarray(SAMPLE.reduce(step)))
        assert difference.mean() < 12


@pytest.mark.parametrize("options", [{"progression": "PCRL"}, {"progression": "CPRL"}, {"tile_size": (128, 128)}])
def test_a_cut_jpeg_2000_whose_places_come_one_after_the_other_is_damaged(options: dict[str, Any]) -> None:
    whole = saved("JPEG2000", **options)
    assert read(whole[: len(whole) * 9 // 10]) == ({}, End(failed=Reason.DAMAGED))


def test_too_little_of_a_jpeg_2000_is_damaged() -> None:
    whole = saved("JPEG2000")
    for size in (24, 60, 90, 200, len(whole) // 50):
        assert read(whole[:size]) == ({}, End(failed=Reason.DAMAGED))


@pytest.mark.parametrize("options", [{}, {"quality": 90}, {"tile_rows": 1, "tile_cols": 1}], ids=str)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.75, 0.9])
def test_no_row_of_a_cut_avif_is_sure(options: dict[str, Any], share: float) -> None:
    """A tile that did not come at all may come out the same twice."""
    whole = saved("AVIF", **options)
    assert read(whole[: int(share * len(whole))]) == ({}, End(failed=Reason.DAMAGED))


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "TIFF"])
def test_what_is_left_of_a_file_too_long_to_keep_is_read(fmt: str) -> None:
    whole = saved(fmt)
    stream = io.BytesIO(whole[: len(whole) * 9 // 10])
    *pictures, end = decode_pictures(stream, Limits())
    assert [item.variant for item in pictures if isinstance(item, Picture)] == ["upright", CUT]
    assert end == End(partial=Reason.TRUNCATED)
    assert list(decode_pictures(io.BytesIO(whole[:90]), Limits())) == [End(failed=Reason.DAMAGED)]


def test_what_is_left_of_a_file_that_is_very_long_is_damaged(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = saved("JPEG")
    monkeypatch.setattr(image, "_LONGEST_REMAINS", 1000)
    assert list(decode_pictures(io.BytesIO(whole[:-900]), Limits())) == [End(failed=Reason.DAMAGED)]


@pytest.mark.parametrize("kind", ["u2", "u4", "f4"])
def test_what_fills_a_deep_picture_made_the_rest_of_it_blank(kind: str) -> None:
    levels = np.asarray(SAMPLE.convert("L"))
    deep = levels.astype(kind) * {"u2": 16, "u4": 1 << 20, "f4": np.float32(1 / 255)}[kind]
    whole = saved("TIFF", Image.fromarray(deep.astype("i4") if kind == "u4" else deep))
    found, end = read(whole[: len(whole) * 7 // 10])
    assert (list(found), end) == ([CUT], End(partial=Reason.TRUNCATED))
    part = found[CUT].stored
    assert np.abs(part.astype(int) - levels[: len(part)]).max() <= 1


@pytest.mark.parametrize("fmt", ["TIFF", "PNG"])
def test_a_cut_picture_with_transparency_is_hashed_once_on_each_background(fmt: str, tmp_path: Path) -> None:
    """The whole and the rest of it had one name for two hashes, so that the parent took the decoder for broken."""
    clear = SAMPLE.copy()
    clear.putalpha(SAMPLE.convert("L"))
    whole = saved(fmt, clear)
    path = tmp_path / "cut"
    path.write_bytes(whole[: len(whole) * 95 // 100])
    with Pool(Recipe(copies=frozenset()), 1, open_file=open_media) as pool:
        (outcome,) = pool.outcomes([Found(path, path.stat().st_size)])
    assert isinstance(outcome, Hashed)
    named = [f"{item.method}/{item.variant}" for item in outcome.fingerprints if item.kind == "pdq"]
    assert {"full/upright", "full/on-white", "full/on-black", f"full/{CUT}"} <= set(named)
    assert len(named) == len(set(named))


@pytest.mark.parametrize("fmt", ["AVIF", "HEIF"])
def test_a_file_of_two_pictures_that_lacks_the_second_was_called_whole(fmt: str) -> None:
    more: dict[str, Any] = {"save_all": True, "append_images": [picture(20, (640, 480))]}
    whole = saved(fmt, **more)
    found, end = read(whole[: len(whole) * 9 // 10])
    assert (list(found), end) == (["upright"], End(partial=Reason.TRUNCATED))
    assert np.array_equal(found["upright"].stored, shown(whole))


@pytest.mark.parametrize("quality", [75, 98])
@pytest.mark.parametrize("share", [0.5, 0.7])
@pytest.mark.parametrize(
    "more", [{}, {"save_all": True, "append_images": [picture(20, (640, 480))]}], ids=["jpg", "mpo"]
)
def test_zeros_that_decode_to_grey_made_half_a_jpeg_a_whole_one(
    quality: int, share: float, more: dict[str, Any]
) -> None:
    """A cleared sector of a recovered card: a zero is a valid code, and high quality leaves room for enough of them."""
    first = saved("JPEG", quality=quality)
    whole = saved("MPO" if more else "JPEG", quality=quality, **more)
    found, end = read(whole[: int(share * len(first))] + bytes(4 * len(whole)))
    assert (list(found), end) == ([CUT], End(partial=Reason.TRUNCATED))
    assert 0.4 * 480 <= len(found[CUT].stored) < 0.85 * 480
