"""Small picture files of the kinds that programs and cameras write, by name, as bytes; all are made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from takedown_cli.fixtures.texture import picture

Levels = npt.NDArray[np.int64]

SAMPLE: Final = picture(77, (212, 143))
_GREY: Final = SAMPLE.convert("L")
_ALPHA: Final = picture(5, SAMPLE.size).convert("L")
_INDEXED: Final = SAMPLE.quantize(16)
_FRAMES: Final = [picture(seed, (120, 90)) for seed in range(80, 84)]


def saved(source: Image.Image, fmt: str, **options: Any) -> bytes:
    """The picture by Pillow's own writer."""
    stream = io.BytesIO()
    source.save(stream, fmt, **options)
    return stream.getvalue()


def png(levels: Levels, depth: int, colour: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of H x W or H x W x C samples of ``depth`` bits, with further chunks before the pixels (PNG 3rd ed.)."""
    height, width = levels.shape[:2]
    rows = levels.reshape(height, -1)
    if depth == 16:
        lines = [row.astype(">u2").tobytes() for row in rows]
    else:
        bits = np.unpackbits(rows.astype(np.uint8)[:, :, None], axis=2)[:, :, 8 - depth :]
        lines = [np.packbits(row).tobytes() for row in bits.reshape(height, -1)]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + line for line in lines))
    parts = [(b"IHDR", header), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    )


def bmp(lines: list[bytes], size: tuple[int, int], depth: int, *, coding: int = 0, extra: bytes = b"") -> bytes:
    """A BMP with its lines as they are stored; ``extra`` are the masks or the palette behind the header."""
    body = b"".join(line + bytes(-len(line) % 4) for line in lines) if coding in (0, 3) else b"".join(lines)
    colours = 0 if coding == 3 else len(extra) // 4
    head = struct.pack("<IiiHHIIiiII", 40, *size, 1, depth, coding, len(body), 0, 0, colours, 0) + extra
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(body), 0, 0, 14 + len(head)) + head + body


def _pngs() -> dict[str, bytes]:
    grey, colours = np.asarray(_GREY).astype(np.int64), np.asarray(SAMPLE).astype(np.int64)
    alpha = np.asarray(_ALPHA).astype(np.int64)
    made = {}
    for depth in (1, 2, 4, 8, 16):
        levels = (grey * ((1 << depth) - 1) + 127) // 255
        made[f"png grey {depth}"] = png(levels, depth, 0)
        made[f"png grey {depth} keyed"] = png(levels, depth, 0, (b"tRNS", struct.pack(">H", int(levels[70, 100]))))
    for depth in (8, 16):
        deep = colours * (1 if depth == 8 else 257)
        key = struct.pack(">3H", *(int(value) for value in deep[70, 100]))
        layer = (alpha * (1 if depth == 8 else 257))[:, :, None]
        made[f"png rgb {depth}"] = png(deep, depth, 2)
        made[f"png rgb {depth} keyed"] = png(deep, depth, 2, (b"tRNS", key))
        made[f"png rgba {depth}"] = png(np.concatenate([deep, layer], axis=2), depth, 6)
        made[f"png la {depth}"] = png(np.concatenate([deep[:, :, :1], layer], axis=2), depth, 4)
    for depth in (1, 2, 4, 8):
        indexed = SAMPLE.quantize(1 << depth)
        table = bytes((indexed.getpalette() or [])[: 3 << depth])
        indices = np.asarray(indexed).astype(np.int64)
        made[f"png palette {depth}"] = png(indices, depth, 3, (b"PLTE", table))
        made[f"png palette {depth} keyed"] = png(indices, depth, 3, (b"PLTE", table), (b"tRNS", b"\0\x80"))
    for name, body in {
        "gAMA": struct.pack(">I", 100_000),
        "sRGB": b"\0",
        "cICP": bytes([9, 16, 0, 1]),
        "bKGD": struct.pack(">3H", 9, 0, 0),
    }.items():
        made[f"png {name}"] = png(colours, 8, 2, (name.encode(), body))
    return made


def _bmps() -> dict[str, bytes]:
    colours, size = np.asarray(SAMPLE), SAMPLE.size
    wide = colours[::-1].astype(np.uint16)
    five = ((wide[:, :, 0] >> 3) << 10) | ((wide[:, :, 1] >> 3) << 5) | (wide[:, :, 2] >> 3)
    six = ((wide[:, :, 0] >> 3) << 11) | ((wide[:, :, 1] >> 2) << 5) | (wide[:, :, 2] >> 3)
    blue = colours[:, :, ::-1]
    padded = np.dstack([blue[::-1], np.zeros(blue.shape[:2], np.uint8)])
    table = np.array(_INDEXED.getpalette(), np.uint8)[:48].reshape(-1, 3)[:, ::-1]
    palette = np.hstack([table, np.zeros((len(table), 1), np.uint8)]).tobytes()
    indices = np.asarray(_INDEXED)[::-1]
    pairs = (indices[:, ::2] << 4) | indices[:, 1::2]
    end = b"\0\1"
    pairs_of_runs = [b"".join(bytes([2, value]) for value in row) + b"\0\0" for row in pairs]
    runs = [b"".join(bytes([1, value]) for value in row) + b"\0\0" for row in indices]
    return {
        "bmp 24": bmp([row.tobytes() for row in blue[::-1]], size, 24),
        "bmp 24 from the top": bmp([row.tobytes() for row in blue], (size[0], -size[1]), 24),
        "bmp 32": bmp([row.tobytes() for row in padded], size, 32),
        "bmp 32 masks": bmp(
            [r.tobytes() for r in padded], size, 32, coding=3, extra=struct.pack("<3I", 255 << 16, 255 << 8, 255)
        ),
        "bmp 555": bmp([row.astype("<u2").tobytes() for row in five], size, 16),
        "bmp 565": bmp(
            [r.astype("<u2").tobytes() for r in six], size, 16, coding=3, extra=struct.pack("<3I", 0xF800, 0x7E0, 31)
        ),
        "bmp 4": bmp([row.tobytes() for row in pairs], size, 4, extra=palette),
        "bmp runs 4": bmp([*pairs_of_runs, end], size, 4, coding=2, extra=palette),
        "bmp runs 8": bmp([*runs, end], size, 8, coding=1, extra=palette),
    }


def _jpegs() -> dict[str, bytes]:
    made = {f"jpeg {mode}": saved(SAMPLE, "JPEG", subsampling=mode) for mode in ("4:4:4", "4:2:2", "4:2:0", "4:1:1")}
    made |= {f"jpeg quality {quality}": saved(SAMPLE, "JPEG", quality=quality) for quality in (1, 20, 60, 100)}
    made |= {f"jpeg {w} x {h}": saved(SAMPLE.resize((w, h)), "JPEG") for w, h in [(n, 18 - n) for n in range(1, 18)]}
    made |= {f"jpeg {width} x 200": saved(SAMPLE.resize((width, 200)), "JPEG") for width in (5, 8, 16, 17, 63)}
    made["jpeg cmyk"] = saved(SAMPLE.convert("CMYK"), "JPEG")
    made["jpeg rgb"] = saved(SAMPLE, "JPEG", keep_rgb=True)
    made["jpeg grey progressive"] = saved(_GREY, "JPEG", progressive=True)
    made["jpeg restarts"] = saved(SAMPLE, "JPEG", restart_marker_blocks=3)
    made["mpo"] = saved(SAMPLE, "MPO", save_all=True, append_images=[SAMPLE.rotate(180)])
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        made |= {f"{fmt} turned {number}": saved(SAMPLE, fmt, exif=exif) for fmt in ("JPEG", "PNG", "WEBP", "TIFF")}
    return made


def _moving() -> dict[str, bytes]:
    first, *rest = _FRAMES
    more: dict[str, Any] = {"save_all": True, "append_images": rest, "duration": [10, 0, 700, 30]}
    made = {f"gif disposal {number}": saved(first, "GIF", disposal=number, **more) for number in range(4)}
    made |= {f"apng disposal {number}": saved(first, "PNG", disposal=number, blend=1, **more) for number in range(3)}
    made["webp moving"] = saved(first, "WEBP", lossless=True, **more)
    made["tiff pages"] = saved(first, "TIFF", save_all=True, append_images=[rest[0].convert("L"), rest[1]])
    return made


def _others() -> dict[str, bytes]:
    seen_through = SAMPLE.copy()
    seen_through.putalpha(_ALPHA)
    return {
        **{f"tiff {coding}": saved(SAMPLE, "TIFF", compression=coding)
           for coding in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg")},
        **{f"tiff {mode}": saved(SAMPLE.convert(mode), "TIFF") for mode in ("1", "L", "P", "CMYK", "YCbCr")},
        "gif": saved(_INDEXED, "GIF"), "gif keyed": saved(_INDEXED, "GIF", transparency=3),
        "webp": saved(SAMPLE, "WEBP"), "webp alpha": saved(seen_through, "WEBP", lossless=True, exact=True),
        "avif": saved(SAMPLE, "AVIF"), "avif 4:4:4": saved(SAMPLE, "AVIF", subsampling="4:4:4"),
    }  # fmt: skip


@cache
def zoo() -> dict[str, bytes]:
    """Every file by its name."""
    return {**_jpegs(), **_pngs(), **_bmps(), **_moving(), **_others()}
