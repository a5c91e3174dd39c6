"""What a file is, told by its first bytes: all that the decoders read passes, nothing else does."""

from __future__ import annotations

import io
import plistlib
import random
import tarfile
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from takedown_cli.core.model import Failed, Found, Limits, Media
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.discover.sniff import HEAD, sniff
from tests.hashing.discover.samples import PICTURES, VIDEOS, picture, pillow_reads, pyav_reads, video


def ftyp(major: bytes, *brands: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(brands)
    return (len(body) + 4).to_bytes(4, "big") + body + b"\0\0\0\x08mdat"


@pytest.mark.parametrize("form", PICTURES)
def test_pictures(form: str) -> None:
    assert sniff(picture(form)[:HEAD]) == (Media.IMAGE, form)


@pytest.mark.parametrize(("form", "muxer", "codec"), VIDEOS)
def test_videos(form: str, muxer: str, codec: str) -> None:
    assert sniff(video(muxer, codec)[:HEAD]) == (Media.VIDEO, form)


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (ftyp(b"avif"), (Media.IMAGE, "AVIF")),
        (ftyp(b"avis", b"msf1"), (Media.IMAGE, "AVIF")),
        (ftyp(b"mif1", b"mif1", b"avif", b"miaf"), (Media.IMAGE, "AVIF")),
        (ftyp(b"mif1", b"mif1", b"heic"), (Media.IMAGE, "HEIF")),
        (ftyp(b"msf1", b"hevc"), (Media.IMAGE, "HEIF")),
        (ftyp(b"hevc"), (Media.IMAGE, "HEIF")),
        (ftyp(b"miaf", b"mif1", b"heic"), Reason.UNSUPPORTED),
        (ftyp(b"avci", b"mif1"), Reason.UNSUPPORTED),
        (ftyp(b"xxxx", b"heic", b"mif1"), Reason.UNSUPPORTED),
        (ftyp(b"crx ", b"crx ", b"isom"), Reason.UNSUPPORTED),
        (ftyp(b"mp42", b"isom", b"heic"), (Media.VIDEO, "mp4")),
        (ftyp(b"xxxx"), (Media.VIDEO, "mp4")),
        (ftyp(b"3gp5", b"3gp5", b"isom"), (Media.VIDEO, "3gp")),
        (ftyp(b"qt  "), (Media.VIDEO, "mov")),
        (ftyp(b"M4A ", b"isom"), Reason.NOT_MEDIA),
        (b"\0\0\0\x08wide\0\0\x10\0mdat", (Media.VIDEO, "mov")),
        (b"\0\0\x10\0moov\0\0\0\x6cmvhd", (Media.VIDEO, "mov")),
        (b"\0\0\0\x01mdat\0\0\0\x05\0\0\0\0", (Media.VIDEO, "mov")),
        (b"\0\0\0\x0cfree\0\0\0\0" + ftyp(b"mp42"), (Media.VIDEO, "mp4")),
        (b"\0\0\0\x0cfree\0\0\0\0" + ftyp(b"heic"), Reason.UNSUPPORTED),
    ],
)
def test_boxes(head: bytes, told: object) -> None:
    assert sniff(head) == told


def test_the_early_films_of_quicktime_begin_with_mdat() -> None:
    """Without its ``ftyp`` box the film still passes, as FFmpeg still reads it."""
    whole = video("mov", "mpeg4")
    rest = whole[int.from_bytes(whole[:4], "big") :]
    assert b"ftyp" not in rest
    assert sniff(rest[:HEAD]) == (Media.VIDEO, "mov")


@pytest.mark.parametrize("lead", [1, 7, 100, 187])
@pytest.mark.parametrize("extra", [(4, 0), (0, 0), (0, 16)])
def test_transport_streams_begin_anywhere(lead: int, extra: tuple[int, int]) -> None:
    plain = video("mpegts", "mpeg2video")
    before, after = (bytes(count) for count in extra)
    packets = b"".join(before + plain[at : at + 188] + after for at in range(0, len(plain), 188))
    assert sniff(packets[lead : lead + HEAD]) == (Media.VIDEO, "mpeg")


