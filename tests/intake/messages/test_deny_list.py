"""What is on the deny-list is never listed, nor anything that a denied picture would match."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake import running
from takedown_cli.intake.messages.deny_list import RADIUS, DenyList
from takedown_cli.intake.messages.signals import IMAGE, OTHER_IMAGE, VIDEO, Signal
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from tests.intake.person import balanced, picture
from tests.intake.served import somebody

Grid = NDArray[np.uint8]


def grid(value: bytes) -> Grid:
    return np.unpackbits(np.frombuffer(value, dtype=np.uint8)).reshape(16, 16)


def value_of(bits: Grid) -> bytes:
    return np.packbits(bits).tobytes()


def changed(value: bytes, count: int, seed: int = 1) -> bytes:
    """The value with as many bits cleared as set, ``count`` in all, as an evasion would be."""
    bits, draw = grid(value).reshape(-1).copy(), random.Random(seed)
    places = [[n for n in range(256) if bits[n] == bit] for bit in (0, 1)]
    bits[[place for some in places for place in draw.sample(some, count // 2)]] ^= 1
    return value_of(bits)


def mirrored(bits: Grid) -> Grid:
    """A picture and its mirror image differ in the sign of every odd horizontal frequency; the lowest is 1."""
    turned = bits.copy()
    turned[:, 1::2] ^= 1  # the value begins with the highest frequency, which is 16
    return turned


def upside_down(bits: Grid) -> Grid:
    return mirrored(bits.T).T


TURNS: dict[str, Callable[[Grid], Grid]] = {
    "upright": lambda bits: bits,
    "mirrored": mirrored,
    "upside down": upside_down,
    "half a turn": lambda bits: mirrored(upside_down(bits)),
    "along the diagonal": lambda bits: bits.T,
    "a quarter": lambda bits: mirrored(bits.T),
    "three quarters": lambda bits: upside_down(bits.T),
    "along the other": lambda bits: mirrored(upside_down(bits.T)),
}


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("count", [0, 32, RADIUS, RADIUS + 2])
def test_chosen_bits_do_not_evade_the_list_whichever_way_the_picture_is_turned(turn: str, count: int) -> None:
    """With 32 chosen bits it was evaded, while most copies of the denied picture still matched."""
    famous = bytes.fromhex(balanced("a famous picture"))
    denied = DenyList([bytes.fromhex(balanced(("other", n))) for n in range(20)] + [famous])
    near = Signal("pdq", changed(value_of(TURNS[turn](grid(famous))), count), OTHER_IMAGE)
    assert bool(denied.remove_denied([near])) == (count > RADIUS)


def test_a_copy_that_meets_the_list_costs_only_itself() -> None:
    """Only the picture as it was refuses the item, and no frame refuses a clip."""
    famous, own = bytes.fromhex(balanced("a famous picture")), bytes.fromhex(balanced("mine"))
    denied = DenyList([famous])
    for classes in (OTHER_IMAGE, VIDEO):
        mine = Signal("pdq", own, classes)
        assert denied.remove_denied([mine, Signal("pdq", famous, classes)]) == [mine]
    assert denied.remove_denied([Signal("pdq", famous, IMAGE), Signal("pdq", own, OTHER_IMAGE)]) == []


def test_what_has_nothing_to_do_with_the_list_loses_nothing() -> None:
    draw = np.random.default_rng(7)
    entries = [value_of(draw.permutation(np.repeat([0, 1], 128)).astype(np.uint8)) for _ in range(3000)]
    signals = [Signal("pdq", bytes.fromhex(balanced(("innocent", n))), IMAGE) for n in range(50)]
    assert DenyList(entries).remove_denied(signals) == signals


def test_what_is_on_the_deny_list_is_never_listed(home: Path) -> None:
    famous = balanced("a famous picture")
    near = changed(bytes.fromhex(famous), 40).hex()
    make_intake(Home(home), Settings(name="Test intake", test=True))
    Home(home).deny_list.write_text(f"# well known\npdq {famous}\n")
    with running(home) as server:
        person = somebody(server)
        assert person.submit(picture(near)).status_code == 422
        assert person.submit(picture(near), picture(balanced("mine"))).status_code == 200
        assert sorted(item.state for item in person.status().items) == ["held", "listed"]


def test_a_deny_list_that_cannot_be_read_stops_the_intake(tmp_path: Path) -> None:
    (tmp_path / "deny.txt").write_text("pdq 1234\n")
    with pytest.raises(ConfigError):
        DenyList.load(tmp_path / "deny.txt")
