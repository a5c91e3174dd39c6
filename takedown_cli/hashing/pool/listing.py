"""The binary record of what is in an archive: numbers, kinds from closed tables, and a name for the screen.

Any bytes decode to a valid listing or raise RecordError, for the child may be compromised.
"""

from __future__ import annotations

import struct
from typing import Final

from takedown_cli.core.model import ARCHIVE, Entry, Inside, Listing, Media, Member
from takedown_cli.core.reasons import FAILED, SKIPPED, Reason
from takedown_cli.hashing.pool.record import FORMATS, MAX_RECORD, RecordError

_LISTING: Final = 6
_MEDIA: Final = tuple(Media)
_REASONS: Final = tuple(Reason)
#: Instead of a medium: the number beside it is that of a reason.
_NO_MEDIUM: Final = len(_MEDIA)
_HEAD: Final = struct.Struct("<BBI")  # listing, limited, count
#: Offset, packed bytes, bytes, check sum, method, medium, format or reason, length of the name.
_MEMBER: Final = struct.Struct("<QQQIHBBB")
_LONGEST_NAME: Final = 255


def encode_listing(listing: Listing) -> bytes:
    """Return the record of a listing. Raise RecordError where it would be too long."""
    parts = [_HEAD.pack(_LISTING, listing.limited, len(listing.inside))]
    for each in listing.inside:
        entry, holds = each.entry, each.holds
        kind = (_NO_MEDIUM, _REASONS.index(holds)) if isinstance(holds, Reason) else (
            _MEDIA.index(holds[0]), FORMATS.index(holds[1])
        )  # fmt: skip
        name = entry.member.name.encode("utf-8", "replace")[:_LONGEST_NAME]
        parts += [
            _MEMBER.pack(entry.offset, entry.packed, entry.size, entry.crc, entry.method, *kind, len(name)), name
        ]  # fmt: skip
    record = b"".join(parts)
    if len(record) > MAX_RECORD:
        raise RecordError
    return record


def is_listing(record: bytes) -> bool:
    """Return whether this is a listing, and no outcome."""
    return record[:1] == bytes([_LISTING])


def decode_listing(record: bytes, most: int) -> Listing:
    """Return the listing of at most ``most`` members, numbered from 1. Raise RecordError."""
    try:
        code, limited, count = _HEAD.unpack_from(record)
        if code != _LISTING or limited > 1 or count > most:
            raise RecordError
        at, inside = _HEAD.size, []
        for number in range(1, count + 1):
            offset, packed, size, crc, method, medium, what, length = _MEMBER.unpack_from(record, at)
            at += _MEMBER.size
            name = record[at : at + length]
            at += length
            if medium == _NO_MEDIUM and _REASONS[what] not in FAILED | SKIPPED:
                raise RecordError
            holds = _REASONS[what] if medium == _NO_MEDIUM else (_MEDIA[medium], FORMATS[what])
            if isinstance(holds, tuple) and holds[1] == ARCHIVE:  # it would be opened in its turn
                raise RecordError
            member = Member(number, name.decode("utf-8", "replace"))
            inside.append(Inside(Entry(member, offset, packed, size, crc, method), holds))
    except (struct.error, IndexError) as bad:
        raise RecordError from bad
    if at != len(record):
        raise RecordError
    return Listing(tuple(inside), bool(limited))
