"""Files that are not what their names say, some of which would make a careless decoder open files, hosts or programs.

Each would lead to a canary: a file, a port of this computer or a program, named by the caller.
It does not name anything outside the folder that it is given.
"""

from __future__ import annotations

import struct
from pathlib import Path

from tests.hashing.discover.samples import picture, video


def write(folder: Path, canary: Path, port: int = 9) -> list[Path]:
    """Put the disguises into ``folder``; gives their paths. ``canary`` is a real picture that none may lead to."""
    written = []
    for name, data in _all(canary, port).items():
        path = folder / name
        path.write_bytes(data)
        written.append(path)
    return written


def _all(canary: Path, port: int) -> dict[str, bytes]:
    there, url = str(canary), f"http://127.0.0.1:{port}/x"
    return {
        "eps.jpg": f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n({there}) run\nshowpage\n".encode(),
        "eps-dos.png": b"\xc5\xd0\xd3\xc6" + struct.pack("<6I", 30, 20, 0, 0, 0, 0) + b"\xff\xff%!PS-Adobe-3.0\n",
        "pdf.jpg": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/Launch/F(" + there.encode() + b")>>>>endobj\n%%EOF\n",
        "svg.png": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}"/></svg>'.encode(),
        "svg-with-bom.jpg": f'\ufeff<?xml version="1.0"?><!DOCTYPE s [<!ENTITY e SYSTEM "file://{there}">]>'
        f"<svg>&e;</svg>".encode(),
        "mvg.gif": f"push graphic-context\nimage over 0,0 0,0 '{url}'\npop graphic-context\n".encode(),
        "msl.jpg": f'<?xml version="1.0"?><image><read filename="{there}"/></image>'.encode(),
        "playlist.mp4": f"#EXTM3U\n#EXTINF:1,\n{there}\n".encode(),
        "hls.mp4": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}\n#EXT-X-ENDLIST\n".encode(),
        "hls-file.mov": f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\nfile://{there}\n#EXT-X-ENDLIST\n".encode(),
        "ffconcat.mp4": f"ffconcat version 1.0\nfile '{there}'\n".encode(),
        "concat.mkv": f"file '{there}'\nfile '{url}'\n".encode(),
        "dash.mp4": f'<?xml version="1.0"?><MPD><Period><BaseURL>{url}</BaseURL></Period></MPD>'.encode(),
        "session.avi": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\n".encode(),
        "metadata.mp4": b";FFMETADATA1\ntitle=x\n",
        "redirect.wmv": f"[Reference]\nRef1={url}\n".encode(),
        "archive.jpg": b"PK\x03\x04" + bytes(26) + picture("JPEG"),
        "program.png": b"\x7fELF\x02\x01\x01" + bytes(57),
        "script.jpg": b"#!/bin/sh\ntouch '" + there.encode() + b".touched'\n",
        "page.jpg": f'<!doctype html><img src="{url}">'.encode(),
        "reference.mov": _reference(canary),
        "picture-then-script.jpg": picture("JPEG") + b"%!PS\n(" + there.encode() + b") run\n",
        "gif-head-then-playlist.mp4": b"GIF89a" + f"\n#EXTM3U\n{there}\n".encode(),
    }


#: Those that have a picture or a film of their own in them; all others hold nothing to hash.
HONEST = frozenset({"picture-then-script.jpg", "reference.mov"})


def _reference(canary: Path) -> bytes:
    """A QuickTime film that says its pictures are in another file (ISO/IEC 14496-12, 8.7.2, ``dref``)."""
    whole = bytearray(video("mov", "mpeg4"))
    at = whole.index(b"dref") + 4 + 8  # version, flags, count of entries
    size = int.from_bytes(whole[at : at + 4], "big")
    whole[at + 4 : at + 8] = b"url "
    whole[at + 8 : at + 12] = bytes(4)  # not "in this file"
    place = f"file://{canary}".encode()[: max(0, size - 13)] + b"\0"
    whole[at + 12 : at + size] = place.ljust(size - 12, b"\0")[: size - 12]
    return bytes(whole)
