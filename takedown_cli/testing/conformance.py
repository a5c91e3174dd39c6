"""What an intake in test mode must answer to each submission, for the test suite of any intake.

Each check stands alone: it submits what has to be submitted before. The intake must be in test mode.
"""

from __future__ import annotations

from typing import Final

from takedown_cli.fixtures import bundles
from takedown_cli.testing.intake import IntakeUnderTest

#: One check for each; for ``pytest.mark.parametrize``.
NAMES: Final = bundles.NAMES


def check(intake: IntakeUnderTest, name: str) -> None:
    """Submit the bundle of that name. Raise AssertionError unless the answer is the one it must get."""
    assert intake.card.test, "this intake is not in test mode"
    made = intake.bundle(name)
    if made.after is not None:
        check(intake, made.after)
    answer = intake.answer(made.data)
    assert answer == made.test, f"{name} ({made.what}): {answer}, and it must be {made.test}"
    if made.test == "accepted":
        assert intake.answer(made.data) == "accepted", f"{name}: the same message again must be taken as before"
