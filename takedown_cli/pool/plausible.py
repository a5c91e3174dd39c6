"""What a decoding process may say about a file under a recipe: a closed list, drawn up without looking at the file.

It guarantees that an accepted outcome holds only kinds, methods and derivations that were asked for, each once for each
frame, in numbers within the limits. It must never import what decodes or hashes: those run only in the child.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Final

from takedown_cli.model import MIN_QUALITY, Failed, Fingerprint, Hashed, Media, MediaFile, Recipe, Skipped
from takedown_cli.pool.record import RecordError
from takedown_cli.reasons import Reason

# A child that was taken over can still lie: no check here can tell an invented hash from a real one. What it cannot do
# is to send anything else, or more of it. The names are restated here, for the modules that make them need numpy;
# tests/pool/test_plausible.py compares the two.

FULL: Final = "full"
NEAREST: Final = "512nn"
GROUNDS: Final = ("on-white", "on-black")
TURNED: Final = frozenset({"rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1"})
SINGLE: Final = frozenset({"phash", "dhash", "ahash", "whash"})
SEGMENTS: Final = "crop-resistant"
#: Predicted copies of a picture at most, and frames of a video whose turned copies are listed.
PREDICTED: Final = 91
TURNED_FRAMES: Final = 32
#: Predicted copies of all frames of a video at most, and frames that have any.
PREDICTED_OF_VIDEO: Final = 704
COPIED_FRAMES: Final = 16

_READINGS: Final = frozenset(
    {(method, variant) for method in (FULL, NEAREST) for variant in ("upright", "raw", *GROUNDS)} | {(FULL, "hma")}
)
_HALVES = r"(?:0\.5|[1-9](?:\.5)?|10)"
_FIFTHS = r"(?:0(?:\.5)?|[1-4](?:\.5)?|5)"
#: Class of copies → names of its derivations, to which a number from 2 is added where a name is used again.
_PREDICTED: Final = {
    "crops": rf"crop:(?:(?:left|right|top|bottom|centred):{_HALVES}|{_FIFTHS}(?:\+{_FIFTHS}){{3}})",
    "borders": rf"border:(?:(?:black|white):{_HALVES}|(?:64|128|192):(?:[1-9]|10))",
    "screens": r"screen:(?:phone:(?:black|white|dark|grey)(?::status|:viewer)?"
    r"|(?:9x16|square|16x9|16x10|4x3|3x2):(?:black|white|dark))",
    "captions": r"caption:(?:top|bottom):(?:black|white):(?:1[0-9]|20)(?::over)?",
    "tilts": r"tilt:[+-](?:0\.6|1\.2|1\.8|2\.4|3):(?:inside|black|white)",
}
_AGAIN: Final = r"(?:\.(?:[2-9]|[1-8][0-9]|9[01]))?"
_SEGMENT: Final = re.compile(r"segment-(?:[0-9]|[1-9][0-9]|1[0-7][0-9]|180)")
_ROOM: Final = 2


def check(outcome: Hashed | Failed | Skipped, file: MediaFile, recipe: Recipe) -> None:
    """Raises RecordError when hashing ``file`` under ``recipe`` cannot have given ``outcome``."""
    if isinstance(outcome, Skipped):
        _require(outcome.reason is Reason.UNSUPPORTED)
    elif isinstance(outcome, Hashed):
        # Some codecs round a frame up, and a page or frame may be larger than the one before; hence the room.
        _require(outcome.format == file.format and outcome.width * outcome.height <= _ROOM * recipe.limits.pixels)
        exact = {"sha256", "md5"} | (recipe.also & {"sha1"})
        bare = [item for item in outcome.fingerprints if item.kind in {"sha256", "md5", "sha1"}]
        _require(Counter(item.kind for item in bare) == Counter(exact))
        _require(all(item == Fingerprint(item.kind, item.value) for item in bare))
        seen = [item for item in outcome.fingerprints if item.kind not in {"sha256", "md5", "sha1"}]
        _require(len({(item.kind, item.method, item.variant, item.frame) for item in seen}) == len(seen))
        if file.media is Media.VIDEO:
            _check_video(seen, recipe)
        else:
            _check_picture(seen, recipe)


def _check_picture(items: list[Fingerprint], recipe: Recipe) -> None:
    frames = {item.frame for item in items}
    numbers = [frame for frame in frames if frame is not None]
    _require(not numbers or (None not in frames and len(numbers) <= max(1, recipe.limits.animation_frames)))
    first = min(numbers, default=None)
    predicted = 0
    for item in items:
        if item.kind == "pdq":
            _require(item.quality is not None and _is_pdq(item.method, item.variant, recipe))
            copied = (item.method, item.variant) not in _READINGS
            _require(not copied or item.frame == first)
            if copied and item.variant not in TURNED:
                predicted += 1
                _require((item.quality or 0) >= MIN_QUALITY)
        else:
            _require(item.quality is None and item.method is None and _is_other(item.kind, item.variant, recipe))
        _check_also(item, recipe)
    _require(predicted <= PREDICTED)


def _check_video(items: list[Fingerprint], recipe: Recipe) -> None:
    frames = {item.frame for item in items}
    # ``vpdq`` keeps every frame that the decoder gave, which may be a few more than the packets promised.
    most = max(1, recipe.limits.video_frames) * (_ROOM if recipe.video == "vpdq" else 1)
    _require(None not in frames and len(frames) <= most)
    turned, copied = set(), Counter[int | None]()
    for item in items:
        _require(item.kind == "pdq" and item.quality is not None and item.timestamp is not None)
        _require((item.method, item.variant) in _READINGS or recipe.video != "vpdq")
        _require(_is_pdq(item.method, item.variant, recipe))
        if item.variant in TURNED:
            turned.add(item.frame)
        elif (item.method, item.variant) not in _READINGS:
            copied[item.frame] += 1
            _require((item.quality or 0) >= MIN_QUALITY)
        _check_also(item, recipe)
    _require(len(turned) <= TURNED_FRAMES)
    _require(len(copied) <= COPIED_FRAMES and copied.total() <= PREDICTED_OF_VIDEO)
    _require(all(count <= PREDICTED for count in copied.values()))


def _is_pdq(method: str | None, variant: str | None, recipe: Recipe) -> bool:
    if (method, variant) in _READINGS:
        return True
    if method != FULL or variant is None:
        return False
    if variant in TURNED:
        return "flips" in recipe.copies
    return any(_names(kind).fullmatch(variant) for kind in _PREDICTED if kind in recipe.copies)


def _is_other(kind: str, variant: str | None, recipe: Recipe) -> bool:
    if kind not in recipe.also or variant is None:
        return False
    if kind == SEGMENTS:
        return _SEGMENT.fullmatch(variant) is not None
    return kind in SINGLE and variant == "upright"


def _check_also(item: Fingerprint, recipe: Recipe) -> None:
    """The other derivations of a value are named like those that have a fingerprint of their own."""
    own = f"{item.method or item.kind}/{item.variant}"
    _require(len({own, *item.also}) == len(item.also) + 1)
    for method, _, variant in (label.partition("/") for label in item.also):
        known = _is_pdq(method, variant, recipe) if item.kind == "pdq" else method == item.kind
        _require(known and (item.kind == "pdq" or _is_other(method, variant, recipe)))


@cache
def _names(kind: str) -> re.Pattern[str]:
    return re.compile(_PREDICTED[kind] + _AGAIN)


def _require(holds: bool) -> None:
    if not holds:
        raise RecordError
