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

import takedown_cli
from takedown_cli.core.model import Failed, Fingerprint, Found, Hashed, Limits, Media, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import AS_SHOWN, PICTURE_ITSELF, PREVIEW, UPRIGHT, CopyKind
from takedown_cli.fixtures import texture
from takedown_cli.hashing import hash_media
from takedown_cli.hashing.decode.video import MODES
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.fingerprint import copies, copy_transforms, pdq, perceptual, picture, reframing, vpdq
from takedown_cli.hashing.matching import REFRAMED
from takedown_cli.hashing.pool import channel, record, validate
from takedown_cli.hashing.pool.record import RecordError
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.hashing.pool.workers import Job, Worker, WorkerLost
from takedown_cli.protocol.bundle import document
from takedown_cli.protocol.bundle.item_limits import MAX_OF_VIDEO
from tests.hashing.decode.video_clips import clip
from tests.hashing.pool.conftest import found
from tests.hashing.pool.stranger import Stranger

ALL = Recipe(
    copies=frozenset({"flips", *copies.PREDICTED_KINDS}), also=frozenset({"sha1", *perceptual.KINDS}),
    limits=Limits(video_frames=6, animation_frames=3),
)  # fmt: skip
VIDEO = MediaFile(Path("a.mp4"), 10, Media.VIDEO, "mp4")


def hashed_from(data: bytes, fmt: str, recipe: Recipe, media: Media = Media.IMAGE) -> tuple[Hashed, MediaFile]:
    file = MediaFile(Path("a"), len(data), media, fmt)
    outcome = hash_media.hash_media(io.BytesIO(data), file, recipe)
    assert isinstance(outcome, Hashed)
    return outcome, file


def saved(image: Image.Image, fmt: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, fmt, **options)
    return stream.getvalue()


@pytest.fixture(scope="module")
def turned() -> bytes:
    """A picture that has every reading there is: turned by its Exif flag, and large enough for both methods."""
    exif = Image.Exif()
    exif[274] = 6
    return saved(texture.picture(7, (900, 600)), "JPEG", exif=exif)


def test_the_names_are_those_that_the_fingerprints_have() -> None:
    assert {validate.FULL, validate.NEAREST} == {pdq.FULL, pdq.NEAREST}
    assert {*validate.TURNED} == {*pdq.DIHEDRAL_NAMES[1:]}
    assert {UPRIGHT, "raw", "hma", AS_SHOWN, PREVIEW, *picture.BACKGROUNDS} == PICTURE_ITSELF
    assert {*validate.SINGLE, validate.SEGMENTS} == {*perceptual.KINDS}
    assert {*validate._PREDICTED} == {*copies.PREDICTED_KINDS}
    assert (validate.PREDICTED, validate.TURNED_FRAMES) == (copies.BUDGET, vpdq.FLIPPED_FRAMES)
    assert (validate.MIRRORED, validate.MIRRORED_FRAMES) == (vpdq.MIRRORED, vpdq.MIRRORED_FRAMES)
    assert validate.COPIED_PICTURES == hash_media.COPIED_PICTURES
    assert (validate.PREDICTED_OF_VIDEO, validate.COPIED_FRAMES) == (vpdq.MOST, vpdq.COPIED_FRAMES)
    assert vpdq.MOST == MAX_OF_VIDEO
    assert {*validate.SINGLE, validate.SEGMENTS} == {*document.PERCEPTUAL}
    for name in (*reframing.FRAMES, f"tilt+{reframing.TILT}", f"tilt-{reframing.TILT}"):
        for names in (validate._UPLOAD, validate._UPLOAD_OF_FRAME):
            assert names.fullmatch(f"{REFRAMED}/{name}:original")


@pytest.mark.parametrize("kind", copies.PREDICTED_KINDS)
@pytest.mark.parametrize("aspect", [1 / 8, 9 / 16, 1.0, 4 / 3, 3.7])
def test_every_predicted_copy_has_a_name_in_the_grammar(kind: CopyKind, aspect: float) -> None:
    rounded = copy_transforms.round_aspect(aspect)
    names = (
        copy_transforms.plan_tilts(rounded).names
        if kind == "tilts"
        else copy_transforms.plan_copies(kind, rounded).names
    )
    for name in {*names}:
        for shown in (name, f"{name}.2", f"{name}.{copies.BUDGET}"):
            assert validate._variant_names(kind).fullmatch(shown), shown
            assert re.fullmatch(r"[a-z0-9][a-z0-9:+.-]{0,39}", shown)
        assert not any(
            validate._variant_names(other).fullmatch(name) for other in copies.PREDICTED_KINDS if other != kind
        )
        assert not validate._variant_names(kind).fullmatch(f"{name}.{copies.BUDGET + 1}")


