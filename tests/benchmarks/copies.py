"""Copies of a picture as they really appear: recompressed, cropped, framed, captured from a screen, captioned, tilted.

They guarantee that every amount is drawn from the random source given in, never from the steps that the fingerprints
were computed for; this module does not look at a fingerprint or import anything from the package under test.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Picture = Image.Image
Rng = np.random.Generator
Maker = Callable[[Picture, Rng], Picture]

#: Long side, in pixels, and JPEG quality that every copy ends with, as on a platform.
LONG_SIDE = 1080
QUALITY = 85
BLACK, WHITE, DARK = (0, 0, 0), (255, 255, 255), (18, 18, 18)
Colour = tuple[int, int, int]
WORDS = ("when", "you", "see", "it", "nobody", "told", "me", "this", "would", "happen", "again", "wait")


def finish(picture: Picture, quality: int = QUALITY, side: int = LONG_SIDE) -> Picture:
    """The copy as a platform gets it: long side ``side`` pixels at most, saved as JPEG and read again."""
    small = picture.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    small.save(held, "JPEG", quality=quality)
    return Image.open(held).convert("RGB")


def _pick(rng: Rng, *of: Colour) -> Colour:
    return of[int(rng.integers(len(of)))]


# -- recompressed, resized, recoloured ---------------------------------------------------------------------------------


def recompress(picture: Picture, rng: Rng) -> Picture:
    return finish(picture, quality=int(rng.integers(10, 96)), side=int(rng.integers(640, 1600)))


def resize(picture: Picture, rng: Rng) -> Picture:
    return finish(picture, side=int(rng.integers(320, 1600)))


def colour(picture: Picture, rng: Rng) -> Picture:
    which = int(rng.integers(6))
    if which == 0:
        return picture.convert("L").convert("RGB")
    if which == 1:
        return ImageOps.colorize(picture.convert("L"), (20, 10, 0), (255, 240, 200))
    if which == 2:
        return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.5)))
    enhance = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)[which - 3]
    return enhance(picture).enhance(rng.uniform(0.75, 1.25))


# -- the eight orientations --------------------------------------------------------------------------------------------


def turned(how: Image.Transpose) -> Maker:
    return lambda picture, rng: picture.transpose(how)


# -- screens -----------------------------------------------------------------------------------------------------------


def _shown(picture: Picture, width: int, height: int, fill: Colour, rng: Rng, shift: float = 0.0) -> Picture:
    """``picture`` fitted into a screen, centred but for ``shift`` (a share of the height, either way)."""
    fitted = ImageOps.contain(picture, (width, height), Image.Resampling.LANCZOS)
    screen = Image.new("RGB", (width, height), fill)
    slack = height - fitted.height
    top = slack // 2 + round(min(rng.uniform(-shift, shift) * height, slack / 2))
    screen.paste(fitted, ((width - fitted.width) // 2, max(0, top)))
    return screen


def _phone(rng: Rng) -> tuple[int, int]:
    """A phone's screen, scaled: between 9:16 and 9:21, most often near 9:19.5."""
    return 720, round(720 * float(np.clip(rng.normal(19.5, 0.8), 16, 21)) / 9)


def _bar(draw: ImageDraw.ImageDraw, width: int, y: int, height: int, ink: Colour, rng: Rng) -> None:
    """A clock at the left and three signs at the right, as on a status bar."""
    font = ImageFont.load_default(max(9, height * 0.5))
    draw.text((width * 0.06, y + height * 0.2), f"{rng.integers(24)}:{rng.integers(10, 60)}", ink, font)
    for k in range(3):
        x = width * (0.82 + 0.05 * k)
        draw.rectangle((x, y + height * 0.3, x + width * 0.035, y + height * 0.65), fill=ink)


def phone_plain(picture: Picture, rng: Rng) -> Picture:
    return _shown(picture, *_phone(rng), _pick(rng, BLACK, WHITE), rng)


def phone_grey(picture: Picture, rng: Rng) -> Picture:
    level = int(rng.integers(10, 49))
    return _shown(picture, *_phone(rng), (level, level, level), rng)


def phone_status(picture: Picture, rng: Rng) -> Picture:
    width, height = _phone(rng)
    fill = _pick(rng, BLACK, WHITE, DARK)
    screen = _shown(picture, width, height, fill, rng)
    ink = BLACK if fill == WHITE else WHITE
    _bar(ImageDraw.Draw(screen), width, 0, round(height * 0.035), ink, rng)
    return screen


