"""An organisation's signature: before it is revoked, and after."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from takedown_cli.core.clock import SYSTEM
from takedown_cli.intake.cases import organisations
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store import tables
from takedown_cli.protocol.bundle import envelope
from takedown_cli.protocol.bundle.document import Bundle
from takedown_cli.protocol.wire import encode
from tests.intake.person import Person, Platform, balanced, picture
from tests.intake.served import intake_with, somebody
from tests.intake.steps import states


@dataclass
class Helpline:
    """An organisation that the intake knows."""

    intake: Running
    name: str
    quota: int = 9
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def __post_init__(self) -> None:
        public = self.key.public_key().public_bytes_raw()
        add = partial(organisations.add_organisation, name=self.name, key=public, quota=self.quota)
        self.intake.intake.operate(add)

    def send(self, person: Person, bundle: Bundle) -> int:
        signed = envelope.sign(Bundle.TYPE, encode(bundle), person.number.signing_key())
        message = person.sealed(envelope.countersign(signed, Bundle.TYPE, self.key), "bundle")
        return person.post("submit", message).status_code

    def revoke(self, since: int | None = None) -> None:
        day = None if since is None else (date.fromisoformat(SYSTEM.day()) + timedelta(days=since)).isoformat()
        self.intake.intake.operate(partial(organisations.revoke_organisation, name=self.name, since=day))


def test_what_a_revoked_organisation_vouched_for_is_provisional_again(intake: Running, person: Person) -> None:
    value = balanced("vouched, then revoked")
    helpline = Helpline(intake, f"Helpline {value[:6]}")
    careful = Platform(intake.origin, intake.intake.add_participant(f"Careful {value[:6]}", "both", confirmed=True))
    helpline.send(person, person.bundle(picture(value)))
    assert states(careful, value) == ["Active"]
    helpline.revoke()
    assert states(careful, value) == ["Withdrawn"]
    assert [(one.state, one.standing) for one in person.status().items] == [("listed", "provisional")]
    assert intake.intake.check_integrity().wrong == ()


@pytest.mark.parametrize(("since", "expected"), [(0, ("held", None)), (1, ("listed", "confirmed"))])
def test_what_a_stolen_key_signed_since_a_day_is_held(
    since: int, expected: tuple[str, str | None], intake: Running, person: Person
) -> None:
    value = balanced(("stolen", since))
    helpline = Helpline(intake, f"Stolen {since} {value[:6]}")
    helpline.send(person, person.bundle(picture(value)))
    helpline.revoke(since)
    assert [(one.state, one.standing) for one in person.status().items] == [expected]
    assert intake.intake.check_integrity().wrong == ()


def test_what_a_stolen_key_released_later_is_held_again(home: Path) -> None:
    """The day of the submission counted, and not that of the signature which released it."""
    with intake_with(home, flood_per_hour=0) as server:
        helpline, person = Helpline(server, "Stolen"), somebody(server)
        bundle = person.bundle(picture(balanced("held since yesterday")))
        person.post("submit", person.message(bundle))
        move_back(server, days=1)
        assert helpline.send(person, bundle) == 200
        assert person.status().items[0].state == "listed"
        helpline.revoke(since=0)
        assert person.status().items[0].state == "held"
        assert server.intake.check_integrity().wrong == ()


@pytest.mark.parametrize("order", [("First", "Second"), ("Second", "First")])
def test_two_stolen_keys_may_be_revoked_in_any_order(order: tuple[str, str], home: Path) -> None:
    """The last signature hid the one before it, so only one of the two orders held the item."""
    with intake_with(home) as server:
        person = somebody(server)
        bundle = person.bundle(picture(balanced("signed twice")))
        helplines = {name: Helpline(server, name) for name in ("First", "Second")}
        for helpline in helplines.values():
            assert helpline.send(person, bundle) == 200
        for name in order:
            assert person.status().items[0].state == "listed"
            helplines[name].revoke(since=0)
        assert person.status().items[0].state == "held"
        assert server.intake.check_integrity().wrong == ()


def move_back(server: Running, days: int) -> None:
    """Let everything that was submitted so far have come some days earlier."""
    day = (date.fromisoformat(SYSTEM.day()) - timedelta(days=days)).isoformat()
    server.intake.operate(lambda transaction: transaction.execute(update(tables.submissions).values(day=day)))


def test_a_second_signature_that_comes_later_vouches_and_releases(home: Path) -> None:
    """It got a receipt and was ignored."""
    value, more = balanced("anonymous first"), balanced("of another submission")
    with intake_with(home, flood_per_hour=0) as server:
        helpline = Helpline(server, "Helpline", quota=1)
        platform = Platform(server.origin, server.intake.add_participant("Careful", "both", confirmed=True))
        person = somebody(server)
        bundle = person.bundle(picture(value))
        assert person.post("submit", person.message(bundle)).status_code == 200
        person.submit(picture(more), adds=True)
        assert person.status().items[0].state == "held"
        for _ in range(2):
            assert helpline.send(person, bundle) == 200
            assert [one.state for one in person.status().items] == ["listed", "held"]
        assert person.status().items[0].standing == "confirmed"
        assert states(platform, value, more) == ["Active", "absent"]
        assert server.intake.check_integrity().wrong == ()
        late = somebody(server)
        bundle = late.bundle(picture(balanced("beyond the quota")))
        late.post("submit", late.message(bundle))
        assert helpline.send(late, bundle) == 503
        assert late.status().items[0].state == "held"
