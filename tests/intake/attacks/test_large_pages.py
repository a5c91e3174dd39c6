"""Somebody who reports the same pictures again and again, so that platforms' pages grow without end."""

from __future__ import annotations

import json
from pathlib import Path

from tests.intake.attacks.test_hash_budget import plausible as value
from tests.intake.person import HTTP, Platform, picture
from tests.intake.served import intake_with, somebody

MANY = 10**9


def test_forty_cases_with_the_same_hashes_make_no_larger_page_than_twenty(home: Path) -> None:
    """200 cases with 5,000 hashes made a page of 43 MiB, which took 695 MiB of memory."""
    pictures = [picture(*(value(100 * n + m) for m in range(60))) for n in range(5)]
    free = {"anonymous_per_hour": MANY, "flood_per_hour": MANY, "anonymous_per_day": MANY, "proof_of_work": "never"}
    with intake_with(home, **free) as server:
        platform = Platform(server.origin, server.add_participant("Platform"))

        def page() -> bytes:
            query = {"startTimestamp": 10, "pageSize": 5000}
            return HTTP.get(f"{server.origin}/v1/FetchHashes", params=query, headers=platform.headers("fetch")).content

        sizes = []
        for _ in range(2):
            for _ in range(20):
                assert somebody(server).submit(*pictures).status_code == 200
            sizes.append(len(page()))
        records = json.loads(page())["hashRecords"]
        assert len(records) == 300
        assert {(len(record["caseNumbers"]), record["caseCount"]) for record in records} == {(20, 40)}
        assert sizes[1] - sizes[0] == len('"caseCount":40,') * len(records)
