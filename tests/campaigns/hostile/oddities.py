"""Folders as nobody makes them on purpose: devices, loops, depths, sparse giants, names in any bytes, changing files.

Everything is made below the given folder, and ``remove`` takes all of it away again.
It does not leave a file outside that folder changed.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

#: Names that a terminal, a markup library, a shell or a decoder of text stumbles over.
NAMES: tuple[bytes, ...] = (
    b"not-utf8-\xff\xfe.jpg", b"latin-\xe9t\xe9.jpg", b"new\nline.jpg", b"esc\x1b[31mred\x1b[0m.jpg", b"bell\x07.jpg",
    b"title\x1b]0;owned\x07.jpg", "rtl-\u202egpj.exe".encode(), b"[red]bold[/red].jpg", b"[/].jpg", b"-rf.jpg",
    b"--json", b"-", b"$(touch pwned).jpg", b"`id`.jpg", b"; ls.jpg", b"%s%n%x.jpg", b"{0}.jpg", b"'\"\\.jpg",
    b" leading and trailing .jpg ", b"...", "zero\u200bwidth.jpg".encode(), "\ufeffbom.jpg".encode(), b"a" * 255,
    "emoji-\U0001f469\u200d\U0001f4bb.jpg".encode(), "e\u0301 and \u00e9.jpg".encode(), b"CON.jpg", b"nul",
    b"http:", b"file:..", b"concat:a|b.mp4", b"%d.jpg", b"*.jpg", b"?.jpg", b"\x9b31m.jpg", b"\xed\xa0\x80.jpg",
)  # fmt: skip


def names(folder: Path, content: bytes, further: list[str] | None = None) -> int:
    """A file of ``content`` under every hostile name that the file system takes; gives how many."""
    made = 0
    place = os.fsencode(folder)
    for name in [*NAMES, *(os.fsencode(text.replace("/", "_")) for text in further or [] if text.strip("."))]:
        with suppress(OSError, ValueError):
            descriptor = os.open(place + b"/" + name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            os.write(descriptor, content + made.to_bytes(4, "big"))
            os.close(descriptor)
            made += 1
    return made


def specials(folder: Path, content: bytes) -> None:
    """FIFO, socket, device, loops of links, and links to what would never end or should not be read."""
    if sys.platform == "win32":
        return
    (folder / "good.jpg").write_bytes(content)
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener, suppress(OSError):  # a path too long for a socket
        listener.bind(str(folder / "socket.jpg"))
    with suppress(PermissionError):  # only root makes devices
        os.mknod(folder / "device.jpg", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    links = {
        "a.jpg": "b.jpg", "b.jpg": "a.jpg", "self.jpg": "self.jpg", "up": "..", "root": "/", "zero.jpg": "/dev/zero",
        "memory.jpg": "/proc/self/mem", "broken.jpg": "nothing", "good-link.jpg": "good.jpg",
    }  # fmt: skip
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.link(folder / "good.jpg", folder / "second-name.jpg")


def sizes(folder: Path, content: bytes) -> None:
    """Empty, one byte, sparse giants, files cut off at every kind of place."""
    (folder / "empty.jpg").touch()
    for byte in (b"\0", b"\xff", b"<", b"G"):
        (folder / f"one-{byte.hex()}.png").write_bytes(byte)
    for name, head in (("sparse.mp4", b""), ("sparse.jpg", content), ("sparse.gif", b"GIF89a")):
        with (folder / name).open("wb") as stream:
            stream.write(head)
            stream.truncate(5 << 30)
    for part in (1, 2, 4, 16, 100, len(content) // 2, len(content) - 1):
        (folder / f"cut-{part}.jpg").write_bytes(content[:part])


def forbidden(folder: Path, content: bytes) -> None:
    """A file, a folder that cannot be listed, and one that cannot be searched."""
    (folder / "secret.jpg").write_bytes(content)
    (folder / "secret.jpg").chmod(0)
    for name, mode in (("unlisted", 0o300), ("unsearched", 0o400)):
        inner = folder / name
        inner.mkdir()
        (inner / "x.jpg").write_bytes(content)
        inner.chmod(mode)


def deep(folder: Path, content: bytes, levels: int = 10_000) -> None:
    """A tree of ``levels`` folders, each in the one before, with a picture in every thousandth."""
    if sys.platform == "win32":
        return
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for level in range(levels):
        if level % 1000 == 1:
            descriptor = os.open("x.jpg", os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=here)
            os.write(descriptor, content)
            os.close(descriptor)
        os.mkdir("d", dir_fd=here)
        inner = os.open("d", os.O_RDONLY | os.O_DIRECTORY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)


class Churn:
    """Changes files without pause while the block lasts; every name exists at every moment."""

    def __init__(self, folder: Path, content: bytes, count: int = 24) -> None:
        self._paths = [folder / f"changing-{number:02}.jpg" for number in range(count)]
        self._content = content
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._change)
        for path in self._paths:
            path.write_bytes(content)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _change(self) -> None:
        chance = random.Random(9)
        while not self._end.wait(0.001):
            path = chance.choice(self._paths)
            beside = path.with_suffix(".new")
            with suppress(OSError):
                match chance.randrange(4):
                    case 0:
                        with path.open("ab") as stream:
                            stream.write(b"\0")
                    case 1:
                        os.truncate(path, chance.randrange(len(self._content)))
                    case 2:
                        path.chmod(chance.choice((0o000, 0o644)))
                    case _:
                        # Made outside the folder that is walked: a second name must never be met.
                        beside = path.parent.parent / f"{path.name}.new"
                        beside.unlink(missing_ok=True)
                        if chance.random() < 0.5:
                            beside.symlink_to("good.jpg")
                        else:
                            beside.write_bytes(self._content)
                        beside.replace(path)


def remove(folder: Path) -> None:
    """Take a tree away that no recursion can."""
    if sys.platform == "win32":
        shutil.rmtree(folder)
        return
    subprocess.run(["rm", "-rf", folder], check=False, stderr=subprocess.DEVNULL)
    if folder.exists():  # forbidden folders, where we are not root
        subprocess.run(["chmod", "-R", "u+rwx", folder], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", folder], check=False)