def test_what_pictures_really_give_is_accepted(turned: bytes) -> None:
    moving = [texture.picture(seed, (300, 200)) for seed in range(5)]
    for data, fmt in (
        (turned, "JPEG"),
        (saved(moving[0], "GIF", save_all=True, append_images=moving[1:], duration=90), "GIF"),
        (saved(moving[0], "TIFF", save_all=True, append_images=moving[1:]), "TIFF"),
        (saved(moving[0].convert("RGBA"), "PNG"), "PNG"),
        (saved(Image.new("L", (300, 200)), "PNG"), "PNG"),
        (saved(moving[0], "JPEG")[:-900], "JPEG"),
        (saved(moving[0], "PNG")[:-20_000], "PNG"),
        (saved(Image.new("L", (300, 200)), "GIF", save_all=True, append_images=moving[:2]), "GIF"),
    ):
        for recipe in (ALL, Recipe()):
            validate.check_outcome(*hashed_from(data, fmt, recipe), recipe)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("container", ["mp4", "avi", "webm"])
def test_what_videos_really_give_is_accepted(mode: str, container: str) -> None:
    codec = {"mp4": "libx264", "avi": "mpeg4", "webm": "libvpx"}[container]
    data = clip(120, container=container, codec=codec, b_frames=2 if container == "mp4" else 0, degrees=90)
    recipe = replace(ALL, video=mode)
    validate.check_outcome(*hashed_from(data, container, recipe, Media.VIDEO), recipe)


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
    "a place outside of the picture": lambda honest: replace(honest, inside=((0, 0, 301, 200),)),
    "the whole beside nothing": lambda honest: replace(honest, whole=True),
    "a place that is none": lambda honest: replace(honest, inside=((5, 0, 5, 200),)),
    "more pixels than allowed": lambda honest: replace(honest, width=1 << 30, height=1 << 30),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_arbitrary_data_from_a_child_is_refused(lie: Callable[[Hashed], Hashed]) -> None:
    honest, file = hashed_from(saved(texture.picture(7, (300, 200)), "JPEG"), "JPEG", Recipe())
    validate.check_outcome(honest, file, Recipe())
    answer = record.decode_outcome(record.encode_outcome(lie(honest)), file)
    with pytest.raises(RecordError):
        validate.check_outcome(answer, file, Recipe())


def test_where_the_whole_was_asked_for_nothing_was_cut_out() -> None:
    honest, file = hashed_from(saved(texture.picture(7, (300, 200)), "JPEG"), "JPEG", Recipe())
    cut = replace(honest, inside=((0, 0, 300, 100), (0, 100, 300, 200)))
    validate.check_outcome(cut, file, Recipe())
    with pytest.raises(RecordError):
        validate.check_outcome(cut, file, Recipe(whole=True))


def test_only_of_a_recording_more_frames_than_the_limit_are_accepted() -> None:
    frames = [Fingerprint("pdq", "0f" * 32, "full", "upright", 100, number, number / 2) for number in range(20)]
    recipe = Recipe(limits=Limits(video_frames=10))
    file = MediaFile(Path(), 1, Media.VIDEO, "mp4")
    outcome = replace(video(*frames), fingerprints=tuple(i for i in video(*frames).fingerprints if i.kind != "sha1"))
    inside = replace(outcome, inside=((0, 0, 1, 1),))
    validate.check_outcome(inside, file, recipe)
    validate.check_outcome(replace(inside, whole=True), file, recipe)
    for lie in (outcome, replace(inside, inside=((0, 0, 9000, 1),)), replace(outcome, whole=True)):
        with pytest.raises(RecordError):
            validate.check_outcome(lie, file, recipe)


