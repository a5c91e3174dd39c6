"""What a child that was taken over could put into a bundle: only hashes that were asked for, in their numbers."""

from __future__ import annotations

import io
import re
import shutil
import socket
import struct
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from takedown_cli import worker
from takedown_cli.bundle import document
from takedown_cli.decode.video import MODES
from takedown_cli.discover import open_media
from takedown_cli.fingerprint import dihedral, ground, pdq, perceptual, variants, variants_copies, vpdq, vpdq_copies
from takedown_cli.fixtures import texture
from takedown_cli.model import Failed, Fingerprint, Found, Hashed, Limits, Media, MediaFile, Recipe, Skipped
from takedown_cli.pool import Pool, channel, plausible, record
from takedown_cli.pool.record import RecordError
from takedown_cli.pool.workers import Job, Worker, WorkerLost
from takedown_cli.reasons import Reason
from tests.decode.video_clips import clip
from tests.pool.conftest import found
from tests.pool.test_faults import Stranger

ALL = Recipe(
    copies=frozenset({"flips", *variants.CLASSES}), also=frozenset({"sha1", *perceptual.KINDS}),
    limits=Limits(video_frames=6, animation_frames=3),
)  # fmt: skip
VIDEO = MediaFile(Path("a.mp4"), 10, Media.VIDEO, "mp4")


def hashed_from(data: bytes, fmt: str, recipe: Recipe, media: Media = Media.IMAGE) -> tuple[Hashed, MediaFile]:
    file = MediaFile(Path("a"), len(data), media, fmt)
    outcome = worker.hash_media(io.BytesIO(data), file, recipe)
    assert isinstance(outcome, Hashed)
    return outcome, file


