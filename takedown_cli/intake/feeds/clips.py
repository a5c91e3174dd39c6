"""The feed of clips: which hashes of the native feed are the frames of one video.

A clip is given with those of its frames that the reader is given as hashes too, by the same subscription and selection.
So the feed says no more of any hash than the other one does, only which of them belong together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, or_, select

from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.intake.cases.hash_state import CLIP_FRAMES, CONFIRMED, PROVISIONAL
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds.native import Cursor, Feed, Line, Reader, Selection, as_json, removal_json
from takedown_cli.intake.messages.signals import VIDEO
from takedown_cli.intake.store.tables import clips, hashes
from takedown_cli.protocol.feed import MIN_FRAMES, ClipPage

PARAMETERS: Final = ("cursor", "lists", "tiers")
#: Clips that are read at once with their frames. Each has up to 2,000.
_CHUNK: Final = 16


def _active_lines(connection: Connection, reader: Reader, cursor: Cursor) -> Iterator[Line]:
    wanted: list[ColumnElement[bool]] = [clips.c.listed]
    if reader.selection.tiers == (CONFIRMED,):
        wanted.append(clips.c.standing == CONFIRMED)
    for seq, _, text in _read_clips(connection, reader.selection, cursor.place, cursor.until, wanted):
        yield seq, text or ""  # also what is not given: to look for the next that is may take long


def _changed_lines(connection: Connection, reader: Reader, place: int, horizon: int) -> Iterator[Line]:
    for seq, record, text in _read_clips(
        connection, reader.selection, place, horizon, visible_clips(reader.participant)
    ):
        yield seq, text or removal_json(record.hex())


def visible_clips(participant: Participant) -> list[ColumnElement[bool]]:
    """Return conditions for the clips that a participant may see, as ``cursor.visible_to`` does for hashes."""
    known = [clips.c.shown, or_(clips.c.listed, clips.c.seq > participant.joined)]
    return [*known, clips.c.standing != PROVISIONAL] if participant.confirmed else known


def _read_clips(
    connection: Connection, selection: Selection, place: int, until: int, wanted: Sequence[ColumnElement[bool]]
) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield the place, the record id and the JSON of clips after a place; none where too few frames are given."""
    query = select(clips.c.seq, clips.c.id, clips.c.record, clips.c.list, clips.c.listed).where(
        clips.c.list.in_(selection.lists), clips.c.seq <= until, *wanted
    )
    while rows := connection.execute(query.where(clips.c.seq > place).order_by(clips.c.seq).limit(_CHUNK)).all():
        # One that is not listed has too few: a page may name thousands of those that were removed.
        frames = _read_frames(connection, selection, [row.id for row in rows if row.listed])
        for seq, row, record, list_name, _ in rows:
            mine = frames[row]
            text = _clip_json(bytes(record), list_name, mine) if len(mine) >= MIN_FRAMES else None
            yield seq, bytes(record), text
        place = rows[-1].seq


def _read_frames(connection: Connection, selection: Selection, rows: Sequence[int]) -> dict[int, dict[bytes, bool]]:
    """Return the frames of clips that the selection gives as hashes too: row id → value → whether it is confirmed."""
    found: dict[int, dict[bytes, bool]] = defaultdict(dict)
    if not selection.classes & VIDEO:
        return found
    query = select(clips.c.id, hashes.c.value, hashes.c.standing).select_from(CLIP_FRAMES)
    query = query.where(clips.c.id.in_(rows), hashes.c.state == "active")
    if len(selection.tiers) == 1:
        confirmed = hashes.c.standing == CONFIRMED
        query = query.where(confirmed if selection.tiers == (CONFIRMED,) else ~confirmed)
    for row, value, standing in connection.execute(query):
        found[row][bytes(value)] = standing == CONFIRMED
    return found


def _clip_json(record: bytes, list_name: str, frames: dict[bytes, bool]) -> str:
    """Return a clip as JSON. Its frames are sorted, so that their order says nothing, and stays the same."""
    tier = CONFIRMED if all(frames.values()) else PROVISIONAL
    shown = [value.hex() for value in sorted(frames)]
    fields = as_json(id=record.hex(), state="active", list=list_name, tier=tier, frames=shown, distance=MATCH_DISTANCE)
    return f"{{{fields.decode()}}}"


def _show_selection(selection: Selection) -> dict[str, object]:
    return {"lists": selection.lists, "tiers": selection.tiers}


CLIPS: Final = Feed(ClipPage, _show_selection, _active_lines, _changed_lines)
