"""The fingerprints of a video: PDQ of its frames, as image fingerprints with a place in time, and of their copies.

Source: facebook/ThreatExchange, ``vpdq/cpp/hashing`` (which value, which timestamp).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

import numpy as np

from takedown_cli.core.model import MERGE_DISTANCE, MIN_QUALITY, Fingerprint
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import UPRIGHT
from takedown_cli.hashing.decoded import AS_STORED, ORIENTATIONS, Doubles, Frame, Orientation, Pixels
from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.pdq_downsample import SIDE, downsample
from takedown_cli.hashing.fingerprint.picture import BACKGROUNDS, lay_on_background, merge_equal_values
from takedown_cli.hashing.fingerprint.thumbnail import make_thumbnail
from takedown_cli.hashing.matching import distance

#: The squeezed hash (``512nn``) is computed for frames with a longer side than this, and rides along where it is
#: further than ``NEAREST_DISTANCE`` from the full one. Footage of 720 lines has it 3 to 5 bits away on average, 10 at
#: worst, well inside the 31 that match, while computing it costs three times the full hash and may double the list.
NEAREST_FROM: Final = 1280
NEAREST_DISTANCE: Final = 8
#: Turned and mirrored copies are listed for at most this many frames, evenly spread: 7 more fingerprints each. Clips
#: are mirrored far more often than turned, and then every frame is: of further ones the mirrored copy alone is listed.
FLIPPED_FRAMES: Final = 32
MIRRORED_FRAMES: Final = 256
MIRRORED: Final = "flipy"
#: Fingerprints of a video at most (an intake lists no more: ``protocol.bundle``), and how many of them are digests.
MOST: Final = 2000
DIGESTS: Final = 2
#: Frames of a video whose copies are predicted at most: each takes a fortieth of a second. Where a camera moves, a copy
#: of one frame says little of the next ones, so few copies of many frames catch more than many copies of few.
COPIED_FRAMES: Final = 128
#: Pixels on the long side of a frame's thumbnail: some 40 kB, for hundreds of frames are kept.
_THUMBNAIL_SIDE: Final = 256
# Black of studio-range luma, which has to become 0: copies are laid on black and white.
_BLACK: Final = 16.0


@dataclass(frozen=True, slots=True, eq=False)
class FrameHashes:
    """What is kept of one frame: its hashes upright, as stored (None when the same) and squeezed (None when small).

    ``backgrounds`` are those of a transparent frame on each background: variant, value, quality. ``coefficients`` and
    ``thumbnail`` (upright luma, where copies are wanted) are what copies are predicted from, of quality ``copied``.
    ``block`` is the luma of 64 x 64, too large to be kept of every frame.
    """

    index: int
    timestamp: float
    quality: int
    upright: str
    raw: str | None
    nearest: str | None
    nearest_quality: int
    coefficients: Doubles
    is_plain: bool
    copied: int
    thumbnail: Pixels | None = None
    backgrounds: tuple[tuple[str, str, int], ...] = ()
    block: Doubles | None = None

    @property
    def best_quality(self) -> int:
        return max(self.quality, *(quality for _, _, quality in self.backgrounds), 0)

    def moved_from(self, other: FrameHashes) -> int:
        """Return the bits between two frames of a video, upright or on the background where they differ the most."""
        values = ((self.upright, other.upright),)
        shown = ((mine[1], theirs[1]) for mine, theirs in zip(self.backgrounds, other.backgrounds, strict=False))
        return max(distance(mine, theirs) for mine, theirs in chain(values, shown))


def hash_frame(frame: Frame, *, keep_thumbnail: bool = False) -> FrameHashes:
    """Return the hashes of one frame, in milliseconds for HD; ``keep_thumbnail`` to predict its copies later."""
    orientation = ORIENTATIONS[frame.orientation]
    full = _hash_full(frame, orientation)
    squeezed = pdq.hash_nearest(frame.pixels, orientation) if max(frame.pixels.shape) > NEAREST_FROM else None
    base, copied, backgrounds = frame, full, []
    for variant, level in BACKGROUNDS.items():
        if frame.alpha is None:
            break
        on_background = replace(frame, pixels=lay_on_background(frame.pixels, frame.alpha, level), alpha=None)
        shown = _hash_full(on_background, orientation)
        backgrounds.append((variant, shown.value, shown.quality))
        # As in ``picture``: what lies under the transparency may be nothing at all.
        if copied.quality < MIN_QUALITY <= shown.quality:
            base, copied = on_background, shown
    return FrameHashes(
        frame.index,
        frame.timestamp,
        full.quality,
        full.value,
        None if orientation == AS_STORED else _hash_full(frame, AS_STORED).value,
        None if squeezed is None else squeezed.value,
        0 if squeezed is None else squeezed.quality,
        copied.coefficients,
        copied.is_plain,
        copied.quality,
        make_frame_thumbnail(base) if keep_thumbnail else None,
        tuple(backgrounds),
        full.block,
    )


def _hash_full(frame: Frame, orientation: Orientation) -> pdq.PdqHash:
    if frame.pixels.ndim == 3 or min(frame.pixels.shape) < pdq.MIN_SIDE:
        return pdq.hash_full(frame.pixels, orientation, single=True)
    return pdq.hash_block(downsample(frame.pixels, orientation) * frame.contrast)


def make_frame_thumbnail(frame: Frame) -> Pixels:
    """Return upright luma with the range of RGB (0 to 255), at most ``_THUMBNAIL_SIDE`` on the long side."""
    luma = make_thumbnail(frame.pixels, ORIENTATIONS[frame.orientation])
    if frame.contrast > 1:
        luma = (luma - _BLACK) * frame.contrast
    height, width = luma.shape
    if max(height, width) > _THUMBNAIL_SIDE:
        even = luma[: height // 2 * 2, : width // 2 * 2]
        luma = even.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))
    return luma.round().clip(0, 255).astype(np.uint8)


def list_reference_frames(frames: Iterable[FrameHashes]) -> list[Fingerprint]:
    """Return the reference's list, every frame of it. It hashes frames as stored, so a turned one has ``raw`` too."""
    listed: list[Fingerprint] = []
    for frame in frames:
        listed.append(_fingerprint(frame, frame.upright, UPRIGHT))
        if frame.raw is not None:
            listed.append(_fingerprint(frame, frame.raw, "raw"))
        listed += _list_backgrounds(frame)
    return listed


