"""Films of a screen: what plays in them is listed, and the screen is not; an ordinary film loses nothing."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from takedown_cli.core.model import MATCH_DISTANCE, Hashed, Media, MediaFile, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import expand_copies
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.hash_media import hash_media
from takedown_cli.hashing.matching import distance
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.hashing.pool.validate import check_outcome
from takedown_cli.protocol.bundle.document import item_of
from tests.hashing.pool.conftest import found
from tests.hashing.readings.test_recording import captioned, panned, shown_in

Draw = Callable[[int], Image.Image]
PLAIN = Recipe(copies=frozenset())
COUNT = 8


def _encode(frames: Iterable[Image.Image]) -> bytes:
    """Return a film of two frames a second."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="mp4") as container:
        track = container.add_stream("libx264", rate=2, options={"preset": "ultrafast", "crf": "20"})
        for number, frame in enumerate(frames):
            if number == 0:
                track.width, track.height, track.pix_fmt = frame.width // 2 * 2, frame.height // 2 * 2, "yuv420p"
            even = frame.crop((0, 0, track.width, track.height)).convert("RGB")
            container.mux(track.encode(av.VideoFrame.from_ndarray(np.asarray(even), format="rgb24")))
        container.mux(track.encode(None))
    return stream.getvalue()


def _letterboxed(number: int) -> Image.Image:
    return ImageOps.pad(ImageOps.fit(panned(number), (960, 402)), (960, 540))


def _chat(number: int) -> Image.Image:
    """Return a chat without pictures that is scrolled: clock and signs stay where they are."""
    screen = Image.new("RGB", (540, 1100), "white")
    draw = ImageDraw.Draw(screen)
    for line in range(12):
        draw.text((30, 60 + 90 * line - 17 * number), f"a line {line} of text of nobody", "black", font_size=20)
    draw.rectangle((0, 0, 540, 45), fill="white")
    draw.text((30, 15), "14:20", "black", font_size=18)
    draw.rectangle((470, 17, 510, 31), outline="black", width=2)
    draw.rectangle((0, 1000, 540, 1100), fill="white")
    for x in (60, 200, 340, 480):
        draw.rectangle((x, 1040, x + 22, 1062), outline="black", width=2)
    return screen


FILMS: dict[str, Draw] = {
    "viewer": shown_in("google viewer", panned),
    "letterboxed": _letterboxed,
    "captioned": captioned,
    "chat": _chat,
}


@cache
def _film(name: str) -> bytes:
    return _encode(map(FILMS[name], range(COUNT)))


def _hashed(data: bytes, recipe: Recipe) -> Hashed:
    file = MediaFile(Path("film.mp4"), len(data), Media.VIDEO, "mp4")
    outcome = hash_media(io.BytesIO(data), file, recipe)
    assert isinstance(outcome, Hashed)
    check_outcome(outcome, file, recipe)
    return outcome


def _values(outcome: Hashed) -> set[str]:
    return {item.value for item in outcome.fingerprints if item.kind == "pdq"}


def _is_caught(shown: Image.Image, outcome: Hashed) -> bool:
    value = pdq.hash_full(np.asarray(shown)).value
    return any(distance(value, each) <= MATCH_DISTANCE for each in _values(outcome))


def test_a_recording_of_a_screen_catches_the_clip_that_plays_in_it() -> None:
    now, whole = (_hashed(_film("viewer"), Recipe(whole=whole)) for whole in (False, True))
    taken = {item.frame for item in whole.fingerprints if item.frame is not None}
    assert sum(_is_caught(panned(number), now) for number in taken) >= 0.8 * len(taken) > 2
    assert not any(_is_caught(panned(number), whole) for number in range(COUNT))
    assert not _values(now) & _values(whole)
    assert (len(now.inside), now.keeps_whole, now.weak) == (1, False, None)
    # The bundle says nothing of it: labels, numbers of frames and times are those of any video.
    labels = [[(i.kind, i.method, i.variant) for i in each.fingerprints] for each in (now, whole)]
    assert {*labels[0]} <= {*labels[1]}
    assert {i.frame for i in now.fingerprints} <= {None, *range(COUNT)}
    item = item_of(now, "adult")
    assert item is not None
    assert item.media == "video"