def phone_viewer(picture: Picture, rng: Rng) -> Picture:
    """A gallery's viewer: status bar, bars of another grey, an arrow, a title, thin buttons; a bit off the middle."""
    width, height = _phone(rng)
    fill = _pick(rng, BLACK, WHITE, DARK)
    ink, bar = (BLACK, (240, 240, 240)) if fill == WHITE else (WHITE, (32, 32, 32))
    screen = _shown(picture, width, height, fill, rng, shift=0.01)
    draw = ImageDraw.Draw(screen)
    if rng.integers(2):
        draw.rectangle((0, 0, width, height * 0.09), fill=bar)
        draw.rectangle((0, height * 0.91, width, height), fill=bar)
    _bar(draw, width, 0, round(height * 0.035), ink, rng)
    x, y, r = width * 0.07, height * 0.0625, width * 0.02
    draw.line((x + r, y - r, x - r, y, x + r, y + r), fill=ink, width=3)
    font = ImageFont.load_default(height * 0.018)
    at, anchor = ((width * 0.14, "lm"), (width / 2, "mm"))[int(rng.integers(2))]
    draw.text((at, y), " ".join(rng.choice(WORDS, 3)), ink, font, anchor=anchor)
    count, r = int(rng.integers(3, 6)), width * 0.028
    y = height * rng.uniform(0.935, 0.965)
    for k in range(count):
        x = width * (k + 0.5) / count
        draw.ellipse((x - r, y - r, x + r, y + r), outline=ink, width=4)
    return screen


