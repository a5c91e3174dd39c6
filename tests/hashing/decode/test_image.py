"""Picture files of every format and shape, good and bad: pictures as values, then one end."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import FAILED, Reason
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decode import jpeg
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import End, Picture, Pixels

LIMITS = Limits()
ORIENTATION = 0x0112


def _file(source: Image.Image, fmt: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    source.save(stream, fmt, **options)
    return stream.getvalue()


def _read(data: bytes, limits: Limits = LIMITS, *, fast: bool = False) -> tuple[list[Picture], list[Pixels], End]:
    """The pictures, a copy of the pixels of each, and the end, which has to be there exactly once and last."""
    found: list[Picture] = []
    copies: list[Pixels] = []
    ends: list[End] = []
    for item in decode_pictures(data, limits, fast=fast):
        assert not ends
        if isinstance(item, Picture):
            found.append(item)
            copies.append(item.stored.copy())
        else:
            ends.append(item)
    assert len(ends) == 1
    assert (ends[0].failed is None) == bool(found)
    return found, copies, ends[0]


def _reference(data: bytes) -> Pixels:
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))


RGB = picture(41, (333, 222))
GREY = RGB.convert("L")
ALPHA = GREY.point(lambda value: 255 - value)


def _mpo(first: Image.Image, *further: Image.Image) -> bytes:
    assert len(further) <= 2  # Pillow places a fourth picture wrongly
    stream = io.BytesIO()
    first.save(stream, "MPO", save_all=True, append_images=further, quality=95)
    return stream.getvalue()


@pytest.mark.parametrize("between", [RGB.resize((111, 74)), GREY], ids=["preview", "gain map"])
def test_further_views_of_an_mpo_are_read_but_neither_gain_maps_nor_previews(between: Image.Image) -> None:
    data = _mpo(RGB, between, picture(42, RGB.size))
    found, stored, end = _read(data)
    assert [item.index for item in found] == [0, 2]
    assert np.array_equal(stored[0], _reference(data))
    with Image.open(io.BytesIO(data)) as opened:
        opened.seek(2)
        assert np.array_equal(stored[1], np.asarray(opened))
    assert end == End()


def test_an_mpo_whose_further_views_were_stripped_is_whole() -> None:
    first = _mpo(RGB, picture(42, RGB.size))
    with Image.open(io.BytesIO(first)) as opened:
        length = opened.mpinfo[0xB002][0]["Size"]  # type: ignore[attr-defined]
    for data in (first[:length], first[:length] + b"of another program"):
        found, _, end = _read(data)
        assert ([item.index for item in found], end) == ([None], End())


def test_a_cut_view_and_too_many_views_of_an_mpo_are_reported() -> None:
    views = [picture(number, (96, 80)) for number in range(3)]
    assert _read(_mpo(*views)[:-300])[2] == End(partial=Reason.TRUNCATED)
    found, _, end = _read(_mpo(*views), Limits(animation_frames=2))
    assert ([item.index for item in found], end) == ([0, 1], End(partial=Reason.FRAME_LIMIT))


def _with_alpha(base: Image.Image) -> Image.Image:
    copy = base.copy()
    copy.putalpha(ALPHA)
    return copy


@pytest.mark.parametrize(
    ("source", "fmt", "options"),
    [
        (RGB, "JPEG", {}), (RGB, "JPEG", {"progressive": True}), (RGB, "JPEG", {"keep_rgb": True}),
        (RGB, "JPEG", {"subsampling": 0}), (GREY, "JPEG", {}), (RGB.convert("CMYK"), "JPEG", {}),
        (RGB, "PNG", {}), (GREY, "PNG", {}), (RGB.convert("1"), "PNG", {}), (RGB.convert("P"), "PNG", {}),
        (_with_alpha(RGB), "PNG", {}), (_with_alpha(GREY), "PNG", {}),
        (RGB.convert("P"), "PNG", {"transparency": 3}), (RGB.convert("P"), "GIF", {}), (GREY, "GIF", {}),
        (RGB, "BMP", {}), (RGB.convert("P"), "BMP", {}), (RGB.convert("1"), "BMP", {}),
        (RGB, "TIFF", {}), (RGB.convert("CMYK"), "TIFF", {}), (RGB.convert("YCbCr"), "TIFF", {}),
        (_with_alpha(RGB), "TIFF", {}), (_with_alpha(GREY), "TIFF", {"compression": "tiff_lzw"}),
        (RGB, "WEBP", {}), (_with_alpha(RGB), "WEBP", {"lossless": True}), (RGB, "AVIF", {}), (RGB, "HEIF", {}),
        (RGB, "JPEG2000", {}), (RGB, "JPEG2000", {"no_jp2": True, "irreversible": True}), (GREY, "JPEG2000", {}),
        (_with_alpha(RGB), "HEIF", {}),
    ],
    ids=lambda value: str(getattr(value, "mode", value)),
)  # fmt: skip
def test_every_mode_is_read_as_the_reference_reads_it(source: Image.Image, fmt: str, options: dict[str, Any]) -> None:
    data = _file(source, fmt, **options)
    (found,), (stored,), end = _read(data)
    colours = stored[:, :, :3] if stored.ndim == 3 else np.repeat(stored[:, :, None], 3, axis=2)
    assert stored.dtype == np.uint8
    assert np.array_equal(colours, _reference(data))
    assert (found.width, found.height, found.orientation, found.index) == (333, 222, 1, None)
    assert end == End()


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
@pytest.mark.parametrize("fmt", ["PNG", "TIFF", "JPEG2000"])
def test_grey_of_few_bits_in_sixteen_is_not_read_as_black(bits: int, fmt: str) -> None:
    """Scanners store 12 bits in 16. The few values above them are a sensor's broken pixels."""
    values = np.asarray(GREY).astype(np.uint16) << (bits - 8)
    values[0, 0] = 65535
    (found,), (stored,), _ = _read(_file(Image.fromarray(values), fmt))
    assert np.abs(stored[1:].astype(int) - np.asarray(GREY)[1:]).max() <= 1
    # Beside it, what a viewer shows: the upper half of each value.
    expected = None if bits == 16 else (values >> 8).astype(np.uint8).tolist()
    assert (found.shown if found.shown is None else found.shown.tolist()) == expected


