"""Picture files with a clip inside: one row, the picture's fingerprints and the clip's, and two items in a bundle."""

from __future__ import annotations

import io
from collections.abc import Callable
from hashlib import md5
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from takedown_cli.core.model import Hashed, Limits, Media, MediaFile, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.discover.sniff import HEAD, sniff
from takedown_cli.hashing.matching import distance
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.protocol.bundle.document import items_of
from tests.hashing.decode import phone_files
from tests.hashing.decode.phone_files import STILL, film, saved
from tests.hashing.pool.conftest import found
from tests.hashing.test_hash_media import hash_bytes

INSIDE: dict[str, Callable[[], bytes]] = {
    "google.jpg": phone_files.motion_photo,
    "samsung.jpg": phone_files.samsung_motion_photo,
    "google.heic": phone_files.heic_motion_photo,
    "burst.heic": phone_files.burst,
}


def values(hashed: Hashed, *, clip: bool = False) -> list[str]:
    items = hashed.clip if clip else hashed.fingerprints
    return [item.value for item in items if item.kind == "pdq"]


@pytest.mark.parametrize("name", INSIDE)
def test_the_clip_is_hashed_beside_the_picture(name: str) -> None:
    hashed = hash_bytes(INSIDE[name](), Recipe())
    alone = hash_bytes(saved(STILL, "HEIF" if name.endswith("heic") else "JPEG"), Recipe())
    shown = hash_bytes(film(), Recipe())
    assert (hashed.media, hashed.partial, hashed.weak) == (Media.IMAGE, None, None)
    assert values(hashed) == values(alone)
    assert values(hashed, clip=True) == values(shown)
    assert all(item.timestamp is not None for item in hashed.clip if item.kind == "pdq")
    picture, clip = items_of(hashed, "adult")
    assert (picture.media, clip.media) == ("image", "video")
    assert items_of(shown, "adult")[0].fingerprints[1:] == clip.fingerprints[1:]


@pytest.mark.parametrize("name", ["google.jpg", "samsung.jpg", "google.heic"])
def test_who_shares_the_clip_alone_shares_a_file_whose_digest_is_listed(name: str) -> None:
    digest = md5(film(), usedforsecurity=False).hexdigest()
    _, clip = items_of(hash_bytes(INSIDE[name](), Recipe()), "adult")
    assert digest in {item.value for item in clip.fingerprints if item.kind == "md5"}


def test_a_picture_without_a_clip_has_one_item() -> None:
    assert len(items_of(hash_bytes(saved(STILL, "JPEG"), Recipe()), "adult")) == 1
    assert not hash_bytes(saved(STILL, "JPEG") + b"....ftypmp42 and then only words", Recipe()).clip
    assert not hash_bytes(saved(STILL, "JPEG") + saved(STILL, "HEIF"), Recipe()).clip


def test_a_sound_behind_a_picture_is_no_clip() -> None:
    hashed = hash_bytes(phone_files.motion_photo(phone_files.sound()), Recipe())
    assert (hashed.partial, hashed.clip) == (None, ())


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9, 0.999])
def test_a_cut_clip_is_said_to_be_missing_and_the_picture_stays(share: float) -> None:
    """Its description comes last, so nothing of it can be decoded."""
    whole = film()
    hashed = hash_bytes(phone_files.motion_photo(whole[: int(len(whole) * share)]), Recipe())
    assert hashed.partial is Reason.CLIP_UNREADABLE
    assert values(hashed) == values(hash_bytes(saved(STILL, "JPEG"), Recipe()))
    assert len(items_of(hashed, "adult")) == 1


def test_of_a_cut_clip_what_is_there_is_hashed() -> None:
    whole = phone_files.streamed_film()
    hashed = hash_bytes(phone_files.motion_photo(whole[: len(whole) // 3]), Recipe())
    assert hashed.partial is Reason.TRUNCATED
    assert 0 < len(values(hashed, clip=True)) < len(values(hash_bytes(whole, Recipe())))
    assert hash_bytes(phone_files.motion_photo(whole), Recipe()).partial is None


def test_the_clip_is_kept_where_the_picture_is_damaged() -> None:
    broken = bytearray(phone_files.burst())
    at = broken.index(b"mdat") + 4
    broken[at : at + 2000] = bytes(2000)
    hashed = hash_bytes(bytes(broken), Recipe())
    assert hashed.partial is Reason.TRUNCATED
    assert [item.media for item in items_of(hashed, "adult")][-1] == "video"
    assert values(hashed, clip=True) == values(hash_bytes(film(), Recipe()))


@pytest.mark.parametrize(
    ("major", "brands"), [(b"msf1", (b"msf1", b"hevc")), (b"hevc", (b"msf1",)), (b"avcs", (b"msf1", b"iso8"))]
)
def test_a_sequence_without_stills_is_a_film(major: bytes, brands: tuple[bytes, ...]) -> None:
    data = phone_files.sequence(major, *brands)
    assert sniff(data[:HEAD]) == (Media.VIDEO, "mp4")
    assert values(hash_bytes(data, Recipe())) == values(hash_bytes(film(), Recipe()))


@pytest.mark.parametrize("sandbox", [True, False])
def test_a_pool_for_pictures_takes_another_process_for_the_clip(tmp_path: Path, sandbox: bool) -> None:
    """Processes for pictures have not loaded what reads videos, and may open no file later."""
    for name, make in INSIDE.items():
        (tmp_path / name).write_bytes(make())
        (tmp_path / f"plain {name}.jpg").write_bytes(saved(STILL, "JPEG"))
    with Pool(Recipe(), workers=2, open_file=open_media, sandbox=sandbox) as pool:
        outcomes = list(pool.outcomes(found(sorted(tmp_path.iterdir()))))
    clips = {outcome.path.name: outcome.clip for outcome in outcomes if isinstance(outcome, Hashed)}
    assert len(clips) == 2 * len(INSIDE)
    for name in INSIDE:
        assert [item for item in clips[name] if item.kind == "pdq"]
        assert not clips[f"plain {name}.jpg"]


def test_without_the_means_nothing_is_left_out_in_silence() -> None:
    recipe = Recipe(limits=Limits(clips=False))
    data = phone_files.motion_photo()
    with pytest.raises(hash_media.NeedsVideoError):
        hash_media.hash_media(io.BytesIO(data), MediaFile(Path(), len(data), Media.IMAGE, "JPEG"), recipe)


def test_what_is_transparent_is_listed_on_white_and_on_black() -> None:
    """A film's stored colours show nothing of what is under the transparency, as of a picture's."""
    shape = Image.new("L", (256, 256))
    ImageDraw.Draw(shape).ellipse((10, 10, 245, 245), fill=255)
    image = STILL.resize((256, 256)).convert("RGB")
    image.paste((0, 0, 0), mask=Image.eval(shape, lambda value: 255 - value))
    image.putalpha(shape)
    for name, data, allowed in (
        ("VP9", phone_files.sticker(image), 8),
        ("VP8", phone_files.sticker(image, "libvpx"), 8),
        ("ProRes", phone_files.sticker(image, "prores_ks", "yuva444p10le", "mov"), 4),
    ):
        listed = values(hash_bytes(data, Recipe(copies=frozenset())))
        for level in (255, 0):
            ground = Image.new("RGB", image.size, (level,) * 3)
            ground.paste(image, mask=image)
            shown = values(hash_bytes(saved(ground, "JPEG"), Recipe(copies=frozenset())))[0]
            assert min(distance(shown, value) for value in listed) <= allowed, (name, level)
