"""Computes the fingerprints of one open file. This runs inside a decoding process.

Whatever a decoder raises, every file becomes Hashed, Failed or Skipped.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from takedown_cli.core.model import MERGE_DISTANCE, Box, Failed, Fingerprint, Hashed, Media, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import SKIPPED, Reason
from takedown_cli.core.variants import CUT, FLIPS, STILLS, UPRIGHT
from takedown_cli.hashing.decode.image import decode_pictures
from takedown_cli.hashing.decoded import ORIENTATIONS, End, Picture, turn_upright
from takedown_cli.hashing.discover.embedded_clip import find_clip
from takedown_cli.hashing.fingerprint.digests import OPTIONAL, digest_stream
from takedown_cli.hashing.fingerprint.picture import PictureFingerprints, fingerprint_picture, merge_equal_values
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from takedown_cli.hashing.matching import distance
from takedown_cli.hashing.readings.first_look import may_be_screen

if TYPE_CHECKING:
    from takedown_cli.hashing.film import Film
    from takedown_cli.hashing.readings.screens import Screen

#: Called while a video is decoded, with the seconds that are done and the seconds in all.
OnProgress = Callable[[float, float], object]

#: Pictures of one file whose copies are predicted at most.
COPIED_PICTURES = 16
#: Share of a picture's seconds that the clip inside may take.
_CLIP_SHARE = 0.5


class NeedsVideoError(Exception):
    """The picture file has a clip inside, and this process is not prepared for videos."""


def hash_media(
    stream: BinaryIO, media: MediaFile, recipe: Recipe, on_progress: OnProgress | None = None
) -> Hashed | Failed | Skipped:
    """Fingerprint the file behind ``stream`` (open for reading, seekable, at its start).

    ``on_progress`` is called while a video is decoded, in whatever thread decodes it. Raise NeedsVideoError where
    ``recipe.limits.clips`` forbids to read what is inside.
    """
    try:
        if media.media is Media.VIDEO:
            outcome = _hash_video(stream, media, recipe, on_progress)
        else:
            outcome = _hash_image(stream, media, recipe)
    except NeedsVideoError:
        raise
    except MemoryError:
        outcome = Reason.TOO_MUCH_MEMORY
    except Exception as error:
        # The stages turn what they expect into values; what is left is the storage failing, or a bug of ours.
        number = error.errno if isinstance(error, OSError) else None
        outcome = Reason.INTERNAL if number is None else Reason.READ_ERROR
    if isinstance(outcome, Reason):
        return Failed(media.path, outcome, media.size, media.media)
    return outcome


def _hash_image(stream: BinaryIO, media: MediaFile, recipe: Recipe) -> Hashed | Skipped | Reason:
    digests = digest_stream(stream, media.size, recipe.also)
    if digests.size != media.size:
        return Reason.CHANGED
    if digests.data is None:
        stream.seek(0)
    clip, whole = (None if digests.data is None else find_clip(digests.data)) or (None, True)
    if clip is not None and not recipe.limits.clips:
        raise NeedsVideoError
    pictures = _Pictures(recipe)
    end = End(failed=Reason.DAMAGED)
    for item in decode_pictures(stream if digests.data is None else digests.data, recipe.limits, fast=recipe.fast):
        if isinstance(item, End):
            end = item
        else:
            pictures.add(item)
    film = None if clip is None else _hash_clip(clip, recipe)
    found = None if isinstance(film, Reason) else film
    if end.failed is not None and (found is None or end.failed is Reason.TOO_MUCH_MEMORY):
        return Skipped(media.path, end.failed, media.size) if end.failed in SKIPPED else end.failed
    partial = end.partial or (Reason.FRAME_LIMIT if pictures.limited else None)
    if found is not None:
        partial = partial or found.partial or (Reason.TRUNCATED if end.failed or not whole else None)
    elif film is not None and film is not Reason.NOT_MEDIA:  # a sound is no clip
        partial = partial or Reason.CLIP_UNREADABLE
    exact = tuple(Fingerprint(kind, value) for kind, value in digests.values.items())
    fingerprints = (*exact, *merge_equal_values(pictures.fingerprints), *pictures.readings)
    size = pictures.size if end.failed is None or found is None else (found.width, found.height)
    return Hashed(
        media.path, media.size, media.media, media.format, *size, fingerprints, end.duration, partial, pictures.weak,
        () if found is None else found.fingerprints, inside=pictures.inside,
    )  # fmt: skip


class _Pictures:
    """The result for all pictures of one file."""

    def __init__(self, recipe: Recipe) -> None:
        self.fingerprints: list[Fingerprint] = []
        #: Those of the first picture, if the recipe asks for them.
        self.readings: list[Fingerprint] = []
        #: Width and height of the first picture, upright.
        self.size = (0, 0)
        #: Where the pictures are that were taken out of a screenshot.
        self.inside: tuple[Box, ...] = ()
        #: Why no picture of the file can be matched; None as soon as one can.
        self.weak: Reason | None = None
        #: Whether pictures had to do without predicted copies.
        self.limited = False
        self._recipe = recipe
        self._first = True
        self._copied = 0
        #: The upright hash of the last picture kept, if it can be matched.
        self._last: str | None = None

    def add(self, picture: Picture) -> None:
        """Take a picture of the file, or of a screenshot the pictures that it shows."""
        wanted, found = self._fingerprint(picture)
        if self._may_be_screen(picture, found):
            from takedown_cli.hashing.readings.screens import find_screen

            screen = find_screen(turn_upright(picture.stored, ORIENTATIONS[picture.orientation]))
            if screen is not None:
                self._add_screen(picture, screen)
                return
        self._keep(picture, found, wanted=wanted)

    def _fingerprint(self, picture: Picture) -> tuple[bool, PictureFingerprints]:
        """Return whether copies of a picture are wanted, and its fingerprints, with those of its turned copies."""
        wanted = self._wants_copies(picture)
        return wanted, fingerprint_picture(picture, flips=FLIPS in self._recipe.copies and wanted)

    def _may_be_screen(self, picture: Picture, found: PictureFingerprints) -> bool:
        plain = picture.variant == UPRIGHT and picture.index is None and picture.alpha is None
        return plain and not self._recipe.whole and may_be_screen(found.full.block)

    def _add_screen(self, picture: Picture, screen: Screen) -> None:
        """Take the pictures of a screenshot; the screen itself too, as the first one, unless it is certainly one."""
        from takedown_cli.hashing.readings.screens import cut_out

        orientation, chosen = ORIENTATIONS[picture.orientation], self._recipe.pictures
        shown = turn_upright(picture.stored, orientation)
        boxes = [box for number, box in enumerate(screen.pictures, start=1) if not chosen or number in chosen]
        taken = [] if screen.certain else [picture]
        for box in boxes:
            pixels = cut_out(shown, box)
            taken.append(Picture(pixels, 1, *pixels.shape[:2]))
        for number, each in enumerate(taken):
            numbered = replace(each, index=number if len(taken) > 1 else None)
            wanted, found = self._fingerprint(numbered)
            self._keep(numbered, found, wanted=wanted)
        if not taken:
            self.weak = Reason.NOT_INSIDE if screen.pictures else Reason.SCREEN_ONLY
        self.size = (picture.height, picture.width) if orientation.transpose else (picture.width, picture.height)
        # A fast decode shows the screen smaller than it is.
        width, height = self.size
        across, down = width / shown.shape[1], height / shown.shape[0]
        self.inside = tuple(
            (round(left * across), round(top * down), round(right * across), round(bottom * down))
            for left, top, right, bottom in boxes
        )

    def _keep(self, picture: Picture, found: PictureFingerprints, *, wanted: bool) -> None:
        part = picture.variant == CUT
        # A blank frame says nothing of its copies: those of the first that can be matched are listed instead.
        if wanted and found.weak is not None and picture.index is not None:
            wanted, found = False, fingerprint_picture(picture, flips=False)
        kinds = self._recipe.copies if wanted else frozenset[str]()
        upright = found.fingerprints[0].value
        # Next to nothing moved: the fingerprints of the one before catch this one too. Transparency may hide a change.
        if self._last is not None and picture.alpha is None and distance(self._last, upright) <= MERGE_DISTANCE:
            return
        self._last = upright if found.weak is None else None
        self._copied += wanted
        orientation = ORIENTATIONS[picture.orientation]
        self.fingerprints += found.fingerprints
        # Imported only where they are wanted: both take a moment to load.
        if kinds - {FLIPS, STILLS}:
            from takedown_cli.hashing.fingerprint import copies

            luma = make_thumbnail(found.base, orientation)
            budget = min(copies.BUDGET, copies.MOST - len(found.fingerprints))
            self.fingerprints += copies.predict_copies(luma, kinds, budget, picture.index, picture.timestamp)
        if self._recipe.also - {*OPTIONAL} and not part:
            from takedown_cli.hashing.fingerprint.perceptual import hash_perceptually

            shown = turn_upright(picture.stored, orientation)
            self.fingerprints += hash_perceptually(shown, self._recipe.also, picture.index, picture.timestamp)
        if self._recipe.readings and self._first and not part:
            from takedown_cli.hashing.readings.upload import read_upload

            shown = turn_upright(found.base, orientation)
            self.readings = [
                replace(reading, frame=picture.index, timestamp=picture.timestamp)
                for reading in read_upload(shown, found.full)
            ]
        if self._first:
            width, height = picture.width, picture.height
            self.size = (height, width) if orientation.transpose else (width, height)
        self.weak = found.weak if self._first or found.weak is None else self.weak
        self._first = False

    def _wants_copies(self, picture: Picture) -> bool:
        """Return whether copies of this picture are predicted.

        Somebody who turns or crops an animation shows its first frame with the rest: one frame's copies are enough.
        Pages, and the pictures of a collection, are shown one by one.
        """
        if picture.variant == CUT or not self._recipe.copies - {STILLS}:
            return False
        if picture.timestamp is not None:
            return self._copied == 0
        self.limited = self.limited or self._copied >= COPIED_PICTURES
        return self._copied < COPIED_PICTURES


def _hash_video(
    stream: BinaryIO, media: MediaFile, recipe: Recipe, on_progress: OnProgress | None
) -> Hashed | Skipped | Reason:
    digests = digest_stream(stream, media.size, recipe.also, keep=False)
    if digests.size != media.size:
        return Reason.CHANGED
    # Only here: a folder of pictures does not wait for FFmpeg to load.
    from takedown_cli.hashing.film import hash_film

    film = hash_film(stream, media.size, recipe, on_progress)
    if film in SKIPPED:
        return Skipped(media.path, film, media.size)
    if isinstance(film, Reason):
        return film
    exact = (Fingerprint(kind, value) for kind, value in digests.values.items())
    return Hashed(
        media.path, media.size, media.media, media.format, film.width, film.height, (*exact, *film.fingerprints),
        film.duration, film.partial, film.weak, inside=film.inside, whole=film.whole,
    )  # fmt: skip


def _hash_clip(clip: bytes, recipe: Recipe) -> Film | Reason:
    """Return the frames of the video inside a picture file, and in front of them its own digests.

    Who shares the clip alone shares this very file. A camera made it: it is no recording of a screen.
    """
    from takedown_cli.hashing.film import hash_film

    limits = replace(recipe.limits, video_seconds=recipe.limits.image_seconds * _CLIP_SHARE)
    film = hash_film(io.BytesIO(clip), len(clip), replace(recipe, limits=limits, whole=True))
    if isinstance(film, Reason):
        return film
    digests = digest_stream(io.BytesIO(clip), len(clip), recipe.also, keep=False)
    exact = (Fingerprint(kind, value) for kind, value in digests.values.items())
    return replace(film, fingerprints=(*exact, *film.fingerprints))
