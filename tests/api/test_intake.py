"""The client of the Python API, against a real intake on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.api import Bundle, CaseNumber, Hashed, Intake, Outcome, errors, hash_paths
from takedown_cli.intake.http.server import Running
from tests.client.hostile import serving


@pytest.fixture(scope="module")
def outcomes(photos: Path) -> list[Outcome]:
    with hash_paths(photos, workers=1) as run:
        return list(run)


def test_a_case_is_submitted_followed_and_withdrawn(outcomes: list[Outcome], server: Running) -> None:
    with Intake(server.address) as intake:
        bundle = Bundle.make(outcomes, age="adult", card=intake.card(), test=True)
        assert bundle.case is not None
        receipt = intake.submit(bundle)
        assert receipt.day <= receipt.expires
        assert intake.submit(bundle) == receipt
        status = intake.status(bundle.case)
        assert [item.state for item in status.items] == ["listed"] * 3
        first = next(outcome for outcome in outcomes if isinstance(outcome, Hashed))
        once = intake.withdraw(bundle.case, shown_by=first)
        assert once.withdrawn == 1
        assert sorted(item.state for item in once.items) == ["listed", "listed", "withdrawn"]
        by_number = intake.withdraw(bundle.case, items=[2])
        assert by_number.withdrawn == 1
        assert by_number.items[1].state == "withdrawn"
        with pytest.raises(ValueError, match="combined"):
            intake.withdraw(bundle.case, items=[2], copies=["all"])
        assert {item.state for item in intake.withdraw(bundle.case).items} == {"withdrawn"}


def test_a_bundle_without_a_seal_is_sealed_for_the_way(outcomes: list[Outcome], server: Running) -> None:
    bundle = Bundle.make(outcomes, test=True)
    assert bundle.case is not None
    with Intake(server.address) as intake:
        intake.submit(bundle)
        assert len(intake.status(bundle.case).items) == 3


def test_the_bytes_of_a_bundle_file_can_be_sent(outcomes: list[Outcome], server: Running) -> None:
    case = CaseNumber.draw()
    with Intake(server.address) as intake:
        sealed = Bundle.make(outcomes, case=case, card=intake.card(), test=True)
        assert intake.submit(sealed.data) == intake.submit(sealed)
        assert len(intake.status(case).items) == 3
        intake.submit(Bundle.make(outcomes, test=True).data)
        with pytest.raises(errors.BundleError):
            intake.submit(b"no bundle")


def test_with_patience_a_busy_intake_is_asked_as_often_as_fits() -> None:
    asked = {}
    for patience in (0, 1.2):
        with (
            serving(lambda *_: (503, {"retry-after": "0"}, b"")) as (address, busy),
            Intake(address, patience=patience) as intake,
            pytest.raises(errors.UnreachableError, match="busy"),
        ):
            intake.card()
        asked[patience] = len(busy.seen)
    assert asked == {0: 1, 1.2: 3}
    with pytest.raises(ValueError, match="combined"):
        Intake("http://127.0.0.1:9", attempts=2, patience=1)


def test_with_a_card_none_is_fetched(outcomes: list[Outcome], server: Running) -> None:
    with Intake(server.address) as first:
        card = first.card()
    with Intake(server.address, card=card) as intake:
        assert intake.card() is card
        intake.submit(Bundle.make(outcomes, test=True))


def test_an_unknown_case_and_a_bundle_for_another_intake_are_errors_of_the_tree(
    outcomes: list[Outcome], server: Running
) -> None:
    with Intake(server.address) as intake:
        with pytest.raises(errors.NoSuchCaseError):
            intake.status(CaseNumber.draw())
        with pytest.raises(errors.RefusedError, match="test intake"):
            intake.submit(Bundle.make(outcomes))


def test_an_intake_that_is_silent_another_or_no_address_has_an_error_of_its_own(server: Running) -> None:
    origin, _, _ = server.address.partition("#")
    with Intake(f"{origin}#{'0' * 40}") as wrong, pytest.raises(errors.UntrustedIntakeError):
        wrong.card()
    with Intake("http://127.0.0.1:9", attempts=1) as silent, pytest.raises(errors.UnreachableError):
        silent.card()
    for address in ("http://intake.example", "not an address", "https://intake.example/path"):
        with pytest.raises(errors.ConfigError):
            Intake(address)


def test_environment_and_settings_change_nothing(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKEDOWN_INTAKE", "https://other.example")
    monkeypatch.setenv("TAKEDOWN_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Intake(server.address) as intake:
        assert intake.card().test
