"""Which pictures and videos this installation can read, found out by reading made-up ones, and with which libraries.

It guarantees that "readable" was tried here and now and is not read off a list.
It must never open a file of the person's.
"""

from __future__ import annotations

import io
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from takedown_cli.cli.installation_documents import FormatRow

_PICTURES: Final = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF")
#: Names that FFmpeg uses: containers by demuxer, codecs by decoder (any one of those named will do).
_CONTAINERS: Final = {
    "MP4, MOV, 3GP": "mov", "MKV, WebM": "matroska", "AVI": "avi", "MPEG-PS": "mpeg", "MPEG-TS": "mpegts",
}  # fmt: skip
_CODECS: Final = {
    "H.264": ("h264",), "H.265": ("hevc",), "AV1": ("libdav1d", "libaom-av1", "av1"), "VP8": ("vp8", "libvpx"),
    "VP9": ("vp9", "libvpx-vp9"), "MPEG-4": ("mpeg4",), "MPEG-2": ("mpeg2video",), "H.263": ("h263",),
}  # fmt: skip
_DISTRIBUTIONS: Final = (
    "av", "cryptography", "httpx", "imagehash", "numpy", "pillow", "pillow-heif", "pydantic", "rich", "simplejpeg",
    "typer", "sqlalchemy", "starlette", "uvicorn",
)  # fmt: skip


def rows() -> list[FormatRow]:
    """One row for each kind of picture, container and codec."""
    return [*_pictures(), *_videos()]


def libraries() -> dict[str, str | None]:
    """Versions of the Python packages, and of the C libraries inside them; None for what is not installed."""
    found: dict[str, str | None] = {"python": sys.version.split()[0]}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return {**found, **_inside_pillow(), **_inside_heif(), **_inside_av()}


def _pictures() -> list[FormatRow]:
    inside = {**_inside_pillow(), **_inside_heif()}
    library = {"JPEG": "libjpeg-turbo", "PNG": "zlib", "WEBP": "libwebp", "TIFF": "libtiff", "AVIF": "libavif"}
    rows: list[FormatRow] = []
    for name in _PICTURES:
        decoder = "libheif" if name == "HEIF" else library.get(name, "pillow")
        version = inside.get(decoder) or ""
        rows.append(
            {
                "format": name,
                "media": "image",
                "readable": _reads_heif() if name == "HEIF" else _reads(name),
                "library": f"{decoder} {version}".strip(),
            }
        )
    return rows


def _reads(name: str) -> bool:
    """Whether a picture of one grey, made here in this format, can be read again."""
    from PIL import Image

    buffer = io.BytesIO()
    try:
        Image.new("RGB", (64, 64), (90, 90, 90)).save(buffer, name)
        with Image.open(io.BytesIO(buffer.getvalue()), formats=[name]) as picture:
            picture.load()
    except (OSError, KeyError, ValueError):
        return False
    return True


def _reads_heif() -> bool:
    """The same for HEIF; where the encoder is missing, the library's own word about its decoder has to do."""
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


def _videos() -> list[FormatRow]:
    try:
        import av
        import av.codec
    except ImportError:
        return [{"format": name, "media": "video", "readable": False, "library": "av"} for name in _CONTAINERS]
    ffmpeg = f"FFmpeg {getattr(av, 'ffmpeg_version_info', '')}".strip()
    demuxers = {part for name in av.formats_available for part in name.split(",")}
    rows: list[FormatRow] = [
        {"format": name, "media": "video", "readable": demuxer in demuxers, "library": ffmpeg}
        for name, demuxer in _CONTAINERS.items()
    ]
    for name, decoders in _CODECS.items():
        usable = [decoder for decoder in decoders if _has_decoder(decoder)]
        library = f"{ffmpeg} ({usable[0]})" if usable else ffmpeg
        rows.append({"format": name, "media": "video codec", "readable": bool(usable), "library": library})
    return rows


def _has_decoder(name: str) -> bool:
    import av.codec

    try:
        av.codec.Codec(name, "r")
    except ValueError:  # PyAV's UnknownCodecError is one
        return False
    return True


def _inside_pillow() -> dict[str, str | None]:
    from PIL import features

    return {
        "pillow": metadata.version("pillow"),
        "libjpeg-turbo": features.version_feature("libjpeg_turbo"),
        "zlib": features.version_feature("zlib_ng") or features.version_codec("zlib"),
        "libtiff": features.version_codec("libtiff"),
        "libwebp": features.version_module("webp"),
        "libavif": features.version_module("avif"),
    }


def _inside_heif() -> dict[str, str | None]:
    try:
        import pillow_heif
    except ImportError:
        return {"libheif": None}
    return {"libheif": str(pillow_heif.libheif_version())}


def _inside_av() -> dict[str, str | None]:
    try:
        import av
    except ImportError:
        return {"libavcodec": None}
    return {name: ".".join(map(str, version)) for name, version in sorted(av.library_versions.items())}
