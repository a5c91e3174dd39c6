"""The pictures of an image file, as values: one for a photo, several for an animation or pages.

It guarantees an end value after the pictures whatever the file holds, and that no limit is passed before it is checked.
It must never open a path, composite, scale beyond what was asked, or let a foreign exception out.
"""

from __future__ import annotations

import io
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from takedown_cli.decode import jpeg, orientation, pixels
from takedown_cli.model import Limits
from takedown_cli.reasons import Reason

#: The only decoders that may run. An EPS would start a program, and rare formats are rarely looked after.
FORMATS: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF")
_PLUGINS: Final = (
    AvifImagePlugin, BmpImagePlugin, GifImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin,
)  # fmt: skip
pillow_heif.register_heif_opener()

#: Formats whose further pictures are pages, not moments.
_PAGED: Final = ("TIFF", "HEIF")
_IN_PASSING: Final = ("GIF", "PNG")
#: An animation is decoded from its start; what it may cost in all is this many times the pixel limit.
_ANIMATION_PIXELS: Final = 10
# The parent ends the process at the limit itself; stopping before that keeps the frames. One more may take as long.
_OWN_SHARE: Final = 0.4
#: A DCT-scaled picture keeps at least this many pixels on its short side: fewer cost more bits than they save time.
_FAST_SIDE: Final = 375


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One picture as stored.

    ``stored``: uint8, H x W or H x W x C with R, G, B first, valid until the next one is asked for. ``orientation``
    (Exif, 1 to 8) makes it upright. ``misread``: what python-threatexchange takes it for, where that differs.
    ``alpha``: H x W, 0 (clear) to 255 (opaque), None where all is opaque.
    ``index`` and ``timestamp`` (seconds) place it in an animation or among pages. ``height`` and ``width`` are the
    stored picture's before scaling; ``shrink`` is the scale, 1 unless a fast decode was asked for.
    """

    stored: npt.NDArray[np.uint8]
    orientation: int
    height: int
    width: int
    misread: npt.NDArray[np.uint8] | None = None
    alpha: npt.NDArray[np.uint8] | None = None
    index: int | None = None
    timestamp: float | None = None
    shrink: int = 1


@dataclass(frozen=True, slots=True)
class End:
    """What to know after the last picture: seconds of an animation, what is missing, or why no picture came."""

    duration: float | None = None
    partial: Reason | None = None
    failed: Reason | None = None


def pictures(source: bytes | BinaryIO, limits: Limits, *, fast: bool = False) -> Iterator[Picture | End]:
    """The pictures in ``source`` (a file's bytes, or the seekable file), then one ``End``.

    ``End.failed`` (one of ``reasons.FAILED``) is set exactly when no picture came, ``End.partial`` when some are
    missing.
    ``fast`` allows large JPEGs to be scaled in the DCT.
    """
    came = False
    with _guarded(limits):
        try:
            stream = io.BytesIO(source) if isinstance(source, bytes) else source
            data = source if isinstance(source, bytes) else None
            with Image.open(stream, formats=FORMATS) as image:
                _check_size(image, limits)
                frames = _frame_count(image)
                for item in _all(image, frames, data, limits, fast):
                    came = True
                    yield item
            if frames:
                return
            stream.seek(0)
            with Image.open(stream, formats=FORMATS) as image:
                picture = _single(image, data, fast)
                came = True
                yield picture
        except Exception as error:  # Pillow raises nearly anything: SyntaxError, struct.error, KeyError, EOFError …
            reason = _reason(error)
    yield End(partial=Reason.TRUNCATED) if came else End(failed=reason)


def _all(image: Image.Image, frames: int, data: bytes | None, limits: Limits, fast: bool) -> Iterator[Picture | End]:
    if frames > 1:
        yield from _several(image, frames, limits)
    elif frames == 1:
        yield from _photo(image, data, limits, fast)


def _single(image: Image.Image, data: bytes | None, fast: bool) -> Picture:
    width, height = image.size
    if data is not None and image.format in ("JPEG", "MPO"):
        turn = orientation.of(image)
        shrink = _shrink(min(width, height)) if fast else 1
        small = jpeg.scaled(data, image.mode, width, height, shrink) if shrink > 1 else None
        if small is not None:
            return Picture(small, turn, height, width, shrink=shrink)
        decoded = jpeg.decode(data, image.mode, width, height)
        if decoded is not None:
            return Picture(decoded, turn, height, width)
    return _loaded(image)


def _loaded(image: Image.Image, index: int | None = None) -> Picture:
    flag = orientation.of(image) if image.format == "TIFF" else orientation.UPRIGHT
    image.load()
    # Only now, for a PNG may carry Exif behind the pixels.
    turn = orientation.of(image)
    if turn != flag and image.format == "TIFF":
        # Loading has turned it upright and dropped the flag; who reads it by other means sees it as it is stored.
        turn, image = flag, orientation.undone(image, flag)
    stored = pixels.of(image)
    misread = pixels.as_misread(image) if not index else None
    return Picture(stored, turn, image.height, image.width, misread, pixels.alpha_of(image, stored), index)


def _several(image: Image.Image, frames: int, limits: Limits) -> Iterator[Picture | End]:
    """Evenly spread frames or pages, first and last among them; of an animation, only as far as its share reaches."""
    timed = image.format not in _PAGED
    reach = frames
    if timed:
        reach = min(frames, max(1, _ANIMATION_PIXELS * limits.pixels // max(1, image.width * image.height)))
    wanted = spread(reach, limits.animation_frames)
    seconds = 0.0
    # GIF and PNG tell a frame's duration only to those who pass by; the others go to a frame directly.
    until = time.monotonic() + limits.image_seconds * _OWN_SHARE
    for index in range(reach) if image.format in _IN_PASSING else sorted(wanted):
        if index and time.monotonic() > until:
            yield End(None, Reason.TIME_LIMIT)
            return
        image.seek(index)
        _check_size(image, limits)
        if index in wanted:
            found = _loaded(image, index)
            seconds = _milliseconds(image, "timestamp", seconds * 1000.0) / 1000.0
            yield replace(found, timestamp=seconds if timed else None)
        seconds += _milliseconds(image, "duration", 0.0) / 1000.0
    yield End(seconds if timed else None, Reason.FRAME_LIMIT if len(wanted) < frames else None)


def _photo(image: Image.Image, data: bytes | None, limits: Limits, fast: bool) -> Iterator[Picture | End]:
    """The picture, and of an MPO what it shows from elsewhere."""
    first = _single(image, data, fast)
    views = _views(image)
    yield replace(first, index=0) if views else first
    until = time.monotonic() + limits.image_seconds * _OWN_SHARE
    for count, index in enumerate(views, start=1):
        late = time.monotonic() > until
        if late or count >= limits.animation_frames:
            yield End(partial=Reason.TIME_LIMIT if late else Reason.FRAME_LIMIT)
            return
        image.seek(index)
        yield _loaded(image, index)
    yield End()


def _views(image: Image.Image) -> list[int]:
    """The stereo half or other angles behind an MPO's first picture. Gain maps and previews are grey or smaller."""
    if image.format != "MPO":
        return []
    shape, views = (image.size, image.mode), []
    for index in range(1, getattr(image, "n_frames", 1)):
        try:
            image.seek(index)
        except Exception:  # stripped, as many programs do that leave the index: the first picture is whole
            break
        if (image.size, image.mode) == shape:
            views.append(index)
    image.seek(0)
    return views


def spread(frames: int, most: int) -> frozenset[int]:
    """At most ``most`` of the indices 0 to ``frames`` - 1, evenly spread, first and last among them."""
    if frames <= most:
        return frozenset(range(frames))
    if most <= 1:
        return frozenset({0})
    return frozenset(round(step * (frames - 1) / (most - 1)) for step in range(most))


def _frame_count(image: Image.Image) -> int:
    """How many frames or pages; 0 when one behind the first is damaged, after which ``image`` is of no use."""
    # An MPO's further pictures are no frames: see ``_views``.
    if image.format in ("JPEG", "MPO"):
        return 1
    try:
        count = getattr(image, "n_frames", 1)
    except Exception as error:
        if _reason(error) is not Reason.DAMAGED:
            raise
        return 0
    return max(1, count) if isinstance(count, int) else 1


def _milliseconds(image: Image.Image, name: str, otherwise: float) -> float:
    value = image.info.get(name)
    return float(value) if isinstance(value, int | float) and 0 <= value < 1 << 32 else otherwise


def _shrink(short_side: int) -> int:
    return next((shrink for shrink in (8, 4, 2) if short_side >= shrink * _FAST_SIDE), 1)


def _check_size(image: Image.Image, limits: Limits) -> None:
    if image.width * image.height > limits.pixels:
        raise Image.DecompressionBombError


@contextmanager
def _guarded(limits: Limits) -> Iterator[None]:
    """Pillow's own check of every frame's extent set to our limit, and made an error; its other warnings are silent."""
    before = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        Image.MAX_IMAGE_PIXELS = limits.pixels
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _reason(error: Exception) -> Reason:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return Reason.TOO_MANY_PIXELS
    if isinstance(error, MemoryError):
        return Reason.TOO_MUCH_MEMORY
    # Pillow's own OSErrors have no number; one with a number comes from the storage.
    if isinstance(error, OSError) and error.errno is not None:
        return Reason.READ_ERROR
    return Reason.DAMAGED
