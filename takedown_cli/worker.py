"""One open file in, its fingerprints out: the composition that runs inside a decoding process.

It guarantees that any content becomes one of Hashed, Failed or Skipped, whatever a decoder raises.
It must never open a path, write, print, or let a foreign exception or its text out.
"""

from __future__ import annotations

from typing import BinaryIO

from takedown_cli.decode import image
from takedown_cli.fingerprint import digest, pdq, still, tent
from takedown_cli.fingerprint.small import small_luma
from takedown_cli.matching import distance
from takedown_cli.model import MERGE_DISTANCE, Failed, Fingerprint, Hashed, Media, MediaFile, Recipe, Skipped
from takedown_cli.reasons import Reason

FLIPS = "flips"
#: Stills from between the frames of a video: they are looked for while decoding, not simulated.
STILLS = "stills"
#: A video of fewer bytes is not worth a thread; and the template, which may not have one, warms up on such.
MOMENT = 1 << 14


def hash_media(stream: BinaryIO, media: MediaFile, recipe: Recipe) -> Hashed | Failed | Skipped:
    """Fingerprint the file behind ``stream`` (open for reading, seekable, at its start)."""
    try:
        if media.media is Media.VIDEO:
            return _hash_video(stream, media, recipe)
        return _hash_image(stream, media, recipe)
    except MemoryError:
        return _failed(media, Reason.TOO_MUCH_MEMORY)
    except Exception as error:
        # The stages turn what they expect into values; what is left is the storage failing, or a bug of ours.
        number = error.errno if isinstance(error, OSError) else None
        return _failed(media, Reason.INTERNAL if number is None else Reason.READ_ERROR)


def _hash_image(stream: BinaryIO, media: MediaFile, recipe: Recipe) -> Hashed | Failed | Skipped:
    digests = digest.read(stream, media.size, recipe.also)
    if digests.size != media.size:
        return _failed(media, Reason.CHANGED)
    if digests.data is None:
        stream.seek(0)
    found = _Stills(recipe)
    end = image.End(failed=Reason.DAMAGED)
    for item in image.pictures(stream if digests.data is None else digests.data, recipe.limits, fast=recipe.fast):
        if isinstance(item, image.End):
            end = item
        else:
            found.add(item)
    if end.failed is not None:
        return _failed(media, end.failed)
    exact = tuple(Fingerprint(kind, value) for kind, value in digests.values.items())
    width, height = found.size
    return Hashed(
        media.path, media.size, media.media, media.format, width, height, (*exact, *still.merged(found.items)),
        end.duration, end.partial, found.weak,
    )  # fmt: skip


class _Stills:
    """What the pictures of one file add up to."""

    def __init__(self, recipe: Recipe) -> None:
        self.items: list[Fingerprint] = []
        #: Width and height of the first picture, upright.
        self.size = (0, 0)
        #: Why no picture of the file can be matched; None as soon as one can.
        self.weak: Reason | None = None
        self._recipe = recipe
        self._first = True
        #: The upright hash of the last picture kept, if it can be matched.
        self._last: str | None = None

    def add(self, picture: image.Picture) -> None:
        # Whoever turns or crops an animation shows its first frame with the rest: one frame's copies are enough.
        copies = self._recipe.copies if self._first else frozenset[str]()
        stills = still.fingerprint(picture, flips=FLIPS in copies)
        upright = stills.fingerprints[0].value
        # Next to nothing moved: the fingerprints of the one before catch this one too. Transparency may hide a change.
        if self._last is not None and picture.alpha is None and distance(self._last, upright) <= MERGE_DISTANCE:
            return
        self._last = upright if stills.weak is None else None
        self.items += stills.fingerprints
        self.items += _predicted(picture, stills, copies - {FLIPS, STILLS})
        self.items += _perceptual(picture, self._recipe.also)
        if self._first:
            turned = tent.TURNS[picture.orientation].transpose
            self.size = (picture.height, picture.width) if turned else (picture.width, picture.height)
        self.weak = stills.weak if self._first or stills.weak is None else self.weak
        self._first = False