def test_more_than_the_limits_allow_is_refused(turned: bytes) -> None:
    honest, file = hashed_from(turned, "JPEG", ALL)
    validate.check_outcome(honest, file, ALL)
    spare = [f"crop:{side}:{step}" for side in ("left", "right", "top", "bottom") for step in range(1, 11)]
    spare += [f"{name}.{again}" for name in spare for again in (2, 3)]
    for items in (
        tuple(print_of(variant=f"{name}.{validate.PREDICTED}") for name in spare),
        tuple(print_of("crop-resistant", None, f"segment-{number}") for number in range(181, 183)),
        tuple(replace(print_of(), frame=number) for number in range(4)),
    ):
        with pytest.raises(RecordError):
            validate.check_outcome(add(*items)(honest), file, ALL)
    low = replace(print_of(variant="crop:left:5.77"), quality=10)
    with pytest.raises(RecordError):
        validate.check_outcome(add(low)(honest), file, ALL)


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
    validate.check_outcome(video(*(frame(number) for number in range(6)), frame(0, "flipx")), VIDEO, ALL)
    with pytest.raises(RecordError):
        validate.check_outcome(video(*items), VIDEO, ALL)


def test_mirrored_frames_are_bounded_and_turned_ones_more_so() -> None:
    recipe = replace(ALL, limits=Limits())
    mirrored = [frame(number, "flipy") for number in range(validate.MIRRORED_FRAMES)]
    turned = [frame(number, "rotate90") for number in range(validate.TURNED_FRAMES)]
    validate.check_outcome(video(*mirrored, *turned), VIDEO, recipe)
    for lie in (
        video(*mirrored, frame(validate.MIRRORED_FRAMES, "flipy")),
        video(*turned, frame(validate.TURNED_FRAMES, "rotate90")),
    ):
        with pytest.raises(RecordError):
            validate.check_outcome(lie, VIDEO, recipe)


def test_readings_of_a_frame_are_those_of_an_upload_and_only_where_they_are_asked_for() -> None:
    recipe = replace(ALL, limits=Limits(), readings=True)
    read = [replace(frame(0), method="inside", variant="6:flipy"), replace(frame(0), method="turned", variant="flipx")]
    validate.check_outcome(video(frame(0), *read), VIDEO, recipe)
    with pytest.raises(RecordError):
        validate.check_outcome(video(frame(0), *read), VIDEO, replace(recipe, readings=False))
    for lie in (
        replace(read[0], variant="7:original"),
        replace(read[0], quality=10),
        replace(read[0], also=("full/raw",)),
        replace(read[0], method="filled", variant="original"),
    ):
        with pytest.raises(RecordError):
            validate.check_outcome(video(frame(0), lie), VIDEO, recipe)


def test_predicted_copies_of_frames_are_bounded() -> None:
    recipe = replace(ALL, limits=Limits())
    names = [f"crop:{side}:{n}" for side in ("left", "right", "top", "bottom", "centred") for n in range(1, 11)][:40]
    items = [frame(number, name) for number in range(50) for name in names]
    assert len(items) == validate.PREDICTED_OF_VIDEO
    validate.check_outcome(video(*items), VIDEO, recipe)
    for lie in (
        video(*items, frame(0, "crop:left:1.2")),
        video(*(frame(number, "crop:left:1") for number in range(validate.COPIED_FRAMES + 1))),
        video(replace(items[0], quality=10)),
    ):
        with pytest.raises(RecordError):
            validate.check_outcome(lie, VIDEO, recipe)
    with pytest.raises(RecordError):
        validate.check_outcome(video(*items), VIDEO, replace(recipe, video="vpdq"))
    with pytest.raises(RecordError):
        validate.check_outcome(video(*items), VIDEO, replace(recipe, copies=frozenset({"flips"})))


def test_turned_copies_are_listed_for_a_bounded_number_of_frames() -> None:
    recipe = replace(ALL, limits=Limits())
    items = [frame(number, "flipx") for number in range(validate.TURNED_FRAMES + 1)]
    validate.check_outcome(video(*items[1:]), VIDEO, recipe)
    with pytest.raises(RecordError):
        validate.check_outcome(video(*items), VIDEO, recipe)


def test_a_child_skips_only_what_no_decoder_takes() -> None:
    validate.check_outcome(Failed(VIDEO.path, Reason.DAMAGED), VIDEO, ALL)
    validate.check_outcome(Skipped(VIDEO.path, Reason.UNSUPPORTED), VIDEO, ALL)
    with pytest.raises(RecordError):
        validate.check_outcome(Skipped(VIDEO.path, Reason.DUPLICATE), VIDEO, ALL)