def test_a_video_cd_and_a_recording_that_begins_inside_a_pack() -> None:
    stream = video("mpeg", "mpeg1video") * 3
    assert sniff(b"RIFF\x00\x10\x00\x00CDXAfmt " + stream) == (Media.VIDEO, "mpeg")
    assert sniff(b"\xa7" * 500 + stream) == (Media.VIDEO, "mpeg")
    assert sniff(bytes(37) + stream) == (Media.VIDEO, "mpeg")


@pytest.mark.parametrize(
    "head",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\nhttp://127.0.0.1/a.ts\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
        b"#!/bin/sh\necho\n",
        b"<html><body>free</body></html>",
        b"the free encyclopedia",
        b"a   moov and an mdat",
        b"BMW is a maker of cars, and so on and on and on",
        b"GIF88a\x01\0\x01\0",
        b"G" * 4000,
        bytes(HEAD),
        b"\0",
        b"\xff\xd8",
        b"\n\xff\xd8\xff\xe0\0\x10JFIF\0",
        b"RIFF\x10\0\0\0RMIDMThd",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"\x28\0\0\0\x10\0\0\0\x10\0\0\0\x01\0\x18\0" + bytes(40),
        b"ID3\x03\0\0\0\0\0\0" + b"\xff\xfb\x90\x64" * 200,
        b"OggS\0\x02" + bytes(20) + b"\x01\x1e\x01vorbis",
        b"\x7fELF\x02\x01\x01" + bytes(40),
        "\ufeffBM und GIF87a".encode("utf-16"),
    ],
)
def test_other_files_are_no_media(head: bytes) -> None:
    assert sniff(head) is Reason.NOT_MEDIA


@pytest.mark.parametrize(
    "head",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"\xc5\xd0\xd3\xc6\x1e\0\0\0",
        b"%PDF-1.7\n",
        b'<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg">',
        b"\xef\xbb\xbf<svg\n>",
        b"\0\0\0\x0cjP\x1a\x1a\r\n\x87\n",
        b"8BPS\0\x01",
        b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x18\0",
        b"FLV\x01\x05\0\0\0\x09",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa",
        b".RMF\0\0\0\x12",
        b"OggS\0\x02" + bytes(20) + b"\x01\x2a\x80theora",
        b"P6\n# made\n4 4\n255\n" + bytes(48),
        b"P1 2 2 1 0 0 1",
        b"\0\0\0\x01\x67\x42\0\x1e",
        b"BA\x28\0\0\0\0\0\0\0\0\0\0\0BM",
        b"BM" + bytes(8) + b"\x1e\0\0\0\x10\0\0\0",
    ],
)
def test_known_formats_that_nothing_here_reads(head: bytes) -> None:
    assert sniff(head) is Reason.UNSUPPORTED


@pytest.mark.parametrize(
    "head",
    [
        b"II\x2a\0\x10\0\0\0CR\x02\0", b"FUJIFILMCCD-RAW 0201FF\0\0", b"IIRO\x08\0\0\0\x12", b"IIRS\x08\0\0\0\x12",
        b"MMOR\0\0\0\x08\0\x12", b"IIU\0\x18\0\0\0\x88\xe7",
    ],
)  # fmt: skip
def test_camera_raw_is_read_for_the_preview_in_it(head: bytes) -> None:
    assert sniff(head) == (Media.IMAGE, "RAW")