def _predicted(picture: image.Picture, stills: still.Still, classes: frozenset[str]) -> list[Fingerprint]:
    """Fingerprints of copies that are likely to appear, from one small luma of the picture."""
    if not classes:
        return []
    from takedown_cli.fingerprint import variants  # its tables take a moment to load

    wanted = classes & frozenset(variants.CLASSES)
    if not wanted:
        return []
    luma = small_luma(stills.base, tent.TURNS[picture.orientation])
    budget = min(variants.BUDGET, variants.MOST - len(stills.fingerprints))
    return [
        Fingerprint("pdq", copy.value, pdq.FULL, copy.name, copy.quality, picture.index, picture.timestamp)
        for copy in variants.predicted(luma, wanted, budget)
    ]


def _perceptual(picture: image.Picture, also: frozenset[str]) -> list[Fingerprint]:
    if not also - set(digest.OPTIONAL):
        return []
    from takedown_cli.fingerprint import perceptual

    upright = tent.upright(picture.stored, tent.TURNS[picture.orientation])
    return list(perceptual.fingerprints(upright, also, picture.index, picture.timestamp))


def _failed(media: MediaFile, reason: Reason) -> Failed:
    return Failed(media.path, reason, media.size, media.media)


def _hash_video(stream: BinaryIO, media: MediaFile, recipe: Recipe) -> Hashed | Failed | Skipped:
    # Only here: a folder of pictures does not wait for FFmpeg to load.
    from takedown_cli.decode import video
    from takedown_cli.decode.video_beside import beside
    from takedown_cli.fingerprint import vpdq, vpdq_copies
    from takedown_cli.fingerprint.sketch import sketch

    digests = digest.read(stream, media.size, recipe.also, keep=False)
    if digests.size != media.size:
        return _failed(media, Reason.CHANGED)
    items = [Fingerprint(kind, value) for kind, value in digests.values.items()]
    readings: list[vpdq.Reading] = []
    classes = recipe.copies - {FLIPS, STILLS} if recipe.video != "vpdq" else frozenset[str]()
    width = height = 0
    end = video.End()
    between = sketch if STILLS in recipe.copies else None
    values = video.frames(stream, media.size, recipe.video, recipe.limits, between)
    for value in values if media.size < MOMENT else beside(values):
        if isinstance(value, video.End):
            end = value
            continue
        if not readings:
            height, width = value.pixels.shape[:2]
            if tent.TURNS[value.orientation].transpose:
                height, width = width, height
        readings.append(vpdq.read(value, copied=bool(classes)))
    if end.failed is Reason.UNSUPPORTED:
        return Skipped(media.path, Reason.UNSUPPORTED, media.size)
    if end.failed is not None or not readings:
        return _failed(media, end.failed or Reason.NO_FRAMES)
    readings.sort(key=lambda reading: reading.index)
    partial = end.partial
    if recipe.video == "vpdq":
        items += vpdq.reference_fingerprints(readings)
    else:
        kept = vpdq.worthwhile(readings)
        if len(kept) > recipe.limits.video_frames:
            # In ``gaps``, gaps of two seconds and less are kept whatever is left out.
            partial = partial or (Reason.FRAME_LIMIT if recipe.video == "every" else None)
            kept = vpdq.thinned(kept, recipe.limits.video_frames)
        items += vpdq.fingerprints(kept, flips=FLIPS in recipe.copies)
        if classes:
            items += vpdq_copies.fingerprints(vpdq.spread(kept, vpdq_copies.COPIED_FRAMES), classes)
    return Hashed(
        media.path, media.size, media.media, media.format, width, height, tuple(items),
        end.duration, partial, vpdq.weakness(readings, width, height),
    )  # fmt: skip
