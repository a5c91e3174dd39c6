"""The frames chosen between key frames: enough for all that were shown, few where nothing happens, bounded."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from takedown_cli.hashing.decode import video_between
from takedown_cli.hashing.decode.video_between import (
    AHEAD,
    MOST_PIXELS,
    PAUSE,
    Choice,
    Pace,
    StretchChoice,
    are_near,
    choose_stretches,
)
from takedown_cli.hashing.decode.video_plan import GAP

#: A hash with its first ``n`` bits turned over lies ``n`` bits from zero.
FAR = [(1 << bits) - 1 for bits in range(257)]


@given(walk=st.lists(st.integers(-30, 30), min_size=1, max_size=80), step=st.floats(0.01, 0.4), last=st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_frame_is_near_a_chosen_one_and_no_pause_is_too_long(walk: list[int], step: float, last: bool) -> None:
    places = [min(256, max(0, 100 + place)) for place in np.cumsum(walk).tolist()]
    hashes = [FAR[place] for place in places]
    between: StretchChoice[int] = StretchChoice(FAR[100], 0.0, hashes[-1] if last else None)
    shown = hashes[:-1] if last else hashes
    chosen = [rank for number, each in enumerate(shown) for rank in between.add(each, (number + 1) * step, number)]
    chosen += between.end()
    assert chosen == sorted(set(chosen))
    known = [FAR[100], *(hashes[rank] for rank in chosen), *([hashes[-1]] if last else [])]
    assert all(any(are_near(each, other) for other in known) for each in shown)
    times = [0.0, *((rank + 1) * step for rank in chosen), len(hashes) * step]
    assert max(np.diff(times)) <= PAUSE + 2 * step


def test_where_nothing_moves_only_pauses_are_ended() -> None:
    between: StretchChoice[int] = StretchChoice(0, 0.0, 0)
    chosen = [rank for number in range(1, 100) for rank in between.add(FAR[number % 3], number / 25, number)]
    assert chosen == [25, 50, 75]
    assert between.end() == []


def test_a_frame_that_the_next_key_frame_stands_for_is_left_out() -> None:
    between: StretchChoice[str] = StretchChoice(0, 0.0, FAR[60])
    assert between.add(FAR[50], 0.1, "left out") == []
    assert between.end() == []
    alone: StretchChoice[str] = StretchChoice(0, 0.0, None)
    assert alone.add(FAR[50], 0.1, "kept") == []
    assert alone.end() == ["kept"]


def test_stretches_that_are_still_and_short_are_not_looked_at() -> None:
    times = np.arange(200) / 20
    still, moving = FAR[3], FAR[90]
    keys = {0: 0, 20: still, 40: moving, 60: moving, 120: moving, 140: 0, 160: 0}
    assert choose_stretches(times, keys, 100) == [(20, 40), (60, 120), (120, 140)]
    keys[160] = FAR[80]
    assert choose_stretches(times, keys, 100)[-1] == (160, 200), "the end goes on as it went before"
    assert choose_stretches(times, {0: 0}, 100) == [(0, 200)], "nothing is known of it"
    assert times[120] - times[60] > GAP


def test_what_is_looked_at_is_bounded_and_spread() -> None:
    times = np.arange(10_000) / 10
    keys = {rank: FAR[90 * (rank % 20 // 10)] for rank in range(0, 10_000, 10)}
    pixels = MOST_PIXELS // 2000
    chosen = choose_stretches(times, keys, pixels)
    frames = sum(stop - start for start, stop in chosen)
    assert 1900 <= frames <= 2000 * (1 + AHEAD) + 10
    assert chosen[-1][0] > 9_800
    assert max(np.diff([start for start, _ in chosen])) <= 60


def test_what_is_chosen_is_bounded_and_spread() -> None:
    times = np.arange(3000) / 30
    looked = [(0, 3000)]
    choice: Choice[None] = Choice(looked, times, {0: 0}, 300)
    chosen = [n for rank in range(1, 3000) for n, _ in choice.add(rank, FAR[200 * (rank % 2)], None)]
    assert 290 <= len(chosen) <= 300 * (1 + AHEAD) + 100
    assert chosen[-1] > 2900


def test_pace() -> None:
    pace = Pace()
    assert pace.due(0.0)
    pace.note(0.0, 0)
    assert not pace.due(0.03)
    assert pace.due(0.07)
    pace.note(0.1, FAR[10])
    assert (pace.calm, pace.wild) == (True, False)
    pace.note(0.2, FAR[25])
    assert (pace.calm, pace.wild) == (False, False)  # 15 bits in a tenth of a second
    assert pace.due(0.21)
    pace.note(0.21, FAR[60])
    assert (pace.calm, pace.wild) == (False, True)
    pace.note(0.1, FAR[60])
    assert (pace.calm, pace.wild) == (True, False), "a step back in time begins anew"


def test_no_more_than_one_frame_is_held() -> None:
    class Counted:
        alive = 0

        def __init__(self) -> None:
            Counted.alive += 1

        def __del__(self) -> None:
            Counted.alive -= 1

    between: StretchChoice[Counted] = StretchChoice(0, 0.0, None)
    for number in range(1, 30):
        between.add(FAR[30 + number % 8], number / 60, Counted())
        assert Counted.alive <= 1
    assert video_between.RADIUS > 8
