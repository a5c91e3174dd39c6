"""The copies of a picture that are simulated: which part is shown where, on what ground, under what marks.

It guarantees that equal shapes give equal lists, whatever machine; marks and texts come from a fixed random source and
stand for what nobody can know. It must never look at a picture: what it returns depends on the aspect ratio alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from takedown_cli.fingerprint import variants_place as place
from takedown_cli.fingerprint.variants_place import Floats

Span = tuple[float, float, float, float]
#: Left, right, top, bottom (0 to 1 of the canvas) and how much of the way from ground to ink.
Mark = tuple[float, float, float, float, float]

WHOLE: Span = (0.0, 1.0, 0.0, 1.0)
BLACK, DARK, GREY, WHITE = 0.0, 20.0, 40.0, 255.0
_GROUND_NAMES = {BLACK: "black", DARK: "dark", GREY: "grey", WHITE: "white"}
#: Digits of log2 of the aspect ratio that are told apart (0.3 %).
_ASPECT_STEPS = 256


@dataclass(frozen=True, slots=True)
class Copy:
    """One simulated copy. ``kind`` groups copies of one sort; all kinds of a class count by their weight, however many.

    ``x`` and ``y`` say which part of the picture the canvas shows (see ``variants_place.axis``).
    """

    name: str
    kind: str
    x: Span
    y: Span
    ground: float = BLACK
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """The copies of one class for one aspect ratio: arguments for ``variants_place.place``, and what to add to it.

    ``down`` and ``across`` (R x GRID) bring the picture's two axes to the directions that the maps span.
    Copy p is placement ``shown[p]``: many differ in ground and marks alone. ``added`` (P x 16 x 16) is what those
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
class Tilts:
    """The tilted copies of one aspect ratio: arguments for ``variants_place.tilt``, index and ground of each copy."""

    aspect: float
    angles: tuple[float, ...]
    grown: tuple[tuple[float, float], ...]
    which: npt.NDArray[np.intp]
    ground: Floats
    weights: Floats
    radii: Floats
    names: tuple[str, ...]


def _cut(near: float, far: float) -> Span:
    return (near, 1 - near - far, 0.0, 1.0)


def _percent(*shares: float) -> str:
    return "+".join(f"{100 * share:g}" for share in shares)


def _crops(aspect: float) -> Iterator[Copy]:
    """One side or all four alike to 10 %, four sides each to 5 % (spread evenly, on a grid of 0.5 %)."""
    for step in range(1, 21):
        share = step * 0.005
        name = _percent(share)
        yield Copy(f"crop:left:{name}", "side", _cut(share, 0), WHOLE)
        yield Copy(f"crop:right:{name}", "side", _cut(0, share), WHOLE)
        yield Copy(f"crop:top:{name}", "side", WHOLE, _cut(share, 0))
        yield Copy(f"crop:bottom:{name}", "side", WHOLE, _cut(0, share))
    for step in range(1, 21):
        share = step * 0.005
        kind = "centred" if share <= 0.05 else "deep"
        yield Copy(f"crop:centred:{_percent(share)}", kind, _cut(share, share), _cut(share, share))
    spread = np.floor(_even(300) * 11) * 0.005
    for left, top, right, bottom in spread.tolist():
        yield Copy(f"crop:{_percent(left, top, right, bottom)}", "four", _cut(left, right), _cut(top, bottom))


def _even(count: int) -> npt.NDArray[np.float64]:
    """``count`` x 4 points spread evenly over 0 to 1 (Roberts's recurrence on the generalised golden ratio)."""
    golden = 1.0
    for _ in range(40):
        golden = (1 + golden) ** (1 / 5)
    steps = golden ** -np.arange(1.0, 5.0)
    points: npt.NDArray[np.float64] = (0.5 + np.outer(np.arange(1, count + 1), steps)) % 1
    return points


def _borders(aspect: float) -> Iterator[Copy]:
    """To 10 % of the short side, or of each side by itself, on any ground; black and white count most."""
    short = min(1.0, aspect)
    for ground, kind in ((BLACK, "plain"), (WHITE, "plain"), (64.0, "other"), (128.0, "other"), (192.0, "other")):
        for step in range(1, 21 if kind == "plain" else 11):
            share = step * (0.005 if kind == "plain" else 0.01)
            name = f"border:{_GROUND_NAMES.get(ground, f'{ground:g}')}:{_percent(share)}"
            for x, y, which in ((share * short / aspect, share * short, kind), (share, share, "each")):
                if which == "each" and (kind == "other" or aspect == 1):
                    continue
                yield Copy(name, which, (-x, 1 + 2 * x, 0, 1), (-y, 1 + 2 * y, 0, 1), ground)


