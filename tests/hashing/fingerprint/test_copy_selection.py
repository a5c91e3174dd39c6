"""The greedy choice of centres."""

from __future__ import annotations

import numpy as np
import pytest

from takedown_cli.hashing.fingerprint.copy_selection import choose_centres


def test_the_middle_of_a_cluster_covers_what_no_member_does() -> None:
    source = np.random.default_rng(7)
    middle = np.zeros(256, np.bool_)
    middle[source.permutation(256)[:128]] = True
    members = []
    for _ in range(12):
        member = middle.copy()
        member[source.choice(np.flatnonzero(middle), 6, replace=False)] = False
        member[source.choice(np.flatnonzero(~middle), 6, replace=False)] = True
        members.append(member)
    bits = np.array(members)
    weights = np.full(12, 1 / 12, np.float32)
    radii = np.full(12, 16, np.float32)
    apart = (bits[:, None] != bits[None]).sum(axis=2)
    assert (apart <= 16).sum(axis=1).max() < 4
    centres = list(choose_centres(bits, weights, radii, ~middle[None], least=0.01, most=9))
    assert centres[0].gain >= 0.9
    assert sum(centre.gain for centre in centres) == pytest.approx(1, abs=1e-5)
    assert list(choose_centres(bits, weights, radii, middle[None], least=0.01, most=9)) == []
