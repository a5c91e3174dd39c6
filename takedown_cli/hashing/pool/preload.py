"""Imports and warms up every codec, before the process gives up the right to open files.

Python and its libraries load many parts late. After this, hashing needs no file of the installation. The pictures that
are decoded here were also made here.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import sys
from collections.abc import Iterable
from pathlib import Path

from takedown_cli.core.model import Media, MediaFile, Recipe

# Pillow imports its plug-ins at the first file, Python its text codecs at the first text in them, numpy its masked
# arrays at the first np.unique. What is forgotten here makes a file "damaged" in silence:
# tests/hashing/pool/test_supervisor.py compares every format with and without the sandbox.
_IMAGE = (
    "numpy", "numpy.fft", "numpy.linalg",
    "PIL.Image", "PIL.ImageFile", "PIL.ImageOps", "PIL.ImageSequence", "PIL.ImageCms", "PIL.ExifTags",
    "PIL.JpegImagePlugin", "PIL.MpoImagePlugin", "PIL.PngImagePlugin", "PIL.GifImagePlugin", "PIL.WebPImagePlugin",
    "PIL.BmpImagePlugin", "PIL.TiffImagePlugin", "PIL.AvifImagePlugin", "PIL.Jpeg2KImagePlugin", "pillow_heif",
    "simplejpeg", "pillow_jxl",
    "encodings.ascii", "encodings.cp1252", "encodings.latin_1", "encodings.utf_16", "encodings.utf_16_be",
    "encodings.utf_16_le", "encodings.utf_32", "encodings.utf_8_sig", "encodings.idna", "hashlib", "zlib",
)  # fmt: skip
_VIDEO = ("av", "takedown_cli.hashing.decode.video", "takedown_cli.hashing.film")
_PERCEPTUAL = ("numpy.ma", "imagehash", "takedown_cli.hashing.fingerprint.perceptual")
_COPIES = ("numpy.ma", "takedown_cli.hashing.fingerprint.copies")
_SCREENS = ("numpy.ma", "takedown_cli.hashing.readings.screens")
_READINGS = ("numpy.ma", "takedown_cli.hashing.readings.upload", "takedown_cli.hashing.readings.steady")
_ARCHIVES = ("takedown_cli.hashing.archive", "encodings.cp437")
_OWN = ("takedown_cli.hashing.hash_media", "takedown_cli.hashing.pool.child")
#: Parts of a package that do something when imported, or reach for the network.
_NOT_LIBRARY = ("__main__", "datasets")


def preload(recipe: Recipe, media: Media) -> None:
    """Import what hashing ``media`` under ``recipe`` may need; a library that is not installed is left out."""
    import_libraries(media)
    if recipe.limits.members:
        _import(_ARCHIVES)
    if recipe.also - {"sha1"}:
        _import(_PERCEPTUAL)
    if recipe.readings:
        _import(_READINGS)
    if not recipe.whole:
        _import(_SCREENS)
    if media is Media.IMAGE:
        _hash_small_pictures(recipe)
        if recipe.copies - {"flips", "stills"}:
            _import(_COPIES)
            from takedown_cli.hashing.fingerprint import copies

            # The tables for the most common shapes, shared by all children.
            copies.prepare_tables(recipe.copies)
    else:
        # PyAV imports the part for a stream when it meets one.
        for part in pkgutil.walk_packages(getattr(sys.modules.get("av"), "__path__", ()), "av."):
            if part.name.rpartition(".")[2] not in _NOT_LIBRARY:
                importlib.import_module(part.name)
        _hash_small_clip(recipe)


def import_libraries(media: Media) -> None:
    """Import what is the same under every recipe, without computing anything yet."""
    _import((*_IMAGE, *_OWN, *(_VIDEO if media is Media.VIDEO else ())))


def _import(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _hash_small_pictures(recipe: Recipe) -> None:
    """Hash two small pictures, so that tables are computed and lazy parts loaded once, for all children."""
    from PIL import Image

    from takedown_cli.hashing import hash_media

    drawn = Image.radial_gradient("L").resize((96, 80))
    for fmt in ("JPEG", "PNG"):
        stream = io.BytesIO()
        drawn.convert("RGB").save(stream, fmt)
        file = MediaFile(Path(), stream.tell(), Media.IMAGE, fmt)
        stream.seek(0)
        hash_media.hash_media(stream, file, recipe)


def _hash_small_clip(recipe: Recipe) -> None:
    """Hash a clip of four frames; encoder and decoder have one thread each, which is this one."""
    import av
    import numpy

    from takedown_cli.hashing import hash_media

    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("mpeg4", rate=2)
        track.width, track.height, track.pix_fmt, track.thread_count = 96, 64, "yuv420p", 1
        for shade in (0, 80, 160, 240):
            picture = numpy.full((64, 96, 3), shade, numpy.uint8)
            picture[: shade // 4, 16:48] = 255
            container.mux(track.encode(av.VideoFrame.from_ndarray(picture)))
        container.mux(track.encode())
    file = MediaFile(Path(), stream.tell(), Media.VIDEO, "mp4")
    stream.seek(0)
    hash_media.hash_media(stream, file, recipe)