def phone_social(picture: Picture, rng: Rng) -> Picture:
    """A post in a feed: a face, a name, buttons, two lines of comment; the picture higher up than the middle."""
    width, height = _phone(rng)
    fill = _pick(rng, BLACK, WHITE)
    ink = BLACK if fill == WHITE else WHITE
    screen = Image.new("RGB", (width, height), fill)
    fitted = ImageOps.contain(picture, (width, round(height * 0.7)), Image.Resampling.LANCZOS)
    top = round(height * rng.uniform(0.12, 0.18))
    screen.paste(fitted, ((width - fitted.width) // 2, top))
    draw = ImageDraw.Draw(screen)
    _bar(draw, width, 0, round(height * 0.035), ink, rng)
    font = ImageFont.load_default(height * 0.018)
    draw.ellipse((width * 0.03, top - width * 0.13, width * 0.13, top - width * 0.03), fill=(128, 128, 128))
    draw.text((width * 0.16, top - width * 0.1), " ".join(rng.choice(WORDS, 2)), ink, font)
    low = top + fitted.height
    for k in range(3):
        x = width * (0.04 + 0.11 * k)
        draw.ellipse((x, low + width * 0.03, x + width * 0.07, low + width * 0.1), outline=ink, width=5)
    for row in range(2):
        draw.text((width * 0.04, low + width * (0.13 + 0.06 * row)), " ".join(rng.choice(WORDS, 6)), ink, font)
    return screen


def story(picture: Picture, rng: Rng) -> Picture:
    return _shown(picture, 720, 1280, _pick(rng, BLACK, WHITE, DARK), rng)


def story_blurred(picture: Picture, rng: Rng) -> Picture:
    """A story whose ground is the picture itself, enlarged, blurred and dimmed."""
    ground = ImageOps.fit(picture, (720, 1280)).filter(ImageFilter.GaussianBlur(rng.uniform(25, 60)))
    ground = ImageEnhance.Brightness(ground).enhance(rng.uniform(0.5, 0.9))
    fitted = ImageOps.contain(picture, (720, 1280), Image.Resampling.LANCZOS)
    ground.paste(fitted, ((720 - fitted.width) // 2, (1280 - fitted.height) // 2))
    return ground


def square(picture: Picture, rng: Rng) -> Picture:
    return _shown(picture, 1080, 1080, _pick(rng, BLACK, WHITE), rng)


def desktop(picture: Picture, rng: Rng) -> Picture:
    """A viewer in full screen on 16:9, 16:10, 4:3 or 3:2."""
    width, height = ((1600, 900), (1600, 1000), (1440, 1080), (1500, 1000))[int(rng.integers(4))]
    return _shown(picture, width, height, _pick(rng, BLACK, WHITE, DARK), rng)


# -- crops and borders -------------------------------------------------------------------------------------------------


def _cropped(picture: Picture, left: float, top: float, right: float, bottom: float) -> Picture:
    width, height = picture.size
    box = (round(left * width), round(top * height), round(width * (1 - right)), round(height * (1 - bottom)))
    return picture.crop(box)


def crop_side(picture: Picture, rng: Rng) -> Picture:
    cut = [0.0, 0.0, 0.0, 0.0]
    cut[int(rng.integers(4))] = rng.uniform(0, 0.10)
    return _cropped(picture, *cut)


def crop_centred(picture: Picture, rng: Rng) -> Picture:
    """Up to 10 % of the width and of the height, half of it on either side."""
    share = rng.uniform(0, 0.10) / 2
    return _cropped(picture, share, share, share, share)


def crop_centred_deep(picture: Picture, rng: Rng) -> Picture:
    """Up to 10 % of each of the four sides, the same on all."""
    share = rng.uniform(0, 0.10)
    return _cropped(picture, share, share, share, share)


def crop_four(picture: Picture, rng: Rng) -> Picture:
    return _cropped(picture, *rng.uniform(0, 0.05, 4))


def _framed(picture: Picture, share: float, fill: Colour, by: int) -> Picture:
    """Border of ``share`` of the short side (``by`` 0), of the long side (1), or of each dimension by itself (2)."""
    width, height = picture.size
    both = (min(picture.size), max(picture.size))
    x, y = (width, height) if by == 2 else (both[by], both[by])
    x, y = round(x * share), round(y * share)
    framed = Image.new("RGB", (width + 2 * x, height + 2 * y), fill)
    framed.paste(picture, (x, y))
    return framed


def border(picture: Picture, rng: Rng) -> Picture:
    return _framed(picture, rng.uniform(0, 0.10), _pick(rng, BLACK, WHITE), int(rng.choice([0, 0, 2])))


def border_colour(picture: Picture, rng: Rng) -> Picture:
    fill = tuple(int(v) for v in rng.integers(0, 256, 3))
    return _framed(picture, rng.uniform(0, 0.10), (fill[0], fill[1], fill[2]), int(rng.choice([0, 0, 2])))


# -- captions ----------------------------------------------------------------------------------------------------------


def _bar_of_text(
    picture: Picture, tall: int, fill: Colour, rng: Rng, sizes: tuple[float, float] = (0.03, 0.065)
) -> Picture:
    """A bar of ``tall`` pixels with one to three lines, each a share ``sizes`` of the picture's height if they fit."""
    width, height = picture.size
    bar = Image.new("RGB", (width, tall), fill)
    draw = ImageDraw.Draw(bar)
    ink = BLACK if fill == WHITE else WHITE
    size = min(height * rng.uniform(*sizes), tall * 0.7)
    rows = int(rng.integers(1, max(1, min(3, int(tall / size / 1.15))) + 1))
    font = ImageFont.load_default(size)
    at, anchor = ((width / 2, "mm"), (width * 0.03, "lm"))[int(rng.random() < 0.25)]
    for row in range(rows):
        text = str(rng.choice(WORDS))
        room = width * rng.uniform(0.4, 0.92)
        while draw.textlength(longer := f"{text} {rng.choice(WORDS)}", font) < room:
            text = longer
        middle = tall / 2 + (row - (rows - 1) / 2) * min(size * 1.25, tall / rows)
        draw.text((at, middle), text, ink, font, anchor=anchor)
    return bar


def _with_bar(picture: Picture, bar: Picture, rng: Rng) -> Picture:
    width, height = picture.size
    out = Image.new("RGB", (width, height + bar.height))
    above = bool(rng.integers(2))
    out.paste(picture, (0, bar.height if above else 0))
    out.paste(bar, (0, 0 if above else height))
    return out


def caption(picture: Picture, rng: Rng) -> Picture:
    """A bar of 10 to 20 % of the picture's height, added at the top or the bottom, black or white, with text."""
    tall = round(picture.height * rng.uniform(0.10, 0.20))
    return _with_bar(picture, _bar_of_text(picture, tall, _pick(rng, BLACK, WHITE), rng), rng)


def caption_large(picture: Picture, rng: Rng) -> Picture:
    """The same with letters twice as large, as on a meme."""
    tall = round(picture.height * rng.uniform(0.10, 0.20))
    return _with_bar(picture, _bar_of_text(picture, tall, _pick(rng, BLACK, WHITE), rng, (0.065, 0.10)), rng)


def caption_over(picture: Picture, rng: Rng) -> Picture:
    """The bar of ``caption`` laid over the picture, whose part beneath is lost."""
    tall = round(picture.height * rng.uniform(0.10, 0.20))
    out = picture.copy()
    bar = _bar_of_text(picture, tall, _pick(rng, BLACK, WHITE), rng)
    out.paste(bar, (0, 0 if rng.integers(2) else picture.height - tall))
    return out


# -- tilts -------------------------------------------------------------------------------------------------------------


def inside(width: int, height: int, angle: float) -> tuple[float, float]:
    """Width and height of the largest upright rectangle of the same shape inside a rectangle tilted by ``angle``."""
    s, c = abs(math.sin(angle)), abs(math.cos(angle))
    ratio = min(width / (width * c + height * s), height / (width * s + height * c))
    return width * ratio, height * ratio


def tilt(picture: Picture, rng: Rng) -> Picture:
    """Up to 3° either way on the same canvas, corners black or white."""
    return picture.rotate(rng.uniform(-3, 3), Image.Resampling.BICUBIC, fillcolor=_pick(rng, BLACK, WHITE))


def tilt_grown(picture: Picture, rng: Rng) -> Picture:
    """The same on a canvas that grows to hold the corners."""
    fill = _pick(rng, BLACK, WHITE)
    return picture.rotate(rng.uniform(-3, 3), Image.Resampling.BICUBIC, expand=True, fillcolor=fill)


def tilt_inside(picture: Picture, rng: Rng) -> Picture:
    """The same, cropped to what lies wholly inside, as a phone's editor does."""
    angle = rng.uniform(-3, 3)
    width, height = picture.size
    w, h = inside(width, height, math.radians(angle))
    turned = picture.rotate(angle, Image.Resampling.BICUBIC)
    left, top = round((width - w) / 2), round((height - h) / 2)
    return turned.crop((left, top, left + round(w), top + round(h)))


# -- stickers ----------------------------------------------------------------------------------------------------------


def sticker(picture: Picture, rng: Rng) -> Picture:
    """A round face that hides 8 to 20 % of the short side in radius, somewhere."""
    width, height = picture.size
    radius = min(width, height) * rng.uniform(0.08, 0.20)
    x, y = rng.uniform(radius, width - radius), rng.uniform(radius, height - radius)
    out = picture.copy()
    draw = ImageDraw.Draw(out)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(255, 204, 77))
    for side in (-1, 1):
        ex, r = x + side * radius * 0.35, radius * 0.12
        draw.ellipse((ex - r, y - radius * 0.35 - r, ex + r, y - radius * 0.35 + r), fill=(102, 69, 0))
    mouth = (x - radius * 0.5, y - radius * 0.3, x + radius * 0.5, y + radius * 0.6)
    draw.arc(mouth, 20, 160, fill=(102, 69, 0), width=max(2, round(radius * 0.1)))
    return out


def sticker_small(picture: Picture, rng: Rng) -> Picture:
    """A mark in a corner: 4 to 10 % of the short side."""
    width, height = picture.size
    size = round(min(width, height) * rng.uniform(0.04, 0.10))
    x = width - 2 * size if rng.integers(2) else size
    y = height - 2 * size if rng.integers(2) else size
    out = picture.copy()
    fill = _pick(rng, BLACK, WHITE, (220, 30, 60))
    ImageDraw.Draw(out).rounded_rectangle((x, y, x + size, y + size), size // 4, fill=fill)
    return out


#: Row of the table → (class of predicted copies that should catch it, maker, bar in per cent or None).
KINDS: dict[str, tuple[str, Maker, float | None]] = {
    "recompressed": ("none", recompress, 99.5),
    "resized": ("none", resize, 99.5),
    "recoloured or blurred": ("none", colour, 99.5),
    "mirrored": ("flips", turned(Image.Transpose.FLIP_LEFT_RIGHT), 98),
    "turned by 90°": ("flips", turned(Image.Transpose.ROTATE_90), 98),
    "turned by 180°": ("flips", turned(Image.Transpose.ROTATE_180), 98),
    "turned by 270°": ("flips", turned(Image.Transpose.ROTATE_270), 98),
    "phone screenshot": ("screens", phone_plain, 98),
    "phone, dark grey": ("screens", phone_grey, 98),
    "phone, status bar": ("screens", phone_status, 98),
    "phone, viewer's buttons": ("screens", phone_viewer, None),
    "phone, post in a feed": ("screens", phone_social, None),
    "story 9:16": ("screens", story, 98),
    "story, blurred ground": ("screens", story_blurred, None),
    "square": ("screens", square, 98),
    "desktop screenshot": ("screens", desktop, 98),
    "crop of one side ≤ 10 %": ("crops", crop_side, 98),
    "crop centred ≤ 10 %": ("crops", crop_centred, 98),
    "crop centred ≤ 10 % a side": ("crops", crop_centred_deep, None),
    "crop of four sides ≤ 5 %": ("crops", crop_four, 95),
    "border ≤ 10 %": ("borders", border, 98),
    "border, any colour": ("borders", border_colour, None),
    "caption bar 10–20 %": ("captions", caption, 92),
    "caption bar, large letters": ("captions", caption_large, None),
    "caption laid over": ("captions", caption_over, None),
    "tilt ≤ 3°, filled": ("tilts", tilt, 95),
    "tilt ≤ 3°, canvas grown": ("tilts", tilt_grown, None),
    "tilt ≤ 3°, cropped inside": ("tilts", tilt_inside, 95),
    "small sticker": ("none", sticker_small, None),
    "emoji 8–20 %": ("none", sticker, None),
}
