"""The simulated copies of a picture: which part is shown where, on what background, under what marks.

The copies depend only on the aspect ratio. Marks and texts come from a fixed random source, because nobody can know
the real ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from takedown_cli.hashing.decoded import Floats
from takedown_cli.hashing.fingerprint import copy_geometry

Span = tuple[float, float, float, float]
#: Left, right, top, bottom (0 to 1 of the canvas) and how much of the way from background to ink.
Mark = tuple[float, float, float, float, float]

WHOLE: Span = (0.0, 1.0, 0.0, 1.0)
BLACK, DARK, GREY, WHITE = 0.0, 20.0, 40.0, 255.0
_GREY_NAMES = {BLACK: "black", DARK: "dark", GREY: "grey", WHITE: "white"}
#: Steps of log2 of the aspect ratio that are kept apart (0.3 %).
_ASPECT_STEPS = 256


@dataclass(frozen=True, slots=True)
class SimulatedCopy:
    """One simulated copy. ``group`` is its sort: a group counts by its weight in the class, however many are in it.

    ``x`` and ``y`` are the part of the picture that the canvas shows (see ``copy_geometry.axis_maps``).
    """

    name: str
    group: str
    x: Span
    y: Span
    background: float = BLACK
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedCopies:
    """The copies of one class for one aspect ratio: arguments for ``copy_geometry.place_copies``, and what to add.

    ``down`` and ``across`` (R x GRID) bring the picture's two axes to the directions that the maps span.
    Copy p is placement ``shown[p]``: many differ in background and marks alone. ``added`` (P x 16 x 16) is what those
    add; ``weights`` sum to 1; ``radii`` are bits.
    """

    down: Floats
    across: Floats
    rows: Floats
    columns: Floats
    which: npt.NDArray[np.intp]
    shown: npt.NDArray[np.intp]
    added: Floats
    weights: Floats
    radii: Floats
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TiltedCopies:
    """The tilted copies of one aspect ratio: arguments for ``tilt_copies``, index and background of each copy."""

    aspect: float
    angles: tuple[float, ...]
    grown: tuple[tuple[float, float], ...]
    which: npt.NDArray[np.intp]
    backgrounds: Floats
    weights: Floats
    radii: Floats
    names: tuple[str, ...]


def _crop_span(near: float, far: float) -> Span:
    return (near, 1 - near - far, 0.0, 1.0)


def _mirror_copy(copy: SimulatedCopy) -> SimulatedCopy:
    """Return the same copy of the mirrored picture: the marks on it stay where they are."""
    offset, scale, low, high = copy.x
    span = (1 - offset, -scale, 1 - high, 1 - low)
    return replace(copy, name=f"{copy.name}:mirrored", group=f"mirrored {copy.group}", x=span)


def _percent(*shares: float) -> str:
    return "+".join(f"{100 * share:g}" for share in shares)


def _simulate_crops(aspect: float) -> Iterator[SimulatedCopy]:
    """Yield crops of one side or all four alike to 10 %, four sides each to 5 % (spread evenly, on a grid of 0.5 %)."""
    for step in range(1, 21):
        share = step * 0.005
        name = _percent(share)
        yield SimulatedCopy(f"crop:left:{name}", "side", _crop_span(share, 0), WHOLE)
        yield SimulatedCopy(f"crop:right:{name}", "side", _crop_span(0, share), WHOLE)
        yield SimulatedCopy(f"crop:top:{name}", "side", WHOLE, _crop_span(share, 0))
        yield SimulatedCopy(f"crop:bottom:{name}", "side", WHOLE, _crop_span(0, share))
    for step in range(1, 21):
        share = step * 0.005
        group = "centred" if share <= 0.05 else "deep"
        span = _crop_span(share, share)
        yield SimulatedCopy(f"crop:centred:{_percent(share)}", group, span, span)
    spread = np.floor(_spread_points(300) * 11) * 0.005
    for left, top, right, bottom in spread.tolist():
        name = f"crop:{_percent(left, top, right, bottom)}"
        yield SimulatedCopy(name, "four", _crop_span(left, right), _crop_span(top, bottom))


def _spread_points(count: int) -> npt.NDArray[np.float64]:
    """Return ``count`` x 4 points spread evenly over 0 to 1 (Roberts's recurrence on the generalised golden ratio)."""
    golden = 1.0
    for _ in range(40):
        golden = (1 + golden) ** (1 / 5)
    steps = golden ** -np.arange(1.0, 5.0)
    points: npt.NDArray[np.float64] = (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1
    return points


def _simulate_borders(aspect: float) -> Iterator[SimulatedCopy]:
    """Yield borders to 10 % of the short side, or of each side by itself; black and white count most."""
    short = min(1.0, aspect)
    for grey, group in ((BLACK, "plain"), (WHITE, "plain"), (64.0, "other"), (128.0, "other"), (192.0, "other")):
        for step in range(1, 21 if group == "plain" else 11):
            share = step * (0.005 if group == "plain" else 0.01)
            name = f"border:{_GREY_NAMES.get(grey, f'{grey:g}')}:{_percent(share)}"
            for x, y, which in ((share * short / aspect, share * short, group), (share, share, "each")):
                if which == "each" and (group == "other" or aspect == 1):
                    continue
                copy = SimulatedCopy(name, which, (-x, 1 + 2 * x, 0, 1), (-y, 1 + 2 * y, 0, 1), grey)
                yield copy
                if which == "plain":
                    yield _mirror_copy(copy)


def _fit_into_screen(aspect: float, screen: float, shift: float = 0.0) -> tuple[Span, Span]:
    """Return the spans of a picture fitted into a screen (both as width over height).

    It is off the middle by ``shift`` of the height, downwards.
    """
    if aspect > screen:
        scale = aspect / screen
        return WHOLE, ((1 - scale) / 2 - shift * scale, scale, 0.0, 1.0)
    scale = screen / aspect
    return ((1 - scale) / 2, scale, 0.0, 1.0), WHOLE


def _draw_status_bar(source: np.random.Generator) -> tuple[Mark, ...]:
    """Return a status bar: a clock at the left, signs at the right. Texts are bars as dark as text is on average."""
    top = float(source.uniform(0.006, 0.014))
    left = float(source.uniform(0.04, 0.12))
    clock = (left, left + float(source.uniform(0.06, 0.10)), top, top + 0.012, float(source.uniform(0.25, 0.45)))
    right = float(source.uniform(0.92, 0.98))
    return clock, (right - float(source.uniform(0.10, 0.18)), right, top, top + 0.012, float(source.uniform(0.4, 0.8)))


def _draw_viewer(source: np.random.Generator) -> tuple[Mark, ...]:
    """Return a status bar, a sign and a title above, and a row of thin buttons below.

    Bars of full width are left out: they leave no trace in PDQ.
    """
    sign = (0.04, 0.10, 0.053, 0.072, float(source.uniform(0.1, 0.2)))
    long = float(source.uniform(0.15, 0.35))
    start = 0.14 if source.random() < 0.5 else (1 - long) / 2
    title = (start, start + long, 0.057, 0.069, 0.32)
    count = int(source.integers(3, 6))
    low = float(source.uniform(0.925, 0.955))
    ink = float(source.uniform(0.2, 0.45))
    middles = [(k + 0.5) / count for k in range(count)]
    return (*_draw_status_bar(source), sign, title, *((x - 0.03, x + 0.03, low, low + 0.026, ink) for x in middles))


#: Random marks for one background and shape of screen.
_GUESSES = 8
_MIRRORED_SCREENS = ("9x16", "square")
_SCREENS = (("9x16", 9 / 16), ("square", 1.0), ("16x9", 16 / 9), ("16x10", 1.6), ("4x3", 4 / 3), ("3x2", 1.5))


def _simulate_screens(aspect: float) -> Iterator[SimulatedCopy]:
    """Yield screenshots: phones of 9:16.5 to 9:21, plain or with status bar or buttons; stories, squares, desktops."""
    source = np.random.default_rng(1)
    for height in np.linspace(16.5, 21, 8).tolist():
        middle, *moved = (_fit_into_screen(aspect, 9 / height, shift) for shift in (0.0, -0.006, 0.006))
        for grey in (BLACK, WHITE, DARK, GREY):
            name = f"screen:phone:{_GREY_NAMES[grey]}"
            x, y = middle
            yield SimulatedCopy(name, f"phone {grey}", x, y, grey)
            if grey in (BLACK, WHITE):
                yield _mirror_copy(SimulatedCopy(name, f"phone {grey}", x, y, grey))
            for guess in range(_GUESSES if grey != GREY else 0):
                yield SimulatedCopy(f"{name}:status", f"status {grey}", x, y, grey, _draw_status_bar(source))
                yield SimulatedCopy(f"{name}:viewer", f"viewer {grey}", *moved[guess % 2], grey, _draw_viewer(source))
    for name, screen in _SCREENS:
        for grey in (BLACK, WHITE, DARK):
            x, y = _fit_into_screen(aspect, screen)
            copy = SimulatedCopy(f"screen:{name}:{_GREY_NAMES[grey]}", f"{name} {grey}", x, y, grey)
            yield copy
            if name in _MIRRORED_SCREENS and grey != DARK:
                yield _mirror_copy(copy)


def _draw_text(source: np.random.Generator, top: float, tall: float) -> tuple[Mark, ...]:
    """Return one to three lines of text in the middle of a bar, most often centred; now and then none."""
    rows = int(source.choice([0, 1, 1, 1, 1, 2, 2, 2, 3]))
    size = min(float(source.uniform(0.03, 0.068)), 0.7 * tall / max(1, rows))
    left = bool(source.random() < 0.25)
    marks: list[Mark] = []
    for row in range(rows):
        middle = top + tall / 2 + (row - (rows - 1) / 2) * 1.25 * size + 0.05 * size
        long = float(source.uniform(0.35, 0.92))
        start = 0.03 if left else (1 - long) / 2
        marks.append((start, start + long, middle - 0.31 * size, middle + 0.31 * size, 0.32))
    return tuple(marks)


#: Random texts for one bar.
_TEXTS = 24
_MIRRORED_TEXTS = 4


def _simulate_captions(aspect: float) -> Iterator[SimulatedCopy]:
    """Yield captions: a bar of 10 to 20 % of the height, added above or below, or laid over."""
    source = np.random.default_rng(2)
    for step in range(11):
        share = 0.1 + 0.01 * step
        tall = share / (1 + share)
        for grey in (BLACK, WHITE):
            for where in ("top", "bottom"):
                name = f"caption:{where}:{_GREY_NAMES[grey]}:{100 * share:.0f}"
                y = (-share if where == "top" else 0.0, 1 + share, 0.0, 1.0)
                seen = (0.0, 1.0, share, 1.0) if where == "top" else (0.0, 1.0, 0.0, 1 - share)
                for draw in range(_TEXTS):
                    text = _draw_text(source, 0.0 if where == "top" else 1 - tall, tall)
                    copy = SimulatedCopy(name, "added", WHOLE, y, grey, text)
                    yield copy
                    if draw < _MIRRORED_TEXTS:
                        yield _mirror_copy(copy)
                    if draw > 1:
                        continue
                    text = _draw_text(source, 0.0 if where == "top" else 1 - share, share)
                    yield SimulatedCopy(f"{name}:over", "over", WHOLE, seen, grey, text)


#: Shapes that pictures are cut to, as width over height: a square, a portrait post, a story, the screen of a phone, the
#: cells of a collage of two, and a film.
_SHAPES = (
    ("1x1", 1.0), ("4x5", 0.8), ("9x16", 9 / 16), ("9x19.5", 9 / 19.5), ("1x2", 0.5), ("2x1", 2.0), ("16x9", 16 / 9),
)  # fmt: skip
#: A cut that leaves more than this is a crop.
_UNCUT = 0.96
#: Where the part lies that is kept, in steps of what is cut off: the middle, either end, or somewhere between.
_PLACES, _ENDS, _MOVED = 24, ("1x1", "4x5"), ("1x1",)


def _simulate_fits(aspect: float) -> Iterator[SimulatedCopy]:
    """Yield the picture cut to the shape of a post, a story, a screen or a cell: its middle, an end, or between."""
    for name, shape in _SHAPES:
        kept = min(shape / aspect, aspect / shape)
        if kept > _UNCUT:
            continue
        groups = {_PLACES // 2: name}
        groups |= dict.fromkeys((0, _PLACES) if name in _ENDS else (), f"end {name}")
        groups |= dict.fromkeys(set(range(_PLACES) if name in _MOVED else ()) - {*groups}, f"moved {name}")
        for place, group in sorted(groups.items()):
            span = ((1 - kept) * place / _PLACES, kept, 0.0, 1.0)
            x, y = (span, WHOLE) if aspect > shape else (WHOLE, span)
            yield SimulatedCopy(f"fit:{name}:{100 * place // _PLACES}", group, x, y)


#: Class → what it simulates. Tilts are apart (``plan_tilts``): they are no product of two axes.
_SIMULATED: dict[str, Callable[[float], Iterator[SimulatedCopy]]] = {
    "screens": _simulate_screens,
    "crops": _simulate_crops,
    "borders": _simulate_borders,
    "captions": _simulate_captions,
    "fits": _simulate_fits,
}
#: What one group counts beside the others of its class, by the first word of its name (1 for the rest).
_WEIGHTS = {
    "centred": 0.5,
    "deep": 0.5,
    "four": 1.2,
    "each": 0.6,
    "other": 0.5,
    "over": 0.08,
    "status": 3.0,
    "viewer": 1.5,
    "side": 1.1,
    "mirrored": 0.3,
    "end": 2.0,
    "moved": 8.0,
}
#: Bits that a copy of this group may lie from a centre as simulated, of 31: the rest is for resizing, JPEG and, where
#: there are marks or a text, for what nobody can know about them.
_RADII = {"status": 23, "viewer": 20, "added": 22, "over": 22}
_RADIUS = 26


def _weights_and_radii(groups: list[str]) -> tuple[Floats, Floats]:
    """Return weights that sum to 1, each group's shared out evenly among its copies, and the radii in bits."""
    names = sorted(set(groups))
    index = np.array([names.index(group) for group in groups])
    share = np.array([_WEIGHTS.get(name.split()[0], 1.0) for name in names]) / np.bincount(index)
    weights: Floats = (share[index] / share[index].sum()).astype(np.float32)
    return weights, np.array([_RADII.get(group.split()[0], _RADIUS) for group in groups], np.float32)


def round_aspect(aspect: float) -> float:
    """Return the aspect ratio (width over height) to simulate copies for: within 0.15 %, and between 1:8 and 8:1."""
    return float(2 ** (round(_ASPECT_STEPS * min(3.0, max(-3.0, math.log2(aspect)))) / _ASPECT_STEPS))


def plan_copies(name: str, aspect: float) -> PlacedCopies:
    """Return the copies of class ``name`` (all but tilts) for ``aspect``, as ``round_aspect`` gives it."""
    return plan_copies_for(name, 1.0 if name in ("crops", "captions") else aspect)


@lru_cache(maxsize=32)
def plan_copies_for(name: str, aspect: float) -> PlacedCopies:
    """Return what ``plan_copies`` does; the classes whose copies do not depend on ``aspect`` come here with 1."""
    copies = list(_SIMULATED[name](aspect))
    ys = sorted({copy.y for copy in copies})
    xs = sorted({copy.x for copy in copies})
    row, column = {span: k for k, span in enumerate(ys)}, {span: k for k, span in enumerate(xs)}
    rows, columns = copy_geometry.axis_maps(np.array(ys, np.float32)), copy_geometry.axis_maps(np.array(xs, np.float32))
    pairs = np.array([(row[copy.y], column[copy.x]) for copy in copies], np.intp)
    which, shown = np.unique(pairs, axis=0, return_inverse=True)
    shown = shown.ravel()
    backgrounds = np.array([copy.background for copy in copies], np.float32)
    covered = copy_geometry.covered_coefficients(rows, columns, which)[shown]
    added = _draw_marks(copies) - backgrounds[:, None, None] * covered
    weights, radii = _weights_and_radii([copy.group for copy in copies])
    names = tuple(copy.name for copy in copies)
    (rows, down), (columns, across) = copy_geometry.factor_maps(rows), copy_geometry.factor_maps(columns)
    return PlacedCopies(down, across, rows, columns, which, shown, added, weights, radii, names)


def _draw_marks(copies: list[SimulatedCopy]) -> Floats:
    """Return P x 16 x 16 coefficients that the marks add: ink is white on a dark background, black on a light one."""
    drawn = np.zeros((len(copies), 16, 16), np.float32)
    rows = [
        (index, *mark, (WHITE if copy.background < 128 else BLACK) - copy.background)
        for index, copy in enumerate(copies)
        for mark in copy.marks
    ]
    if rows:
        table = np.array(rows, np.float32)
        across, down = (copy_geometry.strip_coefficients(table[:, at : at + 2]) for at in (1, 3))
        each = (table[:, 5] * table[:, 6])[:, None, None] * down[:, :, None] * across[:, None, :]
        np.add.at(drawn, table[:, 0].astype(np.intp), each)
    return drawn


@lru_cache(maxsize=12)
def plan_tilts(aspect: float) -> TiltedCopies:
    """Return tilts to 3° either way: corners black or white, canvas kept or grown, or cropped to the inside."""
    angles: list[float] = []
    grown: list[tuple[float, float]] = []
    rows: list[tuple[int, float, str, str]] = []
    for degrees in (-3.0, -2.4, -1.8, -1.2, -0.6, 0.6, 1.2, 1.8, 2.4, 3.0):
        radians = math.radians(degrees)
        sine, cosine = abs(math.sin(radians)), math.cos(radians)
        # The largest upright rectangle of the picture's shape inside the tilted one.
        inside = 1 / (cosine + sine * max(aspect, 1 / aspect))
        canvases = {
            "filled": (1.0, 1.0),
            "grown": (cosine + sine / aspect, cosine + sine * aspect),
            "inside": (inside, inside),
        }
        for group, canvas in canvases.items():
            angles.append(degrees)
            grown.append(canvas)
            for grey in (BLACK,) if group == "inside" else (BLACK, WHITE):
                name = f"tilt:{degrees:+g}:{group if group == 'inside' else _GREY_NAMES[grey]}"
                rows.append((len(angles) - 1, grey, group, name))
    which, backgrounds = np.array([row[0] for row in rows], np.intp), np.array([row[1] for row in rows], np.float32)
    weights, radii = _weights_and_radii([row[2] for row in rows])
    names = tuple(row[3] for row in rows)
    return TiltedCopies(aspect, tuple(angles), tuple(grown), which, backgrounds, weights, radii, names)
