"""What an operator blocks leaves the lists, whoever reports it, and comes back when it is blocked no more."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake import running
from takedown_cli.intake.cases import bars, review
from takedown_cli.intake.cases.participants import SCOPES
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.messages.signals import plausible
from takedown_cli.intake.settings import Home
from tests.intake.messages.test_deny_list import TURNS, changed, grid, value_of
from tests.intake.person import HTTP, Person, Platform, balanced, picture, video
from tests.intake.served import intake_with, somebody
from tests.intake.steps import NewPlatform, states


def famous_when(turn: str) -> bytes:
    """A value that a real picture can have, also when it is turned so."""
    values = (bytes.fromhex(balanced((turn, n))) for n in count())
    return next(value for value in values if plausible("pdq", value_of(TURNS[turn](grid(value)))))


def acts(intake: Running) -> list[bars.Act]:
    return intake.intake.read(bars.list_acts)


def test_a_block_takes_off_what_is_listed_and_keeps_off_what_comes(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    value = bytes.fromhex(balanced("famous"))
    near, later, other = changed(value, 40).hex(), changed(value, 50, seed=2).hex(), balanced("not famous")
    platform = new_platform()
    person.submit(picture(near), picture(other))
    assert states(platform, near, other) == ["Active", "Active"]
    assert intake.intake.block([("pdq", value)], "A press photograph") == bars.Changed(1, 1)
    assert states(platform, near, other) == ["Withdrawn", "Active"]
    assert [item.state for item in person.status().items] == ["held", "listed"]
    another.submit(picture(later), picture(near))
    assert states(new_platform(), near, later) == ["absent", "absent"]
    assert {item.state for item in another.status().items} == {"held"}
    assert intake.intake.check_integrity().wrong == ()
    assert intake.intake.block([("pdq", value)], "again") == bars.Changed(0, 0)
    assert intake.intake.unblock([("pdq", value)], "It was a mistake") == bars.Changed(1, 2)
    assert states(new_platform(), near, later, other) == ["Active"] * 3
    assert {item.state for one in (person, another) for item in one.status().items} == {"listed"}
    assert intake.intake.check_integrity().wrong == ()
    done = [(act.act, act.reason, act.hashes, act.records) for act in acts(intake)]
    assert done[-3:] == [("block", "A press photograph", 1, 1), ("block", "again", 1, 0),
                         ("unblock", "It was a mistake", 1, 2)]  # fmt: skip


@pytest.mark.parametrize("turn", TURNS)
def test_a_block_holds_for_every_turn_of_a_picture(turn: str, intake: Running, person: Person) -> None:
    value = famous_when(turn)
    intake.intake.block([("pdq", value)], "")
    turned = changed(value_of(TURNS[turn](grid(value))), 62)
    person.submit(picture(turned.hex()), picture(balanced(("beside", turn))))
    assert [item.state for item in person.status().items] == ["held", "listed"]


def test_a_blocked_digest_bars_that_file_alone(intake: Running, person: Person, new_platform: NewPlatform) -> None:
    digests = ["ab" * 16, "cd" * 16]
    person.submit(*(video(digest, balanced(("frame of", digest))) for digest in digests))
    intake.intake.block([("md5", bytes.fromhex(digests[0]))], "")
    assert states(new_platform(), *digests, balanced(("frame of", digests[0]))) == ["absent", "Active", "Active"]


def test_a_platform_cannot_list_what_is_blocked(intake: Running, new_platform: NewPlatform) -> None:
    value = balanced("a platform's own, blocked")
    trusted = Platform(intake.origin, intake.add_participant("Trusted platform", "both", SCOPES))
    intake.intake.block([("pdq", changed(bytes.fromhex(value), 30))], "")
    record = {"lastModtimestamp": 1, "signalType": "ImagePDQ", "hashValue": value, "CSPFeedbacks": []}
    body = {"count": 1, "hashRecords": [record]}
    HTTP.post(f"{intake.origin}/v1/SubmitHashes", json=body, headers=trusted.headers("submit")).raise_for_status()
    assert states(new_platform(), value) == ["absent"]
    assert intake.intake.check_integrity().wrong == ()


def test_a_release_does_not_list_what_is_blocked(home: Path) -> None:
    value = balanced("held and blocked")
    with intake_with(home, flood_per_hour=0) as server:
        person = somebody(server)
        platform = Platform(server.origin, server.add_participant("Platform"))
        person.submit(picture(value))
        server.intake.block([("pdq", bytes.fromhex(value))], "")
        server.intake.operate(review.release_held)
        assert states(platform, value) == ["absent"]
        assert [item.state for item in person.status().items] == ["held"]
        server.intake.unblock([("pdq", bytes.fromhex(value))], "")
        assert states(platform, value) == ["Active"]
        assert server.intake.check_integrity().wrong == ()


def test_a_new_deny_list_is_applied_to_what_is_listed(home: Path) -> None:
    """What was listed before the picture was put on the list stayed."""
    famous, own = famous_when("a quarter"), balanced("mine")
    near = changed(value_of(TURNS["a quarter"](grid(famous))), 40).hex()
    with intake_with(home) as server:
        person = somebody(server)
        platform = Platform(server.origin, server.add_participant("Platform"))
        person.submit(picture(near), picture(own))
        assert states(platform, near, own) == ["Active", "Active"]
        assert acts(server) == []
    number = person.number
    for denied, state, item in (
        (famous.hex(), "Withdrawn", "held"), ("", "Active", "listed"), (famous.hex(), "Withdrawn", "held"),
    ):  # fmt: skip
        Home(home).deny_list.write_text(denied)
        for _ in range(2):
            with running(home) as server:
                platform.origin = server.origin
                assert states(platform, near, own) == [state, "Active"]
                again = Person(server.origin, server.card, number)
                assert [one.state for one in again.status().items] == [item, "listed"]
                assert server.intake.check_integrity().wrong == ()
    with running(home) as server:
        assert [(act.act, act.hashes, act.records) for act in acts(server)] == [
            ("deny", 1, 1), ("deny", 0, 1), ("deny", 1, 1),
        ]  # fmt: skip
        server.intake.block([("pdq", famous)], "")
        server.intake.unblock([("pdq", famous)], "")
        platform.origin = server.origin
        assert states(platform, near) == ["Withdrawn"], "the deny-list still bars it"


def test_there_are_no_more_blocks_than_submissions_can_be_compared_with(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bars, "MAX_BLOCKS", 2)
    entries = [("pdq", bytes.fromhex(balanced(("many", n)))) for n in range(3)]
    with intake_with(home) as server:
        server.intake.block(entries[:2], "")
        with pytest.raises(ConfigError):
            server.intake.block(entries, "")
        assert [act.hashes for act in acts(server)] == [2], "nothing was half done"
        server.intake.unblock(entries[:1], "")
        server.intake.block(entries[1:], "")
