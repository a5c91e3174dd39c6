"""Plans which packets of a video must be decoded to get the wanted frames, and no more.

It needs only the packets' times and flags. In ``gaps``, two hashed frames are at most two seconds apart, unless the
limit on frames forbids it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

#: Seconds between hashed frames at most, in ``gaps``.
GAP: Final = 2.0
#: Key frames closer than the first are not all hashed; where frames between key frames are decoded anyway, one each
#: second number is hashed too (costs nothing more to decode). Both are widened before the frame limit is.
_SPACINGS: Final = ((0.25, 0.5), (0.5, 0.5), (1.0, 1.0), (GAP, GAP))
#: What to do with a packet.
SKIP, REFERENCE, WANTED, LOOK = 0, 1, 2, 3

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Index:
    """The packets of one video stream, in decoding order: presentation times, key flags, and whether they are shown."""

    pts: Ints
    key: Bools
    shown: Bools
    seconds: float
    """Length of one tick of ``pts``, in seconds."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with each packet.

    ``action`` is by packet (SKIP, REFERENCE, WANTED, LOOK); ``fresh`` marks packets before which the decoder is
    emptied; ``frames`` gives the frame number (counted as shown, from 0) of each wanted presentation time.
    """

    action: Bytes
    fresh: Bools
    frames: dict[int, int]
    limited: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """The shown packets in order of showing (``order``, by rank from 0), with their times in seconds.

    ``key`` marks key frames, ``easy`` frames that are decoded after the key frame before them. ``entry`` is each
    packet's key packet.
    """

    order: Ints
    times: npt.NDArray[np.float64]
    key: Bools
    easy: Bools
    entry: Ints


def sort_by_time(index: Index) -> Timeline:
    """Return the timeline. The first packet must be a key frame, and times of shown packets must differ."""
    shown = np.flatnonzero(index.shown)
    order = shown[np.argsort(index.pts[shown], kind="stable")]
    times = (index.pts[order] - index.pts[order[0]]) * index.seconds
    entry = np.maximum.accumulate(np.where(index.key, np.arange(len(index.key)), 0))
    # A frame shown before the key frame it follows needs the group before as well: not chosen where there is a choice.
    easy = index.pts[order] >= index.pts[entry[order]]
    return Timeline(order, times, index.key[order], easy, entry)


def plan_packets(index: Index, mode: str, every: int, limit: int) -> Plan:
    """Return the plan for ``mode`` (``gaps``, ``keyframes``, ``vpdq``: each ``every``-th frame, ``every``: each one).

    At most ``limit`` frames are wanted; more are thinned evenly over time, key frames first, and ``limited`` is set.
    ``index`` as for ``sort_by_time``.
    """
    line = sort_by_time(index)
    if mode == "vpdq":
        ranks = list(range(0, len(line.order), every))
    elif mode == "every":
        ranks = list(range(len(line.order)))
    else:
        ranks = _choose_ranks(line.times, line.key, line.easy, limit, fill=mode == "gaps")
    limited = len(ranks) > limit
    if limited:
        ranks = _thin_out(ranks, line.times, line.key if mode != "vpdq" else np.zeros_like(line.key), limit)
    return _make_plan(index, line, ranks, limited=limited)


def plan_anchors(index: Index, plan: Plan) -> Plan:
    """Return the part of a plan for ``gaps`` that key frames alone give: what the stretches between start from."""
    line = sort_by_time(index)
    ranks = [rank for rank in sorted(plan.frames.values()) if line.key[rank] or rank == 0]
    return _make_plan(index, line, ranks, limited=False)


def plan_stretches(index: Index, fallback: Plan, looked: list[tuple[int, int]]) -> Plan:
    """Return the plan to decode stretches whole, and of the rest of ``fallback`` (for ``gaps``) what is no key frame.

    A stretch is given by the ranks of its first frame and of the one that ends it.
    """
    line = sort_by_time(index)
    inside = np.zeros(len(line.order) + 1, np.bool_)
    for start, stop in looked:
        inside[start:stop] = True
    ranks = [r for r in sorted(fallback.frames.values()) if not (line.key[r] or r == 0 or inside[r])]
    plan = _make_plan(index, line, ranks, limited=False)
    action, fresh = plan.action.copy(), plan.fresh.copy()
    for start, stop in looked:
        first = int(line.entry[line.order[start]])
        last = int(line.order[stop]) if stop < len(line.order) else len(index.pts)
        action[first:last] = LOOK
    begins = np.flatnonzero((action != SKIP) & np.append(True, action[:-1] == SKIP))
    fresh[begins] = True
    return Plan(action, fresh, plan.frames, limited=False)


def find_holes(index: Index, plan: Plan, came: Collection[int]) -> list[tuple[int, int]]:
    """Return the stretches wider than ``GAP`` because wanted frames did not come; ``came`` are the ranks that did."""
    times = sort_by_time(index).times
    known = sorted(came)
    found = set()
    for rank in set(plan.frames.values()).difference(known):
        at = bisect_left(known, rank)
        start, stop = known[at - 1] if at else 0, known[at] if at < len(known) else len(times)
        if times[min(stop, len(times) - 1)] - times[start] > GAP + 1e-9:
            found.add((start, stop))
    return sorted(found)


def _make_plan(index: Index, line: Timeline, ranks: list[int], *, limited: bool) -> Plan:
    action, fresh = _mark_packets(index, line.order[ranks], line.entry)
    return Plan(action, fresh, {int(index.pts[line.order[rank]]): rank for rank in ranks}, limited)


def _choose_ranks(times: npt.NDArray[np.float64], key: Bools, easy: Bools, limit: int, *, fill: bool) -> list[int]:
    """Return ranks (in order of showing) of key frames, and with ``fill`` of the frames that their gaps need."""
    chosen: list[int] = []
    for spacing, between in _SPACINGS:
        anchors = _space_key_frames(times, key, spacing)
        chosen = anchors
        if fill:
            ends = [*anchors[1:], len(times) - 1]
            chosen = sorted({*anchors, *(r for a, b in zip(anchors, ends, strict=True)
                                         for r in _fill_gap(times, easy, a, b, between))})  # fmt: skip
        if len(chosen) <= limit:
            break
    return chosen


def _space_key_frames(times: npt.NDArray[np.float64], key: Bools, spacing: float) -> list[int]:
    """Return the first frame, and key frames, leaving out those that are not needed to stay within ``spacing``."""
    keys = [0, *(int(rank) for rank in np.flatnonzero(key) if rank)]
    kept = keys[:1]
    for at, rank in enumerate(keys[1:], 2):
        if at == len(keys) or times[keys[at]] - times[kept[-1]] > spacing:
            kept.append(rank)
    return kept


def _fill_gap(times: npt.NDArray[np.float64], easy: Bools, start: int, stop: int, between: float) -> list[int]:
    """Return ranks between ``start`` and ``stop`` that close the gap; the earliest, as later ones cost more."""
    candidates = start + 1 + np.flatnonzero(easy[start + 1 : stop])
    when = times[candidates]
    chosen: list[int] = []
    edge = len(candidates)
    reach = float(times[stop])
    while reach - times[start] > GAP and edge:
        # The margin keeps rounding of ticks to seconds from making the gap a hair wider.
        edge = min(int(np.searchsorted(when, reach - GAP + 1e-9)), edge - 1)
        reach = float(when[edge])
        chosen.append(int(candidates[edge]))
    if chosen and between < GAP:
        decoded = when[: int(np.searchsorted(candidates, chosen[0]))]
        strides = np.floor((decoded - times[start]) / between)
        chosen.extend(int(rank) for rank in candidates[np.flatnonzero(np.diff(strides, prepend=0.0) > 0)])
    return chosen


def _thin_out(ranks: list[int], times: npt.NDArray[np.float64], key: Bools, limit: int) -> list[int]:
    """Return at most one rank for each of ``limit`` equal stretches of time, a key frame if the stretch has one."""
    span = float(times[-1]) or 1.0
    best: dict[int, int] = {}
    for rank in ranks:
        slot = min(limit - 1, int(times[rank] / span * limit))
        if slot not in best or (key[rank] and not key[best[slot]]):
            best[slot] = rank
    return sorted(best.values())


def _mark_packets(index: Index, wanted: Ints, entry: Ints) -> tuple[Bytes, Bools]:
    """Return action and fresh mark of each packet, given the wanted packets and each packet's key frame."""
    # A group is a key frame with what follows it up to the next one. Any packet may be referred to by a later one of
    # its group, so a wanted frame costs the group from its beginning; ``upto`` is the last packet needed of each. A
    # frame that is shown before its key frame may refer to the group before as well, which is then needed whole.
    count = len(index.pts)
    starts = np.flatnonzero(index.key)
    ends = np.append(starts[1:], count)
    group = np.searchsorted(starts, entry[wanted])
    upto = np.full(len(starts), -1, np.int64)
    np.maximum.at(upto, group, wanted)
    early = group[(index.pts[wanted] < index.pts[entry[wanted]]) & (group > 0)]
    upto[early - 1] = ends[early - 1] - 1
    action = np.zeros(count, np.uint8)
    fresh = np.zeros(count, np.bool_)
    for number in np.flatnonzero(upto >= 0):
        action[starts[number] : upto[number] + 1] = REFERENCE
        # After a group that was not decoded to its end, nothing of it may be left in the decoder.
        fresh[starts[number]] = number == 0 or upto[number - 1] != starts[number] - 1
    action[wanted] = WANTED
    return action, fresh
