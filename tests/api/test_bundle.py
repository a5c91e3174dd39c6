"""Bundles by the Python API: made, written, read back, refused, listed and exported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from takedown_cli.api import Bundle, CaseNumber, Hashed, HashList, Intake, Outcome, Recipe, errors, hash_paths
from takedown_cli.fixtures.copy import reencode
from takedown_cli.intake.http.server import Running


@pytest.fixture(scope="module")
def outcomes(photos: Path) -> list[Outcome]:
    with hash_paths(photos, workers=1) as run:
        return list(run)


def test_a_bundle_is_read_back_as_it_was_made(outcomes: list[Outcome], tmp_path: Path) -> None:
    made = Bundle.make(outcomes, age="adult")
    made.write(tmp_path / "case.tdb")
    read = Bundle.read(tmp_path / "case.tdb", made.case)
    assert read == made
    assert len(read.items) == 3
    assert {item.age for item in read.items} == {"adult"}
    with pytest.raises(errors.OutputError):
        made.write(tmp_path / "case.tdb")
    made.write(tmp_path / "case.tdb", force=True)


def test_no_repr_shows_a_case_number_or_a_hash(outcomes: list[Outcome]) -> None:
    made = Bundle.make(outcomes)
    assert made.case is not None
    assert str(made.case) not in repr(made)
    assert made.items[0].fingerprints[0].value not in repr(made)


def test_ages_are_given_by_folder_and_file_and_the_deepest_decides(outcomes: list[Outcome], photos: Path) -> None:
    made = Bundle.make(outcomes, age="unsure", ages={str(photos): "adult", photos / "1.jpg": "under-18"})
    assert sorted(item.age for item in made.items) == ["adult", "adult", "under-18"]


def test_an_addition_has_the_number_of_its_case(outcomes: list[Outcome]) -> None:
    case = CaseNumber.draw()
    added = Bundle.make(outcomes, case=case, adds=True)
    assert (added.payload.adds, added.case) == (True, case)
    with pytest.raises(errors.UsageError, match="needs the number"):
        Bundle.make(outcomes, adds=True)


@pytest.mark.parametrize(
    "wrong",
    [{"age": "17"}, {"behalf": "friend"}, {"behalf": "other"}, {"behalf": "self", "authority": "law"},
     {"ages": {"photos": "old"}}],
)  # fmt: skip
def test_words_that_are_not_allowed_are_refused_with_those_that_are(outcomes: list[Outcome], wrong: Any) -> None:
    with pytest.raises(errors.UsageError, match="must be one of"):
        Bundle.make(outcomes, **wrong)


def test_nothing_to_protect_is_an_error_of_the_tree(outcomes: list[Outcome]) -> None:
    with pytest.raises(errors.NothingToDoError):
        Bundle.make(outcomes[3:])


def test_what_is_no_bundle_changed_or_gone_is_refused(outcomes: list[Outcome], tmp_path: Path) -> None:
    data = Bundle.make(outcomes).data
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    for wrong, kind in ((b"", errors.BundleError), (b"{}", errors.BundleError), (bytes(changed), errors.BundleError)):
        with pytest.raises(kind):
            Bundle.parse(wrong)
    with pytest.raises(errors.BundleError, match="another case"):
        Bundle.parse(data, CaseNumber.draw())
    with pytest.raises(errors.UsageError, match="cannot be read"):
        Bundle.read(tmp_path / "gone.tdb")
    with pytest.raises(errors.UsageError, match="cannot be read"):
        Bundle.read(tmp_path)


def test_a_sealed_bundle_opens_with_its_number_alone(outcomes: list[Outcome], server: Running) -> None:
    with Intake(server.address) as intake:
        card = intake.card()
    made = Bundle.make(outcomes, card=card, test=True)
    assert made.sealed
    assert made.sealed_for(card) is made
    outside = Bundle.parse(made.data)
    assert not outside.opened
    assert outside.audience == made.audience
    with pytest.raises(errors.SealError):
        _ = outside.items
    with pytest.raises(errors.SealError):
        Bundle.parse(made.data, CaseNumber.draw())
    assert Bundle.parse(made.data, made.case).items == made.items


def test_a_bundle_matches_a_smaller_copy_and_no_other_picture(
    outcomes: list[Outcome], photos: Path, tmp_path: Path
) -> None:
    hashes = Bundle.make(outcomes).hash_list()
    reencode(photos / "0.jpg", tmp_path / "copy.jpg")
    with hash_paths(tmp_path / "copy.jpg", Recipe.of_uploads(), workers=1) as run:
        (copy,) = run
    assert isinstance(copy, Hashed)
    verdict = hashes.judge(copy)
    assert verdict.caught
    assert verdict.nearest is not None
    assert verdict.nearest.distance <= 31
    others = HashList.of_files(outcome for outcome in outcomes[1:] if isinstance(outcome, Hashed))
    assert not others.judge(copy).caught


def test_a_list_of_files_is_the_list_of_their_bundle(outcomes: list[Outcome]) -> None:
    files = [outcome for outcome in outcomes if isinstance(outcome, Hashed)]
    by_files, by_bundle = HashList.of_files(files), Bundle.make(files).hash_list()
    assert len(by_files) == len(by_bundle)
    for number, file in enumerate(files, start=1):
        nearest = by_files.judge(file).nearest
        assert nearest is not None
        assert (nearest.listed.item, nearest.distance) == (number, 0)


def test_an_export_is_what_the_command_writes(outcomes: list[Outcome]) -> None:
    bundle = Bundle.make(outcomes, age="adult")
    exported = bundle.export("tx")
    assert exported.hashes == len(exported.data.splitlines()) > 0
    assert bundle.export("tx", only="under-18").data == b""
    assert bundle.export("csv", numbers=[2]).items == {2}
    with pytest.raises(errors.UsageError, match="one video"):
        bundle.export("vpdq")
    unknown: Any = "pdf"
    with pytest.raises(errors.UsageError, match="must be one of"):
        bundle.export(unknown)


def test_a_card_is_read_from_a_file_and_only_believed_if_it_is_the_intake_s(server: Running, tmp_path: Path) -> None:
    file = server.home.path / "intake-card.json"
    card = Intake.read_card(file)
    assert card.name == "Test intake"
    assert Intake.read_card(str(file), card.origin) == card
    with pytest.raises(errors.UntrustedIntakeError):
        Intake.read_card(file, f"{card.origin}#{'0' * 40}")
    (tmp_path / "changed.json").write_bytes(file.read_bytes().replace(b"a", b"b"))
    with pytest.raises(errors.UntrustedIntakeError):
        Intake.read_card(tmp_path / "changed.json")
    with pytest.raises(errors.ConfigError, match="cannot be read"):
        Intake.read_card(tmp_path / "gone.json")
