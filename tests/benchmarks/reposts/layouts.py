"""Copies as people repost them: a picture inside a viewer, a chat, a feed, a web page, a frame or a collage.

Each layout is drawn from first principles: bars, bubbles, texts, buttons and pictures of others. All amounts come from
the random source, and none from what is predicted. This module never looks at a fingerprint, and imports nothing from
the package under test.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

Picture = Image.Image
Rng = np.random.Generator
#: The picture, one of somebody else for avatars and other posts, and the random source.
Layout = Callable[[Picture, Picture, Rng], Picture]
Colour = tuple[int, int, int]
BLACK, WHITE, DARK = (0, 0, 0), (255, 255, 255), (18, 18, 18)
_WORDS = ("look", "at", "this", "one", "from", "the", "lake", "yesterday", "and", "nobody", "saw", "it", "before", "me")


def _words(rng: Rng, least: int, most: int) -> str:
    return " ".join(rng.choice(_WORDS, int(rng.integers(least, most + 1))))


def _write(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: float, ink: Colour) -> None:
    draw.text(at, text, fill=ink, font=ImageFont.load_default(max(8.0, size)))


def _screen(rng: Rng, fill: Colour) -> tuple[Picture, ImageDraw.ImageDraw]:
    """Return the screen of a phone, 1080 wide and 9:16 to 9:21, with its status bar."""
    height = int(1080 * rng.uniform(16, 21) / 9)
    screen = Image.new("RGB", (1080, height), fill)
    draw = ImageDraw.Draw(screen)
    ink = WHITE if sum(fill) < 384 else BLACK
    _write(draw, (60, 28), f"{rng.integers(10, 24)}:{rng.integers(10, 60)}", 36, ink)
    draw.rounded_rectangle((960, 34, 1020, 62), 8, outline=ink, width=4)
    for bar in range(4):
        draw.rectangle((860 + 18 * bar, 60 - 7 * bar, 870 + 18 * bar, 62), fill=ink)
    return screen, draw


def _fit(picture: Picture, width: int, height: int) -> Picture:
    """Return the whole picture, as large as fits."""
    scale = min(width / picture.width, height / picture.height)
    return picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))


def _avatar(other: Picture, side: int) -> tuple[Picture, Picture]:
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((0, 0, side - 1, side - 1), fill=255)
    return ImageOps.fit(other, (side, side)), mask


def _icons(draw: ImageDraw.ImageDraw, y: float, size: float, ink: Colour, places: list[float]) -> None:
    for number, x in enumerate(places):
        box = (x - size / 2, y - size / 2, x + size / 2, y + size / 2)
        if number % 3 == 0:
            draw.ellipse(box, outline=ink, width=4)
        elif number % 3 == 1:
            draw.polygon([(x - size / 2, y + size / 2), (x, y - size / 2), (x + size / 2, y + size / 2)], outline=ink)
        else:
            draw.rectangle(box, outline=ink, width=4)


# -- viewers -----------------------------------------------------------------------------------------------------------


def ios_viewer(picture: Picture, other: Picture, rng: Rng) -> Picture:
    screen, draw = _screen(rng, WHITE if rng.random() < 0.5 else BLACK)
    ink = (0, 122, 255)
    shown = _fit(picture, 1080, screen.height)
    screen.paste(shown, ((1080 - shown.width) // 2, (screen.height - shown.height) // 2))
    draw.rectangle((0, 0, 1080, 190), fill=(248, 248, 248))
    _write(draw, (430, 90), "Yesterday", 36, BLACK)
    _write(draw, (480, 136), "14:22", 28, (90, 90, 90))
    _icons(draw, 135, 44, ink, [60, 1010])
    strip = screen.height - 310
    draw.rectangle((0, strip, 1080, screen.height), fill=(248, 248, 248))
    for number in range(24):
        part = other.crop((number * 20, 0, number * 20 + 40, 60)).resize((42, 80))
        screen.paste(part, (number * 46, strip + 16))
    _icons(draw, strip + 170, 54, ink, [90, 390, 690, 990])
    return screen


def google_viewer(picture: Picture, other: Picture, rng: Rng) -> Picture:
    screen, draw = _screen(rng, BLACK)
    shown = _fit(picture, 1080, screen.height)
    screen.paste(shown, ((1080 - shown.width) // 2, (screen.height - shown.height) // 2))
    _icons(draw, 140, 46, WHITE, [70, 800, 910, 1010])
    low = screen.height - int(rng.integers(170, 240))
    _icons(draw, low, 52, WHITE, [135, 405, 675, 945])
    for x, word in zip((95, 370, 645, 905), ("Share", "Edit", "Lens", "Delete"), strict=True):
        _write(draw, (x, low + 44), word, 28, WHITE)
    return screen


def whatsapp_viewer(picture: Picture, other: Picture, rng: Rng) -> Picture:
    screen, draw = _screen(rng, BLACK)
    shown = _fit(picture, 1080, screen.height)
    screen.paste(shown, ((1080 - shown.width) // 2, (screen.height - shown.height) // 2))
    _icons(draw, 140, 44, WHITE, [60, 900, 1010])
    _write(draw, (120, 100), _words(rng, 1, 2).title(), 40, WHITE)
    _write(draw, (120, 150), "Today, 10:14", 30, (200, 200, 200))
    if rng.random() < 0.6:
        _write(draw, (300, screen.height - 260), _words(rng, 2, 5), 38, WHITE)
    draw.rounded_rectangle((60, screen.height - 150, 1020, screen.height - 60), 45, outline=WHITE, width=3)
    _write(draw, (470, screen.height - 128), "Reply", 36, WHITE)
    return screen


# -- chats -------------------------------------------------------------------------------------------------------------


def _bubble(draw: ImageDraw.ImageDraw, y: float, rng: Rng, theirs: Colour, mine: Colour, ink: Colour) -> float:
    """Draw one bubble of text at ``y``; return where the next one begins."""
    lines = int(rng.integers(1, 4))
    width = float(rng.uniform(300, 780))
    own = bool(rng.random() < 0.5)
    left = 1050 - width if own else 30
    tall = 40 + 50 * lines
    draw.rounded_rectangle((left, y, left + width, y + tall), 28, fill=mine if own else theirs)
    for line in range(lines):
        fits = max(2, int(width / 110))
        _write(draw, (left + 26, y + 18 + 50 * line), _words(rng, min(2, fits), fits), 36, ink)
    return y + tall + float(rng.uniform(12, 28))


def _place_message(
    screen: Picture, picture: Picture, y: float, rng: Rng, border: int, fill: Colour, radius: int
) -> float:
    """Paste the picture as a message at ``y``; return where the next one begins."""
    limit = int(rng.uniform(0.60, 0.78) * 1080)
    shown = _fit(picture, limit, int(limit * 1.33))
    own = bool(rng.random() < 0.5)
    x = 1050 - shown.width - border if own else 30 + border
    draw = ImageDraw.Draw(screen)
    if border:
        box = (x - border, y - border, x + shown.width + border, y + shown.height + border)
        draw.rounded_rectangle(box, radius + border, fill=fill)
    mask = Image.new("L", shown.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, shown.width - 1, shown.height - 1), radius, fill=255)
    screen.paste(shown, (x, int(y)), mask)
    _write(draw, (x + shown.width - 110, y + shown.height - 50), "12:41", 30, WHITE)
    return y + shown.height + border + float(rng.uniform(14, 30))


def _chat(
    picture: Picture,
    other: Picture,
    rng: Rng,
    ground: Picture,
    colours: tuple[Colour, Colour, Colour, Colour],
    border: int,
    radius: int,
) -> Picture:
    """``colours``: the bars, their bubbles, one's own bubbles, the text."""
    bars, theirs, mine, ink = colours
    screen, _ = _screen(rng, bars)
    top, low = int(rng.integers(190, 230)), screen.height - int(rng.integers(150, 210))
    screen.paste(ground.resize((1080, low - top)), (0, top))
    draw = ImageDraw.Draw(screen)
    y = top + float(rng.uniform(10, 40))
    for _ in range(int(rng.integers(0, 4))):
        y = _bubble(draw, y, rng, theirs, mine, ink)
    y = _place_message(screen, picture, y + border, rng, border, theirs if rng.random() < 0.5 else mine, radius)
    while y < low:
        y = _bubble(draw, y, rng, theirs, mine, ink)
    draw.rectangle((0, low, 1080, screen.height), fill=bars)
    bar_ink = WHITE if sum(bars) < 384 else BLACK
    draw.rounded_rectangle((100, low + 25, 900, low + 115), 44, outline=(140, 140, 140), width=3)
    _write(draw, (140, low + 48), "Message", 36, (140, 140, 140))
    _icons(draw, low + 70, 46, bar_ink, [50, 960, 1030])
    face, mask = _avatar(other, 92)
    screen.paste(face, (100, top - 110), mask)
    _write(draw, (220, top - 95), _words(rng, 1, 2).title(), 42, bar_ink)
    _icons(draw, top - 65, 44, bar_ink, [50, 900, 1010])
    return screen