def saved(picture: Image.Image, fmt: str, **options: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, fmt, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def turned() -> bytes:
    """A picture that has every reading there is: turned by its Exif flag, and large enough for both methods."""
    exif = Image.Exif()
    exif[274] = 6
    return saved(texture.picture(7, (900, 600)), "JPEG", exif=exif)


def test_the_names_are_those_that_the_fingerprints_have() -> None:
    assert {plausible.FULL, plausible.NEAREST} == {pdq.FULL, pdq.NEAREST}
    assert {*plausible.TURNED} == {*dihedral.NAMES[1:]}
    assert {*plausible.GROUNDS} == {*ground.GROUNDS}
    assert {*plausible.SINGLE, plausible.SEGMENTS} == {*perceptual.KINDS}
    assert {*plausible._PREDICTED} == {*variants.CLASSES}
    assert (plausible.PREDICTED, plausible.TURNED_FRAMES) == (variants.BUDGET, vpdq.FLIPPED_FRAMES)
    assert (plausible.PREDICTED_OF_VIDEO, plausible.COPIED_FRAMES) == (vpdq_copies.BUDGET, vpdq_copies.COPIED_FRAMES)
    assert {*plausible.SINGLE, plausible.SEGMENTS} == {*document.PERCEPTUAL}


@pytest.mark.parametrize("kind", variants.CLASSES)
@pytest.mark.parametrize("aspect", [1 / 8, 9 / 16, 1.0, 4 / 3, 3.7])
def test_every_predicted_copy_has_a_name_in_the_grammar(kind: str, aspect: float) -> None:
    rounded = variants_copies.rounded(aspect)
    names = variants_copies.tilts(rounded).names if kind == "tilts" else variants_copies.plan(kind, rounded).names
    for name in {*names}:
        for shown in (name, f"{name}.2", f"{name}.{variants.BUDGET}"):
            assert plausible._names(kind).fullmatch(shown), shown
            assert re.fullmatch(r"[a-z0-9][a-z0-9:+.-]{0,39}", shown)
        assert not any(plausible._names(other).fullmatch(name) for other in variants.CLASSES if other != kind)
        assert not plausible._names(kind).fullmatch(f"{name}.{variants.BUDGET + 1}")


def test_what_pictures_really_give_is_plausible(turned: bytes) -> None:
    moving = [texture.picture(seed, (300, 200)) for seed in range(5)]
    for data, fmt in (
        (turned, "JPEG"),
        (saved(moving[0], "GIF", save_all=True, append_images=moving[1:], duration=90), "GIF"),
        (saved(moving[0], "TIFF", save_all=True, append_images=moving[1:]), "TIFF"),
        (saved(moving[0].convert("RGBA"), "PNG"), "PNG"),
        (saved(Image.new("L", (300, 200)), "PNG"), "PNG"),
        (saved(Image.new("L", (300, 200)), "GIF", save_all=True, append_images=moving[:2]), "GIF"),
    ):
        for recipe in (ALL, Recipe()):
            plausible.check(*hashed_from(data, fmt, recipe), recipe)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("container", ["mp4", "avi", "webm"])
def test_what_videos_really_give_is_plausible(mode: str, container: str) -> None:
    codec = {"mp4": "libx264", "avi": "mpeg4", "webm": "libvpx"}[container]
    data = clip(120, container=container, codec=codec, b_frames=2 if container == "mp4" else 0, degrees=90)
    recipe = replace(ALL, video=mode)
    plausible.check(*hashed_from(data, container, recipe, Media.VIDEO), recipe)


def add(*items: Fingerprint) -> Callable[[Hashed], Hashed]:
    return lambda honest: replace(honest, fingerprints=(*honest.fingerprints, *items))


def print_of(kind: str = "pdq", method: str | None = "full", variant: str | None = "upright") -> Fingerprint:
    quality = 100 if kind == "pdq" else None
    return Fingerprint(kind, "0f" * record.KINDS[kind], method, variant, quality)


def change(**values: object) -> Callable[[Hashed], Hashed]:
    """Change the first upright PDQ of a picture."""

    def changed(honest: Hashed) -> Hashed:
        first = next(item for item in honest.fingerprints if item.kind == "pdq")
        changed = replace(first, **values)  # type: ignore[arg-type]
        return replace(honest, fingerprints=tuple(changed if i is first else i for i in honest.fingerprints))

    return changed


LIES: dict[str, Callable[[Hashed], Hashed]] = {
    "a kind that was not asked for": add(print_of("phash", None)),
    "sha1 that was not asked for": add(Fingerprint("sha1", "00" * 20)),
    "two digests of one kind": add(Fingerprint("md5", "00" * 16)),
    "no digest": lambda honest: replace(honest, fingerprints=honest.fingerprints[1:]),
    "a digest with words": lambda honest: replace(
        honest, fingerprints=(replace(honest.fingerprints[0], variant="upright"), *honest.fingerprints[1:])
    ),
    "free text as a method": change(method="more-text"),
    "free text as a derivation": change(variant="any-text.of:mine"),
    "no quality": change(quality=None),
    "free text beside a value": change(also=("full/any-text",)),
    "its own name beside a value": change(also=("full/upright",)),
    "a derivation that was not asked for": add(print_of(variant="crop:left:5")),
    "a flip in the squeezed reading": add(print_of(method="512nn", variant="flipx")),
    "a derivation twice": add(print_of()),
    "frames beside none": add(replace(print_of(), frame=1)),
    "another format": lambda honest: replace(honest, format="PNG"),
    "more pixels than allowed": lambda honest: replace(honest, width=1 << 30, height=1 << 30),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_arbitrary_data_from_a_child_is_refused(lie: Callable[[Hashed], Hashed]) -> None:
    honest, file = hashed_from(saved(texture.picture(7, (300, 200)), "JPEG"), "JPEG", Recipe())
    plausible.check(honest, file, Recipe())
    told = record.decode_outcome(record.encode_outcome(lie(honest)), file)
    with pytest.raises(RecordError):
        plausible.check(told, file, Recipe())


def test_more_than_the_limits_allow_is_refused(turned: bytes) -> None:
    honest, file = hashed_from(turned, "JPEG", ALL)
    plausible.check(honest, file, ALL)
    spare = [f"crop:{side}:{step}" for side in ("left", "right", "top", "bottom") for step in range(1, 11)]
    spare += [f"{name}.{again}" for name in spare for again in (2, 3)]
    for items in (
        tuple(print_of(variant=f"{name}.{plausible.PREDICTED}") for name in spare),
        tuple(print_of("crop-resistant", None, f"segment-{number}") for number in range(181, 183)),
        tuple(replace(print_of(), frame=number) for number in range(4)),
    ):
        with pytest.raises(RecordError):
            plausible.check(add(*items)(honest), file, ALL)
    low = replace(print_of(variant="crop:left:5.77"), quality=10)
    with pytest.raises(RecordError):
        plausible.check(add(low)(honest), file, ALL)


def video(*items: Fingerprint) -> Hashed:
    digests = (Fingerprint("sha256", "00" * 32), Fingerprint("md5", "00" * 16), Fingerprint("sha1", "00" * 20))
    return Hashed(VIDEO.path, VIDEO.size, Media.VIDEO, "mp4", 100, 100, (*digests, *items))


def frame(number: int, variant: str = "upright") -> Fingerprint:
    return Fingerprint("pdq", "0f" * 32, "full", variant, 100, number, number / 2)


@pytest.mark.parametrize(
    "items",
    [
        [frame(number) for number in range(7)],
        [frame(0), frame(0)],
        [print_of("phash", None)],
        [replace(frame(0), frame=None)],
        [replace(frame(0), timestamp=None)],
        [replace(frame(0), quality=None)],
    ],
    ids=["frames", "twice", "kind", "no-frame", "no-time", "no-quality"],
)
def test_a_video_gives_frames_within_the_limits_and_nothing_else(items: list[Fingerprint]) -> None:
    plausible.check(video(*(frame(number) for number in range(6)), frame(0, "flipx")), VIDEO, ALL)
    with pytest.raises(RecordError):
        plausible.check(video(*items), VIDEO, ALL)


def test_predicted_copies_of_frames_are_bounded() -> None:
    recipe = replace(ALL, limits=Limits())
    names = [f"crop:{side}:{n}" for side in ("left", "right", "top", "bottom", "centred") for n in range(1, 11)][:44]
    frames = range(plausible.COPIED_FRAMES)
    items = [frame(number, name) for number in frames for name in names]
    assert len(items) == plausible.PREDICTED_OF_VIDEO
    plausible.check(video(*items), VIDEO, recipe)
    for lie in (
        video(*items, frame(0, "crop:left:1.2")),
        video(*(frame(number, "crop:left:1") for number in range(plausible.COPIED_FRAMES + 1))),
        video(replace(items[0], quality=10)),
    ):
        with pytest.raises(RecordError):
            plausible.check(lie, VIDEO, recipe)
    with pytest.raises(RecordError):
        plausible.check(video(*items), VIDEO, replace(recipe, video="vpdq"))
    with pytest.raises(RecordError):
        plausible.check(video(*items), VIDEO, replace(recipe, copies=frozenset({"flips"})))


def test_turned_copies_are_listed_for_so_many_frames() -> None:
    recipe = replace(ALL, limits=Limits())
    items = [frame(number, "flipx") for number in range(plausible.TURNED_FRAMES + 1)]
    plausible.check(video(*items[1:]), VIDEO, recipe)
    with pytest.raises(RecordError):
        plausible.check(video(*items), VIDEO, recipe)


def test_a_child_skips_only_what_no_decoder_takes() -> None:
    plausible.check(Failed(VIDEO.path, Reason.DAMAGED), VIDEO, ALL)
    plausible.check(Skipped(VIDEO.path, Reason.UNSUPPORTED), VIDEO, ALL)
    with pytest.raises(RecordError):
        plausible.check(Skipped(VIDEO.path, Reason.DUPLICATE), VIDEO, ALL)


def test_the_supervisor_asks(pictures: list[Found]) -> None:
    opened = open_media(pictures[0], Limits())
    assert isinstance(opened, tuple)
    honest, _ = hashed_from(pictures[0].path.read_bytes(), "JPEG", Recipe())
    job = Job(pictures[0])
    job.opened(*opened)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        told = Worker(Stranger(ours), Recipe())
        theirs.sendall(struct.pack("<II", channel.READY, 1) + b"\0")
        told.read()
        told.assign(job)
        reply = record.encode_outcome(LIES["a kind that was not asked for"](honest))
        theirs.sendall(struct.pack("<II", 1, len(reply)) + reply)
        with pytest.raises(WorkerLost):
            told.read()
    job.close()


_LIAR = """
from takedown_cli.honest import *
from takedown_cli.honest import hash_media as _hash
from dataclasses import replace
def hash_media(stream, media, recipe):
    honest = _hash(stream, media, recipe)
    loot = Fingerprint("pdq", "0f" * 32, "full", "any-text.of:mine", 100)
    return replace(honest, fingerprints=(*honest.fingerprints, loot)) if honest.width == 163 else honest
"""


def test_a_child_that_lies_is_replaced_and_its_file_fails_alone(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Pool(Recipe(), 1, opener=open_media) as pool:
        usual = list(pool.outcomes(pictures[:6]))
    # A package in front of ours for the children: the worker in it adds to what it found for the fourth picture.
    package = tmp_path / "takedown_cli"
    shutil.copytree(Path(worker.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "worker.py").rename(package / "honest.py")
    (package / "worker.py").write_text(_LIAR)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with Pool(Recipe(), 1, opener=open_media) as pool:
        outcomes = list(pool.outcomes(found([file.path for file in pictures[:6]])))
    fourth = usual[3]
    assert isinstance(fourth, Hashed)
    assert outcomes[3] == Failed(fourth.path, Reason.DECODER_CRASHED, fourth.size, fourth.media)
    assert outcomes[:3] + outcomes[4:] == usual[:3] + usual[4:]