def test_a_recording_is_listed_as_a_whole_when_that_is_asked_for() -> None:
    outcome = _hashed(_film("viewer"), Recipe(copies=frozenset(), whole=True))
    assert (outcome.inside, outcome.keeps_whole) == ((), True)
    assert _is_caught(shown_in("google viewer", panned)(0), outcome)


def test_the_frames_of_the_reference_are_always_whole() -> None:
    recipes = [Recipe(copies=frozenset(), video="vpdq", whole=whole) for whole in (False, True)]
    assert _hashed(_film("viewer"), recipes[0]) == _hashed(_film("viewer"), recipes[1])


@pytest.mark.parametrize("video", ["gaps", "keyframes", "every"])
def test_a_film_with_bars_keeps_all_of_its_own_frames(video: str) -> None:
    now, whole = (_hashed(_film("letterboxed"), Recipe(video=video, whole=whole)) for whole in (False, True))
    assert {*whole.fingerprints} < {*now.fingerprints}
    assert (len(now.inside), now.keeps_whole) == (1, True)
    assert _is_caught(ImageOps.fit(panned(0), (960, 402)), now)
    # What plays in a frame is a further frame with the same time.
    times = {item.timestamp for item in whole.fingerprints}
    assert {item.timestamp for item in now.fingerprints} == times


def test_what_a_film_has_room_for_is_shared_by_the_whole_and_what_plays_in_it() -> None:
    outcome = _hashed(_film("letterboxed"), Recipe(copies=expand_copies(frozenset({"all"}))))
    copied = Counter(item.frame for item in outcome.fingerprints if ":" in (item.variant or ""))
    frames = {item.frame for item in outcome.fingerprints if item.variant == "upright"}
    assert {*copied} == frames
    # What plays in a frame is a further frame: both have about as many copies, and none is left out of the bundle.
    assert min(copied.values()) >= 0.5 * max(copied.values())
    item = item_of(outcome, "adult")
    assert item is not None
    assert sum(copied.values()) == sum(":" in (each.variant or "") for each in item.fingerprints)


def test_an_ordinary_film_is_hashed_as_ever() -> None:
    now, whole = (_hashed(_film("captioned"), Recipe(whole=whole)) for whole in (False, True))
    assert now == whole


def test_a_film_that_shows_a_screen_for_a_while_keeps_all_of_its_own_frames() -> None:
    drawn = [ImageOps.fit(panned(number), (540, 1140)) for number in range(10)]
    viewer = [FILMS["viewer"](number) for number in range(6)]
    size = viewer[0].width, viewer[0].height
    data = _encode([*(each.resize(size) for each in drawn), *viewer])
    now, whole = (_hashed(data, Recipe(copies=frozenset(), whole=whole)) for whole in (False, True))
    assert {*whole.fingerprints} <= {*now.fingerprints}


def test_a_recording_without_a_picture_cannot_be_protected_unasked() -> None:
    outcome = _hashed(_film("chat"), PLAIN)
    assert (outcome.weak, outcome.inside, _values(outcome)) == (Reason.SCREEN_ONLY, (), set())
    assert item_of(outcome, "adult") is None
    assert _values(_hashed(_film("chat"), Recipe(copies=frozenset(), whole=True)))


def test_a_number_that_no_picture_of_the_recording_has_is_said() -> None:
    outcome = _hashed(_film("viewer"), Recipe(copies=frozenset(), pictures=(3,)))
    assert (outcome.weak, outcome.inside, _values(outcome)) == (Reason.NOT_INSIDE, (), set())
    assert _hashed(_film("viewer"), Recipe(copies=frozenset(), pictures=(1,))) == _hashed(_film("viewer"), PLAIN)


@pytest.mark.parametrize("name", FILMS)
def test_the_sandbox_changes_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(_film(name))
    recipe = Recipe(copies=frozenset({"flips", "screens"}))
    direct = _hashed(_film(name), recipe)
    with Pool(recipe, workers=1, open_file=open_media, sandbox=True) as pool:
        (outcome,) = pool.outcomes(found([path]))
    assert isinstance(outcome, Hashed)
    assert (outcome.fingerprints, outcome.inside, outcome.whole) == (direct.fingerprints, direct.inside, direct.whole)