def _doodles(rng: Rng, fill: Colour, ink: Colour, count: int) -> Picture:
    """Return a wallpaper with thin signs all over it."""
    ground = Image.new("RGB", (1080, 1700), fill)
    draw = ImageDraw.Draw(ground)
    for _ in range(count):
        x, y, size = rng.uniform(0, 1080), rng.uniform(0, 1700), rng.uniform(18, 50)
        kind = int(rng.integers(3))
        if kind == 0:
            draw.ellipse((x, y, x + size, y + size), outline=ink, width=3)
        elif kind == 1:
            draw.rectangle((x, y, x + size, y + 0.7 * size), outline=ink, width=3)
        else:
            draw.line((x, y, x + size, y + size, x + size, y), fill=ink, width=3)
    return ground


def whatsapp_chat(picture: Picture, other: Picture, rng: Rng) -> Picture:
    if rng.random() < 0.5:
        ground = _doodles(rng, (236, 229, 221), (226, 217, 206), 380)
        return _chat(picture, other, rng, ground, ((7, 94, 84), WHITE, (220, 248, 198), BLACK), 8, 18)
    ground = _doodles(rng, (11, 20, 26), (20, 31, 38), 380)
    return _chat(picture, other, rng, ground, ((31, 44, 52), (32, 44, 51), (0, 92, 75), WHITE), 8, 18)


