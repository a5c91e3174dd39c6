"""A picture file in, one outcome out: what is listed, what is merged, and what can go wrong."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE, Failed, Hashed, Limits, Media, MediaFile, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import CUT
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import Picture
from takedown_cli.hashing.discover.sniff import HEAD, sniff
from takedown_cli.hashing.fingerprint import copies, digests, pdq
from takedown_cli.hashing.fingerprint.pdq import DIHEDRAL_NAMES
from takedown_cli.hashing.matching import distance
from takedown_cli.hashing.pool.record import decode_outcome, encode_outcome
from takedown_cli.hashing.pool.validate import check_outcome
from tests.benchmarks.reposts.layouts import LAYOUTS

SAMPLE = picture(51, (900, 700))
PLAIN = Recipe(copies=frozenset())
HERE = Path("somewhere")


def _file(source: Image.Image, fmt: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    # A picture keeps the settings of its last encoder, which the next one may not take.
    source.copy().save(stream, fmt, **options)
    return stream.getvalue()


def _take_time(recipe: Recipe) -> Recipe:
    """Return the recipe without its limit of time, which a busy machine reaches with any picture."""
    return replace(recipe, limits=replace(recipe.limits, image_seconds=3600.0, video_seconds=3600.0))


def _outcome(data: bytes, recipe: Recipe = PLAIN, fmt: str = "JPEG") -> object:
    return hash_media.hash_media(io.BytesIO(data), MediaFile(HERE, len(data), Media.IMAGE, fmt), _take_time(recipe))


def _hashed(data: bytes, recipe: Recipe = PLAIN, fmt: str = "JPEG") -> Hashed:
    outcome = _outcome(data, recipe, fmt)
    assert isinstance(outcome, Hashed)
    return outcome


def hash_bytes(data: bytes, recipe: Recipe) -> Hashed:
    """The outcome of a file of any kind, recognised by its content, and checked as the pool checks it."""
    kind = sniff(data[:HEAD])
    assert isinstance(kind, tuple)
    file = MediaFile(HERE, len(data), *kind)
    outcome = hash_media.hash_media(io.BytesIO(data), file, _take_time(recipe))
    assert isinstance(outcome, Hashed)
    check_outcome(outcome, file, recipe)
    assert decode_outcome(encode_outcome(outcome), file) == outcome
    return outcome


def _values(found: Hashed) -> dict[str, str]:
    return {
        label: item.value
        for item in found.fingerprints
        for label in (f"{item.method}/{item.variant}" if item.method else item.kind, *item.also)
    }


def test_shared_pictures_match_every_column(shared: Path) -> None:
    with (shared / "vectors" / "pdq.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            found = _hashed((shared / "media" / "pdq" / row["file"]).read_bytes(), Recipe())
            values = _values(found)
            assert (found.width, found.height) == (int(row["width"]), int(row["height"]))
            assert (values["sha256"], values["md5"]) == (row["sha256"], row["md5"])
            assert values["full/upright"] == row["pdq_full"]
            assert values["512nn/upright"] == row["pdq_512nn"]
            turned = [values[f"full/{name}"] for name in DIHEDRAL_NAMES[1:]]
            assert turned == row["dihedral_full"].split()[1:]
            assert len({(item.kind, item.value) for item in found.fingerprints}) == len(found.fingerprints)


def test_the_same_photograph_in_all_orientations_has_one_upright_hash(shared: Path) -> None:
    for shape in ("Landscape", "Portrait"):
        found = [_hashed((shared / "corpus" / "orientation" / f"{shape}_{n}.jpg").read_bytes()) for n in range(1, 9)]
        assert len({(each.width, each.height) for each in found}) == 1
        first = int(_values(found[0])["full/upright"], 16)
        for each in found:  # separately saved JPEGs, so a few bits apart
            assert (int(_values(each)["full/upright"], 16) ^ first).bit_count() <= 10
            assert ("full/raw" in _values(each)) == (each is not found[0])


def test_equal_bytes_and_recipe_give_equal_outcomes() -> None:
    data = _file(SAMPLE, "PNG")
    assert _outcome(data, Recipe()) == _outcome(data, Recipe())


def test_a_large_file_gives_what_a_small_one_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _file(SAMPLE, "JPEG")
    before = _outcome(data)
    monkeypatch.setattr(digests, "KEEP", 1000)
    assert _outcome(data) == before


@pytest.mark.parametrize("fmt", ["PNG", "GIF"])
def test_what_hma_computes_for_a_palette_is_listed(fmt: str) -> None:
    values = _values(_hashed(_file(SAMPLE.convert("P"), fmt)))
    assert values["full/hma"] != values["full/upright"]


def _clear(size: tuple[int, int]) -> Image.Image:
    """An alpha with all 256 levels: clear at the left, opaque at the right."""
    return Image.fromarray(np.tile(np.linspace(0, 255, size[0]).round().astype(np.uint8), (size[1], 1)))


def _keyed(mode: str) -> Image.Image:
    """A picture of which one colour or palette entry is transparent."""
    made = SAMPLE.convert(mode)
    made.info["transparency"] = made.getpixel((450, 350))
    return made


def _with_alpha(mode: str) -> Image.Image:
    made = SAMPLE.convert(mode[:-1])
    made.putalpha(_clear(SAMPLE.size))
    return made


@pytest.mark.parametrize(
    ("made", "fmt"),
    [
        (_with_alpha("RGBA"), "PNG"), (_with_alpha("LA"), "PNG"), (_keyed("P"), "PNG"), (_keyed("L"), "PNG"),
        (_keyed("RGB"), "PNG"), (_with_alpha("RGBA"), "WEBP"), (_with_alpha("RGBA"), "TIFF"), (_keyed("P"), "GIF"),
    ],
)  # fmt: skip
def test_a_transparent_picture_is_also_read_on_white_and_on_black(made: Image.Image, fmt: str) -> None:
    options = {"transparency": made.info["transparency"]} if "transparency" in made.info else {}
    data = _file(made, fmt, **options, **({"lossless": True, "exact": True} if fmt == "WEBP" else {}))
    values = _values(_hashed(data, fmt=fmt))
    with Image.open(io.BytesIO(data)) as opened:
        over = opened.convert("RGBA")
    for name, colour in (("white", "white"), ("black", "black")):
        flat = Image.alpha_composite(Image.new("RGBA", over.size, colour), over).convert("RGB")
        for method, reading in pdq.hash_both(np.asarray(flat)).items():
            assert values[f"{method}/on-{name}"] == reading.value
    assert values["full/on-white"] != values["full/upright"]


def test_what_is_opaque_is_read_once() -> None:
    made = SAMPLE.convert("RGBA")
    for fmt in ("PNG", "WEBP"):
        assert not any("/on-" in label for label in _values(_hashed(_file(made, fmt), fmt=fmt)))


def test_a_drawing_in_the_alpha_alone_is_protected_as_it_looks() -> None:
    made = Image.new("RGBA", SAMPLE.size)
    made.putalpha(SAMPLE.convert("L"))
    found = _hashed(_file(made, "PNG"), Recipe(copies=frozenset({"flips", "crops"})), "PNG")
    assert found.weak is None
    mirrored = Image.alpha_composite(Image.new("RGBA", made.size, "white"), made).convert("RGB")
    wanted = pdq.hash_full(np.asarray(mirrored.transpose(Image.Transpose.FLIP_LEFT_RIGHT))).value
    assert (int(_values(found)["full/flipy"], 16) ^ int(wanted, 16)).bit_count() <= 8
    assert any(str(item.variant).startswith("crop:") for item in found.fingerprints)


def test_no_picture_has_more_than_a_hundred_fingerprints() -> None:
    made = _keyed("P")
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _file(made, "PNG", transparency=made.info["transparency"], exif=exif)
    found = _hashed(data, Recipe(copies=frozenset({"flips", *copies.PREDICTED_KINDS})), "PNG")
    assert len([item for item in found.fingerprints if item.kind == "pdq"]) <= copies.MOST


def test_an_animation_lists_its_frames_and_turns_only_the_first() -> None:
    first, *rest = [picture(number, (200, 150)) for number in range(60, 64)]
    found = _hashed(_file(first, "PNG", save_all=True, append_images=[*rest, first], duration=100), Recipe(), "PNG")
    pdq = [item for item in found.fingerprints if item.kind == "pdq"]
    assert {item.frame for item in pdq} == {0, 1, 2, 3}  # the fifth is the first again
    assert {item.frame for item in pdq if item.variant in DIHEDRAL_NAMES} == {0}
    assert found.duration == pytest.approx(0.5)
    assert (found.partial, found.weak) == (None, None)


def _marked(base: Image.Image, at: int) -> Image.Image:
    made = base.copy()
    made.putpixel((at, at), (255, 0, 0))
    return made


@pytest.mark.parametrize(("fmt", "options"), [("PNG", {"duration": 50}), ("WEBP", {"lossless": True}), ("TIFF", {})])
def test_near_identical_neighbours_are_merged(fmt: str, options: dict[str, Any]) -> None:
    first, second = picture(60, (200, 150)), picture(61, (200, 150))
    frames = [_marked(each, at) for at, each in enumerate([first] * 5 + [second] * 5 + [first] * 2)]
    found = _hashed(_file(frames[0], fmt, save_all=True, append_images=frames[1:], **options), PLAIN, fmt)
    listed = [item for item in found.fingerprints if item.kind == "pdq"]
    assert {item.frame for item in listed} <= {0, 5, 10}
    for frame in frames:
        value = int(pdq.hash_full(np.asarray(frame)).value, 16)
        assert min((int(item.value, 16) ^ value).bit_count() for item in listed) <= 8


def test_a_frame_that_can_be_matched_is_not_merged_into_one_that_cannot() -> None:
    rich = picture(1, (200, 150))
    faint = Image.blend(Image.new("RGB", rich.size, "grey"), rich, 0.12)
    found = _hashed(_file(faint, "PNG", save_all=True, append_images=[rich], duration=50), fmt="PNG")
    listed = {item.frame: item for item in found.fingerprints if item.kind == "pdq" and item.variant == "upright"}
    assert listed[0].quality is not None
    assert listed[0].quality < 50
    assert (int(listed[0].value, 16) ^ int(listed[1].value, 16)).bit_count() <= 8
    assert found.weak is None


def test_frames_whose_transparency_differs_are_not_merged() -> None:
    under = picture(1, (200, 150)).convert("RGBA")
    frames = [under.copy(), under.copy()]
    for frame, number in zip(frames, (2, 3), strict=True):
        frame.putalpha(picture(number, (200, 150)).convert("L"))
    data = _file(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True, exact=True)
    items = _hashed(data, fmt="WEBP").fingerprints
    assert {item.frame for item in items if item.variant == "on-white"} == {0, 1}


def test_both_halves_of_an_mpo_pass_for_an_outcome() -> None:
    data = _file(SAMPLE, "MPO", save_all=True, append_images=[picture(52, SAMPLE.size)])
    recipe = Recipe(copies=frozenset({"flips", "crops"}))
    found = _hashed(data, recipe)
    check_outcome(found, MediaFile(HERE, len(data), Media.IMAGE, "JPEG"), recipe)
    assert {item.frame for item in found.fingerprints if item.kind == "pdq"} == {0, 1}
    assert found.partial is None


def test_one_good_frame_is_enough() -> None:
    blank = Image.new("RGB", (200, 150), "white")
    good = _hashed(_file(blank, "PNG", save_all=True, append_images=[picture(1, (200, 150))], duration=9), fmt="PNG")
    assert good.weak is None
    assert _hashed(_file(blank, "PNG"), fmt="PNG").weak is Reason.BLANK


def test_other_kinds_are_the_librarys_own_on_the_upright_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = _file(SAMPLE, "PNG", exif=exif)
    recipe = Recipe(copies=frozenset(), also=frozenset({"sha1", "phash", "dhash", "ahash", "whash", "crop-resistant"}))
    items = _hashed(data, recipe, "PNG").fingerprints
    upright = Image.fromarray(np.rot90(np.asarray(SAMPLE), -1))
    by_kind = {item.kind: item.value for item in items if item.kind not in ("pdq", "crop-resistant")}
    assert by_kind["phash"] == str(imagehash.phash(upright))
    assert by_kind["dhash"] == str(imagehash.dhash(upright))
    assert by_kind["ahash"] == str(imagehash.average_hash(upright))
    assert by_kind["whash"] == str(imagehash.whash(upright))
    assert len(by_kind["sha1"]) == 40
    segments = [item.value for item in items if item.kind == "crop-resistant"]
    assert segments == list(dict.fromkeys(str(imagehash.crop_resistant_hash(upright)).split(",")))


def test_fast_is_close_to_exact_and_only_for_large_pictures() -> None:
    pytest.importorskip("simplejpeg")
    data = _file(picture(52, (4000, 3000)), "JPEG", quality=90)
    exact, fast = _values(_hashed(data)), _values(_hashed(data, Recipe(copies=frozenset(), fast=True)))
    assert (int(exact["full/upright"], 16) ^ int(fast["full/upright"], 16)).bit_count() <= 4
    assert "512nn/upright" in exact
    assert "512nn/upright" not in fast
    small = _file(SAMPLE.resize((600, 500)), "JPEG")
    assert _outcome(small) == _outcome(small, Recipe(copies=frozenset(), fast=True))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.DAMAGED), (_file(SAMPLE, "PNG")[:900], Reason.DAMAGED), (b"GIF89a" + b"\0" * 99, Reason.DAMAGED),
        (_file(Image.new("L", (3000, 3000)), "PNG"), Reason.TOO_MANY_PIXELS),
    ],
)  # fmt: skip
def test_what_cannot_be_hashed_is_a_value(data: bytes, reason: Reason) -> None:
    outcome = _outcome(data, Recipe(limits=Limits(pixels=1_000_000)))
    assert outcome == Failed(HERE, reason, len(data), Media.IMAGE)


def test_a_caption_of_a_messenger_lost_its_upright_fingerprint() -> None:
    # White letters on a translucent bar, all else clear: the stored pixels are faint, those on white are not.
    letters = np.zeros((1920, 1080, 4), np.uint8)
    letters[900:1020] = (0, 0, 0, 153)
    for column in range(60, 1000, 90):
        letters[920:1000, column : column + 40 + column % 37] = 255
    found = _hashed(_file(Image.fromarray(letters), "PNG"), Recipe(), "PNG")
    on_white = Image.new("RGB", (1080, 1920), "white")
    on_white.paste(Image.fromarray(letters), mask=Image.fromarray(letters[:, :, 3]))
    copy = _hashed(_file(on_white, "PNG"), PLAIN, "PNG")
    (shown,) = (item for item in copy.fingerprints if item.variant == "upright" and item.method == "full")
    assert (shown.quality or 0) >= 50
    assert [item.quality for item in found.fingerprints if item.value == shown.value] == [shown.quality]


def test_of_a_cut_picture_the_part_that_is_there_is_listed() -> None:
    whole = _file(SAMPLE, "JPEG")
    for share, variants in ((70, [CUT]), (96, ["upright", "rotate90", CUT])):
        data = whole[: len(whole) * share // 100]
        found = _hashed(data, Recipe())
        assert (found.partial, found.weak, (found.width, found.height)) == (Reason.TRUNCATED, None, SAMPLE.size)
        names = [item.variant for item in found.fingerprints if item.kind == "pdq"]
        assert [name for name in variants if name in names] == variants
        assert ("upright" in names) == (share == 96)
        check_outcome(found, MediaFile(HERE, len(data), Media.IMAGE, "JPEG"), Recipe())
        part = _hashed(_file(SAMPLE.crop((0, 0, 900, found_rows(data))), "PNG"), PLAIN, "PNG")
        cut = _values(found)[f"full/{CUT}"]
        assert (int(cut, 16) ^ int(_values(part)["full/upright"], 16)).bit_count() <= 4


def found_rows(data: bytes) -> int:
    parts = [item for item in decode_pictures(data, Limits()) if isinstance(item, Picture) and item.variant == CUT]
    return len(parts[0].stored)


def test_a_file_of_another_length_has_changed() -> None:
    data = _file(SAMPLE, "JPEG")
    for size in (len(data) - 1, len(data) + 1):
        outcome = hash_media.hash_media(io.BytesIO(data), MediaFile(HERE, size, Media.IMAGE, "JPEG"), PLAIN)
        assert outcome == Failed(HERE, Reason.CHANGED, size, Media.IMAGE)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), Reason.TOO_MUCH_MEMORY), (RuntimeError("secret"), Reason.INTERNAL),
        (OSError(5, "secret"), Reason.READ_ERROR), (RecursionError(), Reason.INTERNAL),
    ],
)  # fmt: skip
def test_no_exception_gets_out(error: Exception, reason: Reason, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(hash_media, "decode_pictures", fail)
    assert _outcome(b"x") == Failed(HERE, reason, 1, Media.IMAGE)


def test_a_copy_that_was_predicted_is_labelled_and_nothing_else_changes() -> None:
    data = _file(SAMPLE, "PNG")
    plain = _hashed(data).fingerprints
    more = _hashed(data, Recipe(copies=frozenset({"borders"})), "PNG").fingerprints
    assert plain == more[: len(plain)]
    assert len(more) > len(plain)
    assert all(item.kind == "pdq" and item.variant for item in more[len(plain) :])


def _bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


PAGES = [picture(number, (400, 300)) for number in (90, 91, 92)]


def _collection(fmt: str) -> bytes:
    more = [page.copy() for page in PAGES[1:]]
    if fmt == "MPO":
        return _file(PAGES[0], "MPO", save_all=True, append_images=more, quality=95)
    return _file(PAGES[0], fmt, save_all=True, append_images=more)


@pytest.mark.parametrize(("fmt", "form"), [("TIFF", "TIFF"), ("HEIF", "HEIF"), ("MPO", "JPEG")])
def test_only_the_first_picture_of_a_file_got_its_mirrored_copies(fmt: str, form: str) -> None:
    data = _collection(fmt)
    for recipe in (Recipe(), Recipe(copies=frozenset({"flips", "screens", "crops"}))):
        found = _hashed(data, recipe, form)
        check_outcome(found, MediaFile(HERE, len(data), Media.IMAGE, form), recipe)
        for number, page in enumerate(PAGES):
            mirrored = _hashed(_file(ImageOps.mirror(page), "PNG"), PLAIN, "PNG")
            listed = [item for item in found.fingerprints if item.frame == number]
            shown = _values(mirrored)["full/upright"]
            assert min(_bits(item.value, shown) for item in listed if item.variant in DIHEDRAL_NAMES) <= 31
            assert len(listed) <= copies.MOST
            assert ("crops" in recipe.copies) == any((item.variant or "").startswith("crop:") for item in listed)


@pytest.mark.parametrize("fmt", ["GIF", "WEBP", "PNG"])
def test_an_animation_that_fades_in_had_no_copies_at_all(fmt: str) -> None:
    black = Image.new("RGB", (400, 300))
    data = _file(
        black, fmt, save_all=True, append_images=PAGES, duration=100, **({"lossless": True} if fmt == "WEBP" else {})
    )
    found = _hashed(data, Recipe(), fmt)
    turned = [item for item in found.fingerprints if item.variant in DIHEDRAL_NAMES]
    assert {item.frame for item in turned} == {1}
    mirrored = _hashed(_file(ImageOps.mirror(PAGES[0]), "PNG"), PLAIN, "PNG")
    assert min(_bits(item.value, _values(mirrored)["full/upright"]) for item in turned) <= 31


def test_of_many_pages_sixteen_have_copies_and_the_rest_is_told() -> None:
    pages = [picture(number, (96, 80)) for number in range(17)]
    data = _file(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    recipe = Recipe(limits=Limits(animation_frames=20))
    found = _hashed(data, recipe, "TIFF")
    assert found.partial is Reason.FRAME_LIMIT
    assert len({item.frame for item in found.fingerprints if item.variant == "flipx"}) == 16
    check_outcome(found, MediaFile(HERE, len(data), Media.IMAGE, "TIFF"), recipe)
    assert _hashed(data, Recipe(copies=frozenset(), limits=recipe.limits), "TIFF").partial is None


def _screenshot(layout: str = "web page", seed: int = 5) -> bytes:
    return _file(LAYOUTS[layout](SAMPLE, picture(52, (800, 600)), np.random.default_rng(seed)), "PNG")


def _labels(found: Hashed) -> list[tuple[str | None, str | None, int | None]]:
    return [(item.method, item.variant, item.frame) for item in found.fingerprints if item.kind == "pdq"]


def test_of_a_screenshot_the_picture_in_it_is_listed_and_the_screen_is_not() -> None:
    data = _screenshot()
    found = _hashed(data, Recipe(), "PNG")
    upright = pdq.hash_full(np.asarray(SAMPLE)).value
    assert distance(_values(found)["full/upright"], upright) <= MATCH_DISTANCE
    assert {label for _, label, _ in _labels(found)} == {"upright", *DIHEDRAL_NAMES[1:]}
    assert (found.weak, len(found.inside)) == (None, 1)
    with Image.open(io.BytesIO(data)) as screen:
        assert (found.width, found.height) == screen.size
        by_hand = pdq.hash_full(np.asarray(screen.crop(found.inside[0]))).value
    assert distance(_values(found)["full/upright"], by_hand) <= 8
    check_outcome(found, MediaFile(HERE, len(data), Media.IMAGE, "PNG"), Recipe())


def test_a_screenshot_is_listed_as_a_whole_when_that_is_asked_for() -> None:
    data = _screenshot()
    with Image.open(io.BytesIO(data)) as screen:
        whole = pdq.hash_full(np.asarray(screen)).value
    found = _hashed(data, Recipe(whole=True), "PNG")
    assert (_values(found)["full/upright"], found.inside) == (whole, ())
    assert whole not in _values(_hashed(data, Recipe(), "PNG")).values()


def test_a_turned_screenshot_is_read_upright() -> None:
    with Image.open(io.BytesIO(_screenshot())) as screen:
        exif = screen.getexif()
        exif[274] = 6
        turned = _file(screen.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif)
        size = screen.size
    found, upright = _hashed(turned, PLAIN, "PNG"), _hashed(_screenshot(), PLAIN, "PNG")
    assert ((found.width, found.height), found.inside) == (size, upright.inside)
    assert _values(found)["full/upright"] == _values(upright)["full/upright"]


def test_of_several_pictures_those_that_are_named_are_listed() -> None:
    screen = Image.new("RGB", (1080, 2200), "white")
    draw = ImageDraw.Draw(screen)
    draw.text((60, 30), "14:20", "black", font_size=36)
    draw.rectangle((940, 34, 1020, 62), outline="black", width=4)
    parts = {(0, 300): picture(53, (1080, 800)), (0, 1300): picture(54, (1080, 700))}
    for place, part in parts.items():
        screen.paste(part, place)
    draw.text((60, 1180), "words", "black", font_size=40)
    draw.text((60, 2060), "more words", "black", font_size=40)
    data = _file(screen, "PNG")
    both = _hashed(data, PLAIN, "PNG")
    assert (len(both.inside), {frame for _, _, frame in _labels(both)}) == (2, {0, 1})
    for number, part in enumerate(parts.values(), start=1):
        one = _hashed(data, Recipe(copies=frozenset(), pictures=(number,)), "PNG")
        assert one.inside == both.inside[number - 1 : number]
        assert distance(_values(one)["full/upright"], pdq.hash_full(np.asarray(part)).value) <= MATCH_DISTANCE
        assert {frame for _, _, frame in _labels(one)} == {None}


def test_a_number_that_no_picture_of_the_screenshot_has_is_not_called_a_screen_without_pictures() -> None:
    shot = LAYOUTS["google viewer"](SAMPLE, SAMPLE, np.random.default_rng(5))
    recipe = Recipe(copies=frozenset(), pictures=(4,))
    found = _hashed(_file(shot, "PNG"), recipe, "PNG")
    assert (found.weak, found.inside, _labels(found)) == (Reason.NOT_INSIDE, (), [])


def test_a_screen_without_a_picture_cannot_be_protected_unasked() -> None:
    screen = Image.new("RGB", (1080, 2200), "white")
    draw = ImageDraw.Draw(screen)
    draw.text((60, 30), "14:20", "black", font_size=36)
    draw.rectangle((940, 34, 1020, 62), outline="black", width=4)
    for line in range(10):
        draw.text((60, 300 + 90 * line), "a line of text of nobody", "black", font_size=40)
    found = _hashed(_file(screen, "PNG"), PLAIN, "PNG")
    assert (found.weak, found.inside, _labels(found)) == (Reason.SCREEN_ONLY, (), [])
    assert _labels(_hashed(_file(screen, "PNG"), Recipe(copies=frozenset(), whole=True), "PNG"))


def test_what_may_be_a_screenshot_keeps_its_own_hash_too() -> None:
    # A picture in a tall frame with two lines of words: neither clock nor buttons.
    framed = Image.new("RGB", (900, 1900), "white")
    framed.paste(SAMPLE, (0, 500))
    draw = ImageDraw.Draw(framed)
    for at in (300, 1350):
        draw.text((200, at), "words of somebody", "black", font_size=50)
    found = _hashed(_file(framed, "PNG"), Recipe(), "PNG")
    whole = pdq.hash_full(np.asarray(framed)).value
    listed = {
        item.frame: item.value for item in found.fingerprints if (item.method, item.variant) == ("full", "upright")
    }
    assert (len(found.inside), listed[0]) == (1, whole)
    assert distance(listed[1], pdq.hash_full(np.asarray(SAMPLE)).value) <= MATCH_DISTANCE