def test_a_worker_that_lies_is_lost(pictures: list[Found]) -> None:
    opened = open_media(pictures[0], Limits())
    assert isinstance(opened, tuple)
    honest, _ = hashed_from(pictures[0].path.read_bytes(), "JPEG", Recipe())
    job = Job(pictures[0])
    job.take_file(*opened)
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        worker = Worker(Stranger(ours), Recipe())
        theirs.sendall(struct.pack("<II", channel.READY, 1) + b"\0")
        worker.read_answers()
        worker.assign(job)
        reply = record.encode_outcome(LIES["a kind that was not asked for"](honest))
        theirs.sendall(struct.pack("<II", 1, len(reply)) + reply)
        with pytest.raises(WorkerLost):
            worker.read_answers()
    job.close()


_LIAR = """
from takedown_cli.hashing.honest import *
from takedown_cli.hashing.honest import hash_media as _hash
from dataclasses import replace
def hash_media(*given):
    honest = _hash(*given)
    loot = Fingerprint("pdq", "0f" * 32, "full", "any-text.of:mine", 100)
    return replace(honest, fingerprints=(*honest.fingerprints, loot)) if honest.width == 163 else honest
"""


def test_a_child_that_lies_is_replaced_and_its_file_fails_alone(
    pictures: list[Found], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        usual = list(pool.outcomes(pictures[:6]))
    # A package in front of ours for the children: the worker in it adds to what it found for the fourth picture.
    package = tmp_path / "takedown_cli"
    shutil.copytree(Path(takedown_cli.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "hashing" / "hash_media.py").rename(package / "hashing" / "honest.py")
    (package / "hashing" / "hash_media.py").write_text(_LIAR)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        outcomes = list(pool.outcomes(found([file.path for file in pictures[:6]])))
    fourth = usual[3]
    assert isinstance(fourth, Hashed)
    assert outcomes[3] == Failed(fourth.path, Reason.DECODER_CRASHED, fourth.size, fourth.media)
    assert outcomes[:3] + outcomes[4:] == usual[:3] + usual[4:]


@pytest.mark.parametrize(("file", "reason", "fits"), [
    (VIDEO, Reason.NOT_MEDIA, True), (VIDEO, Reason.UNSUPPORTED, True), (VIDEO, Reason.EMPTY, False),
    (MediaFile(Path("a.jpg"), 10, Media.IMAGE, "JPEG"), Reason.NOT_MEDIA, False),
])  # fmt: skip
def test_only_what_seemed_a_video_may_turn_out_to_be_no_media(file: MediaFile, reason: Reason, fits: bool) -> None:
    outcome = Skipped(file.path, reason, file.size)
    if fits:
        validate.check_outcome(outcome, file, Recipe())
    else:
        with pytest.raises(RecordError):
            validate.check_outcome(outcome, file, Recipe())


@pytest.fixture(scope="module")
def framed() -> bytes:
    """A screen that has every further reading: turned, negative, inside it, and with a bar filled."""
    screen = Image.new("RGB", (1080, 1900), (250, 250, 250))
    screen.paste(texture.picture(5, (900, 700)), (90, 400))
    screen.paste((0, 0, 0), (300, 600, 700, 700))
    return saved(screen, "PNG")


READ = Recipe(copies=frozenset(), readings=True)


def test_the_readings_of_an_upload_are_accepted_where_they_were_asked_for(framed: bytes) -> None:
    outcome, file = hashed_from(framed, "PNG", READ)
    methods = {item.method for item in outcome.fingerprints}
    assert {"turned", "negative", "inside", "filled"} < methods
    validate.check_outcome(outcome, file, READ)
    with pytest.raises(RecordError):
        validate.check_outcome(outcome, file, replace(READ, readings=False))


@pytest.mark.parametrize(
    "change",
    [{"variant": "17:original"}, {"variant": "1:rotate90"}, {"quality": 49}, {"frame": 3}, {"also": ("full/raw",)}],
    ids=str,
)
def test_an_invented_reading_of_an_upload_is_refused(framed: bytes, change: dict[str, object]) -> None:
    outcome, file = hashed_from(framed, "PNG", READ)
    inside = next(item for item in outcome.fingerprints if item.method == "inside")
    others = [item for item in outcome.fingerprints if item is not inside]
    with pytest.raises(RecordError):
        validate.check_outcome(
            replace(outcome, fingerprints=(*others, replace(inside, **change))),  # type: ignore[arg-type]
            file,
            READ,
        )