def telegram_chat(picture: Picture, other: Picture, rng: Rng) -> Picture:
    ramp = np.linspace(0, 1, 1700)[:, None, None]
    colours = np.array(((219, 221, 187), (107, 165, 135), (213, 216, 141), (136, 184, 132)), float)
    mixed = colours[0] * (1 - ramp) + colours[1 + int(rng.integers(3))] * ramp
    ground = Image.fromarray(np.repeat(mixed.astype(np.uint8), 1080, axis=1))
    over = _doodles(rng, WHITE, (150, 180, 130), 420)
    ground = Image.blend(ground, over, 0.18) if rng.random() < 0.7 else ground
    return _chat(picture, other, rng, ground, (WHITE, WHITE, (239, 253, 222), BLACK), int(rng.choice([0, 4])), 24)


def imessage_chat(picture: Picture, other: Picture, rng: Rng) -> Picture:
    fill = WHITE if rng.random() < 0.6 else BLACK
    ground = Image.new("RGB", (8, 8), fill)
    theirs = (233, 233, 235) if fill == WHITE else (38, 38, 41)
    ink = BLACK if fill == WHITE else WHITE
    return _chat(picture, other, rng, ground, (fill, theirs, (52, 120, 246), ink), 0, 40)


def quoted_message(picture: Picture, other: Picture, rng: Rng) -> Picture:
    """Return a chat on a ramp of colours: a quote with a small picture, the picture, and a caption in one bubble."""
    low, high = (tuple(int(c) for c in rng.integers(60, 220, 3)) for _ in range(2))
    ramp = np.linspace(0, 1, 2300)[:, None, None]
    ground = Image.fromarray(
        np.repeat((np.array(low) * (1 - ramp) + np.array(high) * ramp).astype(np.uint8), 1080, axis=1)
    )
    mine = (217, 253, 211) if rng.random() < 0.5 else (0, 92, 75)
    wide = int(rng.uniform(620, 780))
    shown = _fit(picture, wide, 1000)
    quote, caption = (int(rng.integers(110, 170)) for _ in range(2))
    message = Image.new("RGB", (shown.width + 16, shown.height + quote + caption + 16), mine)
    draw, ink = ImageDraw.Draw(message), BLACK if sum(mine) > 384 else WHITE
    side = quote - 30
    message.paste(ImageOps.fit(other, (side, side)), (message.width - side - 16, 12))
    _write(draw, (30, 24), _words(rng, 1, 2), 32, (90, 140, 200))
    _write(draw, (30, 66), _words(rng, 2, 3), 32, ink)
    message.paste(shown, (8, quote))
    _write(draw, (24, quote + shown.height + 16), _words(rng, 2, 4), 36, ink)
    return _chat(message, other, rng, ground, (WHITE, WHITE, mine, BLACK), 0, 24)


