"""Recognises by a file's first bytes whether it is a picture or video that may be decoded.

Only the formats on the two decoders' allowlists pass. The file's name does not count: a playlist that is named ``.mp4``
would make a video decoder open other files.
"""

from __future__ import annotations

import re

from takedown_cli.core.model import CAMERA_RAW, Media
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover.isobmff import sniff_boxes
from takedown_cli.hashing.discover.mpeg import is_mpeg

#: How many bytes to hand in: enough for the first packets of a stream and for a box or two before ``moov``.
HEAD = 1 << 16

_Sniffed = tuple[Media, str] | Reason

_TIFF = (b"II\x2a\0", b"MM\0\x2a", b"MM\x2a\0", b"II\0\x2a", b"II\x2b\0", b"MM\0\x2b")
_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG", "PNG"),  # the four bytes after these only show damage by text-mode copying (PNG 3rd ed., 5.2)
    # JPEG 2000: in its box, and the bare code stream (ISO/IEC 15444-1, I.5.1 and A.4)
    (b"\0\0\0\x0cjP  ", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    # JPEG XL: in its box, and the bare code stream (ISO/IEC 18181-2)
    (b"\0\0\0\x0cJXL ", "JXL"),
    (b"\xff\x0a", "JXL"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    *((magic, "TIFF") for magic in _TIFF),
    # Camera raw of Fujifilm, Olympus and Panasonic, for the JPEG in it; that of other makers begins as a TIFF.
    *((magic, "RAW") for magic in CAMERA_RAW),
)
#: RIFF forms by their bytes 8 to 12. Anything else in RIFF is sound, a cursor, a palette or a MIDI file.
_RIFF: dict[bytes, _Sniffed] = {
    b"WEBP": (Media.IMAGE, "WEBP"),
    b"AVI ": (Media.VIDEO, "avi"),
    b"AVI\x19": (Media.VIDEO, "avi"),
    b"AVIX": (Media.VIDEO, "avi"),
    b"AMV ": (Media.VIDEO, "avi"),
    b"CDXA": (Media.VIDEO, "mpeg"),
    b"ACON": Reason.UNSUPPORTED,
    b"RDIB": Reason.UNSUPPORTED,
}

#: Pictures and videos that are known but not decoded, by how they begin.
_UNSUPPORTED = (
    # pictures
    b"\0\0\0\x0cjP\x1a\x1a",  # JPEG 2000 before its standard
    b"II\xbc",  # JPEG XR
    b"8BPS", b"gimp xcf", b"icns", b"DDS ", b"qoif", b"FLIF", b"BPG\xfb", b"\x76\x2f\x31\x01", b"\x8bJNG",
    b"\x59\xa6\x6a\x95", b"AT&TFORM", b"BLP1", b"BLP2", b"\xc5\xd0\xd3\xc6",
    b"\xd7\xcd\xc6\x9a", b"\x01\xda\0", b"\x01\xda\x01", b"\x0a\x05\x01", b"DanM", b"LinS",
    # camera raw
    b"FOVb", b"\0MRM", b"II\x1a\0\0\0HEAPCCDR",
    # videos
    b"FLV\x01", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b".RMF", b"DKIF", b"\x8aMNG", b"BIKi", b"KB2",
    b"SMK2", b"SMK4", b"NSVf", b"nut/multimedia container", b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02",
    b"\xb7\xd8\x00\x20\x37\x49\xda\x11", b"\x1f\x07\0", b"FWS", b"CWS", b"ZWS",
    # raw H.264, HEVC and MPEG-4 without a container
    b"\0\0\0\x01\x67", b"\0\0\0\x01\x40\x01", b"\0\0\x01\x67", b"\0\0\x01\xb0", b"\0\0\x01\xb5",
)  # fmt: skip
#: Those that are text, or begin with some; PostScript above all is never decoded, for its interpreter runs programs.
_UNSUPPORTED_TEXT = re.compile(
    rb"\x04?%!PS|%PDF-|#\?R(?:ADIANC|GB)E\n|/\* XPM \*/|SIMPLE  =|YUV4MPEG2 "
    rb"|P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s|P7\nWIDTH|P[Ff]\n\d"  # Netpbm
    rb"|\s*#define\s+\w+_width\s+\d"  # X bitmap
)
#: Others that have to be recognised by more than a prefix.
_UNSUPPORTED_PATTERN = re.compile(
    rb"\0\0[\x01\x02]\0[^\0]\0.{3}\0"  # icons and cursors: a count, then an entry with a reserved zero
    rb"|FORM....(?:ILBM|PBM |ANIM)"  # Amiga
    rb"|\x01\0\0\0.{36} EMF"
    rb"|.{4}[\x11\x12]\xaf.{6}\x08\0"  # Autodesk FLIC, eight bits
    rb"|BA.{12}BM",  # a bundle of OS/2 bitmaps
    re.DOTALL,
)
#: Archives, and what is one inside: Office documents, ``.livp``, exports of chats and clouds.
_ARCHIVES = (
    b"PK\3\4", b"PK\5\6", b"PK\7\x08", b"Rar!\x1a\7", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
)  # fmt: skip
_BZIP2 = re.compile(rb"BZh[1-9]1AY&SY")
#: A mail whose parts may be pictures (RFC 2046, 5.1), or a mailbox of such.
_MAIL = re.compile(rb"(?:From |[A-Za-z-]{2,40}: ).*?\nContent-Type:\s*multipart/", re.IGNORECASE | re.DOTALL)
#: What iCloud Drive leaves in the place of a file: a property list that holds the file's name.
_CLOUD_STUB = re.compile(rb"bplist00.*NSURLNameKey", re.DOTALL)
_SVG = re.compile(rb"<(?:\w+:)?svg[\s>]", re.IGNORECASE)
#: Sizes of the header after the 14 bytes of file header, as many as Pillow reads; 16 is OS/2's short one.
_BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")  # stream type identifiers, ASF specification 10.4
_ASF_AUDIO = bytes.fromhex("409e69f84d5bcf11a8fd00805f5c442b")
_OGG_VIDEO = (b"\x80theora", b"BBCD", b"OVP80", b"video\0", b"fishead")
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1b")) + b"\x7f"


def sniff(head: bytes) -> _Sniffed:
    """Return what a file holds that begins with ``head`` (``HEAD`` bytes, or the whole file if shorter).

    A pair of *media* and *format* as in ``MediaFile``, or ``EMPTY``, ``UNSUPPORTED`` (a picture or video, but
    none that the decoders read), ``ARCHIVE``, ``IN_CLOUD`` (a stub) or ``NOT_MEDIA``. A file that passes may still be
    damaged. Never raises.
    """
    if not head:
        return Reason.EMPTY
    if _UNSUPPORTED_TEXT.match(head) or (is_text(head) and _SVG.search(head[:8192])):
        return Reason.UNSUPPORTED
    if is_text(head):
        return Reason.ARCHIVE if _MAIL.match(head) else Reason.NOT_MEDIA
    if head.startswith(_ARCHIVES) or _BZIP2.match(head) or head[257:262] == b"ustar":
        return Reason.ARCHIVE
    if _CLOUD_STUB.match(head[:4096]):
        return Reason.IN_CLOUD
    return _sniff_signature(head) or _sniff_structure(head) or Reason.NOT_MEDIA


def is_text(head: bytes) -> bool:
    """Return whether the first 1,024 bytes read as text; no format with a short signature does."""
    start = head[:1024]
    return start.startswith((b"\xff\xfe", b"\xfe\xff")) or start == start.translate(None, _CONTROLS)


def _sniff_signature(head: bytes) -> _Sniffed | None:
    if head.startswith(_TIFF) and head[8:11] == b"CR\x02":
        return Media.IMAGE, "RAW"  # Canon CR2
    for magic, form in _PICTURES:
        if head.startswith(magic):
            return Media.IMAGE, form
    if head.startswith(b"RIFF") and len(head) >= 12:
        return _RIFF.get(head[8:12], Reason.NOT_MEDIA)
    if head.startswith(b"ON2 ") and head[8:12] == b"ON2f":
        return Media.VIDEO, "avi"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        # The DocType element (0x4282, RFC 8794 section 11.2.4) shows which one; without a known one it is Matroska.
        return Media.VIDEO, "webm" if re.search(rb"\x42\x82[\x80-\xff]webm", head[:256]) else "mkv"
    if head.startswith(b"OggS"):
        return Reason.UNSUPPORTED if any(mark in head for mark in _OGG_VIDEO) else Reason.NOT_MEDIA
    if head.startswith(_UNSUPPORTED):
        only_sound = _ASF_AUDIO in head and _ASF_VIDEO not in head
        return Reason.NOT_MEDIA if only_sound else Reason.UNSUPPORTED
    return Reason.UNSUPPORTED if _UNSUPPORTED_PATTERN.match(head) else None


def _sniff_structure(head: bytes) -> _Sniffed | None:
    """Recognise formats whose signature is too short to be enough; ``head`` is known not to be text."""
    if head.startswith(b"BM"):
        size, offset = int.from_bytes(head[14:18], "little"), int.from_bytes(head[10:14], "little")
        if size in _BMP_HEADERS:
            return Media.IMAGE, "BMP"
        if size == 16:
            return Reason.UNSUPPORTED
        # All else about it is a bitmap: the decoder will call it damaged, where "not a picture" would be wrong.
        return (Media.IMAGE, "BMP") if head[6:10] == bytes(4) and 14 < offset < HEAD else None
    boxes = sniff_boxes(head)
    if boxes is not None:
        return boxes
    return (Media.VIDEO, "mpeg") if is_mpeg(head) else None
