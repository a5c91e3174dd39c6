"""The copies that are simulated."""

from __future__ import annotations

import pytest

from takedown_cli.hashing.fingerprint import copy_transforms
from takedown_cli.hashing.fingerprint.copies import PREDICTED_KINDS


def test_plans_have_weights_that_sum_to_one() -> None:
    for name in PREDICTED_KINDS:
        weights = (
            copy_transforms.plan_tilts(1.5).weights
            if name == "tilts"
            else copy_transforms.plan_copies(name, 1.5).weights
        )
        assert weights.sum() == pytest.approx(1, abs=1e-5)
        assert (weights > 0).all()