# -- feeds and pages ---------------------------------------------------------------------------------------------------


def instagram_post(picture: Picture, other: Picture, rng: Rng) -> Picture:
    fill = WHITE if rng.random() < 0.6 else BLACK
    ink = BLACK if fill == WHITE else WHITE
    screen, draw = _screen(rng, fill)
    y = int(rng.integers(200, 330))
    _write(draw, (40, y - 100), "Photos", 54, ink)
    face, mask = _avatar(other, 80)
    screen.paste(face, (30, y + 20), mask)
    _write(draw, (130, y + 36), _words(rng, 1, 2).replace(" ", "_"), 36, ink)
    y += 120
    shown = picture.resize((1080, round(1080 * picture.height / picture.width)))
    if shown.height > 1350:
        shown = shown.crop((0, (shown.height - 1350) // 2, 1080, (shown.height + 1350) // 2))
    screen.paste(shown, (0, y))
    y += shown.height
    _icons(draw, y + 60, 54, ink, [60, 160, 260, 1020])
    _write(draw, (40, y + 120), f"{rng.integers(10, 999)} likes", 36, ink)
    for line in range(int(rng.integers(1, 4))):
        _write(draw, (40, y + 175 + 52 * line), _words(rng, 4, 9), 36, ink)
    after = y + 400
    if after < screen.height - 300:
        screen.paste(ImageOps.fit(other, (1080, screen.height - after)), (0, after))
    draw.rectangle((0, screen.height - 150, 1080, screen.height), fill=fill)
    _icons(draw, screen.height - 90, 54, ink, [108, 324, 540, 756, 972])
    return screen


def x_post(picture: Picture, other: Picture, rng: Rng) -> Picture:
    fill = WHITE if rng.random() < 0.5 else BLACK
    ink = BLACK if fill == WHITE else (231, 233, 234)
    screen, draw = _screen(rng, fill)
    _icons(draw, 140, 46, ink, [60])
    _write(draw, (130, 112), "Post", 48, ink)
    y = int(rng.integers(210, 300))
    face, mask = _avatar(other, 110)
    screen.paste(face, (36, y), mask)
    _write(draw, (170, y + 4), _words(rng, 1, 2).title(), 40, ink)
    y += 140
    for _ in range(int(rng.integers(1, 5))):
        _write(draw, (40, y), _words(rng, 5, 9), 42, ink)
        y += 58
    margin = int(rng.choice([36, 150]))
    width = 1080 - margin - 36
    shown = _fit(picture, width, 1300)
    mask = Image.new("L", shown.size)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, shown.width - 1, shown.height - 1), 36, fill=255)
    screen.paste(shown, (margin, y + 20), mask)
    y += 20 + shown.height
    _write(draw, (40, y + 30), "11:05 · 3 Jun · 1,204 views", 36, (110, 118, 125))
    draw.line((0, y + 95, 1080, y + 95), fill=(180, 180, 180), width=2)
    _icons(draw, y + 145, 46, (110, 118, 125), [120, 330, 540, 750, 960])
    for reply in range(4):
        top = y + 230 + reply * 200
        face, mask = _avatar(other, 90)
        screen.paste(face, (36, top), mask)
        _write(draw, (150, top), _words(rng, 1, 2).title(), 36, ink)
        _write(draw, (150, top + 50), _words(rng, 3, 8), 38, ink)
    return screen


