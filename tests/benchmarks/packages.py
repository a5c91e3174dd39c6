"""The Debian packages that hold photographs: which folder of each, and which names in it are photographs.

It gives an order that is the same on every machine. It does not open a picture, nor choose by what one shows
of recall: drawings, paintings, textures and captured screens are left out by name.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

#: Where ``make photographs`` unpacks them, for which nobody has to be root; what is installed comes first.
UNPACKED = Path("build/photographs")
#: Drawn pictures and bare patterns of the wallpaper packages: not photographs.
DRAWN = (
    "adwaita", "altai", "analogpattern", "arc-colors", "autumn", "calla", "canopee", "cascade", "city", "cluster",
    "darkesthour", "desert", "elarun", "elephants", "firstgeneration", "float-into", "flow", "fluent", "flyingkonqui",
    "focal-ubuntu", "goldfish", "greentraditional", "grid", "gulp", "honeywave", "icecold", "infinite-sea", "kay",
    "kokkini", "licorice", "lomiri", "mate-stripes", "milkyway", "opal", "pastelhills", "painting-colors", "patak",
    "pixels", "rhythm", "rollpaper", "safelanding", "shell", "silk", "spring", "string", "stripes", "symbolic",
    "the-mouse", "truchet", "ubuntu-mate", "volna", "warty", "waves", "wood-d", "wood-l", "2004default",
)  # fmt: skip
_PICTURES = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True, slots=True)
class Source:
    """Photographs below ``folder`` whose names match one of ``names``; every ``step``-th of them in order."""

    packages: tuple[str, ...]
    folder: str
    names: tuple[str, ...] = ("*",)
    step: int = 1


_WALLPAPERS = ("plasma-workspace-wallpapers", "gnome-backgrounds", "mate-backgrounds", "lomiri-wallpapers-16.04")
SOURCES = (
    Source(_WALLPAPERS[:1], "usr/share/wallpapers"),
    Source((*_WALLPAPERS[1:], "ukui-wallpapers"), "usr/share/backgrounds"),
    Source(("palapeli-data",), "usr/share/palapeli/collection"),
    Source(("kphotoalbum",), "usr/share/kphotoalbum/demo", ("*.jpg",)),
    Source(("forensics-samples-files",), "usr/share/forensics-samples/original-files", ("IMG*",)),
    Source(("gnome-control-center-data",), "usr/share/pixmaps/faces", ("*.jpg",)),
    Source(("libjxl-testdata",), "usr/share/libjxl-testdata/jxl", ("flower.png", "hdr_room.png")),
    Source(("libjxl-testdata",), "usr/share/libjxl-testdata/external/wesaturate/500px", ("*_srgb8.png",)),
    Source(
        ("opencv-doc",),
        "usr/share/doc/opencv-doc/examples",
        (
            "aero1.jpg", "aloeL.jpg", "apple.jpg", "baboon.jpg", "basketball1.png", "board.jpg", "building.jpg",
            "ela_original.jpg", "fruits.jpg", "graf1.png", "left.jpg", "leuvenA.jpg", "licenseplate_motion.jpg",
            "orange.jpg", "rubberwhale1.png", "scenetext0[1-6].jpg", "squirrel_cls.jpg", "stuff.jpg", "sudoku.png",
        ),
    ),
    Source(("labelme-examples",), "usr/share/doc/labelme-examples/examples/tutorial", ("apc2016_obj3.jpg",)),
    Source(
        ("labelme-examples",), "usr/share/doc/labelme-examples/examples/classification/data_annotated", ("000*.jpg",)
    ),
    Source(
        ("labelme-examples",),
        "usr/share/doc/labelme-examples/examples/bbox_detection/data_annotated",
        ("2011_0000*.jpg",),
    ),
    Source(
        ("psychtoolbox-3-common",),
        "usr/share/psychtoolbox-3",
        ("konijntjes1024x768.jpg", "TeapotTexture.jpg", "stim[36].jpg", "town.jpg"),
    ),
    # Landscapes without end, twice as wide as tall: a third of them, or they would outweigh all others.
    Source(
        ("endless-sky-high-dpi",),
        "usr/share/games/endless-sky/plugins/endless-sky-high-dpi/images/land",
        ("*.jpg",),
        step=3,
    ),
)  # fmt: skip


def files() -> Iterator[tuple[str, Path]]:
    """The packages (joined by blanks) and path of each photograph, in order, a file that is linked to twice once."""
    seen = set()
    for source in SOURCES:
        for root in (Path("/"), UNPACKED):
            for path in found(source, root):
                # The same file of a package is installed and unpacked: the first counts.
                place = path.relative_to(root)
                if place not in seen and (real := path.resolve()) not in seen:
                    seen |= {place, real}
                    yield " ".join(source.packages), path


def found(source: Source, root: Path) -> list[Path]:
    """The photographs of one source below ``root``, sorted, without those that are drawn."""
    folder = root / source.folder
    matching = (path for path in folder.rglob("*") if any(fnmatch(path.name, name) for name in source.names))
    return sorted(path for path in matching if path.suffix.lower() in _PICTURES and not _drawn(path))[:: source.step]


def _drawn(path: Path) -> bool:
    """Decide by the name, or by that of the wallpaper whose sizes it lies among; others choose by name anyway."""
    if "wallpapers" not in path.parts and "backgrounds" not in path.parts and "collection" not in path.parts:
        return False
    words = f"{path.parts[-4] if 'contents' in path.parts else ''} {path.name}".lower().split()
    return any(word.startswith(DRAWN) for word in words)


def unpack() -> None:
    """Fetch what is not installed and unpack it into ``UNPACKED``; nothing is installed."""
    wanted = sorted({name for source in SOURCES for name in source.packages if not _is_installed(name)})
    held = UNPACKED / "packages"
    held.mkdir(parents=True, exist_ok=True)
    if wanted:
        subprocess.run(["apt-get", "download", *wanted], cwd=held, check=True)
    for package in sorted(held.glob("*.deb")):
        subprocess.run(["dpkg", "-x", package, UNPACKED], check=True)
        package.unlink()


def _is_installed(package: str) -> bool:
    ended = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True, check=False
    )
    return ended.stdout == "install ok installed"


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    unpack()