def _fitted(aspect: float, screen: float, shift: float = 0.0) -> tuple[Span, Span]:
    """A picture fitted into a screen (both as width over height), off the middle by ``shift`` of the height, down."""
    if aspect > screen:
        scale = aspect / screen
        return WHOLE, ((1 - scale) / 2 - shift * scale, scale, 0.0, 1.0)
    scale = screen / aspect
    return ((1 - scale) / 2, scale, 0.0, 1.0), WHOLE


def _status(source: np.random.Generator) -> tuple[Mark, ...]:
    """A status bar: a clock at the left, signs at the right. Texts are bars as dark as the text is on average."""
    top = float(source.uniform(0.006, 0.014))
    left = float(source.uniform(0.04, 0.12))
    clock = (left, left + float(source.uniform(0.06, 0.10)), top, top + 0.012, float(source.uniform(0.25, 0.45)))
    right = float(source.uniform(0.92, 0.98))
    return clock, (right - float(source.uniform(0.10, 0.18)), right, top, top + 0.012, float(source.uniform(0.4, 0.8)))


def _viewer(source: np.random.Generator) -> tuple[Mark, ...]:
    """A status bar, a sign and a title above, a row of thin buttons below. Bars of full width leave no trace in PDQ."""
    sign = (0.04, 0.10, 0.053, 0.072, float(source.uniform(0.1, 0.2)))
    long = float(source.uniform(0.15, 0.35))
    start = 0.14 if source.random() < 0.5 else (1 - long) / 2
    title = (start, start + long, 0.057, 0.069, 0.32)
    count = int(source.integers(3, 6))
    low = float(source.uniform(0.925, 0.955))
    ink = float(source.uniform(0.2, 0.45))
    middles = [(k + 0.5) / count for k in range(count)]
    return (*_status(source), sign, title, *((x - 0.03, x + 0.03, low, low + 0.026, ink) for x in middles))


#: Random marks for one ground and shape of screen.
_GUESSES = 8
_SCREENS = (("9x16", 9 / 16), ("square", 1.0), ("16x9", 16 / 9), ("16x10", 1.6), ("4x3", 4 / 3), ("3x2", 1.5))


def _screens(aspect: float) -> Iterator[Copy]:
    """Phones of 9:16.5 to 9:21, plain, with a status bar, with a viewer's buttons; stories, squares, desktops."""
    source = np.random.default_rng(1)
    for height in np.linspace(16.5, 21, 8).tolist():
        middle, *moved = (_fitted(aspect, 9 / height, shift) for shift in (0.0, -0.006, 0.006))
        for ground in (BLACK, WHITE, DARK, GREY):
            name = f"screen:phone:{_GROUND_NAMES[ground]}"
            x, y = middle
            yield Copy(name, f"phone {ground}", x, y, ground)
            for guess in range(_GUESSES if ground != GREY else 0):
                yield Copy(f"{name}:status", f"status {ground}", x, y, ground, _status(source))
                yield Copy(f"{name}:viewer", f"viewer {ground}", *moved[guess % 2], ground, _viewer(source))
    for name, screen in _SCREENS:
        for ground in (BLACK, WHITE, DARK):
            x, y = _fitted(aspect, screen)
            yield Copy(f"screen:{name}:{_GROUND_NAMES[ground]}", f"{name} {ground}", x, y, ground)


def _text(source: np.random.Generator, top: float, tall: float) -> tuple[Mark, ...]:
    """One to three lines of text in the middle of a bar, most often centred, of any length; now and then none."""
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


def _captions(aspect: float) -> Iterator[Copy]:
    """A bar of 10 to 20 % of the height, added above or below, or laid over."""
    source = np.random.default_rng(2)
    for step in range(11):
        share = 0.1 + 0.01 * step
        tall = share / (1 + share)
        for ground in (BLACK, WHITE):
            for where in ("top", "bottom"):
                name = f"caption:{where}:{_GROUND_NAMES[ground]}:{100 * share:.0f}"
                y = (-share if where == "top" else 0.0, 1 + share, 0.0, 1.0)
                seen = (0.0, 1.0, share, 1.0) if where == "top" else (0.0, 1.0, 0.0, 1 - share)
                for draw in range(_TEXTS):
                    text = _text(source, 0.0 if where == "top" else 1 - tall, tall)
                    yield Copy(name, "added", WHOLE, y, ground, text)
                    if draw > 1:
                        continue
                    text = _text(source, 0.0 if where == "top" else 1 - share, share)
                    yield Copy(f"{name}:over", "over", WHOLE, seen, ground, text)


#: Class → what it simulates. Tilts are apart (``tilts``): they are no product of two axes.
_SIMULATED: dict[str, Callable[[float], Iterator[Copy]]] = {
    "screens": _screens,
    "crops": _crops,
    "borders": _borders,
    "captions": _captions,
}
#: What one kind counts beside the others of its class, by the first word of its name (1 unless told).
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
}
#: Bits that a copy of this kind may lie from a centre as simulated, of 31: the rest is for resizing, JPEG and, where
#: there are marks or a text, for what nobody can know about them.
_RADII = {"status": 23, "viewer": 20, "added": 22, "over": 22}
_RADIUS = 26