def story(picture: Picture, other: Picture, rng: Rng) -> Picture:
    low, high = (tuple(int(c) for c in rng.integers(20, 235, 3)) for _ in range(2))
    tall = int(1080 * rng.uniform(16, 20) / 9)
    ramp = np.linspace(0, 1, tall)[:, None, None]
    mixed = (np.array(low) * (1 - ramp) + np.array(high) * ramp).astype(np.uint8)
    screen = Image.fromarray(np.repeat(mixed, 1080, axis=1))
    draw = ImageDraw.Draw(screen)
    shown = _fit(picture, int(rng.uniform(0.75, 1.0) * 1080), int(tall * 0.66))
    x, y = (1080 - shown.width) // 2, int((tall - shown.height) / 2 + rng.uniform(-0.06, 0.06) * tall)
    screen.paste(shown, (x, y))
    for bar in range(3):
        draw.rectangle((20 + bar * 350, 20, 350 + bar * 350, 26), fill=WHITE)
    face, mask = _avatar(other, 80)
    screen.paste(face, (40, 60), mask)
    _write(draw, (140, 80), _words(rng, 1, 2), 36, WHITE)
    if rng.random() < 0.7:
        _write(draw, (160, y + shown.height + 30), _words(rng, 2, 5), 60, WHITE)
    draw.rounded_rectangle((40, tall - 140, 860, tall - 40), 50, outline=WHITE, width=3)
    return screen


def tiktok(picture: Picture, other: Picture, rng: Rng) -> Picture:
    screen, draw = _screen(rng, BLACK)
    shown = _fit(picture, 1080, screen.height)
    screen.paste(shown, (0, (screen.height - shown.height) // 2))
    draw.text((330, 100), "Following  For you", fill=WHITE, font=ImageFont.load_default(44))
    middle = screen.height * 0.5
    face, mask = _avatar(other, 110)
    screen.paste(face, (940, int(middle)), mask)
    for number in range(4):
        _icons(draw, middle + 200 + 150 * number, 70, WHITE, [1000])
        _write(draw, (965, middle + 245 + 150 * number), f"{rng.integers(1, 99)}K", 30, WHITE)
    _write(draw, (40, screen.height - 360), _words(rng, 1, 2), 42, WHITE)
    _write(draw, (40, screen.height - 300), _words(rng, 4, 7), 38, WHITE)
    draw.rectangle((0, screen.height - 140, 1080, screen.height), fill=BLACK)
    _icons(draw, screen.height - 80, 54, WHITE, [108, 324, 540, 756, 972])
    return screen


def web_page(picture: Picture, other: Picture, rng: Rng) -> Picture:
    width, height = 1920, int(rng.choice([1080, 1200]))
    page = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 0, width, 46), fill=(222, 225, 230))
    draw.rectangle((0, 46, width, 100), fill=(248, 249, 250))
    # The tab that is open hides the edge below it.
    draw.rounded_rectangle((10, 8, 260, 60), 12, fill=(248, 249, 250))
    _write(draw, (30, 14), "Pictures", 20, (60, 60, 60))
    draw.rounded_rectangle((180, 54, 1500, 92), 18, fill=(233, 236, 239))
    _write(draw, (200, 60), "https://www.example.org/gallery/1042", 22, (60, 60, 60))
    draw.rectangle((0, 100, width, 170), fill=tuple(int(c) for c in rng.integers(20, 120, 3)))
    _write(draw, (240, 116), "Home    Pictures    About    Contact", 30, WHITE)
    left, wide = int(rng.uniform(180, 320)), int(rng.uniform(800, 1050))
    _write(draw, (left, 195), _words(rng, 4, 7).capitalize(), 46, BLACK)
    _write(draw, (left, 258), _words(rng, 8, 14), 24, (90, 90, 90))
    shown = _fit(picture, wide, height - 400)
    page.paste(shown, (left, 300))
    y = 300 + shown.height + 20
    while y < height - 30:
        _write(draw, (left, y), _words(rng, 10, 16), 24, (40, 40, 40))
        y += 36
    side = left + wide + 80
    for number in range(3):
        page.paste(ImageOps.fit(other, (220, 140)), (side, 200 + number * 260))
        _write(draw, (side, 350 + number * 260), _words(rng, 3, 5), 22, (30, 60, 160))
    return page


