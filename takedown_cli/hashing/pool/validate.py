"""What a decoding process may answer about a file under a recipe: a closed list, made without looking at the file.

An accepted outcome holds only kinds, methods and variants that were asked for, each once for each frame, in numbers
within the limits. What decodes or hashes is not imported here: it runs only in the child.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Final

from takedown_cli.core.model import ARCHIVE, MIN_QUALITY, Failed, Fingerprint, Hashed, Media, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import CUT, PICTURE_ITSELF, UPRIGHT, CopyKind
from takedown_cli.hashing.pool.record import RecordError

# A child that was taken over can still lie: no check here can recognise an invented hash. What it cannot do
# is to send anything else, or more of it. The names are restated here, for the modules that make them need numpy;
# tests/hashing/pool/test_validate.py compares the two.

FULL: Final = "full"
NEAREST: Final = "512nn"
TURNED: Final = frozenset({"rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1"})
SINGLE: Final = frozenset({"phash", "dhash", "ahash", "whash"})
SEGMENTS: Final = "crop-resistant"
#: Predicted copies of a picture at most, pictures of a file that have copies, and frames of a video that are turned,
#: or only mirrored.
PREDICTED: Final = 91
COPIED_PICTURES: Final = 16
TURNED_FRAMES: Final = 32
MIRRORED_FRAMES: Final = 256
MIRRORED: Final = "flipy"
#: Predicted copies of all frames of a video at most, and frames that have any.
PREDICTED_OF_VIDEO: Final = 2000
COPIED_FRAMES: Final = 128

_READINGS: Final = frozenset(
    {(FULL, variant) for variant in PICTURE_ITSELF} | {(NEAREST, variant) for variant in PICTURE_ITSELF - {"hma"}}
)
_HALVES = r"(?:0\.5|[1-9](?:\.5)?|10)"
_FIFTHS = r"(?:0(?:\.5)?|[1-4](?:\.5)?|5)"
#: Kind of copies → names of its variants, to which a number from 2 is added where a name is used again.
_PREDICTED: Final[dict[CopyKind, str]] = {
    "crops": rf"crop:(?:(?:left|right|top|bottom|centred):{_HALVES}|{_FIFTHS}(?:\+{_FIFTHS}){{3}})",
    "borders": rf"border:(?:(?:black|white):{_HALVES}(?::mirrored)?|(?:64|128|192):(?:[1-9]|10))",
    "screens": r"screen:(?:phone:(?:black|white|dark|grey)(?::status|:viewer)?"
    r"|(?:9x16|square|16x9|16x10|4x3|3x2):(?:black|white|dark)|(?:phone|9x16|square):(?:black|white):mirrored)",
    "captions": r"caption:(?:top|bottom):(?:black|white):(?:1[0-9]|20)(?::over|:mirrored)?",
    "tilts": r"tilt:[+-](?:0\.6|1\.2|1\.8|2\.4|3):(?:inside|black|white)",
    "fits": r"fit:(?:(?:9x16|9x19\.5|1x2|2x1|16x9):50|(?:1x1|4x5):(?:0|[1-9][0-9]?|100))",
}
_AGAIN: Final = r"(?:\.(?:[2-9]|[1-8][0-9]|9[01]))?"
_MOVED: Final = r"reframed/(?:wider|closer|(?:more|less)-(?:left|right|above|below)|tilt[+-]5):original"
#: Further readings of an upload, as method and variant: these, each once.
_UPLOAD: Final = re.compile(
    r"turned/(?:rotate90|rotate180|rotate270|flipx|flipy|flipplus1|flipminus1)|negative/original"
    r"|inside/(?:[1-9]|1[0-6]):(?:original|flipy)|filled/(?:[12]:)?(?:original|flipy)|" + _MOVED
)
#: The same of a frame of an upload.
_UPLOAD_OF_FRAME: Final = re.compile(
    r"turned/(?:rotate90|rotate180|rotate270|flipx|flipy|flipplus1|flipminus1)|inside/[1-6]:(?:original|flipy)|"
    + _MOVED
)
_SEGMENT: Final = re.compile(r"segment-(?:[0-9]|[1-9][0-9]|1[0-7][0-9]|180)")
_ROOM: Final = 2
#: A JPEG may be scaled by this much both ways before its pixels count.
_MOST_SHRINK: Final = 8


def check_outcome(outcome: Hashed | Failed | Skipped, file: MediaFile, recipe: Recipe) -> None:
    """Raise RecordError when hashing ``file`` under ``recipe`` cannot have given ``outcome``."""
    _require(not isinstance(outcome, Hashed) or file.format != ARCHIVE)
    if isinstance(outcome, Skipped):
        sound = outcome.reason is Reason.NOT_MEDIA and file.media is Media.VIDEO
        _require(outcome.reason is Reason.UNSUPPORTED or sound)
    elif isinstance(outcome, Hashed):
        # Some codecs round a frame up, and a page or frame may be larger than the one before; hence the room.
        scale = _MOST_SHRINK**2 if recipe.fast else 1
        most = scale * _ROOM * recipe.limits.pixels
        _require(outcome.format == file.format and outcome.width * outcome.height <= most)
        seen = _check_exact(outcome.fingerprints, recipe)
        _require(not (outcome.inside and recipe.whole) and (bool(outcome.inside) or not outcome.whole))
        _require(not outcome.whole or file.media is Media.VIDEO)
        _require(all(
            left < right <= outcome.width and top < bottom <= outcome.height
            for left, top, right, bottom in outcome.inside
        ))  # fmt: skip
        if file.media is Media.VIDEO:
            _require(not outcome.clip)
            # Of a recording of a screen, what plays in it is listed as further frames, beside the whole or alone.
            _check_video(seen, recipe, 1 + len(outcome.inside))
        else:
            _check_picture(seen, recipe)
            if outcome.clip:
                _check_video(_check_exact(outcome.clip, recipe), recipe, 1)


def _check_exact(items: tuple[Fingerprint, ...], recipe: Recipe) -> list[Fingerprint]:
    """Check the digests of one medium, each once, and return the other fingerprints."""
    exact = {"sha256", "md5"} | (recipe.also & {"sha1"})
    bare = [item for item in items if item.kind in {"sha256", "md5", "sha1"}]
    _require(Counter(item.kind for item in bare) == Counter(exact))
    _require(all(item == Fingerprint(item.kind, item.value) for item in bare))
    seen = [item for item in items if item.kind not in {"sha256", "md5", "sha1"}]
    _require(len({(item.kind, item.method, item.variant, item.frame) for item in seen}) == len(seen))
    return seen


def _check_picture(items: list[Fingerprint], recipe: Recipe) -> None:
    frames = {item.frame for item in items}
    numbers = [frame for frame in frames if frame is not None]
    _require(not numbers or (None not in frames and len(numbers) <= max(1, recipe.limits.animation_frames)))
    first = min(numbers, default=None)
    copied, predicted = set[int | None](), Counter[int | None]()
    for item in items:
        if recipe.readings and _UPLOAD.fullmatch(f"{item.method}/{item.variant}"):
            _require(item.kind == "pdq" and item.frame == first and not item.also)
            _require((item.quality or 0) >= MIN_QUALITY)
        elif item.kind == "pdq":
            _require(item.quality is not None and _is_pdq(item.method, item.variant, recipe))
            if (item.method, item.variant) not in _READINGS and item.variant != CUT:
                copied.add(item.frame)
                if item.variant not in TURNED:
                    predicted[item.frame] += 1
                    _require((item.quality or 0) >= MIN_QUALITY)
        else:
            _require(item.quality is None and item.method is None and _is_other(item.kind, item.variant, recipe))
        _check_also(item, recipe)
    _require(len(copied) <= COPIED_PICTURES and all(count <= PREDICTED for count in predicted.values()))


def _check_video(items: list[Fingerprint], recipe: Recipe, layers: int) -> None:
    frames = {item.frame for item in items}
    # ``vpdq`` keeps every frame that the decoder gave, which may be a few more than the packets promised.
    most = layers * max(1, recipe.limits.video_frames) * (_ROOM if recipe.video == "vpdq" else 1)
    _require(None not in frames and len(frames) <= most)
    turned, mirrored, copied = set(), set(), Counter[int | None]()
    for item in items:
        _require(item.kind == "pdq" and item.quality is not None and item.timestamp is not None)
        if recipe.readings and _UPLOAD_OF_FRAME.fullmatch(f"{item.method}/{item.variant}"):
            _require((item.quality or 0) >= MIN_QUALITY and not item.also)
            continue
        _require((item.method, item.variant) in _READINGS or recipe.video != "vpdq")
        _require(item.variant != CUT)
        _require(_is_pdq(item.method, item.variant, recipe))
        if item.variant == MIRRORED:
            mirrored.add(item.frame)
        elif item.variant in TURNED:
            turned.add(item.frame)
        elif (item.method, item.variant) not in _READINGS:
            copied[item.frame] += 1
            _require((item.quality or 0) >= MIN_QUALITY)
        _check_also(item, recipe)
    _require(len(turned) <= layers * TURNED_FRAMES and len(mirrored | turned) <= layers * MIRRORED_FRAMES)
    _require(len(copied) <= layers * COPIED_FRAMES and copied.total() <= PREDICTED_OF_VIDEO)
    _require(all(count <= PREDICTED for count in copied.values()))


def _is_pdq(method: str | None, variant: str | None, recipe: Recipe) -> bool:
    if (method, variant) in _READINGS:
        return True
    if method != FULL or variant is None:
        return False
    if variant in TURNED:
        return "flips" in recipe.copies
    if variant == CUT:
        return True
    return any(_variant_names(kind).fullmatch(variant) for kind in _PREDICTED if kind in recipe.copies)


def _is_other(kind: str, variant: str | None, recipe: Recipe) -> bool:
    if kind not in recipe.also or variant is None:
        return False
    if kind == SEGMENTS:
        return _SEGMENT.fullmatch(variant) is not None
    return kind in SINGLE and variant == UPRIGHT


def _check_also(item: Fingerprint, recipe: Recipe) -> None:
    """Check that the other variants of a value are named like those that have a fingerprint of their own."""
    own = f"{item.method or item.kind}/{item.variant}"
    _require(len({own, *item.also}) == len(item.also) + 1)
    for method, _, variant in (label.partition("/") for label in item.also):
        known = _is_pdq(method, variant, recipe) if item.kind == "pdq" else method == item.kind
        _require(known and (item.kind == "pdq" or _is_other(method, variant, recipe)))


@cache
def _variant_names(kind: CopyKind) -> re.Pattern[str]:
    return re.compile(_PREDICTED[kind] + _AGAIN)


def _require(holds: bool) -> None:
    if not holds:
        raise RecordError
