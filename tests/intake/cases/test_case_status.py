"""The status of a case shows what was sent, and nothing of another case."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from takedown_cli.intake.http.server import Running
from takedown_cli.protocol.wire import encode
from tests.intake.person import Person, Platform, balanced, picture, video
from tests.intake.served import intake_with, somebody


def test_status_shows_what_was_sent_in(person: Person) -> None:
    person.submit(picture(balanced(1), balanced(2)), video("0" * 32, balanced(3), age="adult"))
    status = person.status()
    assert status.known
    assert status.received is not None
    assert status.expires is not None
    assert status.withdrawn is None
    assert [(i.number, i.media, i.age, i.state, i.fingerprints) for i in status.items] == [
        (1, "image", "under-18", "listed", 2),
        (2, "video", "adult", "listed", 2),
    ]


def test_a_case_learns_nothing_of_another_with_the_same_picture(
    person: Person, another: Person, new_platform: Callable[..., Platform]
) -> None:
    value = balanced("shared picture")
    platform = new_platform("Platform")
    person.submit(picture(value))
    platform.pull()
    platform.say(value, "Blocked")
    assert set(person.answers().values()) == {"blocked"}
    another.submit(picture(value))
    assert another.answers() == {}, "that the platform blocked it before would tell that somebody reported it"
    platform.pull()
    assert set(another.answers().values()) == {"seen"}
    platform.say(value, "Blocked")
    assert set(another.answers().values()) == {"blocked"}, "what is said after the case listed it, is shown"


def test_a_case_too_large_to_be_answered_in_passing_is_answered_all_the_same(person: Person) -> None:
    many = [picture(balanced(("many", n))) for n in range(60)]
    assert person.submit(*many).status_code == 200
    assert [item.number for item in person.status().items] == list(range(1, 61))


def test_a_known_a_withdrawn_and_a_fresh_picture_have_the_same_answer(
    intake: Running, new_platform: Callable[..., Platform]
) -> None:
    """After the next pull the answer about a picture that somebody had withdrawn said "blocked"."""
    platforms = [new_platform("Quick"), new_platform("Slow")]
    values = {name: balanced(("oracle", name)) for name in ("known", "withdrawn", "fresh")}
    victims = {name: Person(intake.origin, intake.card) for name in ("known", "withdrawn")}
    for name, victim in victims.items():
        victim.submit(picture(values[name]))
        for platform in platforms:
            platform.say(values[name], "Blocked")
    victims["withdrawn"].withdraw()
    for platform in platforms:
        platform.pull()
    probes = {name: Person(intake.origin, intake.card) for name in values}

    def answers() -> set[bytes]:
        return {encode(probe.status()) for probe in probes.values()}

    for name, probe in probes.items():
        probe.submit(picture(values[name]))
    assert len(answers()) == 1
    platforms[0].pull()
    assert len(answers()) == 1
    assert b"seen" in answers().pop()
    for probe in probes.values():
        probe.withdraw()
    assert len(answers()) == 1
    victims["known"].withdraw()
    late = Person(intake.origin, intake.card)
    late.submit(picture(values["fresh"]))
    platforms[0].say(values["fresh"], "Blocked")
    assert len(answers()) == 1, "a withdrawn report does not show that another came"


def test_a_held_report_shows_no_answers(home: Path) -> None:
    value = balanced("held, and known")
    with intake_with(home, flood_per_hour=1) as server:
        platform = Platform(server.origin, server.add_participant("Platform"))
        victim, prober = somebody(server), somebody(server)
        victim.submit(picture(value))
        prober.submit(picture(value))
        platform.say(value, "Blocked")
        assert prober.answers() == {}
        assert set(victim.answers().values()) == {"blocked"}