# -- frames, bars, collages --------------------------------------------------------------------------------------------


def polaroid(picture: Picture, other: Picture, rng: Rng) -> Picture:
    side = round(min(picture.size) * rng.uniform(0.05, 0.09))
    foot = round(side * rng.uniform(2.5, 4.5))
    framed = ImageOps.expand(picture, (side, side, side, foot), (248, 247, 243))
    _write(ImageDraw.Draw(framed), (side * 2, framed.height - foot * 0.7), _words(rng, 1, 3), foot * 0.35, DARK)
    return framed


def padded(picture: Picture, other: Picture, rng: Rng) -> Picture:
    sides = tuple(round(min(picture.size) * rng.uniform(0, 0.25)) for _ in range(4))
    fill = tuple(int(c) for c in rng.integers(0, 256, 3))
    return ImageOps.expand(picture, sides, fill)


def meme_bar(picture: Picture, other: Picture, rng: Rng) -> Picture:
    tall = round(picture.height * rng.uniform(0.10, 0.25))
    dark = bool(rng.random() < 0.4)
    framed = Image.new("RGB", (picture.width, picture.height + tall), BLACK if dark else WHITE)
    top = bool(rng.random() < 0.7)
    framed.paste(picture, (0, tall if top else 0))
    y = 0 if top else picture.height
    size = min(tall * 0.35, picture.width / 14)
    for line in range(2):
        at = (picture.width * 0.06, y + tall * (0.12 + 0.4 * line))
        _write(ImageDraw.Draw(framed), at, _words(rng, 3, 5), size, WHITE if dark else BLACK)
    return framed


def mirrored_border(picture: Picture, other: Picture, rng: Rng) -> Picture:
    by = round(min(picture.size) * rng.uniform(0.02, 0.2))
    return ImageOps.expand(ImageOps.mirror(picture), by, BLACK if rng.random() < 0.5 else WHITE)


def eye_bar(picture: Picture, other: Picture, rng: Rng) -> Picture:
    barred = picture.copy()
    wide, tall = picture.width * rng.uniform(0.25, 0.55), picture.height * rng.uniform(0.06, 0.12)
    x, y = rng.uniform(0.05, 0.95) * (picture.width - wide), rng.uniform(0.1, 0.6) * picture.height
    ImageDraw.Draw(barred).rectangle((x, y, x + wide, y + tall), fill=BLACK)
    return barred


