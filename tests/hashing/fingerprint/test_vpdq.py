"""From frames to the fingerprints of a video, and the text that threatexchange reads."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageOps

from takedown_cli.core.model import MIN_QUALITY, Failed, Hashed, Limits, Media, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.decoded import Frame, Pixels
from takedown_cli.hashing.fingerprint import pdq, vpdq
from takedown_cli.hashing.hash_media import hash_media
from takedown_cli.hashing.matching import distance
from tests.hashing.decode.video_clips import clip, pan, picture


def frame(pixels: Pixels, index: int = 0, timestamp: float = 0.0, orientation: int = 1, contrast: float = 1.0) -> Frame:
    return Frame(index, timestamp, pixels, orientation, contrast)


def hashed_frames(*numbers: int) -> list[vpdq.FrameHashes]:
    return [vpdq.hash_frame(frame(picture(number), at, at / 2)) for at, number in enumerate(numbers)]


def hashed(data: bytes, recipe: Recipe, form: str = "mp4") -> Hashed:
    outcome = hash_media(io.BytesIO(data), MediaFile(Path("clip"), len(data), Media.VIDEO, form), recipe)
    assert isinstance(outcome, Hashed)
    return outcome


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_frame_is_hashed_upright_and_as_stored(orientation: int) -> None:
    stored = picture(3)
    image = Image.fromarray(stored)
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, "PNG", exif=exif)
    upright = np.asarray(ImageOps.exif_transpose(Image.open(file)))
    reading = vpdq.hash_frame(frame(stored, orientation=orientation))
    assert reading.upright == pdq.hash_full(upright).value
    assert reading.raw == (None if orientation == 1 else pdq.hash_full(stored).value)


def test_near_identical_neighbours_are_listed_once() -> None:
    same = hashed_frames(0, 0, 0, 40, 40, 0)
    kept = [each.index for each in vpdq.merge_neighbours(same)]
    assert kept == [0, 3, 5], "only neighbours: a scene that comes back stays"


def test_the_reference_keeps_every_frame() -> None:
    items = vpdq.list_reference_frames(hashed_frames(0, 0, 40))
    assert [(item.frame, item.variant) for item in items] == [(0, "upright"), (1, "upright"), (2, "upright")]


def test_poor_frames_are_left_out_unless_all_are() -> None:
    black = np.zeros((120, 160, 3), np.uint8)
    mixed = [vpdq.hash_frame(frame(black, 0)), vpdq.hash_frame(frame(picture(9), 1))]
    assert [each.index for each in vpdq.keep_worthwhile(mixed)] == [1]
    assert [each.index for each in vpdq.keep_worthwhile(mixed[:1])] == [0]


def test_flips_are_the_hashes_of_the_turned_picture_and_bounded() -> None:
    many = hashed_frames(*range(0, 4000, 40))
    plain = vpdq.list_frames(many, flips=False)
    items = vpdq.list_frames(many, flips=True)
    assert vpdq.FLIPPED_FRAMES < len(plain) < vpdq.MIRRORED_FRAMES
    assert len(items) == len(plain) + 7 * vpdq.FLIPPED_FRAMES + len(plain) - vpdq.FLIPPED_FRAMES
    assert len([item for item in items if item.variant == vpdq.MIRRORED]) == len(plain)
    turned = pdq.hash_full(picture(0)).dihedral_values()
    found = {item.variant: item.value for item in items if item.frame == 0}
    assert found == {"upright": turned.pop("original"), **turned}


def test_a_long_video_has_mirrored_copies_of_some_frames_only() -> None:
    one = vpdq.hash_frame(frame(picture(0)))
    many = [replace(one, index=number, timestamp=number / 2) for number in range(2 * vpdq.MIRRORED_FRAMES)]
    turned = [item for item in vpdq.list_frames(many, flips=True) if item.variant != "upright"]
    frames = {item.frame for item in turned if item.variant == vpdq.MIRRORED}
    assert len(frames) == vpdq.MIRRORED_FRAMES
    assert {item.frame for item in turned} == frames
    assert len({item.frame for item in turned if item.variant == "rotate90"}) == vpdq.FLIPPED_FRAMES


def test_the_squeezed_hash_is_listed_where_it_is_far_away() -> None:
    rng = np.random.default_rng(5)
    fine = rng.integers(0, 256, (720, 1440, 3), dtype=np.uint8)
    items = vpdq.list_frames([vpdq.hash_frame(frame(fine))], flips=False)
    nearest = pdq.hash_nearest(fine)
    assert nearest is not None
    assert [(item.method, item.value) for item in items] == [
        ("full", pdq.hash_full(fine).value),
        ("512nn", nearest.value),
    ]


def test_equal_values_of_a_frame_are_listed_once() -> None:
    flat = [vpdq.hash_frame(frame(np.full((120, 160, 3), 99, np.uint8), orientation=6))]
    items = vpdq.list_frames(flat, flips=True)
    assert len({item.value for item in items}) == len(items)
    names = [f"{item.method}/{item.variant}" for item in items] + [name for item in items for name in item.also]
    assert len(names) == len(set(names)) == 9


def test_a_whole_clip_gives_digests_and_its_key_frames() -> None:
    data = clip(100, group=25)
    outcome = hashed(data, Recipe(copies=frozenset(), also=frozenset({"sha1"}), video="keyframes"))
    assert [item.kind for item in outcome.fingerprints[:4]] == ["sha256", "md5", "sha1", "pdq"]
    assert (outcome.width, outcome.height, outcome.duration) == (160, 120, 4.0)
    assert outcome.partial is outcome.weak is None
    assert [item.frame for item in outcome.fingerprints[3:]] == [0, 25, 50, 75]


def test_a_clip_that_does_not_move_is_one_frame() -> None:
    outcome = hashed(clip(100, group=10, still=True), Recipe(copies=frozenset()))
    assert [item.frame for item in outcome.fingerprints if item.kind == "pdq"] == [0]


def test_a_turned_clip_is_upright_and_raw() -> None:
    outcome = hashed(clip(5, degrees=90), Recipe(copies=frozenset()))
    assert (outcome.width, outcome.height) == (120, 160)
    assert [item.variant for item in outcome.fingerprints if item.kind == "pdq"] == ["upright", "raw"]


def test_a_video_that_changed_while_it_was_read_fails() -> None:
    data = clip(5)
    outcome = hash_media(io.BytesIO(data), MediaFile(Path("clip"), len(data) - 1, Media.VIDEO, "mp4"), Recipe())
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.CHANGED


def test_the_frame_limit_holds_for_what_is_listed() -> None:
    outcome = hashed(clip(200, group=5), Recipe(copies=frozenset(), video="every", limits=Limits(video_frames=5)))
    assert len({item.frame for item in outcome.fingerprints if item.kind == "pdq"}) == 5
    assert outcome.partial is Reason.FRAME_LIMIT


def test_what_is_left_out_of_a_long_list_leaves_no_wide_gap() -> None:
    many = [
        replace(hashed_frames(0)[0], index=n, timestamp=t)
        for n, t in enumerate([*np.arange(0, 5, 0.1), *range(5, 25, 2)])
    ]
    kept = [each.timestamp for each in vpdq.thin_out(many, 20)]
    assert len(kept) == 20
    assert kept == sorted(kept)
    assert max(np.diff(kept)) <= 2.0
    assert vpdq.thin_out(many, 1) == many[:1]


def test_frames_between_are_listed_in_their_place() -> None:
    outcome = hashed(clip(100, group=50), Recipe(copies=frozenset({"stills"})))
    places = [item.frame for item in outcome.fingerprints if item.kind == "pdq"]
    usual = [
        item for item in hashed(clip(100, group=50), Recipe(copies=frozenset())).fingerprints if item.kind == "pdq"
    ]
    assert len(places) > len(usual)  # looked for only where stills are asked for
    assert places == sorted(places, key=lambda place: place or 0)


@pytest.mark.parametrize("orientation", [1, 6])
def test_luma_alone_is_a_few_bits_from_the_exact_hash(orientation: int) -> None:
    for number in range(0, 200, 20):
        rgb = picture(number, (640, 360))
        luma = (rgb @ (0.299, 0.587, 0.114) * 219 / 255 + 16).round().astype(np.uint8)
        exact = vpdq.hash_frame(frame(rgb, orientation=orientation))
        quick = vpdq.hash_frame(frame(luma, orientation=orientation, contrast=255 / 219))
        assert distance(exact.upright, quick.upright) <= 4
        assert abs(exact.quality - quick.quality) <= 2
        assert (exact.raw is None) == (quick.raw is None)


@pytest.mark.slow
def test_copies_of_frames_are_caught_and_bounded() -> None:
    data = clip(100, group=25, size=(320, 240), draw=pan)
    plain = hashed(data, Recipe(copies=frozenset({"stills"})))
    outcome = hashed(data, Recipe(copies=frozenset({"crops", "screens", "stills"})))
    copied = [item for item in outcome.fingerprints if ":" in (item.variant or "")]
    assert len(outcome.fingerprints) == len(plain.fingerprints) + len(copied)
    # Every frame has some, and all of them together no more than what the frames leave.
    assert {item.frame for item in copied} == {item.frame for item in plain.fingerprints if item.frame is not None}
    assert vpdq.MOST / 2 < len(outcome.fingerprints) <= vpdq.MOST
    assert {item.quality >= MIN_QUALITY for item in copied if item.quality is not None} == {True}
    first = pan(0, (320, 240))
    for copy in (first[:, :304], np.pad(first, ((160, 160), (0, 0), (0, 0)))):
        near = [distance(pdq.hash_full(copy).value, item.value) for item in outcome.fingerprints if item.frame == 0]
        assert min(near) <= 31
        assert distance(pdq.hash_full(copy).value, pdq.hash_full(first).value) > 31


def test_vpdq_mode_lists_no_copies() -> None:
    outcome = hashed(clip(60), Recipe(copies=frozenset({"crops", "flips"}), video="vpdq"))
    assert {item.variant for item in outcome.fingerprints if item.kind == "pdq"} == {"upright"}


def test_what_copies_are_predicted_from_has_the_range_of_rgb() -> None:
    rgb = pan(3, (640, 360))
    luma = (rgb @ (0.299, 0.587, 0.114) * 219 / 255 + 16).round().astype(np.uint8)
    exact = vpdq.make_frame_thumbnail(frame(rgb))
    quick = vpdq.make_frame_thumbnail(frame(luma, contrast=255 / 219))
    assert exact.shape == quick.shape == (144, 256)
    assert abs(exact.astype(int) - quick).max() <= 2


def test_a_black_video_is_called_blank() -> None:
    assert hashed(_black(64), Recipe()).weak is Reason.BLANK
    assert hashed(_black(32), Recipe()).weak is Reason.TINY


def test_a_container_off_the_list_is_skipped() -> None:
    data = clip(5, container="nut", codec="mpeg4")
    outcome = hash_media(io.BytesIO(data), MediaFile(Path("clip"), len(data), Media.VIDEO, "avi"), Recipe())
    assert outcome == Skipped(Path("clip"), Reason.UNSUPPORTED, len(data))


@pytest.mark.parametrize(
    "name", ["chair-19-sd-bar", "doorknob-hd-no-bar", "pattern-sd-grey-bar", "test-padded-dimensions"]
)
def test_clips_of_the_reference_give_its_hashes(shared: Path, name: str) -> None:
    vector = json.loads((shared / f"vectors/{name}.mp4.vpdq.json").read_text())
    outcome = hashed((shared / f"media/video/{name}.mp4").read_bytes(), Recipe(video="vpdq"))
    digests = {item.kind: item.value for item in outcome.fingerprints if item.kind != "pdq"}
    assert digests == {"sha256": vector["sha256"], "md5": vector["md5"]}
    found = [item for item in outcome.fingerprints if item.kind == "pdq"]
    assert [(item.frame, item.timestamp, item.quality) for item in found] == [
        (feature["frame"], feature["timestamp"], feature["quality"]) for feature in vector["features"]
    ]
    far = [distance(item.value, feature["pdq"]) for item, feature in zip(found, vector["features"], strict=True)]
    assert max(far) <= 2


def _black(side: int) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = side, side, "yuv420p"
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((side, side, 3), np.uint8), format="rgb24")))
        output.mux(stream.encode(None))
    return target.getvalue()
