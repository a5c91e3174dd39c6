"""The plan: what is decoded for which frames, on made-up packet lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from takedown_cli.hashing.decode import video_plan
from takedown_cli.hashing.decode.video_plan import GAP, REFERENCE, SKIP, WANTED, Index


def index(times: list[float], keys: list[int], hidden: tuple[int, ...] = ()) -> Index:
    """Packets in decoding order, times in seconds."""
    shown = np.ones(len(times), np.bool_)
    shown[list(hidden)] = False
    key = np.zeros(len(times), np.bool_)
    key[keys] = True
    return Index(np.array([round(t * 1000) for t in times], np.int64), key, shown, 0.001)


def steady(frames: int, rate: float, group: int) -> Index:
    return index([n / rate for n in range(frames)], list(range(0, frames, group)))


def chosen(plan: video_plan.Plan) -> list[int]:
    return sorted(plan.frames.values())


@given(
    steps=st.lists(st.integers(1, 700), min_size=1, max_size=200),
    every=st.integers(1, 90),
)
@settings(max_examples=60, deadline=None)
def test_no_gap_is_wider_than_two_seconds_unless_the_video_has_one(steps: list[int], every: int) -> None:
    times = [0.0, *(float(t) / 1000 for t in np.cumsum(steps))]
    plan = video_plan.plan_packets(index(times, list(range(0, len(times), every))), "gaps", 25, 10_000)
    when = [times[rank] for rank in chosen(plan)]
    assert when[0] == 0
    assert max(np.diff([*when, times[-1]]), default=0.0) <= GAP + 1e-9
    assert not plan.limited


@given(times=st.lists(st.integers(0, 10**12), min_size=2, max_size=60, unique=True))
@settings(max_examples=60, deadline=None)
def test_holes_of_any_width_cost_no_more_than_the_frames_there_are(times: list[int]) -> None:
    made = Index(np.array(times, np.int64), np.arange(len(times)) % 7 == 0, np.ones(len(times), np.bool_), 1.0)
    plan = video_plan.plan_packets(made, "gaps", 1, 1000)
    assert len(plan.frames) <= len(times)


def test_what_comes_after_the_last_wanted_frame_of_a_group_is_not_decoded() -> None:
    plan = video_plan.plan_packets(steady(125, 25, 125), "gaps", 25, 512)
    last = max(np.flatnonzero(plan.action == WANTED))
    assert last == 75, "five seconds in one group, last frame at 4.96 s: one within 2 s of it ends the decoding"
    assert set(plan.action[last + 1 :]) == {SKIP}
    assert np.flatnonzero(plan.fresh).tolist() == [0]


def test_only_key_packets_are_sent_when_they_are_close() -> None:
    plan = video_plan.plan_packets(steady(500, 25, 50), "gaps", 25, 512)
    assert np.flatnonzero(plan.action).tolist() == list(range(0, 500, 50))
    assert np.flatnonzero(plan.fresh).tolist() == list(range(0, 500, 50))


def test_reference_frames_by_number() -> None:
    plan = video_plan.plan_packets(steady(100, 29.97, 250), "vpdq", 29, 512)
    assert chosen(plan) == [0, 29, 58, 87]


def test_a_frame_shown_before_its_key_frame_has_the_group_before_it_decoded() -> None:
    # Decoding order; the key frame at 0.4 s comes before two frames that are shown ahead of it.
    times = [0.0, 0.1, 0.4, 0.2, 0.3, 0.5]
    plan = video_plan.plan_packets(index(times, [0, 2]), "vpdq", 3, 512)
    assert plan.frames == {0: 0, 300: 3}
    assert plan.action.tolist() == [WANTED, REFERENCE, REFERENCE, REFERENCE, WANTED, SKIP]
    assert plan.fresh.tolist() == [True, False, False, False, False, False], "emptying in between would lose references"


def test_a_key_packet_that_is_not_shown_is_decoded_but_not_counted() -> None:
    plan = video_plan.plan_packets(index([0.0, 0.1, 0.2, 0.3], [0], hidden=(0, 1)), "gaps", 25, 512)
    assert plan.frames == {200: 0}
    assert plan.action.tolist() == [REFERENCE, REFERENCE, WANTED, SKIP]


@pytest.mark.parametrize("mode", ["gaps", "keyframes", "vpdq", "every"])
def test_the_limit_keeps_frames_spread_over_the_whole_video(mode: str) -> None:
    plan = video_plan.plan_packets(steady(20_000, 10, 40), mode, 10, 100)
    ranks = chosen(plan)
    assert plan.limited
    assert 90 <= len(ranks) <= 100
    assert np.diff(ranks).max() <= 20_000 // 90 * 2
    assert ranks[-1] >= 20_000 - 2 * 200


def test_more_key_frames_than_the_limit_are_thinned_before_anything_is_called_missing() -> None:
    every_frame_a_key = steady(1000, 25, 1)
    plan = video_plan.plan_packets(every_frame_a_key, "gaps", 25, 50)
    assert not plan.limited
    assert len(plan.frames) <= 50
    assert np.diff(chosen(plan)).max() <= 50, "2 s at 25 a second"


def test_a_hostile_number_of_key_frames_is_planned_at_once() -> None:
    plan = video_plan.plan_packets(steady(216_000, 60, 1), "gaps", 60, 512)
    assert len(plan.frames) <= 512
    assert plan.limited