def censor_boxes(picture: Picture, other: Picture, rng: Rng) -> Picture:
    barred = picture.copy()
    draw = ImageDraw.Draw(barred)
    fill = BLACK if rng.random() < 0.7 else WHITE
    for _ in range(int(rng.integers(2, 4))):
        wide, tall = (side * rng.uniform(0.1, 0.22) for side in picture.size)
        x, y = rng.uniform(0.05, 0.95) * (picture.width - wide), rng.uniform(0.05, 0.95) * (picture.height - tall)
        draw.rectangle((x, y, x + wide, y + tall), fill=fill)
    return barred


def negative(picture: Picture, other: Picture, rng: Rng) -> Picture:
    return ImageOps.invert(picture)


def collage_natural(picture: Picture, other: Picture, rng: Rng) -> Picture:
    parts = [picture, other] if rng.random() < 0.5 else [other, picture]
    if rng.random() < 0.5:
        tall = 1080
        parts = [part.resize((round(part.width * tall / part.height), tall)) for part in parts]
        joined = Image.new("RGB", (parts[0].width + parts[1].width, tall))
        joined.paste(parts[0], (0, 0))
        joined.paste(parts[1], (parts[0].width, 0))
        return joined
    parts = [part.resize((1080, round(part.height * 1080 / part.width))) for part in parts]
    joined = Image.new("RGB", (1080, parts[0].height + parts[1].height))
    joined.paste(parts[0], (0, 0))
    joined.paste(parts[1], (0, parts[0].height))
    return joined


def collage_halves(picture: Picture, other: Picture, rng: Rng) -> Picture:
    parts = [ImageOps.fit(part, (540, 1080)) for part in (picture, other)]
    joined = Image.new("RGB", (1080, 1080))
    at = int(rng.integers(2))
    joined.paste(parts[at], (0, 0))
    joined.paste(parts[1 - at], (540, 0))
    return joined


def collage_four(picture: Picture, other: Picture, rng: Rng) -> Picture:
    cells = [ImageOps.fit(picture, (540, 540))]
    cells += [ImageOps.fit(how(other), (540, 540)) for how in (ImageOps.mirror, ImageOps.flip, ImageOps.grayscale)]
    joined = Image.new("RGB", (1080, 1080))
    for number, at in enumerate(rng.permutation(4).tolist()):
        joined.paste(cells[number].convert("RGB"), (540 * (at % 2), 540 * (at // 2)))
    return joined


# -- cut to a shape ----------------------------------------------------------------------------------------------------


def _cut(picture: Picture, aspect: float) -> Picture:
    width, height = picture.size
    if width > height * aspect:
        return ImageOps.fit(picture, (round(height * aspect), height))
    return ImageOps.fit(picture, (width, round(width / aspect)))


def cut_4x5(picture: Picture, other: Picture, rng: Rng) -> Picture:
    return _cut(picture, 0.8)


def cut_square(picture: Picture, other: Picture, rng: Rng) -> Picture:
    return _cut(picture, 1.0)


def cut_9x16(picture: Picture, other: Picture, rng: Rng) -> Picture:
    cut = _cut(picture, 9 / 16).resize((1080, 1920))
    _write(ImageDraw.Draw(cut), (160, rng.uniform(300, 1500)), _words(rng, 2, 4), 70, WHITE)
    return cut


def story_blurred(picture: Picture, other: Picture, rng: Rng) -> Picture:
    ground = ImageOps.fit(picture, (1080, 1920)).filter(ImageFilter.GaussianBlur(40))
    shown = _fit(picture, 1080, 1500)
    ground.paste(shown, ((1080 - shown.width) // 2, (1920 - shown.height) // 2))
    return ground


LAYOUTS: dict[str, Layout] = {
    layout.__name__.replace("_", " "): layout
    for layout in (
        ios_viewer, google_viewer, whatsapp_viewer, whatsapp_chat, telegram_chat, imessage_chat, instagram_post,
        x_post, story, story_blurred, tiktok, web_page, polaroid, padded, meme_bar, mirrored_border, eye_bar,
        censor_boxes, negative, collage_natural, collage_halves, collage_four, cut_4x5, cut_square, cut_9x16,
        quoted_message,
    )
}  # fmt: skip
