"""Recognises the content of an ISO base media file: a still for the picture decoders, or a film for the video decoder.

A still counts as AVIF or HEIF only if it has a brand that those decoders accept.
"""

from __future__ import annotations

from typing import Final

from takedown_cli.core.model import Media
from takedown_cli.core.reasons import Reason

# Brands are registered at mp4ra.org; the still-picture ones are defined in ISO/IEC 23008-12 (HEIF) and AV1-AVIF.
#: Major brands that Pillow's AVIF plugin accepts by themselves.
_AVIF = frozenset({b"avif", b"avis"})
#: Major brands that pillow_heif accepts by themselves.
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
#: Brands of sequences of pictures, which are films if nothing else is in the file (ISO/IEC 23008-12, 10.1.3, 7.4).
_SEQUENCES: Final = frozenset({b"msf1", b"hevc", b"hevx", b"avcs"})
#: Structure only, any codec: both decoders accept these, and the compatible brands show which one can read it.
_EITHER = frozenset({b"mif1", b"msf1"})
#: Stills that neither decoder takes as major brand: other codecs, newer structure brands, HEIF profiles.
_OTHER_STILLS = frozenset({
    b"mif2", b"mif3", b"miaf", b"MiHB", b"MiHA", b"MiHE", b"MiPr", b"MA1A", b"MA1B", b"unif", b"1pic", b"pred",
    b"avci", b"avcs", b"jpeg", b"jpgs", b"j2ki", b"j2is", b"vvic", b"vvis", b"evbi", b"evmi", b"evbs", b"evms",
    b"jp2 ", b"jpx ", b"jpm ", b"mjp2", b"jxl ", b"crx ",
})  # fmt: skip
_STILLS = _AVIF | _HEIF | _EITHER | _OTHER_STILLS
_AUDIO = frozenset({b"M4A ", b"M4B ", b"M4P ", b"F4A ", b"F4B "})
_FILMS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"qt  ", b"M4V "})

#: Boxes that only a film (or a still, see ``ftyp``) begins with, ISO/IEC 14496-12 and the QuickTime file format.
_CERTAIN = frozenset({b"moov", b"mdat", b"pnot", b"udta", b"styp", b"moof", b"sidx"})
#: Boxes that QuickTime files may begin with, whose names are ordinary words.
_LIKELY = frozenset({b"wide", b"free", b"skip", b"junk", b"pict", b"ediw", b"uuid"})


def sniff_boxes(head: bytes) -> tuple[Media, str] | Reason | None:
    """Return what a file that begins with ``head`` holds, None when it is no sequence of boxes.

    Films before the year 2001, and cameras that were switched off too early, have no ``ftyp`` box. These are recognised
    by walking over the first boxes, as FFmpeg does (``mov_probe``).
    """
    at = 0
    likely = False
    while at + 8 <= len(head):
        size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        if kind == b"ftyp":
            box = head[at : at + max(16, min(size, 512))]
            return _sniff_brands(box, first=at == 0, film=_has_only_tracks(head, at))
        if kind in _CERTAIN:
            return Media.VIDEO, "mov"
        likely = likely or kind in _LIKELY
        smallest = 8
        if size == 1:
            size, smallest = int.from_bytes(head[at + 8 : at + 16], "big"), 16
        elif size == 0:
            break
        at += size if size >= smallest else 4
    return (Media.VIDEO, "mov") if likely else None


def _has_only_tracks(head: bytes, at: int) -> bool:
    """Return whether tracks follow, and no description of stills as far as the boxes lie in ``head``."""
    kinds = set[bytes]()
    while at + 8 <= len(head):
        size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + 8]
        kinds.add(kind)
        size = int.from_bytes(head[at + 8 : at + 16], "big") if size == 1 else size
        at += size if size >= 8 else len(head)
    # Where the frames come first, what describes them lies behind ``head``.
    return b"meta" not in kinds and (not kinds.isdisjoint({b"moov", b"moof"}) or (at > len(head) and b"mdat" in kinds))


def _sniff_brands(box: bytes, *, first: bool, film: bool) -> tuple[Media, str] | Reason:
    """Return what an ``ftyp`` box stands for; ``film`` says that the file has tracks and no stills."""
    # Size, type, major brand, minor version, compatible brands (ISO/IEC 14496-12, 4.3).
    major = box[8:12]
    brands = {box[at : at + 4] for at in range(16, len(box) - 3, 4)}
    if major in _STILLS and first:
        if major in _AVIF or (major in _EITHER and brands & _AVIF):
            return Media.IMAGE, "AVIF"
        if film and (major in _SEQUENCES or (major in _EITHER and brands & _SEQUENCES)):
            return Media.VIDEO, "mp4"
        return (Media.IMAGE, "HEIF") if major in _HEIF | _EITHER else Reason.UNSUPPORTED
    if (major in _STILLS or brands & _STILLS) and not ({major} | brands) & _FILMS:
        # FFmpeg would open it too, but shows the tiles of a large still one by one: a hash of a tile protects nobody.
        return Reason.UNSUPPORTED
    if major in _AUDIO and b"vide" not in box:
        return Reason.NOT_MEDIA
    if major == b"qt  ":
        return Media.VIDEO, "mov"
    return Media.VIDEO, "3gp" if major.startswith(b"3g") else "mp4"
