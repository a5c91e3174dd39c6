"""Where a photograph sits in an upload: every layout by its own test, and shapes that nobody should send."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from takedown_cli.core.model import Box
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing.decoded import Pixels
from takedown_cli.hashing.readings.grounds import find_flat, find_grounds
from takedown_cli.hashing.readings.rectangles import MOST, find_rectangles
from takedown_cli.hashing.readings.reduced import Upload


def found_in(drawn: Image.Image | Pixels) -> list[Box]:
    upload = Upload(np.asarray(drawn))
    flat = find_flat(upload.small)
    return find_rectangles(upload, flat, find_grounds(upload.small, flat))


def is_found(drawn: Image.Image, place: Box, off: int) -> bool:
    """Return whether one of the rectangles has all its sides within ``off`` pixels of the place."""
    return any(max(abs(one - other) for one, other in zip(box, place, strict=True)) <= off for box in found_in(drawn))


def chat(ground: Image.Image, place: Box) -> Image.Image:
    """Return a chat of bubbles with a picture at ``place``."""
    screen = ground.resize((1080, 2160))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1080, 220), fill=(32, 44, 51))
    for y in (260, 420, 1480, 1640):
        draw.rounded_rectangle((40, y, 640, y + 120), 28, fill=(250, 250, 250))
        draw.text((70, y + 30), "words of a message", fill=(0, 0, 0))
    screen.paste(picture(3, (place[2] - place[0], place[3] - place[1])), place[:2])
    return screen


def test_a_border_of_uneven_sides_is_trimmed() -> None:
    framed = ImageOps.expand(picture(1, (900, 700)), (40, 130, 170, 10), (200, 30, 90))
    assert is_found(framed, (40, 130, 940, 830), 2)


def test_the_picture_of_a_viewer_is_found_between_its_bars() -> None:
    screen = Image.new("RGB", (1080, 2160))
    draw = ImageDraw.Draw(screen)
    for x in (60, 800, 930):
        draw.ellipse((x, 90, x + 60, 150), outline=(255, 255, 255), width=4)
        draw.rectangle((x, 2000, x + 60, 2060), outline=(255, 255, 255), width=4)
    screen.paste(picture(2, (1080, 800)), (0, 640))
    assert is_found(screen, (0, 640, 1080, 1440), 3)


@pytest.mark.parametrize("colour", [(255, 255, 255), (11, 20, 26), (236, 229, 221)])
def test_the_picture_of_a_chat_is_found_among_its_bubbles(colour: tuple[int, int, int]) -> None:
    place = (380, 600, 1040, 1400)
    assert is_found(chat(Image.new("RGB", (8, 8), colour), place), place, 4)


def test_the_picture_of_a_chat_is_found_on_a_ramp_of_colours() -> None:
    ramp = np.linspace((219, 221, 187), (107, 165, 135), 2160).astype(np.uint8)[:, None].repeat(1080, axis=1)
    place = (380, 600, 1040, 1400)
    assert is_found(chat(Image.fromarray(ramp), place), place, 4)


@pytest.mark.parametrize("dark", [True, False])
def test_the_picture_is_found_between_the_quote_and_the_caption_of_its_message(dark: bool) -> None:
    # The quote and the caption are as wide as the picture: only a seam through the message tells them apart.
    place = (380, 640, 1040, 1440)
    screen = chat(Image.new("RGB", (8, 8), (11, 20, 26) if dark else (236, 229, 221)), place)
    draw, bubble = ImageDraw.Draw(screen), (0, 92, 75) if dark else (217, 253, 211)
    for top, bottom in ((500, 640), (1440, 1540)):
        draw.rectangle((380, top, 1040, bottom - 1), fill=bubble)
        draw.text((400, top + 20), "words that stand beside it", fill=(128, 128, 128), font_size=40)
    screen.paste(picture(9, (120, 120)), (910, 510))
    assert is_found(screen, place, 4)


@pytest.mark.parametrize("beside", [True, False])
def test_both_halves_of_a_collage_are_found(beside: bool) -> None:
    joined = Image.new("RGB", (1200, 800) if beside else (800, 1200))
    parts = [picture(seed, (600, 800) if beside else (800, 600)) for seed in (4, 5)]
    joined.paste(parts[0], (0, 0))
    joined.paste(parts[1], (600, 0) if beside else (0, 600))
    second = (600, 0, 1200, 800) if beside else (0, 600, 800, 1200)
    assert is_found(joined, (0, 0, *parts[0].size), 4)
    assert is_found(joined, second, 4)


def test_a_photograph_without_ground_has_no_rectangle() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (800, 1200, 3), np.uint8)
    assert found_in(noise) == []


SHAPES = {
    "one row": (1, 60_000), "one column": (60_000, 1), "one pixel": (1, 1), "thin": (7, 5_000), "tiny": (20, 20),
}  # fmt: skip


@pytest.mark.parametrize("size", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("grey", [True, False])
def test_no_rectangle_is_an_answer_for_odd_shapes(size: tuple[int, int], grey: bool) -> None:
    noise = np.random.default_rng(2).integers(0, 256, size if grey else (*size, 3), np.uint8)
    for pixels in (noise, np.zeros_like(noise)):
        assert all(0 <= box[0] < box[2] <= size[1] and 0 <= box[1] < box[3] <= size[0] for box in found_in(pixels))


@pytest.mark.parametrize("cell", [1, 3, 40, 200])
def test_a_checkerboard_has_a_bounded_number_of_rectangles(cell: int) -> None:
    board = (np.indices((1600, 1600)) // cell).sum(axis=0) % 2 * 255
    assert len(found_in(np.repeat(board[:, :, None], 3, axis=2).astype(np.uint8))) <= MOST


def test_a_screen_full_of_boxes_has_a_bounded_number_of_rectangles() -> None:
    screen = Image.new("RGB", (2000, 2000), (240, 240, 240))
    for number in range(36):
        screen.paste(picture(number, (300, 300)), (number % 6 * 330, number // 6 * 330))
    assert 4 <= len(found_in(screen)) <= MOST


def test_a_plain_area_has_no_rectangle() -> None:
    assert found_in(np.full((900, 900, 3), 77, np.uint8)) == []
