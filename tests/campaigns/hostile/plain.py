"""What plain Pillow and PyAV make of the same files, behind the same allowlists: the bar for what must be hashed.

It gives an answer for every file: a decoder that crashes, hangs or runs out of memory here counts as "no".
It does not run in the process that asks: ``decodable`` starts one with limits, this module being its program.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from tests.campaigns.hostile.measure import ROOT, environment

PICTURES = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000")
DEMUXERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo"
DECODERS = "h264,hevc,libdav1d,vp8,vp9,mpeg1video,mpeg2video,mpeg4,msmpeg4,msmpeg4v2,h263,mjpeg,prores"
STILLS = (b"avif", b"avis", b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"miaf", b"jpeg", b"avci")
_SECONDS = 60
_MEMORY = 4 << 30


def decodable(paths: Sequence[Path], home: Path) -> set[Path]:
    """Those of ``paths`` that Pillow decodes a picture of, or PyAV a frame."""
    good: set[Path] = set()
    waiting = list(paths)
    while waiting:
        answers = _ask(waiting, home)
        good.update(path for path, answer in zip(waiting, answers, strict=False) if answer == "y")
        waiting = waiting[len(answers) + 1 :]  # the one without an answer ended the process
    return good


def _ask(paths: Sequence[Path], home: Path) -> str:
    """One letter a path, as many as came before the process ended or took too long."""
    names = b"".join(os.fsencode(path.absolute()) + b"\0" for path in paths)
    listed = home / "names"
    listed.write_bytes(names)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.campaigns.hostile.plain", listed],
        cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        answers = b""
        while len(answers) < len(paths):
            if not select.select([process.stdout], [], [], _SECONDS)[0]:
                break
            more = os.read(process.stdout.fileno(), 4096)
            if not more:
                break
            answers += more
        process.kill()
    return answers.decode("ascii")


def reads_picture(path: Path) -> bool:
    """Whether Pillow decodes the (first) picture; it raises nearly anything."""
    from PIL import Image

    try:
        with Image.open(path, formats=PICTURES) as image:
            image.load()
    except Exception:
        return False
    return True


def is_still(path: Path) -> bool:
    """Whether it is a HEIF or AVIF still: FFmpeg shows a tile or a layer of it, which is not the picture."""
    with path.open("rb") as stream:
        head = stream.read(64)
    return head[4:8] == b"ftyp" and head[8:12] in STILLS


def reads_video(path: Path) -> bool:
    """Whether PyAV decodes a frame, with a decoder of the list, of a video stream that is no cover picture."""
    import av

    options = {"format_whitelist": DEMUXERS, "codec_whitelist": DECODERS, "protocol_whitelist": "file"}
    try:
        if is_still(path):
            return False
        with path.open("rb") as stream, av.open(stream, "r", container_options=options) as container:
            allowed = container.streams.video[0].codec_context.codec.name in DECODERS.split(",")
            return allowed and next(iter(container.decode(video=0)), None) is not None
    except Exception:
        return False


def main(listed: str) -> None:
    """Answer ``y`` or ``n`` for each of the NUL-separated names in the file ``listed``."""
    import pillow_heif

    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    pillow_heif.register_heif_opener()
    for name in Path(listed).read_bytes().split(b"\0")[:-1]:
        path = Path(os.fsdecode(name))
        answer = b"y" if reads_picture(path) or reads_video(path) else b"n"
        os.write(1, answer)


if __name__ == "__main__":
    main(sys.argv[1])