@pytest.mark.parametrize("fmt", ["PNG", "TIFF"])
def test_sixteen_bits_are_read_by_their_upper_half(fmt: str) -> None:
    deep = Image.fromarray((np.asarray(GREY).astype(np.uint16) << 8) | 99)
    _, (stored,), _ = _read(_file(deep, fmt))
    assert np.array_equal(stored, np.asarray(GREY))


@pytest.mark.parametrize(
    ("mode", "values", "expected"),
    [
        ("I", [0, 100, 255], [0, 100, 255]), ("I", [-5, 256, 65535], [0, 1, 255]),
        ("I", [0, 1 << 30, 1 << 29], [0, 128, 64]),
        ("F", [0.0, 0.5, 1.0], [0, 127, 255]), ("F", [0.0, 99.5, 255.0], [0, 99, 255]),
        ("F", [float("nan"), 1e9, 5e8], [0, 255, 127]),
    ],
)  # fmt: skip
def test_wide_greys_are_brought_to_bytes(mode: str, values: list[float], expected: list[int]) -> None:
    wide = np.array([values], np.int32 if mode == "I" else np.float32)
    _, (stored,), _ = _read(_file(Image.fromarray(wide), "TIFF"))
    assert stored.tolist() == [expected]


@pytest.mark.parametrize(
    ("data", "bands"),
    [
        (_file(RGB.convert("P"), "PNG"), 1), (_file(RGB.convert("P"), "GIF"), 1),
        (_file(RGB.convert("CMYK"), "JPEG"), 4), (_file(RGB.convert("YCbCr"), "TIFF"), 3), (_file(RGB, "PNG"), 0),
        (_file(_with_alpha(GREY), "PNG"), 0), (_file(RGB.convert("1"), "PNG"), 0),
    ],
)  # fmt: skip
def test_what_hma_misreads_rides_along(data: bytes, bands: int) -> None:
    (found,), _, _ = _read(data)
    with Image.open(io.BytesIO(data)) as opened:
        uncorrected = np.asarray(opened)
    if bands:
        assert found.misread is not None
        assert found.misread.shape[2:] == ((bands,) if bands > 1 else ())
        assert np.array_equal(found.misread, uncorrected)
    else:
        assert found.misread is None


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_reported_and_not_applied(number: int, fmt: str) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = number
    data = _file(RGB, fmt, exif=exif)
    (found,), _, _ = _read(data)
    assert found.orientation == number
    assert (found.width, found.height) == RGB.size


