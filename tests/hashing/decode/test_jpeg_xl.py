"""JPEG XL: bare and in boxes, packed JPEGs, deep grey, animations, claimed sizes, and without the extra."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decode import jpeg_xl
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import End, Picture

RGB = picture(41, (333, 222))
GREY = RGB.convert("L")
MARK = b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl "
#: Three frames of 32 x 24, lossless: red grows to the right, green downwards, and blue is 0, 90, 250.
ANIMATION = base64.b64decode(
    "/wrFBAMIKC4JCAKSCQAAvABLKLBt5H8sLggESgLTEnPixDiNEjYCAAKEAAMA2WvFBQA6bPT//9cOAQAAAAAcCQgCkgkAAAQBSygjO4+aQhpP4XsXLI"
    "gggpIDmJYoJ06ME+MXxziBJYDDRgBAgBBgACDNuXUFoKGF/v//xTIAAAAAbADRhLBcbAAIApIFAAQBSygjO4+aQhpP4XsXLIgggpIDmJaoJ06ME2P8"
    "4hgnsARw2AgACBACDACk6TauAGRf0///f0MIAAAAgA0gegooFxs="
)


def read(data: bytes, limits: Limits | None = None) -> tuple[list[Picture], End]:
    *pictures, end = decode_pictures(data, limits or Limits())
    assert isinstance(end, End)
    return [item for item in pictures if isinstance(item, Picture)], end


def encoded(source: Image.Image, *, lossless: bool = True, boxes: bool = False) -> bytes:
    library = pytest.importorskip("pillow_jxl")
    encoder = library.Encoder(mode=source.mode, lossless=lossless, quality=90, num_threads=0, use_container=boxes)
    data: bytes = encoder(source.tobytes(), *source.size, jpeg_encode=False)
    return data


def packed(jpeg: bytes) -> bytes:
    library = pytest.importorskip("pillow_jxl")
    data: bytes = library.Encoder(mode="RGB", lossless=False, quality=90, num_threads=0)(
        jpeg, 333, 222, jpeg_encode=True
    )
    return data


def header(width: int, height: int, *, animated: bool = False) -> bytes:
    """The first bytes of a code stream of that size (ISO/IEC 18181-1), with a preview and a size on paper before it."""
    bits, at = 0x0AFF, 16

    def put(value: int, count: int) -> None:
        nonlocal bits, at
        bits, at = bits | value << at, at + count

    def put_size(across: int, down: int) -> None:
        put(0, 1)  # not small
        put(3, 2)
        put(down - 1, 30)
        put(0, 3)  # no ratio
        put(3, 2)
        put(across - 1, 30)

    put_size(width, height)
    put(0, 1)  # not everything as by default
    put(1, 1)  # further fields
    put(0, 3)  # orientation
    put(1, 1)
    put_size(7, 7)
    put(1, 1)
    put(0, 1)  # a preview, not in eighths
    put(1, 2)
    put(5, 8)
    put(1, 3)  # square
    put(animated, 1)
    return bits.to_bytes(64, "little")


@pytest.mark.parametrize("boxes", [False, True])
@pytest.mark.parametrize("source", [RGB, GREY, RGB.resize((256, 256)), RGB.resize((160, 120)), RGB.resize((1, 9))])
def test_a_picture_without_loss_is_read_as_it_is(source: Image.Image, boxes: bool) -> None:
    (found,), end = read(encoded(source, boxes=boxes))
    assert end == End()
    assert np.array_equal(found.stored, np.asarray(source))
    assert (found.width, found.height, found.orientation, found.alpha) == (*source.size, 1, None)


@pytest.mark.parametrize("source", [RGB, GREY])
def test_transparency_is_a_value_of_its_own(source: Image.Image) -> None:
    source = source.copy()
    source.putalpha(GREY)
    (found,), _ = read(encoded(source))
    assert found.alpha is not None
    assert np.array_equal(found.alpha, np.asarray(GREY))
    source.putalpha(255)
    (found,), _ = read(encoded(source))
    assert found.alpha is None


@pytest.mark.parametrize(("kind", "most"), [("u2", 65535), ("f4", 1.0)])
def test_deep_grey_is_read_by_its_upper_bits(kind: str, most: float) -> None:
    values = (np.asarray(GREY) / 255 * most).astype(kind)
    (found,), _ = read(encoded(Image.fromarray(values)))
    assert np.abs(found.stored.astype(int) - np.asarray(GREY)).max() <= 1


def test_a_packed_jpeg_is_read_as_that_jpeg() -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    RGB.save(stream, "JPEG", exif=exif)
    (found,), end = read(packed(stream.getvalue()))
    kept = found.stored.copy()  # the next picture takes its place
    (expected,), _ = read(stream.getvalue())
    assert np.array_equal(kept, expected.stored)
    assert (found.orientation, end) == (6, End())


def test_of_an_animation_the_last_frame_is_read_and_the_others_are_reported() -> None:
    pytest.importorskip("pillow_jxl")
    (found,), end = read(ANIMATION)
    assert end == End(partial=Reason.FRAME_LIMIT)
    assert found.stored[5, 7].tolist() == [56, 50, 250]


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.95])
@pytest.mark.parametrize("boxes", [False, True])
def test_a_cut_or_spoilt_file_is_damaged(share: float, boxes: bool) -> None:
    whole = encoded(RGB, lossless=False, boxes=boxes)
    size = max(12, int(share * len(whole)))
    assert read(whole[:size]) == ([], End(failed=Reason.DAMAGED))
    assert read(whole[: size + 60] + bytes(len(whole) - size)) == ([], End(failed=Reason.DAMAGED))


@pytest.mark.parametrize("around", [b"", MARK + b"\0\0\0\0jxlc", MARK + b"\0\0\0\1jxlc" + (1 << 40).to_bytes(8, "big")])
def test_a_size_that_is_only_claimed_is_refused_before_decoding(around: bytes) -> None:
    pytest.importorskip("pillow_jxl")
    assert read(around + header(1 << 30, 1 << 30)) == ([], End(failed=Reason.TOO_MANY_PIXELS))
    assert read(around + header(14_000, 14_000)) == ([], End(failed=Reason.TOO_MUCH_MEMORY))
    data = encoded(RGB)
    assert read(data, Limits(pixels=333 * 222 - 1)) == ([], End(failed=Reason.TOO_MANY_PIXELS))
    assert read(data, Limits(shared_pixels=333 * 222 - 1)) == ([], End(failed=Reason.TOO_MUCH_MEMORY))
    assert read(data, Limits(pixels=333 * 222, shared_pixels=333 * 222))[1] == End()


def test_the_header_is_found_in_parts() -> None:
    stream = header(700, 500, animated=True)
    boxes = b"".join(b"\0\0\0\x0ejxlp" + number.to_bytes(4, "big") + stream[2 * number : 2 * number + 2]
                     for number in range(30))  # fmt: skip
    for data in (stream, MARK + b"\0\0\0\x0cjxll\x05\0\0\0" + boxes, MARK + b"\0\0\0\0jxlc" + stream):
        assert jpeg_xl.read_header(data) == jpeg_xl.Header(700, 500, True)
    assert jpeg_xl.read_header(header(9, 8)) == jpeg_xl.Header(9, 8, False)


@pytest.mark.parametrize("data", [b"\xff\x0a", MARK, MARK + b"\0\0\0\2jxlc", MARK + b"\0\0\0\0jxlc\0\0"])
def test_a_file_without_a_header_has_no_size(data: bytes) -> None:
    assert jpeg_xl.read_header(data) is None


@pytest.mark.parametrize("data", [ANIMATION, ANIMATION[:20], MARK, header(1 << 30, 1 << 30)])
def test_without_the_extra_it_is_not_supported(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_xl, "Decoder", None)
    assert read(data) == ([], End(failed=Reason.UNSUPPORTED))


def test_a_file_that_is_not_kept_in_memory_is_not_supported() -> None:
    stream: Any = io.BytesIO(ANIMATION)
    assert list(decode_pictures(stream, Limits())) == [End(failed=Reason.UNSUPPORTED)]


def test_a_panic_in_the_library_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        pass

    class Panicking:
        def __init__(self, **options: int) -> None:
            assert options == {"num_threads": 0}

        def __call__(self, data: bytes) -> None:
            raise PanicException

    monkeypatch.setattr(jpeg_xl, "Decoder", Panicking)
    assert read(ANIMATION) == ([], End(failed=Reason.DAMAGED))
