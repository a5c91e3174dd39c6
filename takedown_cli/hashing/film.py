"""Computes the fingerprints of the frames of a video; of a recording of a screen, of the clip that plays in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

import numpy as np

from takedown_cli.core.model import MIN_QUALITY, Box, Fingerprint, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import FLIPS, STILLS
from takedown_cli.hashing.decode.video import decode_ahead, decode_frames
from takedown_cli.hashing.decoded import ORIENTATIONS, Doubles, End, Frame, Pixels, turn_upright
from takedown_cli.hashing.fingerprint import vpdq
from takedown_cli.hashing.fingerprint.quick_pdq import quick_pdq
from takedown_cli.hashing.readings.first_look import may_be_screen
from takedown_cli.hashing.readings.recording import find_recording, may_be_recording
from takedown_cli.hashing.readings.rectangles import overlap
from takedown_cli.hashing.readings.screens import Screen, cut_out

#: A video of fewer bytes is not worth a thread. The fork server, which may not have one, warms up on such a video.
THREAD_BYTES: Final = 1 << 14
#: Frames that are looked at together for a recording, and bytes of them that are kept in memory meanwhile.
GROUP, _HELD = 6, 64 << 20
#: Groups of a video that are looked at closely at most: a feed that is scrolled has a new screen in each.
_LOOKS = 24
#: Screens that are remembered, and levels by which the 64 x 64 luma around what plays may differ on one screen.
_SCREENS, _SAME = 4, 4.0
#: Places of what plays that a report names at most, and the share by which two boxes of one overlap.
_PLACES, _ONE = 4, 0.9


@dataclass(frozen=True, slots=True)
class Film:
    """The result for the frames of a video.

    ``inside`` is where clips play that were fingerprinted; ``whole`` says whether there whole frames were too.
    """

    width: int
    height: int
    fingerprints: tuple[Fingerprint, ...]
    duration: float | None
    partial: Reason | None
    weak: Reason | None
    inside: tuple[Box, ...] = ()
    whole: bool = False


def hash_film(
    stream: BinaryIO, size: int, recipe: Recipe, on_progress: Callable[[float, float], object] | None = None
) -> Film | Reason:
    """Return the fingerprints of the video behind ``stream``, or why there are none: see ``decode_frames``."""
    kinds = recipe.copies - {FLIPS, STILLS} if recipe.video != "vpdq" else frozenset[str]()
    frames = _Frames(recipe, keep_thumbnails=bool(kinds))
    end = End()
    compare_by = quick_pdq if STILLS in recipe.copies else None
    decoded = decode_frames(stream, size, recipe.video, recipe.limits, compare_by, on_progress)
    for item in decoded if size < THREAD_BYTES else decode_ahead(decoded):
        if isinstance(item, End):
            end = item
        else:
            frames.add(item)
    if end.failed is not None or not frames.whole:
        return end.failed or Reason.NO_FRAMES
    frames.finish()
    fingerprints: list[Fingerprint] = []
    partial = end.partial
    layers = frames.make_layers()
    copied: list[list[vpdq.FrameHashes]] = []
    for layer in layers:
        if recipe.video == "vpdq":
            fingerprints += vpdq.list_reference_frames(layer)
            continue
        kept = vpdq.keep_worthwhile(layer)
        if len(kept) > recipe.limits.video_frames:
            # In ``gaps``, gaps of two seconds and less are kept whatever is left out.
            partial = partial or (Reason.FRAME_LIMIT if recipe.video == "every" else None)
            kept = vpdq.thin_out(kept, recipe.limits.video_frames)
        fingerprints += vpdq.list_frames(kept, flips=FLIPS in recipe.copies)
        copied += [kept] if kinds else []
    # Copies take what the frames leave of the most that a video may have, beside its digests.
    room = vpdq.MOST - vpdq.DIGESTS - len(fingerprints)
    for kept in copied:
        fingerprints += vpdq.list_predicted_copies(kept, kinds, room // len(copied))
    weak = vpdq.why_weak([frame for layer in layers for frame in layer], *frames.size)
    if not layers:
        weak = Reason.NOT_INSIDE if frames.shows_pictures else Reason.SCREEN_ONLY
    return Film(
        *frames.size, (*fingerprints, *frames.readings), end.duration, partial, weak, frames.list_places(),
        frames.keeps_whole,
    )  # fmt: skip


@dataclass(slots=True)
class _Shown:
    """A screen of a recording: the 64 x 64 luma around what plays, and of which cells that is."""

    screen: Screen
    shape: tuple[int, ...]
    block: Doubles
    around: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

    def is_shown(self, block: Doubles, shape: tuple[int, ...]) -> bool:
        """Return whether a frame of this size shows the same screen."""
        if shape != self.shape or not self.around.any():
            return False
        return float(np.abs(block - self.block)[self.around].mean()) <= _SAME


@dataclass(slots=True)
class _Held:
    """A frame that waits for the others of its group: the ``rank`` among all, upright pixels, luma of 64 x 64."""

    rank: int
    frame: Frame
    shown: Pixels
    block: Doubles


class _Frames:
    """The hashes of all frames, as they come, and of what plays in them."""

    def __init__(self, recipe: Recipe, *, keep_thumbnails: bool) -> None:
        self.whole: list[vpdq.FrameHashes] = []
        #: Width and height of the first frame, upright.
        self.size = (0, 0)
        self.readings: list[Fingerprint] = []
        self._recipe = recipe
        self._keep_thumbnails = keep_thumbnails
        #: By rank, what plays in a frame; and which frames are certainly of a screen.
        self._inside: dict[int, list[vpdq.FrameHashes]] = {}
        self._certain: set[int] = set()
        self._places: Counter[Box] = Counter()
        #: Whether any screen shows something that plays, chosen or not.
        self.shows_pictures = False
        self._screens: list[_Shown] = []
        self._held: list[_Held] = []
        #: The 64 x 64 luma of the frame before.
        self._before: Doubles = np.zeros((64, 64))
        # What the reference lists is for comparing with the reference.
        self._looks = 0 if recipe.whole or recipe.video == "vpdq" else _LOOKS
        self._pause = self._paused = 0
        self._reader = None
        if recipe.readings:
            from takedown_cli.hashing.readings.steady import FrameReader

            self._reader = FrameReader()

    def add(self, frame: Frame) -> None:
        """Hash a frame, and what plays in it, now or when its group is complete."""
        shown = turn_upright(frame.pixels, ORIENTATIONS[frame.orientation])
        if not self.whole:
            self.size = (shown.shape[1], shown.shape[0])
        hashes = vpdq.hash_frame(frame, keep_thumbnail=self._keep_thumbnails)
        self.whole.append(replace(hashes, block=None))
        if self._reader is not None:
            self.readings += self._reader.read(frame.index, frame.timestamp, shown, hashes.coefficients, hashes.copied)
        if self._looks and frame.alpha is None and hashes.block is not None:
            held = _Held(len(self.whole) - 1, frame, shown, hashes.block)
            known = next((each for each in self._screens if each.is_shown(held.block, shown.shape[:2])), None)
            if known is not None:
                self._take(held, known.screen)
            else:
                self._hold(held)

    def finish(self) -> None:
        """Take what still waits; afterwards no frame may be added."""
        self._look()
        if self._reader is not None:
            self.readings += self._reader.finish()

    def make_layers(self) -> list[list[vpdq.FrameHashes]]:
        """Return what is listed, in order of showing: of each frame the whole or what plays in it, and then the rest.

        Each layer numbers its frames anew, after those of the layer before.
        """
        certain = self._list_certain()
        after = max(frame.index for frame in self.whole) + 1
        layers: list[list[vpdq.FrameHashes]] = []
        for rank, frame in enumerate(self.whole):
            stack = [*([] if rank in certain else [frame]), *self._inside.get(rank, [])]
            layers += [[] for _ in range(len(stack) - len(layers))]
            for number, each in enumerate(stack):
                layers[number].append(replace(each, index=each.index + number * after))
        return [sorted(layer, key=lambda frame: frame.index) for layer in layers]

    @property
    def keeps_whole(self) -> bool:
        """Whether something plays in frames that are listed as a whole too."""
        return any(rank not in self._list_certain() for rank in self._inside)

    def _list_certain(self) -> set[int]:
        """Return which frames are not listed as a whole."""
        # A film may show somebody's screen for a while: what is mostly no recording loses no frame.
        return self._certain if 2 * len(self._certain) >= len(self.whole) else set()

    def list_places(self) -> tuple[Box, ...]:
        """Return where clips play, those of most frames first."""
        return tuple(box for box, _ in self._places.most_common(_PLACES))

    def _hold(self, held: _Held) -> None:
        before, self._before = self._before, held.block
        # Frames are large: of an ordinary film none waits.
        if not (may_be_screen(held.block) or may_be_recording([before, held.block])):
            self._look()
            return
        if self._held and held.shown.shape[:2] != self._held[0].shown.shape[:2]:
            self._look()
        self._held.append(held)
        if len(self._held) == GROUP or sum(each.shown.nbytes for each in self._held) > _HELD:
            self._look()

    def _look(self) -> None:
        """Look for a screen in the frames that wait, and let them go."""
        group, self._held = self._held, []
        if not group or not self._looks or not may_be_recording([each.block for each in group]):
            return
        # Where nothing is found, ever fewer of the following groups are looked at.
        if self._paused < self._pause:
            self._paused += 1
            return
        self._looks -= 1
        screen = find_recording([each.shown for each in group])
        self._pause, self._paused = (2 * self._pause + 1 if screen is None else 0), 0
        if screen is None:
            return
        middle = group[len(group) // 2]
        if screen.certain and screen.pictures:
            around = _mark_around(screen.pictures, middle.shown.shape)
            self._screens = [*self._screens, _Shown(screen, middle.shown.shape[:2], middle.block, around)][-_SCREENS:]
        for each in group:
            self._take(each, screen)

    def _take(self, held: _Held, screen: Screen) -> None:
        """Hash what plays in a frame."""
        chosen = self._recipe.pictures
        boxes = [box for number, box in enumerate(screen.pictures, start=1) if not chosen or number in chosen]
        self.shows_pictures = self.shows_pictures or bool(screen.pictures)
        found = []
        for box in boxes:
            part = Frame(held.frame.index, held.frame.timestamp, cut_out(held.shown, box), 1, held.frame.contrast)
            hashes = vpdq.hash_frame(part, keep_thumbnail=self._keep_thumbnails)
            # A poor frame stays where nothing else is listed, so that the reason can be its quality.
            if screen.certain or hashes.quality >= MIN_QUALITY:
                found.append(replace(hashes, block=None))
                self._places[next((each for each in self._places if overlap(each, box) > _ONE), box)] += 1
        if found:
            self._inside[held.rank] = found
        if screen.certain:
            self._certain.add(held.rank)


def _mark_around(boxes: Sequence[Box], shape: tuple[int, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return which of 64 x 64 cells lie around all of the boxes of a frame of this shape, apart from them."""
    around = np.ones((64, 64), np.bool_)
    down, across = 64 / shape[0], 64 / shape[1]
    for left, top, right, bottom in boxes:
        rows = slice(max(0, int(top * down) - 2), int(bottom * down) + 3)
        around[rows, max(0, int(left * across) - 2) : int(right * across) + 3] = False
    return around
