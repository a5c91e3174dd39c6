"""What a new process gets to know: above all, how much memory it may use."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from takedown_cli.core.model import Limits, Recipe
from takedown_cli.hashing.pool import settings

GIB = 1 << 30


@pytest.mark.parametrize(
    ("memory", "machine", "large"),
    [
        (2 * GIB, 64 * GIB, 4 * GIB), (2 * GIB, 6 * GIB, 3 * GIB), (2 * GIB, 2 * GIB, 2 * GIB),
        (2 * GIB, None, 2 * GIB), (8 * GIB, 64 * GIB, 8 * GIB), (GIB, 64 * GIB, GIB),
    ],
)  # fmt: skip
def test_a_large_picture_gets_up_to_four_gibibytes_and_half_the_machine(
    memory: int, machine: int | None, large: int
) -> None:
    assert settings.choose_large_memory(memory, machine) == large


def test_this_machine_has_memory() -> None:
    found = settings.measure_machine()
    assert found is not None
    assert found > GIB // 4


@pytest.mark.parametrize("large", [True, False])
def test_only_one_of_the_two_kinds_of_children_decodes_large_pictures(large: bool) -> None:
    recipe = Recipe(limits=Limits(pixels=77))
    given: dict[str, object] = {"recipe": asdict(recipe), "large": large, "large_memory": 3 * GIB}
    limits = settings.recipe_for_child(given).limits
    assert (limits.pixels, limits.memory) == (77, 3 * GIB if large else 2 * GIB)
    assert limits.shared_pixels == (None if large else settings.SHARED_PIXELS)