def list_frames(frames: Sequence[FrameHashes], *, flips: bool) -> list[Fingerprint]:
    """Return the fingerprints of these frames, in the same order. The first of equal values names the others.

    ``flips`` adds the seven turned copies of up to ``FLIPPED_FRAMES`` frames, and the mirrored one of up to
    ``MIRRORED_FRAMES``.
    """
    some = spread_evenly(frames, MIRRORED_FRAMES) if flips else []
    mirrored, flipped = ({frame.index for frame in each} for each in (some, spread_evenly(some, FLIPPED_FRAMES)))
    listed: list[Fingerprint] = []
    for frame in frames:
        items = [_fingerprint(frame, frame.upright, UPRIGHT)]
        if frame.nearest is not None and distance(frame.nearest, frame.upright) > NEAREST_DISTANCE:
            items.append(_fingerprint(frame, frame.nearest, UPRIGHT, pdq.NEAREST, frame.nearest_quality))
        if frame.raw is not None:
            items.append(_fingerprint(frame, frame.raw, "raw"))
        items += _list_backgrounds(frame)
        if frame.index in mirrored:
            values = pdq.hex_values(pdq.turn_coefficients(frame.coefficients))
            turned = dict(list(zip(pdq.DIHEDRAL_NAMES, values, strict=True))[1:])
            names = turned if frame.index in flipped else (MIRRORED,)
            items.extend(_fingerprint(frame, turned[name], name, quality=frame.copied) for name in names)
        listed.extend(merge_equal_values(items))
    return listed


def list_predicted_copies(
    frames: Sequence[FrameHashes], kinds: frozenset[str], room: int = MOST - DIGESTS
) -> list[Fingerprint]:
    """Return at most ``room`` fingerprints of predicted copies of up to ``COPIED_FRAMES`` frames, evenly spread.

    The frames need a ``thumbnail``; ``kinds`` are of ``copies.PREDICTED_KINDS``, others are ignored.
    """
    # Only here: the tables of copies take a moment to load.
    from takedown_cli.hashing.fingerprint import copies

    chosen = spread_evenly(frames, COPIED_FRAMES)
    budget = min(copies.BUDGET, room // max(1, len(chosen)))
    return [
        copy
        for frame in chosen
        if frame.thumbnail is not None
        for copy in copies.predict_copies(frame.thumbnail, kinds, budget, frame.index, frame.timestamp)
    ]


def keep_worthwhile(frames: Sequence[FrameHashes]) -> list[FrameHashes]:
    """Return the frames worth listing: good enough to match (or the best, if none is), without near-identical ones."""
    good = [frame for frame in frames if frame.best_quality >= MIN_QUALITY]
    if not good and frames:
        good = [max(frames, key=lambda frame: frame.best_quality)]
    return merge_neighbours(good)


def why_weak(frames: Sequence[FrameHashes], width: int, height: int) -> Reason | None:
    """Return why no frame of a video of this size can be matched (one of ``reasons.TOO_POOR``), None if one can."""
    if any(frame.best_quality >= MIN_QUALITY for frame in frames):
        return None
    if min(width, height) < SIDE:
        return Reason.TINY
    return Reason.BLANK if all(frame.is_plain for frame in frames) else Reason.LOW_QUALITY


def merge_neighbours(frames: Iterable[FrameHashes]) -> list[FrameHashes]:
    """Return the frames without those within ``MERGE_DISTANCE`` of the last one kept."""
    kept: list[FrameHashes] = []
    for frame in frames:
        if not kept or frame.moved_from(kept[-1]) > MERGE_DISTANCE:
            kept.append(frame)
    return kept


def spread_evenly(frames: Sequence[FrameHashes], limit: int) -> list[FrameHashes]:
    """Return at most ``limit`` of the frames, evenly spread, the first one among them."""
    if len(frames) <= limit:
        return list(frames)
    return [frames[at * len(frames) // limit] for at in range(limit)]


def thin_out(frames: Sequence[FrameHashes], limit: int) -> list[FrameHashes]:
    """Return at most ``limit`` of the frames (in order), leaving out, one by one, where the next are closest."""
    kept = list(frames)
    times = np.array([frame.timestamp for frame in kept])
    while len(kept) > max(limit, 2):
        at = 1 + int((times[2:] - times[:-2]).argmin())
        times = np.delete(times, at)
        del kept[at]
    return kept[:limit]


def _list_backgrounds(frame: FrameHashes) -> list[Fingerprint]:
    return [_fingerprint(frame, value, variant, quality=quality) for variant, value, quality in frame.backgrounds]


def _fingerprint(
    frame: FrameHashes, value: str, variant: str, method: str = pdq.FULL, quality: int | None = None
) -> Fingerprint:
    quality = frame.quality if quality is None else quality
    return Fingerprint("pdq", value, method, variant, quality, frame.index, frame.timestamp)
