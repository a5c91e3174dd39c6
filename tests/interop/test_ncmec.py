"""The stock NCMEC client, library and command line, reads our feed, votes, and applies our tombstones."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from threatexchange.exchanges.clients.ncmec.hash_api import (
    FeedbackType,
    FingerprintType,
    NCMECEntryType,
    NCMECEntryUpdate,
    NCMECHashAPI,
)
from threatexchange.exchanges.fetch_state import FetchDelta
from threatexchange.exchanges.impl.ncmec_api import NCMECCollabConfig, NCMECSignalExchangeAPI
from threatexchange.signal_type.md5 import VideoMD5Signal
from threatexchange.signal_type.pdq.signal import PdqSignal

from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from tests.intake.person import Person, Platform, balanced, picture, video


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The client sends local time marked as UTC: it has to be run like this."""
    if sys.platform == "win32":
        pytest.skip("Windows takes no time zone from a variable")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def client_of(platform: Platform) -> NCMECHashAPI:
    environment = SimpleNamespace(value=f"{platform.origin}/hashsharing")
    return NCMECHashAPI(platform.keys.username, platform.keys.endpoints["ncmec"], environment)


def entries(client: NCMECHashAPI) -> dict[str, NCMECEntryUpdate]:
    """The last word on every entry: fingerprint value, or the id of what was deleted → update."""
    pages = client.get_entries_iter(end_timestamp=int(time.time()) + 60)  # what has just come is dated a second ahead
    return {next(iter(update.fingerprints.values()), update.id): update for page in pages for update in page.updates}


def test_the_caller_and_the_members_are_named(intake: Running, new_platform: Callable[..., Platform]) -> None:
    client = client_of(new_platform("Me & <others>"))
    assert client.status().esp_name.startswith("Me & <others>")
    assert "Test intake" in {member.esp_name for member in client.members()}


def test_entries_votes_and_tombstones(person: Person, new_platform: Callable[..., Platform]) -> None:
    value, md5 = balanced("ncmec"), "ef" * 16
    person.submit(picture(value), video(md5, balanced("ncmec frame")))
    client, other = client_of(new_platform("Voter")), client_of(new_platform("Other"))
    found = entries(client)
    assert found[value].entry_type is NCMECEntryType.image
    assert found[md5].entry_type is NCMECEntryType.video
    assert {answer.state for item in person.status().items for answer in item.platforms} == {"seen"}
    client.submit_upvote(found[value].member_id, found[value].id, FingerprintType.pdq)
    client.submit_feedback(found[md5].member_id, found[md5].id, FingerprintType.md5, FeedbackType.downvote)
    states = {item.media: {a.platform[:5]: a.state for a in item.platforms} for item in person.status().items}
    assert states["image"]["Voter"] == "blocked"
    assert states["video"]["Voter"] == "not-blocked"
    [said] = entries(other)[value].feedback["PDQ"]
    assert (said.feedback_type, said.member.esp_name[:5]) == (FeedbackType.upvote, "Voter")
    [said] = entries(other)[md5].feedback["MD5"]
    assert said.feedback_type is FeedbackType.downvote
    other.submit_upvote(found[value].member_id, found[value].id, FingerprintType.pdq)
    assert {one.member.esp_name for one in entries(other)[value].feedback["PDQ"]} >= {"Test intake"}, "confirmed"
    person.withdraw()
    left = entries(client)
    assert value not in left
    assert left[found[value].id].deleted
    assert left[found[md5].id].entry_type is NCMECEntryType.video


def test_pages_lead_on_to_the_end(person: Person, new_platform: Callable[..., Platform]) -> None:
    values = {balanced(("ncmec page", n)) for n in range(2300)}
    person.submit_in_parts([picture(value) for value in values])
    pages = list(client_of(new_platform()).get_entries_iter(end_timestamp=int(time.time()) + 60))
    assert len(pages) > 2
    got = [value for page in pages for update in page.updates for value in update.fingerprints.values()]
    assert values <= set(got)
    assert len(got) == len(set(got))


@pytest.fixture
def undisturbed(tmp_path: Path) -> Iterator[Running]:
    """An intake that nobody has asked for a time to come, which would date what comes next after that."""
    with running(tmp_path / "home", name="Test intake") as server:
        yield server


def test_the_exchange_drops_what_was_withdrawn(undisturbed: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange as the command line and HMA run it: deltas merged as it merges them, indices from the result."""
    platform = Platform(undisturbed.origin, undisturbed.add_participant("Platform", "both"))
    person = Person(undisturbed.origin, undisturbed.card)
    keep, go = balanced("stays"), balanced("goes")
    person.submit(picture(keep), picture(go))
    environment = SimpleNamespace(value=f"{platform.origin}/hashsharing")
    config = NCMECCollabConfig(name="ours", environment=environment)
    exchange = NCMECSignalExchangeAPI(config, platform.keys.username, platform.keys.endpoints["ncmec"])
    later = time.time() + 10  # it leaves the last five seconds out
    monkeypatch.setattr("threatexchange.exchanges.impl.ncmec_api.time.time", lambda: later)
    state: dict[str, NCMECEntryUpdate] = {}

    def fetch(delta: FetchDelta[str, NCMECEntryUpdate, object]) -> None:
        for key, update in delta.updates.items():
            merged = NCMECSignalExchangeAPI.fetch_value_merge(state.get(key), update)
            if merged is None:
                state.pop(key, None)
            else:
                state[key] = merged

    def listed() -> set[str]:
        signals = [PdqSignal, VideoMD5Signal]
        return set(NCMECSignalExchangeAPI.naive_convert_to_signal_type(signals, config, state)[PdqSignal])

    for delta in exchange.fetch_iter([PdqSignal, VideoMD5Signal], None):
        fetch(delta)
        checkpoint = delta.checkpoint
    assert {keep, go} <= listed()
    person.withdraw(go)
    later += 10
    for delta in exchange.fetch_iter([PdqSignal, VideoMD5Signal], checkpoint):
        fetch(delta)
    assert keep in listed()
    assert go not in listed()
