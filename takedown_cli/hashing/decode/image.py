"""Reads the pictures of an image file, as values: one for a photo, several for an animation or pages.

After the pictures there is always an end value, even for a damaged file. Each limit is checked before it is passed.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO, Final

import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from takedown_cli.core.model import Limits
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import PREVIEW
from takedown_cli.hashing.decode import pixels
from takedown_cli.hashing.decode.camera_raw import MIN_SIDE, find_preview, is_camera_raw
from takedown_cli.hashing.decode.cut.remains import decode_remains, has_blank_end
from takedown_cli.hashing.decode.jpeg import MOST_SHRINK, can_shrink, decode_jpeg
from takedown_cli.hashing.decode.jpeg_xl import can_decode, decode_jpeg_xl, is_jpeg_xl, read_header
from takedown_cli.hashing.decode.metadata import strip_metadata
from takedown_cli.hashing.decode.unsupported import explain_refusal
from takedown_cli.hashing.decoded import End, Picture

#: The only decoders that may run. An EPS would start a program, and rare formats are rarely maintained.
FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000")
_PLUGINS: Final = (
    AvifImagePlugin, BmpImagePlugin, GifImagePlugin, Jpeg2KImagePlugin, JpegImagePlugin, PngImagePlugin,
    TiffImagePlugin, WebPImagePlugin,
)  # fmt: skip
pillow_heif.register_heif_opener()

#: Formats whose further pictures are pages, not moments.
_PAGED: Final = ("TIFF", "HEIF")
#: A longer file without its end is not read into memory for what is left of it.
_LONGEST_REMAINS: Final = 1 << 30
_IN_PASSING: Final = ("GIF", "PNG")
#: An animation is decoded from its start. All its frames together may have this many times the pixel limit.
_ANIMATION_PIXELS: Final = 10
# The parent ends the process at the limit itself; stopping before that keeps the frames. One more may take as long.
_OWN_SHARE: Final = 0.4
#: A DCT-scaled picture keeps at least this many pixels on its short side: fewer cost more bits than they save time.
_FAST_SIDE: Final = 375
#: Exif 2.32, tag 0x0112.
_ORIENTATION_TAG: Final = 0x0112
UPRIGHT: Final = 1
#: For each orientation, the operation that undoes the turn to upright.
_UNDO_ORIENTATION: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


class UnsupportedError(Exception):
    """No picture can be read of a file of this kind, which need not be damaged. Never leaves this module."""


def decode_pictures(source: bytes | BinaryIO, limits: Limits, *, fast: bool = False) -> Iterator[Picture | End]:
    """Yield the pictures in ``source`` (a file's bytes, or the seekable file), then one ``End``.

    ``End.failed`` (one of ``reasons.FAILED``, or ``UNSUPPORTED``) is set exactly when no picture came, ``End.partial``
    when some are missing. ``fast`` allows large JPEGs to be scaled in the DCT; the limit is on the pixels after that.
    """
    came, reason = False, Reason.DAMAGED
    scaled = fast and isinstance(source, bytes) and source.startswith(b"\xff\xd8")
    with _guard_pillow(limits.pixels * MOST_SHRINK**2 if scaled else limits.pixels):
        for attempt in _attempt(source, limits, fast):
            try:
                for item in attempt:
                    came = True
                    yield item
                    if isinstance(item, End):
                        return
            except Exception as error:  # Pillow raises nearly anything: SyntaxError, struct.error, KeyError, EOFError …
                reason = _reason(error)
            if came or reason is not Reason.DAMAGED:
                break
    if not came and reason is Reason.DAMAGED and isinstance(source, bytes):
        reason = explain_refusal(source, limits.pixels)
    yield End(partial=Reason.TRUNCATED) if came else End(failed=reason)


def _attempt(source: bytes | BinaryIO, limits: Limits, fast: bool) -> Iterator[Iterator[Picture | End]]:
    """Yield the ways to read the file: as it is, without what is not needed, and what is left of it."""
    if not isinstance(source, bytes):
        yield _decode_long_file(source, limits, fast)
        yield _decode_long_remains(source, limits)
        return
    if is_jpeg_xl(source):
        yield _decode_jpeg_xl(source, limits, fast)
        return
    if is_camera_raw(source):
        yield _decode_camera_raw(source, limits, fast)
        return
    if not has_blank_end(source):
        yield _decode_file(io.BytesIO(source), source, limits, fast)
        for stripped in strip_metadata(source):
            yield _decode_file(io.BytesIO(stripped), stripped, limits, fast)
    for remains in (source, *strip_metadata(source)):
        yield _decode_remains(remains, limits)


def _decode_remains(data: bytes, limits: Limits) -> Iterator[Picture | End]:
    def open_checked(stream: io.BytesIO) -> Image.Image:
        image = Image.open(stream, formats=FORMATS)
        _check_size(image, limits)
        return image

    yield from decode_remains(data, open_checked, read_orientation)


def _decode_camera_raw(source: bytes, limits: Limits, fast: bool) -> Iterator[Picture | End]:
    """Yield the preview that the camera made, else the first picture where that is more than a thumbnail."""
    preview = find_preview(source)
    if preview is None:
        try:
            first = next(_decode_file(io.BytesIO(source), source, limits, fast))
        except (MemoryError, Image.DecompressionBombError):
            raise
        except Exception:  # the raw values come first, and no decoder takes these
            raise UnsupportedError from None
        if not isinstance(first, Picture) or max(first.height, first.width) < MIN_SIDE:
            raise UnsupportedError
        yield replace(first, index=None, variant=PREVIEW)
        yield End()
        return
    for item in _decode_file(io.BytesIO(preview.data), preview.data, limits, fast):
        if isinstance(item, Picture):
            turned = preview.orientation if item.orientation == UPRIGHT else item.orientation
            yield replace(item, index=None, variant=PREVIEW, orientation=turned)
            yield End()


def _decode_long_file(stream: BinaryIO, limits: Limits, fast: bool) -> Iterator[Picture | End]:
    stream.seek(0)
    if is_jpeg_xl(stream.read(16)):  # its library needs the whole file in memory
        raise UnsupportedError
    yield from _decode_file(stream, None, limits, fast)


def _decode_long_remains(stream: BinaryIO, limits: Limits) -> Iterator[Picture | End]:
    """Yield what is left of a file that is not kept in memory otherwise."""
    length = stream.seek(0, io.SEEK_END)
    if length <= _LONGEST_REMAINS:
        stream.seek(0)
        yield from _decode_remains(stream.read(length), limits)


def _decode_jpeg_xl(source: bytes, limits: Limits, fast: bool) -> Iterator[Picture | End]:
    """Yield the picture; of an animation the last one, for the library decodes all into one place."""
    if not can_decode():
        raise UnsupportedError
    header = read_header(source)
    if header is None:
        return
    _check_pixels(header.width * header.height, limits)
    found = decode_jpeg_xl(source, header, limits.memory)
    if isinstance(found, bytes):
        yield from _decode_file(io.BytesIO(found), found, limits, fast)
        return
    height, width = found.stored.shape[:2]
    yield Picture(found.stored, UPRIGHT, height, width, alpha=found.alpha)
    yield End(partial=Reason.FRAME_LIMIT if header.animated else None)


def _decode_file(stream: BinaryIO, data: bytes | None, limits: Limits, fast: bool) -> Iterator[Picture | End]:
    stream.seek(0)
    with Image.open(stream, formats=FORMATS) as image:
        _check_size(image, limits, _choose_shrink(image, data, fast))
        frames = _count_frames(image)
        several = _decode_several(image, frames, limits) if frames > 1 else ()
        yield from _decode_photo(image, data, limits, fast) if frames == 1 else several
    if frames:
        return
    # A frame behind the first is damaged: read the first alone, from a fresh start.
    stream.seek(0)
    with Image.open(stream, formats=FORMATS) as image:
        yield _decode_single(image, data, limits, fast)
    yield End(partial=Reason.TRUNCATED)


def read_orientation(image: Image.Image) -> int:
    """Return the Exif orientation (1 to 8) that Pillow finds in Exif or XMP. A damaged Exif block means 1."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, UPRIGHT)
    except Exception:  # Exif is parsed here; nothing in it may cost the picture
        return UPRIGHT
    return value if isinstance(value, int) and 1 <= value <= 8 else UPRIGHT


def _choose_shrink(image: Image.Image, data: bytes | None, fast: bool) -> int:
    """Return by how much a JPEG is scaled in the DCT (1, 2, 4 or 8)."""
    if not fast or data is None or image.format not in ("JPEG", "MPO") or not can_shrink(image.mode):
        return 1
    return next((scale for scale in (MOST_SHRINK, 4, 2) if min(image.size) >= scale * _FAST_SIDE), 1)


def _decode_single(image: Image.Image, data: bytes | None, limits: Limits, fast: bool) -> Picture:
    if data is not None and image.format in ("JPEG", "MPO"):
        width, height = image.size
        orientation = read_orientation(image)
        for shrink in dict.fromkeys((_choose_shrink(image, data, fast), 1)):
            _check_size(image, limits, shrink)
            decoded = decode_jpeg(data, image.mode, width, height, shrink)
            if decoded is not None:
                return Picture(decoded, orientation, height, width, shrink=shrink)
    return _load_with_pillow(image)


def _load_with_pillow(image: Image.Image, index: int | None = None) -> Picture:
    before = read_orientation(image) if image.format == "TIFF" else UPRIGHT
    image.load()
    # Only now, for a PNG may carry Exif behind the pixels.
    orientation = read_orientation(image)
    if orientation != before and image.format == "TIFF":
        # Loading has turned it upright and dropped the flag; other programs see it as it is stored.
        orientation = before
        image = image.transpose(_UNDO_ORIENTATION[before]) if before != UPRIGHT else image
    stored = pixels.read_pixels(image)
    misread = pixels.read_as_misread(image) if not index else None
    alpha = pixels.read_alpha(image, stored)
    shown = pixels.read_as_shown(image, stored)
    return Picture(stored, orientation, image.height, image.width, misread, alpha, index, shown=shown)


def _decode_several(image: Image.Image, frames: int, limits: Limits) -> Iterator[Picture | End]:
    """Yield evenly spread frames or pages, first and last among them; an animation only as far as its share reaches."""
    timed = image.format not in _PAGED
    reach = frames
    if timed:
        reach = min(frames, max(1, _ANIMATION_PIXELS * limits.pixels // max(1, image.width * image.height)))
    wanted = spread_evenly(reach, limits.animation_frames)
    seconds = 0.0
    # GIF and PNG show a frame's duration only when they are read in order; the others go to a frame directly.
    until = time.monotonic() + limits.image_seconds * _OWN_SHARE
    for index in range(reach) if image.format in _IN_PASSING else sorted(wanted):
        if index and time.monotonic() > until:
            yield End(None, Reason.TIME_LIMIT)
            return
        image.seek(index)
        _check_size(image, limits)
        if index in wanted:
            picture = _load_with_pillow(image, index)
            seconds = _read_milliseconds(image, "timestamp", seconds * 1000.0) / 1000.0
            yield replace(picture, timestamp=seconds if timed else None)
        seconds += _read_milliseconds(image, "duration", 0.0) / 1000.0
    yield End(seconds if timed else None, Reason.FRAME_LIMIT if len(wanted) < frames else None)


def _decode_photo(image: Image.Image, data: bytes | None, limits: Limits, fast: bool) -> Iterator[Picture | End]:
    """Yield the picture, and of an MPO the other views of the scene."""
    first = _decode_single(image, data, limits, fast)
    views = _find_views(image)
    yield replace(first, index=0) if views else first
    until = time.monotonic() + limits.image_seconds * _OWN_SHARE
    for count, index in enumerate(views, start=1):
        late = time.monotonic() > until
        if late or count >= limits.animation_frames:
            yield End(partial=Reason.TIME_LIMIT if late else Reason.FRAME_LIMIT)
            return
        image.seek(index)
        yield _load_with_pillow(image, index)
    yield End()


def _find_views(image: Image.Image) -> list[int]:
    """Return the indices of the stereo half or other angles behind an MPO's first picture."""
    if image.format != "MPO":
        return []
    # Gain maps and previews are grey or smaller.
    shape, views = (image.size, image.mode), []
    for index in range(1, getattr(image, "n_frames", 1)):
        try:
            image.seek(index)
        except Exception:  # a program stripped it and left the index: the first picture is whole
            break
        if (image.size, image.mode) == shape:
            views.append(index)
    image.seek(0)
    return views


def spread_evenly(frames: int, most: int) -> frozenset[int]:
    """Return at most ``most`` of the indices 0 to ``frames`` - 1, evenly spread, first and last among them."""
    if frames <= most:
        return frozenset(range(frames))
    if most <= 1:
        return frozenset({0})
    return frozenset(round(step * (frames - 1) / (most - 1)) for step in range(most))


def _count_frames(image: Image.Image) -> int:
    """Return how many frames or pages there are; 0 when one behind the first is damaged, which spoils ``image``."""
    # An MPO's further pictures are no frames: see ``_find_views``.
    if image.format in ("JPEG", "MPO"):
        return 1
    try:
        count = getattr(image, "n_frames", 1)
    except Exception as error:
        if _reason(error) is not Reason.DAMAGED:
            raise
        return 0
    return max(1, count) if isinstance(count, int) else 1


def _read_milliseconds(image: Image.Image, name: str, otherwise: float) -> float:
    value = image.info.get(name)
    return float(value) if isinstance(value, int | float) and 0 <= value < 1 << 32 else otherwise


def _check_size(image: Image.Image, limits: Limits, shrink: int = 1) -> None:
    _check_pixels(image.width * image.height // shrink**2, limits)


def _check_pixels(pixels: int, limits: Limits) -> None:
    if pixels > limits.pixels:
        raise Image.DecompressionBombError
    if limits.shared_pixels is not None and pixels > limits.shared_pixels:
        raise MemoryError


@contextmanager
def _guard_pillow(pixels: int) -> Iterator[None]:
    """Set Pillow's own check of every frame's extent to our limit, make it an error, and silence other warnings."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _reason(error: Exception) -> Reason:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return Reason.TOO_MANY_PIXELS
    if isinstance(error, MemoryError):
        return Reason.TOO_MUCH_MEMORY
    if isinstance(error, UnsupportedError):
        return Reason.UNSUPPORTED
    # Pillow's own OSErrors have no number; one with a number comes from the storage.
    if isinstance(error, OSError) and error.errno is not None:
        return Reason.READ_ERROR
    return Reason.DAMAGED
