"""What is read of which file: one table for ``takedown doctor`` and for the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ReadRow:
    """A kind of file, what is read of it, and what is not; ``not_read`` is empty where nothing is left out."""

    files: str
    read: str
    not_read: str = ""

    def sentence(self) -> str:
        """Return the row for a person."""
        return f"{self.files}: {self.read}" + (f"; not {self.not_read}" if self.not_read not in {"", "all"} else "")


WHAT_IS_READ: Final = (
    ReadRow("JPEG, PNG, WebP, BMP, JPEG 2000", "the picture", "JPEG of 12 bits or lossless"),
    ReadRow("JPEG XL, with the extra jxl", "the picture; of an animation the last frame", "the other frames"),
    ReadRow("HEIC, HEIF", "every picture, up to 16", "pictures coded as AVC, JPEG or uncompressed"),
    ReadRow("GIF, animated PNG and WebP, AVIF", "up to 16 frames, evenly spread"),
    ReadRow("TIFF", "every page, up to 16", "colour pictures with floating-point values"),
    ReadRow("MPO", "both views"),
    ReadRow("a picture with transparency", "as stored, on white and on black"),
    ReadRow("a motion photo: JPEG or HEIC", "the picture, and the clip as a video", "the clip in a file over 256 MiB"),
    ReadRow("a HEIC with a track of frames", "its pictures, and the track as a video", "the same"),
    ReadRow("a HEIC sequence without pictures", "as a video"),
    ReadRow(
        "camera raw: NEF, NRW, ARW, SR2, PEF, SRW, DNG, CR2, ORF, RW2, RAF",
        "the largest JPEG inside of 256 pixels or more", "the sensor's values; CR3",
    ),
    ReadRow("MP4, MOV, 3GP, MKV, WebM, AVI, MPEG", "frames at most 2 seconds apart", "subtitles, further video tracks"),
    ReadRow("a video with transparency: VP8, VP9, ProRes", "its frames as stored, on white and on black"),
    ReadRow(
        "a picture whose end is missing", "what is there, from 40 % of its rows on; JPEG 2000 coarser",
        "AVIF, JPEG XL, JPEG 2000 in tiles or ordered by place, and files over 1 GiB: these are damaged",
    ),
    ReadRow("a video whose end is missing", "the frames that are there", "MP4 without its description at the end"),
    ReadRow(
        "a ZIP: Takeout, Snapchat, LIVP, Office", "with --archives its pictures and videos, one level deep",
        "without --archives; encrypted members; more than 20,000 members",
    ),
    ReadRow("RAR, 7z, tar, gzip, mail", "nothing: unpack it first", "all"),
    ReadRow("a stub of iCloud or OneDrive", "nothing: download it first", "all"),
    ReadRow("JPEG XR, JPEG-LS, PDF, PSD, SVG; JPEG XL without the extra jxl", "nothing: save it as JPEG", "all"),
    ReadRow("FLV, WMV, Ogg, raw H.264 and HEVC", "nothing: save it as MP4", "all"),
    ReadRow("sound, text, settings, sidecars", "nothing, for they show nothing", "all"),
)  # fmt: skip
