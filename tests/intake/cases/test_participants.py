"""Participants: their keys, their subscriptions, and what they pulled."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from takedown_cli.core.clock import SYSTEM
from takedown_cli.core.errors import ConfigError
from takedown_cli.intake import running
from takedown_cli.intake.cases import participants
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.messages.signals import classes_for
from takedown_cli.intake.service import make_intake
from takedown_cli.intake.settings import Home, Settings
from takedown_cli.protocol.wire import Copies
from tests.intake.person import HTTP, Person, Platform, balanced, picture, video
from tests.intake.process import run, served
from tests.intake.served import new_intake, somebody
from tests.intake.steps import NewPlatform, states


def test_participants_are_taken_in_while_it_serves(home: Path) -> None:
    new_intake(home, test=True)
    with served(home) as (_, address):
        added = run("participant", "add", str(home), "Example Platform", "--list", "adult")
        assert run("participant", "add", str(home), "Example Platform", code=2)["id"] == "config"
        listed = run("participant", "list", str(home))["participants"]
        assert [(one["name"], one["lists"]) for one in listed] == [("Example Platform", ["adult"])]
        headers = {
            "x-functions-key": added["function_keys"]["FetchHashes"],
            "Ocp-Apim-Subscription-Key": added["subscription_key"],
        }
        assert HTTP.get(f"{address['origin']}/v1/FetchHashes", headers=headers).json()["count"] == 0
    everything = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    for key in (added["subscription_key"], *added["function_keys"].values(), added["ncmec"]["password"]):
        assert key.encode() not in everything


def test_rotated_and_revoked_keys_open_nothing(intake: Running) -> None:
    keyring = intake.identity.keyring
    old = Platform(intake.origin, intake.add_participant("Rotating"))
    new = Platform(intake.origin, intake.intake.operate(lambda t: participants.rotate_keys(t, keyring, "Rotating")))
    mixed = {**new.headers("fetch"), "Ocp-Apim-Subscription-Key": old.keys.subscription}

    def codes() -> list[int]:
        shapes = (old.headers("fetch"), mixed, new.headers("fetch"))
        stop = [HTTP.get(f"{intake.origin}/v1/FetchHashes", headers=headers).status_code for headers in shapes]
        logins = [(one.keys.username, one.keys.endpoints["ncmec"]) for one in (old, new)]
        return stop + [HTTP.get(f"{intake.origin}/hashsharing/v2/status", auth=a).status_code for a in logins]

    assert codes() == [401, 401, 200, 401, 200]
    intake.intake.operate(lambda transaction: participants.revoke_participant(transaction, "Rotating"))
    assert codes() == [401] * 5
    with pytest.raises(ConfigError):
        intake.intake.operate(lambda transaction: participants.revoke_participant(transaction, "Rotating"))


def test_a_subscription_to_classes_leaves_the_others_out(intake: Running, person: Person) -> None:
    values = {
        name: balanced(("class", name))
        for name in ("upright", "hma", "flipx", "crop:left:6", "tilt:+1.2:black", "fit:4x5:50", "unheard-of")
    }
    frame, md5 = balanced("a frame"), "12" * 16
    person.submit(*(picture(value, variant=name) for name, value in values.items()), video(md5, frame))
    names = {value: name for name, value in values.items()} | {frame: "frame", md5: "md5"}

    def pulled(media: str, *kinds: Copies) -> set[str]:
        keys = intake.intake.add_participant(f"{media} {kinds}", "both", classes=classes_for(media, kinds))
        return {names[value] for value in Platform(intake.origin, keys).pull() if value in names}

    assert pulled("image") == {"upright", "hma"}, "HMA's reading is of the picture itself"
    assert pulled("image", "flips") == {"upright", "hma", "flipx"}
    assert pulled("image", "crops", "tilts") == {"upright", "hma", "crop:left:6", "tilt:+1.2:black"}
    assert pulled("image", "fits") == {"upright", "hma", "fit:4x5:50"}
    assert pulled("image", "all") == {*values}
    assert pulled("video", "crops") == {"frame", "md5"}
    assert pulled("all", "screens") == {"upright", "hma", "frame", "md5"}


def test_a_hash_leaves_no_subscription_that_it_was_in_before_its_end(intake: Running) -> None:
    """Otherwise who pulled it there would never meet the tombstone."""
    value = balanced("of two kinds")
    copy, original = somebody(intake), somebody(intake)
    platform = Platform(
        intake.origin, intake.intake.add_participant("No copies", "both", classes=classes_for("image", ()))
    )
    copy.submit(picture(value, variant="flipx"))
    assert value not in platform.pull()
    original.submit(picture(value))
    assert platform.pull()[value]["hashStatus"] == "Active"
    original.withdraw()
    assert platform.pull()[value]["hashStatus"] == "Active"
    copy.withdraw()
    assert platform.pull()[value]["hashStatus"] == "Withdrawn"


def test_the_audit_says_who_pulled_how_much_on_which_day(intake: Running, person: Person) -> None:
    person.submit(*(picture(balanced(("audit", n))) for n in range(3)))
    platform = Platform(intake.origin, intake.add_participant("Audited"))
    pages = [platform.page(startTimestamp=10, pageSize=2)]
    while pages[-1]["hasMoreRecords"]:
        pages.append(platform.page(startTimestamp=10, pageSize=2, nextPageToken=pages[-1]["nextPageToken"]))
    [pull] = [one for one in intake.intake.read(participants.list_pulls) if one.participant == "Audited"]
    assert pull.records == sum(page["count"] for page in pages) >= 3


def test_keys_open_one_endpoint_of_one_participant(intake: Running, new_platform: NewPlatform) -> None:
    mine, theirs = new_platform("Mine"), new_platform("Theirs")
    swapped: list[dict[str, str]] = [
        {},
        {"x-functions-key": mine.keys.endpoints["fetch"]},
        {"x-functions-key": mine.keys.endpoints["feedback"], "Ocp-Apim-Subscription-Key": mine.keys.subscription},
        {"x-functions-key": mine.keys.endpoints["fetch"], "Ocp-Apim-Subscription-Key": theirs.keys.subscription},
        {"x-functions-key": mine.keys.subscription, "Ocp-Apim-Subscription-Key": mine.keys.subscription},
        {"x-functions-key": "é" * 9, "Ocp-Apim-Subscription-Key": ""},
    ]
    answers = [
        HTTP.get(f"{intake.origin}/v1/FetchHashes", headers=httpx.Headers(headers, encoding="utf-8"))
        for headers in swapped
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


def test_votes_of_a_revoked_platform_stop_counting(
    intake: Running, person: Person, another: Person, new_platform: NewPlatform
) -> None:
    """Two of them took a hash off; after one was found to be a thief it stayed off."""
    value, half = balanced("votes of a thief"), balanced("half of a dispute")
    honest, reader = new_platform("Honest"), new_platform("Reader")
    thief = Platform(intake.origin, intake.add_participant("Thief"))
    person.submit(picture(value))
    another.submit(picture(half))
    thief.say(half, "NotBlocked")
    for platform in (thief, honest):
        platform.say(value, "NotBlocked")
    assert states(reader, value) == ["Withdrawn"]
    intake.intake.operate(partial(participants.revoke_participant, name="Thief"))
    assert states(reader, value) == ["Active"]
    assert person.status().items[0].state == "listed"
    assert [word["source"] for word in reader.pull()[half]["CSPFeedbacks"]] == ["Test intake"]
    honest.say(half, "NotBlocked")
    assert states(reader, half) == ["Active"], "one honest platform alone takes nothing off"
    assert intake.intake.check_integrity().wrong == ()


def offer(intake: Running, platform: Platform, *values: str) -> int:
    records = [{"signalType": "ImagePDQ", "hashValue": value} for value in values]
    body = {"count": len(values), "hashRecords": records}
    answer = HTTP.post(f"{intake.origin}/v1/SubmitHashes", json=body, headers=platform.headers("submit"))
    assert answer.status_code == 200, answer.content
    count: int = answer.json()["count"]
    return count


@pytest.mark.parametrize("since", [None, 0, 1])
def test_a_revoked_platforms_own_hashes_go_with_it(
    since: int | None, intake: Running, person: Person, new_platform: NewPlatform
) -> None:
    alone, shared = balanced(("alone", since)), balanced(("shared", since))
    name = f"Contributor {since}"
    thief = Platform(intake.origin, intake.add_participant(name, scopes=participants.SCOPES))
    confirmed = Platform(intake.origin, intake.intake.add_participant(f"Careful {since}", "both", confirmed=True))
    person.submit(picture(shared))
    assert offer(intake, thief, alone, shared) == 2
    assert states(confirmed, alone, shared) == ["Active", "Active"]
    day = None if since is None else (date.fromisoformat(SYSTEM.day()) + timedelta(days=since)).isoformat()
    intake.intake.operate(partial(participants.revoke_participant, name=name, since=day))
    kept = since == 1  # revoked from tomorrow on: what it did until today still counts
    assert states(confirmed, alone, shared) == (["Active", "Active"] if kept else ["Withdrawn", "Withdrawn"])
    assert states(new_platform("Any"), shared) == ["Active"]
    assert intake.intake.check_integrity().wrong == ()


def test_a_platform_cannot_list_what_is_denied_to_people(home: Path) -> None:
    famous, other = balanced("a famous picture"), balanced("not famous")
    make_intake(Home(home), Settings(name="Test intake", test=True))
    Home(home).deny_list.write_text(f"{famous}\n")
    with running(home) as server:
        trusted = Platform(server.origin, server.add_participant("Trusted", scopes=participants.SCOPES))
        assert offer(server, trusted, famous, other) == 1
        assert states(trusted, famous, other) == ["absent", "Active"]