def _kind_weights(kinds: list[str]) -> Floats:
    """Weights that sum to 1, each kind's shared out evenly among its copies."""
    names = sorted(set(kinds))
    index = np.array([names.index(kind) for kind in kinds])
    share = np.array([_WEIGHTS.get(name.split()[0], 1.0) for name in names]) / np.bincount(index)
    weights: Floats = (share[index] / share[index].sum()).astype(np.float32)
    return weights


def _radii(kinds: list[str]) -> Floats:
    return np.array([_RADII.get(kind.split()[0], _RADIUS) for kind in kinds], np.float32)


def rounded(aspect: float) -> float:
    """The aspect ratio (width over height) for which copies are simulated: within 0.15 %, and between 1:8 and 8:1."""
    return float(2 ** (round(_ASPECT_STEPS * min(3.0, max(-3.0, math.log2(aspect)))) / _ASPECT_STEPS))


def plan(name: str, aspect: float) -> Plan:
    """The copies of class ``name`` (all but tilts) for ``aspect``, as ``rounded`` gives it."""
    return _plan(name, 1.0 if name in ("crops", "captions") else aspect)


@lru_cache(maxsize=24)
def _plan(name: str, aspect: float) -> Plan:
    copies = list(_SIMULATED[name](aspect))
    ys = sorted({copy.y for copy in copies})
    xs = sorted({copy.x for copy in copies})
    row, column = {span: k for k, span in enumerate(ys)}, {span: k for k, span in enumerate(xs)}
    rows, columns = place.axis(np.array(ys, np.float32)), place.axis(np.array(xs, np.float32))
    pairs = np.array([(row[copy.y], column[copy.x]) for copy in copies], np.intp)
    which, shown = np.unique(pairs, axis=0, return_inverse=True)
    shown = shown.ravel()
    ground = np.array([copy.ground for copy in copies], np.float32)
    added = _drawn(copies) - ground[:, None, None] * place.lit(rows, columns, which)[shown]
    kinds = [copy.kind for copy in copies]
    names = tuple(copy.name for copy in copies)
    (rows, down), (columns, across) = place.spanned(rows), place.spanned(columns)
    return Plan(down, across, rows, columns, which, shown, added, _kind_weights(kinds), _radii(kinds), names)


def _drawn(copies: list[Copy]) -> Floats:
    """P x 16 x 16 coefficients that the marks add: ink is white on dark ground, black on light."""
    drawn = np.zeros((len(copies), 16, 16), np.float32)
    rows = [
        (index, *mark, (WHITE if copy.ground < 128 else BLACK) - copy.ground)
        for index, copy in enumerate(copies)
        for mark in copy.marks
    ]
    if rows:
        table = np.array(rows, np.float32)
        across, down = place.strips(table[:, 1:3]), place.strips(table[:, 3:5])
        each = (table[:, 5] * table[:, 6])[:, None, None] * down[:, :, None] * across[:, None, :]
        np.add.at(drawn, table[:, 0].astype(np.intp), each)
    return drawn


def _inside(aspect: float, angle: float) -> tuple[float, float]:
    """Share of the picture's width and height in the largest upright rectangle of its shape inside the tilted one."""
    sine, cosine = abs(math.sin(angle)), abs(math.cos(angle))
    share = 1 / (cosine + sine * max(aspect, 1 / aspect))
    return share, share


@lru_cache(maxsize=12)
def tilts(aspect: float) -> Tilts:
    """Tilts to 3° either way: corners black or white, canvas kept or grown, or cropped to the inside."""
    angles: list[float] = []
    grown: list[tuple[float, float]] = []
    rows: list[tuple[int, float, str, str]] = []
    for degrees in (-3.0, -2.4, -1.8, -1.2, -0.6, 0.6, 1.2, 1.8, 2.4, 3.0):
        radians = math.radians(degrees)
        sine, cosine = abs(math.sin(radians)), math.cos(radians)
        canvases = {
            "filled": (1.0, 1.0),
            "grown": (cosine + sine / aspect, cosine + sine * aspect),
            "inside": _inside(aspect, radians),
        }
        for kind, canvas in canvases.items():
            angles.append(degrees)
            grown.append(canvas)
            for ground in (BLACK,) if kind == "inside" else (BLACK, WHITE):
                name = f"tilt:{degrees:+g}:{kind if kind == 'inside' else _GROUND_NAMES[ground]}"
                rows.append((len(angles) - 1, ground, kind, name))
    return Tilts(
        aspect,
        tuple(angles),
        tuple(grown),
        np.array([row[0] for row in rows], np.intp),
        np.array([row[1] for row in rows], np.float32),
        _kind_weights([row[2] for row in rows]),
        _radii([row[2] for row in rows]),
        tuple(row[3] for row in rows),
    )
