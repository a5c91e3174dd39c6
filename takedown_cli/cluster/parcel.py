"""What travels between the coordinator and a worker: an order for some files, and the records that answer it.

It guarantees that any bytes that come back are one believable record for each file, or are refused as a whole.
It must never carry pixels, free text or an object: an answer is bytes of the pool's own closed format.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from takedown_cli.model import Failed, Found, Hashed, Media, MediaFile, Recipe, Skipped
from takedown_cli.pool import plausible
from takedown_cli.pool.record import MAX_RECORD, RecordError, decode_outcome, encode_outcome
from takedown_cli.reasons import Reason

#: One file of an order as plain values: path (bytes), depth, size, time of change (seconds), medium, format.
Line = tuple[bytes, int, int, int, str, str]

#: An answer begins with one of these bytes: the records follow; the decoders could not be started; a bug.
RECORDS, NO_DECODERS, BROKEN = b"\1", b"\2", b"\3"
_LENGTH: Final = struct.Struct("<I")
#: Seconds by which two machines may see the time of change apart: file systems round it differently.
_ROUNDING: Final = 2


def line_of(found: Found, file: MediaFile, modified: int) -> Line:
    """The line for a file that was opened here. The path is absolute: a worker has another working directory."""
    path = os.fsencode(found.path.absolute())
    return path, found.depth, file.size, modified, file.media.value, file.format


def found_of(line: Line) -> Found:
    """The file as the walk of a worker would have found it."""
    return Found(Path(os.fsdecode(line[0])), line[2], line[1])


def is_same(line: Line, file: MediaFile, modified: int) -> bool:
    """Whether what a worker has opened is what was opened here."""
    told = (line[2], Media(line[4]), line[5])
    return told == (file.size, file.media, file.format) and abs(modified - line[3]) <= _ROUNDING


def pack(outcomes: Sequence[Hashed | Failed | Skipped | None]) -> bytes:
    """An answer; None stands for a file that the worker does not see as it was described."""
    parts = [RECORDS]
    for outcome in outcomes:
        record = b"" if outcome is None else _record_of(outcome)
        parts += [_LENGTH.pack(len(record)), record]
    return b"".join(parts)


def _record_of(outcome: Hashed | Failed | Skipped) -> bytes:
    try:
        return encode_outcome(outcome)
    except RecordError:  # a bug of ours in one file must not cost the others
        return encode_outcome(Failed(outcome.path, Reason.INTERNAL, outcome.size))


def unpack(answer: object, files: Sequence[MediaFile], recipe: Recipe) -> list[Hashed | Failed | Skipped | None]:
    """The outcomes of these files. Raises RecordError for anything but an answer that ``pack`` could have given."""
    if type(answer) is not bytes or answer[:1] != RECORDS:
        raise RecordError
    at, outcomes = 1, list[Hashed | Failed | Skipped | None]()
    for file in files:
        if at + _LENGTH.size > len(answer):
            raise RecordError
        (length,) = _LENGTH.unpack_from(answer, at)
        at += _LENGTH.size
        if length > MAX_RECORD or at + length > len(answer):
            raise RecordError
        outcomes.append(_believed(answer[at : at + length], file, recipe) if length else None)
        at += length
    if at != len(answer):
        raise RecordError
    return outcomes


def _believed(record: bytes, file: MediaFile, recipe: Recipe) -> Hashed | Failed | Skipped:
    outcome = decode_outcome(record, file)
    plausible.check(outcome, file, recipe)
    return outcome