@pytest.mark.parametrize("head", [b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a\xfa\x1f\x01\x02"])
def test_jpeg_xl_is_a_picture_in_its_box_and_bare(head: bytes) -> None:
    assert sniff(head) == (Media.IMAGE, "JXL")


def test_nothing_is_empty() -> None:
    assert sniff(b"") is Reason.EMPTY


def test_a_damaged_bitmap_is_left_to_the_decoder() -> None:
    """Its header size is nonsense; "damaged" is what the person has to be told, not "no picture"."""
    assert sniff(picture("BMP")[:14] + b"\x7f" + picture("BMP")[15:]) == (Media.IMAGE, "BMP")


_ANSWERS = {*((Media.IMAGE, form) for form in (*PICTURES, "JXL"))} | {(Media.VIDEO, form) for form, _, _ in VIDEOS}
_REFUSALS = {Reason.EMPTY, Reason.UNSUPPORTED, Reason.NOT_MEDIA, Reason.ARCHIVE, Reason.IN_CLOUD}
_STARTS = [picture(form)[:64] for form in PICTURES] + [b"\0\0\0\x08ftyp", b"\0\0\x01\xba", b"RIFF", b"BM", b"G", b""]


@given(st.sampled_from(_STARTS), st.integers(0, 64), st.binary(max_size=2000))
def test_any_bytes_have_an_answer(start: bytes, keep: int, rest: bytes) -> None:
    assert sniff(start[:keep] + rest) in _ANSWERS | _REFUSALS


def _mutants(data: bytes, count: int) -> list[bytes]:
    """The file with one to three bytes of its first 48 changed: where every signature is."""
    rng = random.Random(len(data))
    mutants = []
    for _ in range(count):
        mutant = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            mutant[rng.randrange(48)] = rng.choice((0, 1, 0x20, 0xFF, rng.randrange(256)))
        mutants.append(bytes(mutant))
    return mutants


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", PICTURES)
def test_what_pillow_reads_passes(form: str) -> None:
    read = [mutant for mutant in _mutants(picture(form), 60) if pillow_reads(mutant)]
    assert read
    assert [mutant[:48] for mutant in read if isinstance(sniff(mutant[:HEAD]), Reason)] == []


@pytest.mark.parametrize(("form", "muxer", "codec"), VIDEOS)
def test_what_pyav_reads_passes(form: str, muxer: str, codec: str) -> None:
    read = [mutant for mutant in _mutants(video(muxer, codec), 40) if pyav_reads(mutant)]
    assert read
    refused = [mutant[:48] for mutant in read if isinstance(sniff(mutant[:HEAD]), Reason)]
    # A picture's brand in a film's ``ftyp``, or a signature that FFmpeg does without, may come out of a mutation.
    assert len(refused) <= len(read) // 20, refused


@pytest.mark.filterwarnings("ignore")
def test_what_the_decoders_read_of_the_corpus_passes(shared: Path) -> None:
    count = 0
    for path in sorted(shared.rglob("*")):
        if path.suffix in {".json", ".md", ".py"} or not path.is_file():
            continue
        data = path.read_bytes()
        if pillow_reads(data) or pyav_reads(data):
            count += 1
            assert not isinstance(sniff(data[:HEAD]), Reason), path.name
    assert count > 50


def _zip(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr(name, b"\xff\xd8\xff\xe0" + bytes(900))
    return stream.getvalue()


def _tar(mode: Literal["w", "w:gz", "w:bz2", "w:xz"]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as target:
        entry = tarfile.TarInfo("IMG_1.jpg")
        entry.size = 900
        target.addfile(entry, io.BytesIO(b"\xff\xd8\xff\xe0" + bytes(896)))
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        _zip("Takeout/Google Photos/IMG_1.jpg"), _zip("word/media/image1.jpeg"), _zip("IMG_0001.jpeg"),
        _tar("w"), _tar("w:gz"), _tar("w:bz2"), _tar("w:xz"), b"Rar!\x1a\7\1\0" + bytes(90), b"7z\xbc\xaf\x27\x1c\0\4",
        b"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y",
        b"From a@example.org Mon Nov 30\nTo: b\nContent-Type:\n multipart/related\n\n",
    ],
)  # fmt: skip
def test_archives_of_pictures_were_called_no_pictures(data: bytes) -> None:
    assert sniff(data[:HEAD]) is Reason.ARCHIVE


def test_a_stub_of_a_cloud_was_called_no_picture(tmp_path: Path) -> None:
    stub = plistlib.dumps({"NSURLNameKey": "IMG_7711.HEIC", "NSURLFileSizeKey": 1234}, fmt=plistlib.FMT_BINARY)
    assert sniff(stub) is Reason.IN_CLOUD
    path = tmp_path / ".IMG_7711.HEIC.icloud"
    path.write_bytes(stub)
    assert open_media(Found(path, len(stub)), Limits()) == Failed(path, Reason.IN_CLOUD, len(stub))


@pytest.mark.parametrize(
    "data",
    [
        b"PK is how some texts begin\n", b"Content-Type: multipart/ is what it said\n", b"Dear all,\nnothing\n",
        plistlib.dumps({"name": "x"}, fmt=plistlib.FMT_BINARY), b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
    ],
)  # fmt: skip
def test_what_only_resembles_an_archive_is_no_media(data: bytes) -> None:
    assert sniff(data) is Reason.NOT_MEDIA
