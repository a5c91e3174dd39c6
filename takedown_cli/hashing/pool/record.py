"""The binary record that carries a child's outcome to the parent: fixed layout, closed tables, limited lengths.

Any bytes decode to a valid outcome or raise RecordError, for the child may be compromised. A record carries no path,
free text or pixels, and nothing here can build other objects, as pickle can.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import replace
from pathlib import Path

from takedown_cli.core.model import (
    ARCHIVE,
    Box,
    Entry,
    Failed,
    Fingerprint,
    Hashed,
    Media,
    MediaFile,
    Member,
    Skipped,
    VideoProgress,
)
from takedown_cli.core.reasons import FAILED, PARTIAL, SKIPPED, TOO_POOR, Reason

#: Formats by their number on the wire; the order is the protocol (both ends always run the same installation).
FORMATS = (
    "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF",
    "mp4", "mov", "3gp", "mkv", "webm", "avi", "mpeg", "RAW", "JPEG2000", ARCHIVE, "JXL",
)  # fmt: skip
#: Kinds of fingerprint with the exact length of their value in bytes.
KINDS = {
    "sha256": 32, "md5": 16, "sha1": 20, "pdq": 32,
    "phash": 8, "dhash": 8, "ahash": 8, "whash": 8, "crop-resistant": 8,
}  # fmt: skip
MAX_NAME = 40
MAX_ALSO = 2 * MAX_NAME + 1
MAX_FINGERPRINTS = 65_535
#: No record is longer (bytes): the parent stops reading a reply that claims more.
MAX_RECORD = 8 << 20

_MEDIA = tuple(Media)
_REASONS = tuple(Reason)
_KINDS = tuple(KINDS)
# No wider than what a bundle takes (bundle.document), so that one bad name costs a file and not the whole bundle.
_NAME = re.compile(rb"[a-z0-9][a-z0-9:+.-]*")
_ALSO = re.compile(rb"[a-z0-9][a-z0-9:+.-]*/[a-z0-9][a-z0-9:+.-]*")
_HASHED, _FAILED, _SKIPPED, _WITH_CLIP = 1, 2, 3, 4
#: What a child answers, instead of an outcome, that is not prepared for the video inside a picture file.
NEEDS_VIDEO = b"\5"
#: What a child sends before the outcome of a long video: seconds done, and seconds in all.
_PROGRESS = struct.Struct("<Bdd")
_PROGRESS_CODE = 7
#: Seconds between two reports of progress of a child, at least.
PROGRESS_SECONDS = 1.0

_REQUEST = struct.Struct("<IBBQ")  # sequence number, media, format, size in bytes
#: Offset, packed bytes, bytes, check sum, method and number of a member; of no member, all zero.
_ENTRY = struct.Struct("<QQQIHI")
_SHORT = struct.Struct("<BB")  # outcome, reason
# outcome, format, partial, weak, flags, width, height, duration, count
_HEAD = struct.Struct("<BBBBBIIdI")
_DURATION, _INSIDE, _WHOLE = 1, 2, 4  # flags of the head; boxes follow the fingerprints, their number first
_BOX = struct.Struct("<IIII")
MAX_BOXES = 4
# kind, flags, lengths of method and variant, quality, frame, timestamp, length of value, count of also
_COUNT = struct.Struct("<I")
_ITEM = struct.Struct("<BBBBBidHB")
_METHOD, _VARIANT, _QUALITY, _FRAME, _TIMESTAMP = 1, 2, 4, 8, 16
_MAX_SIDE = 1 << 30
_MAX_SECONDS = 1e12

REQUEST_SIZE = _REQUEST.size
#: A request with the place of a member in its archive.
JOB_SIZE = REQUEST_SIZE + _ENTRY.size


class RecordError(ValueError):
    """The bytes are no record of ours, or the outcome does not fit into one. Carries no detail on purpose."""


def encode_request(sequence: int, file: MediaFile) -> bytes:
    """Return what the child learns about a file: ``REQUEST_SIZE`` bytes, never its path."""
    return _REQUEST.pack(sequence, _MEDIA.index(file.media), FORMATS.index(file.format), file.size)


def decode_request(data: bytes) -> tuple[int, MediaFile]:
    """Return the sequence number and the file, with an empty path."""
    sequence, media, fmt, size = _REQUEST.unpack(data)
    return sequence, MediaFile(Path(), size, _MEDIA[media], FORMATS[fmt])


def encode_job(sequence: int, file: MediaFile) -> bytes:
    """Return what the child learns about a file or a member of an archive: ``JOB_SIZE`` bytes, never a name."""
    entry = file.entry or Entry(Member(0), 0, 0, 0, 0, 0)
    place = (entry.offset, entry.packed, entry.size, entry.crc, entry.method, entry.member.number)
    return encode_request(sequence, file) + _ENTRY.pack(*place)


def decode_job(data: bytes) -> tuple[int, MediaFile]:
    """Return the sequence number and the file, with an empty path; with its entry, if it has one."""
    sequence, file = decode_request(data[:REQUEST_SIZE])
    *place, number = _ENTRY.unpack(data[REQUEST_SIZE:])
    return sequence, replace(file, entry=Entry(Member(number), *place)) if number else file


def encode_progress(progress: VideoProgress) -> bytes:
    """Return the record of how far a video is."""
    return _PROGRESS.pack(_PROGRESS_CODE, progress.seconds, progress.total)


def is_progress(record: bytes) -> bool:
    return record[:1] == bytes([_PROGRESS_CODE])


def decode_progress(record: bytes) -> VideoProgress:
    """Return how far a video is: more than nothing in all, and no more done than that. Raise RecordError."""
    _check(len(record) == _PROGRESS.size and is_progress(record))
    _, seconds, total = _PROGRESS.unpack(record)
    _check(0 <= seconds <= total <= _MAX_SECONDS and total > 0)  # neither is true of what is no number
    return VideoProgress(seconds, total)


def encode_outcome(outcome: Hashed | Failed | Skipped) -> bytes:
    """Return the record of an outcome, at most ``MAX_RECORD`` bytes. Path, size and media are left to the parent.

    Raise RecordError when something is outside the closed tables or the bounds.
    """
    if isinstance(outcome, Failed):
        _check(outcome.reason in FAILED)
        return _SHORT.pack(_FAILED, _REASONS.index(outcome.reason))
    if isinstance(outcome, Skipped):
        _check(outcome.reason in SKIPPED)
        return _SHORT.pack(_SKIPPED, _REASONS.index(outcome.reason))
    if max(len(outcome.fingerprints), len(outcome.clip)) > MAX_FINGERPRINTS or not _is_time(outcome.duration):
        raise RecordError
    _check(len(outcome.inside) <= MAX_BOXES)
    try:
        parts = [_HEAD.pack(
            _WITH_CLIP if outcome.clip else _HASHED, FORMATS.index(outcome.format),
            _reason_code(outcome.partial), _reason_code(outcome.weak),
            (_DURATION if outcome.duration is not None else 0) | (_INSIDE if outcome.inside else 0)
            | (_WHOLE if outcome.whole else 0),
            outcome.width, outcome.height, outcome.duration or 0.0, len(outcome.fingerprints),
        )]  # fmt: skip
        parts.extend(_encode_item(item) for item in outcome.fingerprints)
        if outcome.clip:
            parts.append(_COUNT.pack(len(outcome.clip)))
            parts.extend(_encode_item(item) for item in outcome.clip)
        if outcome.inside:
            parts += [bytes([len(outcome.inside)]), *(_BOX.pack(*box) for box in outcome.inside)]
    except (struct.error, ValueError) as bad:
        raise RecordError from bad
    record = b"".join(parts)
    if len(record) > MAX_RECORD:
        raise RecordError
    return record


def _reason_code(reason: Reason | None) -> int:
    return 0 if reason is None else _REASONS.index(reason) + 1


def _encode_item(item: Fingerprint) -> bytes:
    value = bytes.fromhex(item.value)
    if KINDS.get(item.kind) != len(value):
        raise RecordError
    if not (_is_time(item.timestamp) and 0 <= (item.quality or 0) <= 100 and (item.frame or 0) >= 0):
        raise RecordError
    method, variant = _encode_name(item.method), _encode_name(item.variant)
    flags = (
        (_METHOD if method else 0)
        | (_VARIANT if variant else 0)
        | (_QUALITY if item.quality is not None else 0)
        | (_FRAME if item.frame is not None else 0)
        | (_TIMESTAMP if item.timestamp is not None else 0)
    )
    head = _ITEM.pack(
        _KINDS.index(item.kind), flags, len(method), len(variant), item.quality or 0, item.frame or 0,
        item.timestamp or 0.0, len(value), len(item.also),
    )  # fmt: skip
    also = [_encode_name(name, MAX_ALSO, _ALSO) for name in item.also]
    return head + method + variant + value + b"".join(bytes([len(name)]) + name for name in also)


def _encode_name(name: str | None, longest: int = MAX_NAME, pattern: re.Pattern[bytes] = _NAME) -> bytes:
    if name is None:
        return b""
    data = name.encode("ascii")
    if len(data) > longest or not pattern.fullmatch(data):
        raise RecordError
    return data


def decode_outcome(record: bytes, file: MediaFile) -> Hashed | Failed | Skipped:
    """Return the outcome for ``file``, whose path, size and media are the parent's own. Raise RecordError."""
    try:
        return _Reader(record).read_outcome(file)
    except (struct.error, IndexError) as bad:
        raise RecordError from bad


