"""Finds out which pictures and videos this installation can read, and with which libraries.

It tries pictures by really reading made-up ones. It opens none of the person's files.
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Final

_PICTURES: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "JXL")
#: Names that FFmpeg uses: containers by demuxer, codecs by decoder (any one of those named will do).
_CONTAINERS: Final = {
    "MP4, MOV, 3GP": "mov", "MKV, WebM": "matroska", "AVI": "avi", "MPEG-PS": "mpeg", "MPEG-TS": "mpegts",
}  # fmt: skip
_CODECS: Final = {
    "H.264": ("h264",), "H.265": ("hevc",), "AV1": ("libdav1d", "libaom-av1", "av1"), "VP8": ("vp8", "libvpx"),
    "VP9": ("vp9", "libvpx-vp9"), "MPEG-4": ("mpeg4",), "MPEG-2": ("mpeg2video",), "H.263": ("h263",),
}  # fmt: skip
_DISTRIBUTIONS: Final = (
    "av", "cryptography", "httpx", "imagehash", "numpy", "pillow", "pillow-heif", "pillow-jxl-plugin", "pydantic",
    "rich", "simplejpeg", "typer", "sqlalchemy", "starlette", "uvicorn",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class FormatRow:
    """Whether a format can be read; ``library`` is what decodes it, with its version."""

    format: str
    media: str
    readable: bool
    library: str


def try_formats() -> list[FormatRow]:
    """Return a row for each picture format, video container and video codec."""
    return [*_try_pictures(), *_look_up_video_formats()]


def library_versions() -> dict[str, str | None]:
    """Return the versions of the Python packages and of the C libraries in them; None for what is not installed."""
    found: dict[str, str | None] = {"python": sys.version.split()[0]}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return {**found, **_pillow_libraries(), **_heif_library(), **_av_libraries()}


def _try_pictures() -> list[FormatRow]:
    versions = library_versions()
    tried_apart = {"HEIF": _can_read_heif, "JXL": _can_read_jpeg_xl}
    library = {
        "JPEG": "libjpeg-turbo", "PNG": "zlib", "WEBP": "libwebp", "TIFF": "libtiff", "AVIF": "libavif",
        "HEIF": "libheif", "JPEG2000": "OpenJPEG",
        "JXL": "pillow-jxl-plugin" if versions["pillow-jxl-plugin"] else "needs the extra jxl",
    }  # fmt: skip
    rows = []
    for name in _PICTURES:
        decoder = library.get(name, "pillow")
        rows.append(
            FormatRow(
                format=name,
                media="image",
                readable=tried_apart[name]() if name in tried_apart else _can_read_picture(name),
                library=f"{decoder} {versions.get(decoder) or ''}".strip(),
            )
        )
    return rows


def _can_read_picture(name: str) -> bool:
    """Return whether a grey picture written in this format can be read again."""
    from PIL import Image

    buffer = io.BytesIO()
    try:
        Image.new("RGB", (64, 64), (90, 90, 90)).save(buffer, name)
        with Image.open(io.BytesIO(buffer.getvalue()), formats=[name]) as picture:
            picture.load()
    except (OSError, KeyError, ValueError):
        return False
    return True


def _can_read_heif() -> bool:
    """Return the same for HEIF; without an encoder to try it with, what the library says about its decoders."""
    try:
        import pillow_heif
    except ImportError:
        return False
    try:
        buffer = io.BytesIO()
        pillow_heif.from_bytes("RGB", (64, 64), bytes(64 * 64 * 3)).save(buffer)
        pillow_heif.open_heif(io.BytesIO(buffer.getvalue()), convert_hdr_to_8bit=False).to_pillow().load()
    except (OSError, ValueError, RuntimeError, EOFError):
        return bool(pillow_heif.libheif_info().get("decoders"))
    return True


def _can_read_jpeg_xl() -> bool:
    try:
        import pillow_jxl
    except ImportError:
        return False
    encoder = pillow_jxl.Encoder(mode="L", lossless=True, quality=100, num_threads=0)
    data = encoder(bytes(64 * 64), 64, 64, jpeg_encode=False)
    return bool(pillow_jxl.Decoder(num_threads=0)(data)[1].width == 64)


def _look_up_video_formats() -> list[FormatRow]:
    try:
        import av
        import av.codec
    except ImportError:
        return [FormatRow(format=name, media="video", readable=False, library="av") for name in _CONTAINERS]
    ffmpeg = f"FFmpeg {getattr(av, 'ffmpeg_version_info', '')}".strip()
    demuxers = {part for name in av.formats_available for part in name.split(",")}
    rows = [
        FormatRow(format=name, media="video", readable=demuxer in demuxers, library=ffmpeg)
        for name, demuxer in _CONTAINERS.items()
    ]
    for name, decoders in _CODECS.items():
        usable = [decoder for decoder in decoders if _has_decoder(decoder)]
        library = f"{ffmpeg} ({usable[0]})" if usable else ffmpeg
        rows.append(FormatRow(format=name, media="video codec", readable=bool(usable), library=library))
    return rows


def _has_decoder(name: str) -> bool:
    import av.codec

    try:
        av.codec.Codec(name, "r")
    except ValueError:  # PyAV's UnknownCodecError is one
        return False
    return True


def _pillow_libraries() -> dict[str, str | None]:
    from PIL import features

    return {
        "pillow": metadata.version("pillow"),
        "libjpeg-turbo": features.version_feature("libjpeg_turbo"),
        "zlib": features.version_feature("zlib_ng") or features.version_codec("zlib"),
        "libtiff": features.version_codec("libtiff"),
        "libwebp": features.version_module("webp"),
        "libavif": features.version_module("avif"),
        "OpenJPEG": features.version_codec("jpg_2000"),
    }


def _heif_library() -> dict[str, str | None]:
    try:
        import pillow_heif
    except ImportError:
        return {"libheif": None}
    return {"libheif": str(pillow_heif.libheif_version())}


def _av_libraries() -> dict[str, str | None]:
    try:
        import av
    except ImportError:
        return {"libavcodec": None}
    return {name: ".".join(map(str, version)) for name, version in sorted(av.library_versions.items())}
