"""Copies that went through a body editor, a printer or a lens.

Each is drawn from first principles: how a warp moves what it touches, how ink, paper and a scanner change tones, how a
camera sees the lattice of a screen. Each takes an amount; the rest is drawn from the random source. This module never
looks at a fingerprint, and imports nothing from the package under test.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from tests.benchmarks.reposts.layouts import Layout, Picture, Rng

Floats = npt.NDArray[np.float32 | np.float64]
#: Cells of the mesh along the long side of a warped picture.
_MESH = 48
#: Pixels of the long side of a page as it is scanned, and of a photograph as it is sent.
_SCANNED, _SENT = 1400, 1200


def body_edit(picture: Picture, share: float, rng: Rng) -> Picture:
    """Push, pinch or swell two to four round places; what moves most moves by ``share`` per cent of the short side."""
    width, height = picture.size
    short = min(width, height)
    moved = [_place(width, height, short, rng) for _ in range(int(rng.integers(2, 5)))]
    columns = max(2, round(_MESH * width / max(width, height)))
    rows = max(2, round(_MESH * height / max(width, height)))
    across, down = np.linspace(0, width, columns + 1).round(), np.linspace(0, height, rows + 1).round()
    x, y = np.meshgrid(across, down)
    source_x, source_y = x.copy(), y.copy()
    for centre_x, centre_y, radius, kind, angle in moved:
        far_x, far_y = x - centre_x, y - centre_y
        near = np.clip(1 - (far_x**2 + far_y**2) / radius**2, 0, None) ** 2
        most = short * share / 100
        if kind == 0:
            source_x -= near * most * math.cos(angle)
            source_y -= near * most * math.sin(angle)
        else:
            # The mapping moves a ring at half the radius most: there it is by ``most``, inwards or outwards.
            by = (1 if kind == 1 else -1) * near * most / (0.5 * radius * 0.75**2)
            source_x += by * far_x
            source_y += by * far_y
    corners = np.stack([np.clip(source_x, 0, width), np.clip(source_y, 0, height)], axis=2)
    mesh = [
        (
            (int(across[column]), int(down[row]), int(across[column + 1]), int(down[row + 1])),
            tuple(corners[[row, row + 1, row + 1, row], [column, column, column + 1, column + 1]].ravel().tolist()),
        )
        for row in range(rows)
        for column in range(columns)
    ]
    return picture.transform(picture.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _place(width: int, height: int, short: int, rng: Rng) -> tuple[float, float, float, int, float]:
    """Return middle, radius, kind (0 push, 1 pinch, 2 swell) and direction of one place that is edited."""
    x, y = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.8) * height
    return x, y, rng.uniform(0.12, 0.3) * short, int(rng.integers(3)), rng.uniform(0, 2 * math.pi)


def print_and_scan(picture: Picture, degrees: float, rng: Rng) -> Picture:
    """Print on white paper, lay it on a scanner turned by ``degrees``, and cut the scan to about the print."""
    shown = picture.copy()
    shown.thumbnail((_SCANNED, _SCANNED))
    tones: Floats = np.asarray(shown, np.float32) / 255
    # Ink is never black, paper never white, and both have a tint.
    ink, paper = rng.uniform(0.08, 0.2, 3).astype(np.float32), rng.uniform(0.88, 0.98, 3).astype(np.float32)
    tones = ink + tones ** rng.uniform(0.8, 1.3) * (paper - ink)
    y, x = np.ogrid[: tones.shape[0], : tones.shape[1]]
    # The dots of print: a lattice of its own angle for each ink.
    period, depth = rng.uniform(2.6, 5.0), rng.uniform(0.05, 0.25)
    for channel, angle in enumerate(np.radians([15.0, 75.0, 45.0])):
        along, beside = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
        dots = np.cos((along * (2 * math.pi / period)).astype(np.float32))
        dots *= np.cos((beside * (2 * math.pi / period)).astype(np.float32))
        # Dots show most in middle tones: full ink and bare paper have none.
        tones[:, :, channel] += depth * dots * 4 * tones[:, :, channel] * (1 - tones[:, :, channel])
    tones += rng.standard_normal((*tones.shape[:2], 1), np.float32) * rng.uniform(0.005, 0.02)
    printed = _draw(tones).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 1.2)))
    margin = round(max(printed.size) * 0.12)
    white = tuple(int(level * 255) for level in paper)
    sheet = Image.new("RGB", (printed.width + 2 * margin, printed.height + 2 * margin), white)
    sheet.paste(printed, (margin, margin))
    turned = sheet.rotate(degrees if rng.random() < 0.5 else -degrees, Image.Resampling.BICUBIC, fillcolor=white)
    # People cut along the print by eye: some of the paper stays, or some of the print goes.
    left, top, right, bottom = (round(margin - share * max(printed.size)) for share in rng.uniform(-0.02, 0.04, 4))
    return turned.crop((left, top, turned.width - right, turned.height - bottom))


def photograph_screen(picture: Picture, degrees: float, rng: Rng) -> Picture:
    """Photograph a screen that shows the picture from ``degrees`` beside its axis: perspective, moiré, and glare."""
    shape = (4 / 3, 3 / 4)[picture.height > picture.width]
    width, height = (_SENT, round(_SENT / shape)) if shape > 1 else (round(_SENT * shape), _SENT)
    corners = _see_corners(width, height, picture.width / picture.height, math.radians(degrees), rng)
    to_picture = _solve_perspective(corners, picture.size)
    seen = picture.transform(
        (width, height), Image.Transform.PERSPECTIVE, to_picture.ravel()[:8].tolist(), Image.Resampling.BICUBIC,
        fillcolor=tuple(int(level) for level in rng.integers(4, 40, 3)),
    )  # fmt: skip
    y, x = np.ogrid[:height, :width]
    under = to_picture[2, 0] * x + to_picture[2, 1] * y + 1
    along = (
        ((to_picture[row, 0] * x + to_picture[row, 1] * y + to_picture[row, 2]) / under / side).astype(np.float32)
        for row, side in enumerate(picture.size)
    )
    across, down = along
    lit = (across >= 0) & (across <= 1) & (down >= 0) & (down <= 1)
    # The screen's own pixels, of about the size of the camera's: sampled once a pixel they beat with those.
    pitch, depth = rng.uniform(0.8, 1.25) * width, rng.uniform(0.02, 0.12)
    rows = np.cos(down * (2 * math.pi * pitch * height / width))
    tones = np.asarray(seen, np.float32) / 255
    for channel in range(3):
        stripes = np.cos((across * pitch + channel / 3) * (2 * math.pi)) + rows
        tones[:, :, channel] *= 1 + depth * stripes * lit
    tones *= _fall_off(x / width, y / height, rng)[:, :, None]
    for _ in range(int(rng.integers(1, 3))):
        tones += _glare(x / width, y / height, rng)[:, :, None] * rng.uniform(0.85, 1, 3).astype(np.float32)
    tones *= (rng.uniform(0.8, 1.15) * rng.uniform(0.9, 1.1, 3)).astype(np.float32)
    blurred = _draw(np.clip(tones, 0, 1) ** rng.uniform(0.8, 1.2)).filter(
        ImageFilter.GaussianBlur(rng.uniform(0.4, 1.6))
    )
    grain = rng.standard_normal((height, width, 1), np.float32) * rng.uniform(1, 5)
    return _draw((np.asarray(blurred) + grain) / 255)


def _see_corners(width: int, height: int, shape: float, angle: float, rng: Rng) -> Floats:
    """Return where a camera sees the corners of a picture, 4 x 2 pixels: a flat thing turned about a drawn axis."""
    tall = 1 / shape
    flat = np.array([(-1, -tall), (1, -tall), (1, tall), (-1, tall)]) / 2
    axis = rng.uniform(0, 2 * math.pi)
    # Distance along the line of sight grows with the distance from the axis.
    beyond = flat @ (-math.sin(axis), math.cos(axis))
    turned = flat + np.outer(beyond * (math.cos(angle) - 1), (-math.sin(axis), math.cos(axis)))
    seen = turned / (1 + beyond * math.sin(angle) / 1.4)[:, None]
    roll = math.radians(float(rng.uniform(-2, 2)))
    seen = seen @ np.array([(math.cos(roll), math.sin(roll)), (-math.sin(roll), math.cos(roll))])
    # The camera frames the picture about full: up to a twentieth is cut off, or up to a seventh is bezel and room.
    scale = min(width / np.ptp(seen[:, 0]), height / np.ptp(seen[:, 1])) * rng.uniform(0.86, 1.05)
    middle = (seen.max(axis=0) + seen.min(axis=0)) / 2
    found: Floats = (seen - middle) * scale + (width / 2, height / 2)
    return found


def _solve_perspective(corners: Floats, size: tuple[int, int]) -> Floats:
    """Return the 3 x 3 map from what the camera sees to the pixels of a picture of this size."""
    width, height = size
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners.tolist(), ((0, 0), (width, 0), (width, height), (0, height)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return np.append(np.linalg.solve(np.array(rows, np.float64), np.array(wanted, np.float64)), 1).reshape(3, 3)


def _fall_off(x: Floats, y: Floats, rng: Rng) -> Floats:
    """Return how bright each place is: a screen is dimmer away from where one looks straight at it."""
    middle_x, middle_y = rng.uniform(0.3, 0.7, 2)
    found: Floats = 1 - rng.uniform(0.05, 0.5) * ((x - middle_x) ** 2 + (y - middle_y) ** 2)
    return found.astype(np.float32)


def _glare(x: Floats, y: Floats, rng: Rng) -> Floats:
    """Return the light of a lamp or window that a screen throws back: a soft ellipse."""
    middle_x, middle_y = rng.uniform(0, 1, 2)
    wide, tall = rng.uniform(0.04, 0.22, 2)
    found: Floats = np.exp(-(((x - middle_x) / wide) ** 2)) * np.exp(-(((y - middle_y) / tall) ** 2))
    return (rng.uniform(0.1, 0.5) * found).astype(np.float32)


def _draw(tones: Floats) -> Picture:
    return Image.fromarray(np.clip(tones * 255, 0, 255).astype(np.uint8))


CAPTURES: dict[str, Layout] = {
    "body editor": lambda picture, other, rng: body_edit(picture, float(rng.uniform(2, 10)), rng),
    "print and scan": lambda picture, other, rng: print_and_scan(picture, float(rng.uniform(0, 4)), rng),
    "photo of a screen": lambda picture, other, rng: photograph_screen(picture, float(rng.uniform(0, 15)), rng),
}
