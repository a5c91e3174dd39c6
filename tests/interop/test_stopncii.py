"""The stock StopNCII client, library and command line, reads our feed, matches, votes and meets withdrawals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from threatexchange.exchanges.clients.stopncii.api import (
    StopNCIIAPI,
    StopNCIICaseStatus,
    StopNCIICSPFeedbackValue,
    StopNCIIEndpoint,
    StopNCIIHashRecord,
    StopNCIISignalType,
)
from threatexchange.signal_type.pdq.signal import PdqSignal

from takedown_cli.intake.cases.participants import SCOPES
from takedown_cli.intake.http.server import Running
from tests.intake.person import Person, Platform, balanced, picture, video
from tests.interop import photos
from tests.interop.conftest import Tx


def client_of(platform: Platform) -> StopNCIIAPI:
    endpoints = {
        StopNCIIEndpoint.SubmitFeedback: platform.keys.endpoints["feedback"],
    }
    return StopNCIIAPI(
        platform.keys.subscription,
        platform.keys.endpoints["fetch"],
        endpoints,
        base_url_override=f"{platform.origin}/v1",
    )


def records(client: StopNCIIAPI) -> dict[str, StopNCIIHashRecord]:
    return {record.hashValue: record for page in client.fetch_hashes_iter() for record in page.hashRecords}


def test_the_library_fetches_votes_and_sees_withdrawals(person: Person, new_platform: Callable[..., Platform]) -> None:
    value, md5 = balanced("interop"), "cd" * 16
    person.submit(picture(value), video(md5, balanced("interop frame")))
    client = client_of(new_platform())
    found = records(client)
    assert found[value].signalType is StopNCIISignalType.ImagePDQ
    assert found[md5].signalType is StopNCIISignalType.VideoMD5
    assert found[value].hashStatus is StopNCIICaseStatus.Active
    client.submit_feedback(StopNCIISignalType.ImagePDQ, value, StopNCIICSPFeedbackValue.Blocked, {"Nude"})
    assert {answer.state for item in person.status().items for answer in item.platforms} == {"seen", "blocked"}
    said = {one.feedbackValue: one for one in records(client)[value].CSPFeedbacks}
    assert said[StopNCIICSPFeedbackValue.Blocked].tags == {"Nude"}
    ours = said[StopNCIICSPFeedbackValue.PendingReview]
    assert (ours.source, ours.tags) == ("Test intake", {"provisional"})
    person.withdraw()
    assert records(client)[value].hashStatus is StopNCIICaseStatus.Withdrawn


def test_the_library_pages_through_more_than_one_page(person: Person, new_platform: Callable[..., Platform]) -> None:
    values = {balanced(("many", n)) for n in range(1700)}
    person.submit_in_parts([picture(value) for value in values])
    client = client_of(new_platform())
    pages = list(client.fetch_hashes_iter())
    assert len(pages) > 2
    assert values <= {record.hashValue for page in pages for record in page.hashRecords}


def test_the_command_line_fetches_and_matches_a_copy(
    person: Person, new_platform: Callable[..., Platform], tx: Callable[..., Tx], tmp_path: Path
) -> None:
    image = photos.picture(7)
    image.save(tmp_path / "original.png")
    copy = photos.copy_of(image, tmp_path / "copy.jpg")
    other = photos.copy_of(photos.picture(8), tmp_path / "other.jpg")
    platform = new_platform()
    keys = platform.keys
    run = tx(TX_STOPNCII_KEYS=f"{keys.endpoints['fetch']},{keys.subscription},{platform.origin}/v1")
    run("config", "collab", "edit", "stop_ncii", "--create", "ours")
    value = PdqSignal.hash_from_file(tmp_path / "original.png")
    # A second hash: faiss loses the only one of an index when it writes the index to a file.
    assert person.submit(picture(value), picture(balanced(1))).is_success
    run("fetch")
    assert "INVESTIGATION_SEED" in run("match", "photo", str(copy)), "provisional"
    clients = [client_of(new_platform()), client_of(new_platform())]
    for client in clients:
        assert list(client.fetch_hashes_iter()), "only what a platform was given can it have an opinion on"
        client.submit_feedback(StopNCIISignalType.ImagePDQ, value, StopNCIICSPFeedbackValue.Blocked)
    run("fetch")
    assert "POSITIVE_CLASS" in run("match", "photo", str(copy)), "two platforms agree"
    assert "pdq" not in run("match", "photo", str(other))
    person.withdraw()
    run("fetch")
    assert "-Test intake" in run("match", "photo", str(copy)), "the stock client shows a withdrawn hash as disputed"


def test_the_library_lists_hashes_of_its_own(intake: Running, new_platform: Callable[..., Platform]) -> None:
    trusted = Platform(intake.origin, intake.add_participant("Trusted", "both", SCOPES))
    client = StopNCIIAPI(
        trusted.keys.subscription,
        trusted.keys.endpoints["fetch"],
        {StopNCIIEndpoint.SubmitHashes: trusted.keys.endpoints["submit"]},
        base_url_override=f"{trusted.origin}/v1",
    )
    value = balanced("a platform's own")
    client.submit_hash(StopNCIISignalType.ImagePDQ, value, {"Nude"})
    record = records(client_of(new_platform()))[value]
    assert record.hashStatus is StopNCIICaseStatus.Active
    assert record.caseNumbers == {}
    assert [said.source for said in record.CSPFeedbacks] == ["Trusted"]
    client.submit_hash(StopNCIISignalType.ImagePDQ, value, reported_state=StopNCIICSPFeedbackValue.Withdrawn)
    assert records(client)[value].hashStatus is StopNCIICaseStatus.Withdrawn
