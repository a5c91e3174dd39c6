"""The quick PDQ of a frame against the real one."""

from __future__ import annotations

import numpy as np

from takedown_cli.hashing.fingerprint import pdq
from takedown_cli.hashing.fingerprint.quick_pdq import quick_pdq
from takedown_cli.hashing.matching import distance
from tests.hashing.decode.video_clips import pan


def test_a_quick_pdq_gives_distances_as_the_hash_does() -> None:
    lumas = [pan(number, (640, 360)).mean(axis=2).astype(np.uint8) for number in range(20)]
    exact = [pdq.hash_full(luma).value for luma in lumas]
    quick = [quick_pdq(luma) for luma in lumas]
    for one in range(len(lumas)):
        for other in range(one):
            apart = distance(exact[one], exact[other])
            if apart < 50:
                assert abs(apart - (quick[one] ^ quick[other]).bit_count()) <= 12
    assert quick_pdq(lumas[0][:3, :5]) >= 0
