"""The messages between the coordinator and a worker: an order for some files, and the records that answer it.

An answer is in the pool's own closed format. Unless it has one valid record for each file, it is refused as a whole.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from takedown_cli.core.model import Failed, Found, Hashed, Media, MediaFile, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.hashing.pool import validate
from takedown_cli.hashing.pool.record import MAX_RECORD, RecordError, decode_outcome, encode_outcome

#: One file of an order as plain values: path (bytes), depth, size, time of change (seconds), medium, format.
OrderLine = tuple[bytes, int, int, int, str, str]

#: An answer begins with one of these bytes: the records follow; the decoders could not be started; a bug.
RECORDS, NO_DECODERS, BROKEN = b"\1", b"\2", b"\3"
_LENGTH: Final = struct.Struct("<I")
#: Seconds by which the time of change may differ between two machines: file systems round it differently.
_ROUNDING: Final = 2


def line_of(found: Found, file: MediaFile, modified: int) -> OrderLine:
    """Return the line for a file that was opened here. The path is absolute: a worker has another working directory."""
    path = os.fsencode(found.path.absolute())
    return path, found.depth, file.size, modified, file.media.value, file.format


def found_of(line: OrderLine) -> Found:
    """Return the file as the walk of a worker would have found it."""
    return Found(Path(os.fsdecode(line[0])), line[2], line[1])


def is_same(line: OrderLine, file: MediaFile, modified: int) -> bool:
    """Return whether what a worker has opened is what was opened here."""
    ordered = (line[2], Media(line[4]), line[5])
    return ordered == (file.size, file.media, file.format) and abs(modified - line[3]) <= _ROUNDING


def pack_answer(outcomes: Sequence[Hashed | Failed | Skipped | None]) -> bytes:
    """Return an answer; None stands for a file that the worker does not see as it was described."""
    parts = [RECORDS]
    for outcome in outcomes:
        try:
            record = b"" if outcome is None else encode_outcome(outcome)
        except RecordError:  # a bug of ours in one file must not cost the others
            record = encode_outcome(Failed(outcome.path, Reason.INTERNAL, outcome.size)) if outcome else b""
        parts += [_LENGTH.pack(len(record)), record]
    return b"".join(parts)


def unpack_answer(answer: object, files: Sequence[MediaFile], recipe: Recipe) -> list[Hashed | Failed | Skipped | None]:
    """Return the outcomes of these files. Raise RecordError for anything that ``pack_answer`` cannot have given."""
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
        outcome = decode_outcome(answer[at : at + length], file) if length else None
        if outcome is not None:
            validate.check_outcome(outcome, file, recipe)
        outcomes.append(outcome)
        at += length
    if at != len(answer):
        raise RecordError
    return outcomes
