"""Somebody who makes the intake compare more hashes with a long deny-list than it would ever list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from takedown_cli.intake.messages.admission import admit_submission
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol.bundle.document import BundleFingerprint, Item
from tests.intake.attacks.test_hash_budget import plausible as value
from tests.intake.person import Person, balanced


class Asked(DenyList):
    """A deny-list that counts about how many values it was asked."""

    def __init__(self, values: Sequence[bytes]) -> None:
        super().__init__(values)
        self.count = 0

    def find_near(self, values: Sequence[bytes]) -> list[bool]:
        self.count += len(values)
        return super().find_near(values)


def bundle_of(person: Person, items: int, each: int) -> bytes:
    fingerprints = [
        [BundleFingerprint(kind="pdq", value=value(each * n + m), quality=50) for m in range(each)]
        for n in range(items)
    ]
    ordered = [tuple(sorted(some, key=lambda one: one.value)) for some in fingerprints]
    return person.message(person.bundle(*(Item(media="image", age="adult", fingerprints=some) for some in ordered)))


@pytest.mark.parametrize(("items", "each"), [(3, 16_000), (2, 5_000)])
def test_a_message_of_tens_of_thousands_of_hashes_is_refused_before_the_deny_list_is_asked(
    items: int, each: int, home: Path
) -> None:
    """Opening one of 8 MiB took 2.5 to 168 seconds of a processor, and was free to repeat."""
    identity = make_intake(Home(home), Settings(name="Test intake", test=True))
    denied = Asked([bytes.fromhex(balanced(("denied", n))) for n in range(100)])
    with pytest.raises(Refused, match="too-large"):
        admit_submission(bundle_of(Person("http://x", identity.card), items, each), identity, denied)
    assert denied.count == 0


def test_the_deny_list_is_asked_about_no_more_than_could_be_listed(home: Path) -> None:
    identity = make_intake(Home(home), Settings(name="Test intake", test=True))
    denied = Asked([bytes.fromhex(balanced(("denied", n))) for n in range(100)])
    submission = admit_submission(bundle_of(Person("http://x", identity.card), 4, 130), identity, denied)
    assert denied.count == submission.hash_count <= 400