class _Reader:
    """Takes a record apart from front to back; every step checks what it takes."""

    def __init__(self, record: bytes) -> None:
        self._data = record
        self._at = 0

    def read_outcome(self, file: MediaFile) -> Hashed | Failed | Skipped:
        _check(0 < len(self._data) <= MAX_RECORD)
        if self._data[0] in {_HASHED, _WITH_CLIP}:
            result: Hashed | Failed | Skipped = self._read_hashed(file)
        else:
            code, reason = _SHORT.unpack(self._take(_SHORT.size))
            why = _REASONS[reason]
            _check((code == _FAILED and why in FAILED) or (code == _SKIPPED and why in SKIPPED))
            if code == _FAILED:
                result = Failed(file.path, why, file.size, file.media)
            else:
                result = Skipped(file.path, why, file.size)
        _check(self._at == len(self._data))
        return result

    def _read_hashed(self, file: MediaFile) -> Hashed:
        code, fmt, partial, weak, flags, width, height, duration, count = _HEAD.unpack(self._take(_HEAD.size))
        _check(flags < 8 and (bool(flags & _DURATION) or _is_zero(duration)))
        _check(_is_time(duration))
        _check(width <= _MAX_SIDE and height <= _MAX_SIDE and count <= MAX_FINGERPRINTS)
        return Hashed(
            path=file.path, size=file.size, media=file.media, format=FORMATS[fmt], width=width, height=height,
            fingerprints=tuple(self._read_item() for _ in range(count)),
            duration=duration if flags & _DURATION else None,
            partial=_reason_of(partial, PARTIAL), weak=_reason_of(weak, TOO_POOR),
            clip=self._read_clip() if code == _WITH_CLIP else (),
            inside=self._read_boxes() if flags & _INSIDE else (),
            whole=bool(flags & _WHOLE),
        )  # fmt: skip

    def _read_clip(self) -> tuple[Fingerprint, ...]:
        (count,) = _COUNT.unpack(self._take(_COUNT.size))
        _check(0 < count <= MAX_FINGERPRINTS)
        return tuple(self._read_item() for _ in range(count))

    def _read_boxes(self) -> tuple[Box, ...]:
        count = self._take(1)[0]
        _check(0 < count <= MAX_BOXES)
        return tuple(_BOX.unpack(self._take(_BOX.size)) for _ in range(count))

    def _read_item(self) -> Fingerprint:
        kind, flags, methods, variants, quality, frame, when, length, also = _ITEM.unpack(self._take(_ITEM.size))
        _check(flags < 32 and quality <= 100 and frame >= 0)
        _check(_is_time(when))
        # One outcome has one record: what is absent is all zero.
        _check(bool(flags & _METHOD) == (methods > 0) and bool(flags & _VARIANT) == (variants > 0))
        _check(bool(flags & _QUALITY) or quality == 0)
        _check(bool(flags & _FRAME) or frame == 0)
        _check(bool(flags & _TIMESTAMP) or _is_zero(when))
        name = _KINDS[kind]
        _check(length == KINDS[name])
        method, variant = self._read_name(methods), self._read_name(variants)
        value = self._take(length).hex()
        return Fingerprint(
            name, value, method, variant,
            quality if flags & _QUALITY else None,
            frame if flags & _FRAME else None,
            when if flags & _TIMESTAMP else None,
            tuple(self._read_label() for _ in range(also)),
        )  # fmt: skip

    def _read_label(self) -> str:
        label = self._read_name(self._take(1)[0], MAX_ALSO, _ALSO)
        if label is None:
            raise RecordError
        return label

    def _read_name(self, length: int, longest: int = MAX_NAME, pattern: re.Pattern[bytes] = _NAME) -> str | None:
        if length == 0:
            return None
        data = self._take(length)
        _check(length <= longest and pattern.fullmatch(data) is not None)
        return data.decode("ascii")

    def _take(self, length: int) -> bytes:
        end = self._at + length
        _check(end <= len(self._data))
        part = self._data[self._at : end]
        self._at = end
        return part


def _is_time(seconds: float | None) -> bool:
    # Timestamps before zero exist (audio priming, edit lists); a duration below zero is clipped by the decoder.
    return seconds is None or (math.isfinite(seconds) and abs(seconds) <= _MAX_SECONDS)


def _is_zero(number: float) -> bool:
    return number == 0.0 and math.copysign(1.0, number) > 0


def _reason_of(code: int, allowed: frozenset[Reason]) -> Reason | None:
    if code == 0:
        return None
    reason = _REASONS[code - 1]
    _check(reason in allowed)
    return reason


def _check(holds: bool) -> None:
    if not holds:
        raise RecordError
