"""Copies that Meta's AugLy makes, as a witness from outside: its own fonts, emoji, templates and defaults.

AugLy 1.0.0 needs older libraries than this project, so this file is also a program for an environment of its own:
``PYTHON augly_copies.py FOLDER`` writes ``NAME.KIND.jpg`` beside each ``NAME.png``. It imports nothing from the package
under test.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random, seed
from typing import Any

#: Where ``make augly`` puts the environment.
PYTHON = Path("build/augly/bin/python")
QUALITY = 80
#: The function of AugLy, and what it is called with; lists are drawn from, as are pairs of numbers between their ends.
KINDS: dict[str, dict[str, Any]] = {
    "overlay_onto_screenshot": {},
    "meme_format": {"caption_height": [100, 180, 250], "text": ["look at this one", "nobody saw it before"]},
    "overlay_text": {"font_size": (0.05, 0.15), "x_pos": (0.0, 0.3), "y_pos": (0.0, 0.8)},
    "overlay_emoji": {"emoji_size": (0.1, 0.3), "x_pos": (0.0, 0.7), "y_pos": (0.0, 0.7)},
    "overlay_stripes": {"line_width": (0.1, 0.4), "line_density": (0.2, 0.6)},
    "pad": {"w_factor": (0.0, 0.25), "h_factor": (0.0, 0.25)},
    "pad_square": {},
    "crop": {"x1": (0.0, 0.08), "y1": (0.0, 0.08), "x2": (0.92, 1.0), "y2": (0.92, 1.0)},
    "scale": {"factor": (0.3, 0.8)},
    "change_aspect_ratio": {"ratio": (0.6, 1.7)},
    "rotate": {"degrees": (-6.0, 6.0)},
    "skew": {"skew_factor": (-0.2, 0.2)},
    "perspective_transform": {"sigma": (5.0, 25.0)},
    "hflip": {},
    "vflip": {},
    "blur": {"radius": (1.0, 4.0)},
    "sharpen": {"factor": (2.0, 10.0)},
    "pixelization": {"ratio": (0.15, 0.6)},
    "random_noise": {"var": (0.005, 0.03)},
    "opacity": {"level": (0.4, 0.9)},
    "brightness": {"factor": (0.4, 1.8)},
    "contrast": {"factor": (0.4, 2.0)},
    "saturation": {"factor": (0.0, 4.0)},
    "color_jitter": {"brightness_factor": (0.6, 1.4), "saturation_factor": (0.3, 2.0)},
    "grayscale": {},
    "encoding_quality": {"quality": [10, 20, 40]},
}


def interpreter() -> Path | None:
    """Return a Python that can import AugLy: the one that AUGLY names, or that of ``make augly``. None without."""
    given = Path(os.environ.get("AUGLY") or PYTHON)
    if not given.exists():
        return None
    tried = subprocess.run([given, "-c", "import augly.image"], capture_output=True, check=False)
    return None if tried.returncode else given


def make(python: Path, folder: Path) -> None:
    """Write the copies of all pictures in a folder. Raise CalledProcessError if AugLy fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    subprocess.run([python, Path(__file__).resolve(), folder], check=True, env=environment)


def write_copies(folder: Path) -> None:
    """Write one copy of each kind of every picture in the folder, amounts drawn by the picture's name."""
    image = importlib.import_module("PIL.Image")
    seed("augly")  # it draws the text that it lays over a picture while it is imported
    augly = importlib.import_module("augly.image")
    for path in sorted(folder.glob("*.png")):
        with image.open(path) as opened:
            picture = opened.convert("RGB")
        for kind, options in KINDS.items():
            source = Random(f"{path.stem} {kind}")
            seed(f"{path.stem} {kind}")  # AugLy draws some things itself
            drawn = {name: _draw(source, amounts) for name, amounts in options.items()}
            copy = getattr(augly, kind)(picture, **drawn).convert("RGB")
            copy.thumbnail((1080, 1080))
            copy.save(folder / f"{path.stem}.{kind}.jpg", quality=QUALITY)


def _draw(source: Random, amounts: list[Any] | tuple[float, float]) -> Any:
    return source.uniform(*amounts) if isinstance(amounts, tuple) else source.choice(amounts)


if __name__ == "__main__":
    write_copies(Path(sys.argv[1]))
