"""The extension in the unmodified ``tx``: fetch, match what people repost, vote, and meet withdrawals."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from threatexchange.exchanges.fetch_state import SignalOpinion, SignalOpinionCategory
from threatexchange.signal_type.md5 import VideoMD5Signal
from threatexchange.signal_type.pdq.signal import PdqSignal

from takedown_cli.core.errors import ConfigError, UntrustedIntakeError
from takedown_cli.fixtures.clip import clip, smaller_clip
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from takedown_cli.platform import extension
from takedown_cli.platform.clips import ClipRule
from takedown_cli.platform.extension import (
    PdqClipIndex,
    PdqClipSignal,
    PdqReadingsSignal,
    TakedownCheckpoint,
    TakedownConfig,
    TakedownCredentials,
    TakedownExchangeAPI,
)
from takedown_cli.platform.threatexchange import signal_types
from takedown_cli.protocol import public_keys
from tests.intake.person import Person, Platform, balanced, picture, video
from tests.interop import photos
from tests.interop.conftest import Tx

TYPES = [PdqSignal, PdqReadingsSignal, VideoMD5Signal]


def address_of(intake: Running) -> str:
    key = bytes.fromhex(Person(intake.origin, intake.card).intake.signing_key)
    return f"{intake.origin}#{public_keys.key_id(key)}"


@pytest.fixture
def api_of(intake: Running) -> Callable[..., TakedownExchangeAPI]:
    def make(platform: Platform, **config: Any) -> TakedownExchangeAPI:
        collab = TakedownConfig(name="ours", intake=address_of(intake), **config)
        return TakedownExchangeAPI.for_collab(collab, TakedownCredentials(platform.keys.endpoints["feed"]))

    return make


def fetch(api: TakedownExchangeAPI, held: dict[str, Any], checkpoint: TakedownCheckpoint | None) -> TakedownCheckpoint:
    for delta in api.fetch_iter(TYPES, checkpoint):
        TakedownExchangeAPI.naive_fetch_merge(held, delta.updates)
        checkpoint = delta.checkpoint
    assert checkpoint is not None
    return checkpoint


def listed_by(held: dict[str, Any], kind: Any = PdqSignal) -> set[str]:
    collab = TakedownConfig(name="ours")
    return {*TakedownExchangeAPI.naive_convert_to_signal_type(TYPES, collab, held).get(kind, {})}


def test_tx_matches_what_people_repost_until_it_is_withdrawn(
    intake: Running, person: Person, new_platform: Callable[..., Platform], tx: Callable[..., Tx], tmp_path: Path
) -> None:
    image = photos.picture(31)
    image.save(tmp_path / "original.png")
    copies = photos.reposts_of(image, tmp_path)
    other = photos.copy_of(photos.picture(32), tmp_path / "other.jpg")
    value = PdqSignal.hash_from_file(tmp_path / "original.png")
    person.submit(picture(value))
    Person(intake.origin, intake.card).submit(picture(balanced("beside it")))
    platform = new_platform("Tx")
    run = tx(TX_TAKEDOWN_TOKEN=platform.keys.endpoints["feed"])
    run("config", "extensions", "add", "takedown_cli.platform.extension")
    run("config", "collab", "edit", "takedown", "--create", "ours", "--intake", address_of(intake))
    run("fetch")

    def matched(path: Path) -> bool:
        return "pdq_readings" in run("match", "photo", str(path))

    assert {name for name, path in copies.items() if matched(path)} == {*copies}
    assert not matched(other)
    run("label", "--labels", "Nude", "--as-hash", "pdq", "ours", "photo", str(_write(tmp_path / "value", value)))
    assert "blocked" in person.answers().values()
    person.withdraw()
    run("fetch")
    assert not matched(copies["upright"])
    assert not matched(copies["chat"])


def _write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_tx_matches_a_video_by_its_frames_until_nobody_reports_it(
    intake: Running, person: Person, new_platform: Callable[..., Platform], tx: Callable[..., Tx], tmp_path: Path
) -> None:
    original, copy, other = (tmp_path / name for name in ("original.mp4", "copy.mp4", "other.mp4"))
    clip(original, 41, seconds=8)
    clip(other, 42, seconds=8)
    smaller_clip(original, copy, (240, 180))
    frames = PdqClipSignal.hash_from_bytes(original.read_bytes()).split(",")
    upright = [frame.split("/")[0] for frame in frames]
    assert len(upright) >= 4
    person.submit(video("ab" * 16, *upright))
    Person(intake.origin, intake.card).submit(video("ba" * 16, *(balanced(("beside a clip", n)) for n in range(3))))
    platform = new_platform("Tx")
    run = tx(TX_TAKEDOWN_TOKEN=platform.keys.endpoints["feed"])
    run("config", "extensions", "add", "takedown_cli.platform.extension")
    run("config", "collab", "edit", "takedown", "--create", "ours", "--intake", address_of(intake))
    run("fetch")
    assert "pdq_clip" in run("match", "video", str(copy))
    assert "pdq_clip" not in run("match", "video", str(other))
    person.withdraw()
    run("fetch")
    assert "pdq_clip" not in run("match", "video", str(copy))


def test_clips_come_with_the_hashes_to_who_can_use_them(
    person: Person, new_platform: Callable[..., Platform], api_of: Callable[..., TakedownExchangeAPI]
) -> None:
    frames = [balanced(("clip frame", n)) for n in range(4)]
    person.submit(video("ac" * 16, *frames))
    api, held = api_of(new_platform("Clips")), dict[str, Any]()
    without = fetch(api, held, None)
    assert without.clips == ""
    assert set(frames) <= listed_by(held)
    types = [*TYPES, PdqClipSignal]

    def update(checkpoint: TakedownCheckpoint | None) -> tuple[TakedownCheckpoint, PdqClipIndex]:
        for delta in api.fetch_iter(types, checkpoint):
            TakedownExchangeAPI.naive_fetch_merge(held, delta.updates)
            checkpoint = delta.checkpoint
        assert checkpoint is not None
        values = TakedownExchangeAPI.naive_convert_to_signal_type(types, TakedownConfig(name="ours"), held)
        return checkpoint, PdqClipIndex.build(values.get(PdqClipSignal, {}).items())

    checkpoint, index = update(without)
    video_of_three = ",".join(["/".join([balanced("a turn"), frames[0]]), *frames[1:3]])
    [match] = index.query(video_of_three)
    assert match.similarity_info.pretty_str() == "100%[75%]"
    assert match.metadata.classes == ["original"]
    assert PdqClipSignal.compare_hash(video_of_three, ",".join(frames)).match
    assert not PdqClipSignal.compare_hash(balanced("nothing"), ",".join(frames)).match
    assert PdqClipSignal.validate_signal_str(video_of_three.replace(",", ", ")) == video_of_three
    person.withdraw()
    _, index = update(checkpoint)
    assert index.query(video_of_three) == []


def test_an_installation_sets_its_own_rule_for_clips(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [balanced(("rule", n)) for n in range(4)]
    half = ",".join([*frames[:2], balanced("rule else"), balanced("rule more")])
    index = PdqClipIndex.build([(",".join(frames), 1)])
    assert PdqClipSignal.compare_hash(half, ",".join(frames)).match
    assert index.query(half)
    monkeypatch.setattr(PdqClipSignal, "rule", ClipRule(60, 0))
    assert not PdqClipSignal.compare_hash(half, ",".join(frames)).match
    assert index.query(half) == []


def test_each_record_has_one_value_for_both_signal_types(
    person: Person, new_platform: Callable[..., Platform], api_of: Callable[..., TakedownExchangeAPI]
) -> None:
    value, md5 = balanced("one value"), "ef" * 16
    person.submit(picture(value), video(md5, balanced("its frame")))
    held: dict[str, Any] = {}
    checkpoint = fetch(api_of(new_platform("Values")), held, None)
    assert value in listed_by(held) & listed_by(held, PdqReadingsSignal)
    assert md5 in listed_by(held, VideoMD5Signal)
    assert not checkpoint.is_stale()
    for one in held.values():
        single = TakedownExchangeAPI.naive_convert_to_signal_type(TYPES, TakedownConfig(name="x"), {"k": one})
        assert all(len(values) == 1 for values in single.values())


def test_tiers_and_lists_are_separate_exchanges(
    person: Person, new_platform: Callable[..., Platform], api_of: Callable[..., TakedownExchangeAPI]
) -> None:
    value, adult = balanced("young"), balanced("grown")
    person.submit(picture(value), picture(adult, age="adult"))
    platform = new_platform("Chosen")
    found: dict[str, set[str]] = {}
    for name, config in {
        "confirmed": {"tier": "confirmed"},
        "provisional": {"tier": "provisional"},
        "adult": {"lists": "adult"},
        "copies": {"classes": "flips, crops"},
    }.items():
        held: dict[str, Any] = {}
        fetch(api_of(platform, **config), held, None)
        found[name] = listed_by(held) & {value, adult}
    assert found == {"confirmed": set(), "provisional": {value, adult}, "adult": {adult}, "copies": set()}
    [metadata] = {one[2].tier for one in held.values()} or {None}
    assert metadata is None
    with pytest.raises(ConfigError):
        fetch(api_of(platform, tier="sure"), {}, None)
    with pytest.raises(ConfigError):
        fetch(api_of(platform, lists="negative,adult"), {}, None)


def test_a_provisional_hash_is_a_seed_and_a_confirmed_one_a_match(
    person: Person, new_platform: Callable[..., Platform], api_of: Callable[..., TakedownExchangeAPI]
) -> None:
    value = balanced("opinion of the intake")
    person.submit(picture(value))
    voters = [api_of(new_platform(f"Voter {n}")) for n in range(2)]
    held: dict[str, Any] = {}
    checkpoint = fetch(voters[0], held, None)

    def opinion() -> SignalOpinionCategory:
        [(_, _, metadata)] = [one for one in held.values() if one[1] == value]
        [said] = metadata.get_as_opinions()
        return SignalOpinionCategory(said.category)

    assert opinion() is SignalOpinionCategory.INVESTIGATION_SEED
    fetch(voters[1], {}, None)
    for voter in voters:
        voter.report_opinion(PdqSignal, value, SignalOpinion(True, SignalOpinionCategory.POSITIVE_CLASS, {"Nude"}))
    assert {*person.answers().values()} == {"blocked"}
    fetch(voters[0], held, checkpoint)
    assert opinion() is SignalOpinionCategory.POSITIVE_CLASS
    with pytest.raises(ConfigError):
        voters[0].report_opinion(
            PdqSignal, balanced("of nobody"), SignalOpinion(True, SignalOpinionCategory.POSITIVE_CLASS, set())
        )


def test_a_cursor_that_leads_nowhere_makes_the_next_fetch_start_again(
    person: Person, new_platform: Callable[..., Platform], api_of: Callable[..., TakedownExchangeAPI]
) -> None:
    person.submit(picture(balanced("before")))
    api = api_of(new_platform("Away"))
    held: dict[str, Any] = {}
    checkpoint = fetch(api, held, None)
    first, rest = checkpoint.cursor[0], checkpoint.cursor[1:]
    lost = TakedownCheckpoint(("B" if first == "A" else "A") + rest, checkpoint.at)
    refused = fetch(api, held, lost)
    assert refused.is_stale(), "tx drops what it holds, and fetches it again"
    assert refused.get_progress_timestamp() >= checkpoint.get_progress_timestamp(), "HMA asserts that"


def test_a_checkpoint_is_stale_before_the_intake_forgets_removals() -> None:
    now = int(time.time())
    assert not TakedownCheckpoint("x", now - 4 * 365 * 86_400).is_stale()
    assert TakedownCheckpoint("x", now - (5 * 365 - 60) * 86_400).is_stale()


def test_another_key_than_the_pinned_one_ends_the_fetch(intake: Running, new_platform: Callable[..., Platform]) -> None:
    collab = TakedownConfig(name="ours", intake=f"{intake.origin}#{'0' * 40}")
    api = TakedownExchangeAPI.for_collab(collab, TakedownCredentials(new_platform("Pinned").keys.endpoints["feed"]))
    with pytest.raises(UntrustedIntakeError):
        fetch(api, {}, None)


def test_the_index_of_readings_survives_nothing_one_and_duplicates(tmp_path: Path) -> None:
    values = [balanced(("indexed", n)) for n in range(3)]
    index = extension.PdqReadingsIndex.build([])
    assert index.query(values[0]) == []
    assert index.query("") == []
    index = extension.PdqReadingsIndex.build([(values[0], 1)])
    index.add(values[0], 2)
    index.add(values[1], {"not": "an int"})
    with (tmp_path / "index").open("wb") as stream:
        index.serialize(stream)
    with (tmp_path / "index").open("rb") as stream:
        stored = extension.PdqReadingsIndex.deserialize(stream)
    for one in (index, stored):
        assert {match.metadata for match in one.query(f"{values[2]},{values[0]}")} == {1, 2}
        [match] = one.query(values[1])
        assert (match.metadata, match.similarity_info.distance) == ({"not": "an int"}, 0)
        assert one.remove(values[0], 1)
        assert not one.remove(values[0], 1)
        assert [match.metadata for match in one.query(values[0])] == [2]


def test_what_was_stored_by_the_module_of_before_is_read() -> None:
    """HMA and threatexchange name the classes in what they store by the module that they were first in."""
    values = [balanced(("stored before", n)) for n in range(2)]
    stored = (
        extension.PdqReadingsIndex.build([(values[0], 1)]),
        extension.PdqClipIndex.build([(",".join(values), 1)]),
        extension.TakedownMetadata("confirmed", "adult", ["original"]),
        TakedownCheckpoint("1.cursor", 7),
    )
    for one in stored:
        # The oldest protocol writes names as text.
        written = pickle.dumps(one, protocol=0)
        module = type(one).__module__.encode()
        assert module in written
        read = pickle.loads(written.replace(module, b"takedown_cli.platform.extension"))
        assert type(read) is type(one)


def test_a_hostile_upload_is_decoded_in_another_process(tmp_path: Path) -> None:
    path = photos.copy_of(photos.picture(33), tmp_path / "copy.jpg")
    joined = PdqReadingsSignal.hash_from_bytes(path.read_bytes())
    assert PdqReadingsSignal.validate_signal_str(joined) == joined
    assert len(joined.split(",")) >= 8
    assert signal_types._uploads.sandboxed
    for nothing in (b"", b"text", path.read_bytes()[:200], b"\x00" * 5000):
        assert PdqReadingsSignal.hash_from_bytes(nothing) == ""
    assert PdqReadingsSignal.compare_hash(joined, joined.split(",")[3]).match


def test_the_negative_list_is_an_exchange_that_says_no_match(tmp_path: Path) -> None:
    values = [balanced(("poster", n)) for n in range(3)]
    with running(tmp_path / "home", name="Negative"):
        pass
    (tmp_path / "home" / "deny.txt").write_text("".join(f"{value}\n" for value in values))
    with running(tmp_path / "home") as server:
        token = TakedownCredentials(server.add_participant("P").endpoints["feed"])
        collab = TakedownConfig(name="negative", intake=address_of(server), lists="negative")
        api, held = TakedownExchangeAPI.for_collab(collab, token), dict[str, Any]()
        checkpoint = fetch(api, held, None)
        assert listed_by(held) == {*values}
        opinions = {one.category for _, _, metadata in held.values() for one in metadata.get_as_opinions()}
        assert opinions == {SignalOpinionCategory.NEGATIVE_CLASS}
    (tmp_path / "home" / "deny.txt").write_text(f"{values[0]}\n")
    with running(tmp_path / "home") as server:
        collab.intake = address_of(server)
        assert fetch(api, held, checkpoint).is_stale(), "the list has no history"