@pytest.mark.parametrize("exif", [b"garbage", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"])
def test_broken_exif_costs_nothing(exif: bytes) -> None:
    (found,), _, end = _read(_file(RGB, "JPEG", exif=b"Exif\0\0" + exif))
    assert (found.orientation, end) == (1, End())


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 2}, {"quality": 3}])
@pytest.mark.parametrize("size", [(333, 222), (1, 1), (17, 300)])
def test_the_fast_jpeg_door_gives_pillows_bytes(
    size: tuple[int, int], options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("simplejpeg")
    for source in (RGB.resize(size), GREY.resize(size)):
        data = _file(source, "JPEG", **options)
        direct = jpeg.decode_jpeg(data, source.mode, *size)
        assert direct is not None
        direct = direct.copy()
        monkeypatch.setattr(jpeg, "simplejpeg", None)
        assert jpeg.decode_jpeg(data, source.mode, *size) is None
        _, (slow,), _ = _read(data)
        monkeypatch.undo()
        assert np.array_equal(direct, slow)


def test_a_fast_decode_is_scaled_only_where_it_is_large_enough() -> None:
    pytest.importorskip("simplejpeg")
    large = _file(RGB.resize((3201, 3001)), "JPEG")
    (found,), (stored,), _ = _read(large, fast=True)
    assert (found.shrink, found.height, found.width, stored.shape) == (8, 3001, 3201, (376, 401, 3))
    assert _read(large)[0][0].shrink == 1
    assert _read(_file(RGB, "JPEG"), fast=True)[0][0].shrink == 1
    assert _read(_file(RGB.resize((900, 800)), "PNG"), fast=True)[0][0].shrink == 1


def _frames(count: int) -> list[Image.Image]:
    return [Image.new("RGB", (64, 48), (10 * number % 256, 0, number)) for number in range(count)]


@pytest.mark.parametrize(("fmt", "options"), [("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("AVIF", {})])
def test_animations_give_evenly_spread_frames_with_their_times(fmt: str, options: dict[str, Any]) -> None:
    first, *rest = _frames(40)
    data = _file(first, fmt, save_all=True, append_images=rest, duration=50, **options)
    found, _, end = _read(data, Limits(animation_frames=4))
    assert [item.index for item in found] == [0, 13, 26, 39]
    assert [item.timestamp for item in found] == pytest.approx([0.0, 0.65, 1.3, 1.95])
    assert end.partial is Reason.FRAME_LIMIT
    assert end.duration == pytest.approx(2.0)
    everything, copies, whole = _read(data, Limits(animation_frames=100))
    assert (len(everything), whole.partial) == (40, None)
    if fmt != "AVIF":
        assert [int(pixels[5, 5, 2]) for pixels in copies if pixels.ndim == 3][-1] == 39


def test_an_animation_is_not_decoded_beyond_its_share() -> None:
    first, *rest = _frames(40)
    data = _file(first, "GIF", save_all=True, append_images=rest, duration=50)
    found, _, end = _read(data, Limits(pixels=64 * 48))
    assert [item.index for item in found] == list(range(10))
    assert end.partial is Reason.FRAME_LIMIT


def test_pages_have_no_time() -> None:
    first, *rest = _frames(5)
    found, _, end = _read(_file(first, "TIFF", save_all=True, append_images=rest))
    assert [(item.index, item.timestamp) for item in found] == [(number, None) for number in range(5)]
    assert end == End()


def test_a_truncated_animation_keeps_its_good_frames() -> None:
    first, *rest = [picture(number, (80, 60)) for number in range(6)]
    data = _file(first, "GIF", save_all=True, append_images=rest, duration=50)
    found, _, end = _read(data[: len(data) * 3 // 5])
    assert 1 <= len(found) < 6
    assert end.partial is Reason.TRUNCATED


def _png_header(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + struct.pack(">I", zlib.crc32(header)) + b"\0\0\0\0IDAT" + b"\0" * 40


@pytest.mark.parametrize(
    "data",
    [
        _png_header(50_000, 50_000), _png_header(21_001, 10_000), _png_header(1 << 31 - 1, 1),
        _file(Image.new("1", (21_000, 10_001)), "PNG"),
    ],
    ids=["2.5 GP", "just over", "wide", "real"],
)  # fmt: skip
def test_bombs_are_refused_by_their_header(data: bytes) -> None:
    assert _read(data)[2].failed is Reason.TOO_MANY_PIXELS


def test_the_pictures_of_200_megapixel_phones_were_over_the_limit() -> None:
    assert Limits().pixels >= 16_384 * 12_288
    (found,), _, end = _read(_file(RGB.convert("L").resize((12_000, 9_000)), "JPEG"))
    assert ((found.width, found.height), end) == ((12_000, 9_000), End())


def test_the_limit_of_a_fast_decode_is_on_what_is_decoded() -> None:
    pytest.importorskip("simplejpeg")
    limits = Limits(pixels=4_000_000 // 16)
    data = _file(RGB.resize((2000, 2000)), "JPEG")
    (found,), (stored,), end = _read(data, limits, fast=True)
    assert (found.shrink, stored.shape, end) == (4, (500, 500, 3), End())
    for same, fast in (
        (data, False),
        (_file(RGB.resize((2004, 2000)), "JPEG"), True),
        (_file(RGB.resize((2000, 2000)).convert("CMYK"), "JPEG"), True),
        (_file(RGB.resize((2000, 2000)), "PNG"), True),
        (data[: len(data) // 2], True),
    ):
        assert _read(same, limits, fast=fast) == ([], [], End(failed=Reason.TOO_MANY_PIXELS))


def test_what_needs_more_memory_is_left_to_a_process_that_has_it() -> None:
    data = _file(RGB, "PNG")
    assert _read(data, Limits(shared_pixels=333 * 222))[2] == End()
    assert _read(data, Limits(shared_pixels=333 * 222 - 1))[2].failed is Reason.TOO_MUCH_MEMORY


def test_the_limit_is_the_callers() -> None:
    data = _file(RGB, "PNG")
    assert _read(data, Limits(pixels=333 * 222))[2] == End()
    assert _read(data, Limits(pixels=333 * 222 - 1))[2].failed is Reason.TOO_MANY_PIXELS
    before = Image.MAX_IMAGE_PIXELS
    assert before is not None
    assert before > 333 * 222


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.4\n", b"#EXTM3U\n", b"", b"\0" * 5000, b"P6\n9 9\n255\n" + b"x" * 243, _file(RGB, "PPM"),
        _file(RGB, "TGA"), _file(RGB, "PCX"), _file(RGB, "ICO"),
        b"\xff\xd8\xff\xe0" + b"\0" * 50, b"GIF89a", b"BM" + b"\xff" * 60,
    ],
)  # fmt: skip
def test_what_is_not_on_the_list_is_not_decoded(data: bytes) -> None:
    found, _, end = _read(data)
    assert (found, end.failed) == ([], Reason.DAMAGED)


@pytest.mark.parametrize("number", [5, None])
def test_a_failing_disk_is_not_a_damaged_picture(number: int | None) -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(number, "secret") if number else OSError("secret")

    (end,) = decode_pictures(Failing(), LIMITS)
    assert end == End(failed=Reason.READ_ERROR if number else Reason.DAMAGED)


def test_a_large_file_is_read_from_the_stream() -> None:
    data = _file(RGB, "PNG")
    (found, end) = decode_pictures(io.BytesIO(data), LIMITS)
    assert isinstance(found, Picture)
    assert end == End()
    assert np.array_equal(found.stored, np.asarray(RGB))


def test_broken_files_of_pillows_own_history_end_in_a_reason(shared: Path) -> None:
    outcomes = {}
    for path in sorted((shared / "corpus" / "pillow-broken").iterdir()):
        found, _, end = _read(path.read_bytes())
        assert found or end.failed in FAILED
        outcomes[path.name] = end.failed or end.partial
    assert outcomes["truncated_jpeg.jpg"] is outcomes["truncated_image.png"] is Reason.TRUNCATED
    assert outcomes["decompression_bomb.gif"] is outcomes["badwidth.bmp"] is Reason.TOO_MANY_PIXELS
    assert outcomes["hopper_bad_exif.jpg"] is outcomes["sugarshack_bad_mpo_header.jpg"] is None


def test_photographs_in_all_orientations_say_so(shared: Path) -> None:
    for path in sorted((shared / "corpus" / "orientation").iterdir()):
        (found,), _, _ = _read(path.read_bytes())
        assert found.orientation == max(1, int(path.stem[-1]))
