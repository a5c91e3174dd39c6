"""What platforms would match wrongly is not listed."""

from __future__ import annotations

from typing import Any

import pytest

from takedown_cli.core.variants import CUT, PREVIEW
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.messages.signals import EVERY_IMAGE, IMAGE, OTHER_IMAGE, predicted, signals_of
from takedown_cli.protocol.bundle.document import BundleFingerprint, Item
from tests.intake.person import Person, balanced, picture, reason
from tests.intake.steps import rows


@pytest.mark.parametrize(
    "item",
    [
        picture(balanced("blurred"), quality=49),
        picture("f" * 64),
        picture("0" * 63 + "1"),
    ],
    ids=["low quality", "all ones", "one bit"],
)
def test_nothing_that_platforms_would_match_wrongly_is_listed(item: Any, intake: Running, person: Person) -> None:
    before = rows(intake)
    response = person.submit(item)
    assert (response.status_code, reason(response)) == (422, "quality")
    assert rows(intake) == before


def test_the_preview_of_a_raw_file_is_listed_as_the_picture_and_the_rest_of_a_cut_one_as_a_crop() -> None:
    values = [balanced(name) for name in (PREVIEW, "cut", "unknown")]
    item = Item(
        media="image",
        age="adult",
        fingerprints=tuple(
            BundleFingerprint(kind="pdq", value=value, method="full", variant=variant, quality=90)
            for value, variant in zip(values, (PREVIEW, CUT, "of-another-version"), strict=True)
        ),
    )
    assert [signal.classes for signal in signals_of(item)] == [IMAGE, predicted(["crops"]) & EVERY_IMAGE, OTHER_IMAGE]
