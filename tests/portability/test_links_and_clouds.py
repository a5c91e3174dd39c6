"""Junctions are links wherever links matter, and what is only in the cloud is named before anything reads it."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from takedown_cli.core.model import Failed, Found, Limits, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.fixtures import picture
from takedown_cli.hashing import pipeline
from takedown_cli.hashing.discover import open_media, walk
from takedown_cli.helpline.case import CaseState
from takedown_cli.helpline.ledger.entry import Act
from takedown_cli.helpline.manifest import read_manifest
from takedown_cli.helpline.run.enrolment import compare_with_ledger
from takedown_cli.intake.http.server import Running
from takedown_cli.protocol.bundle.file import is_bundle_file
from tests.helpline.caller_files import bundle
from tests.helpline.ledgers import caller, opened, take_in
from tests.helpline.runs import Make, work
from tests.portability.marked_files import DATALESS, IN_CLOUD, JUNCTION, ONEDRIVE, MarkedFiles

LIMITS = Limits()
HEAD = "reference,source,age,for,authority\n"


def _reasons(found: Path) -> list[str]:
    return [fault.reason for fault in read_manifest(found).faults]


def _told(outcomes: list[Found | Skipped | Failed], root: Path) -> dict[str, str]:
    return {str(each.path.relative_to(root)): "found" if isinstance(each, Found) else each.reason for each in outcomes}


def _office(root: Path, names: str = "anna") -> Path:
    (root / names).mkdir()
    picture(3, (64, 64)).save(root / names / "a.png")
    manifest = root / "manifest.csv"
    manifest.write_text(f"{HEAD}R1,{names},adult,other,permission\n", encoding="utf-8")
    return manifest


# ------------------------------------------------------------------------------------------------------------- links


@pytest.mark.usefixtures("_both_folders")
@pytest.mark.parametrize("tag", [0xA0000003, 0xA000000C, 0xA000001D, 0x80000014, 0x8000001B])
def test_a_reparse_point_to_another_place_is_not_walked(tmp_path: Path, marked: MarkedFiles, tag: int) -> None:
    (tmp_path / "junction").mkdir()
    (tmp_path / "junction" / "theirs.jpg").write_bytes(b"x")
    marked.mark(tmp_path / "junction", {"st_reparse_tag": tag})
    assert list(walk([tmp_path], LIMITS)) == [Skipped(tmp_path / "junction", Reason.SYMLINK)]
    assert not marked.opened


@pytest.mark.usefixtures("_both_folders")
@pytest.mark.parametrize("tag", [0x80000013, 0x80000017])  # deduplicated, compressed
def test_a_reparse_point_that_holds_the_file_itself_is_a_file(tmp_path: Path, marked: MarkedFiles, tag: int) -> None:
    marked.mark(Path(shutil.copy(__file__, tmp_path / "x")), {"st_reparse_tag": tag, "st_file_attributes": 0x400})
    assert [type(found) for found in walk([tmp_path], LIMITS)] == [Found]


def test_a_caller_behind_a_junction_is_refused_in_a_manifest(tmp_path: Path, marked: MarkedFiles) -> None:
    manifest = _office(tmp_path)
    assert _reasons(manifest) == []
    marked.mark(tmp_path / "anna", JUNCTION)
    assert _reasons(manifest) == ["source-symlink"]


def test_a_bundle_behind_a_link_of_windows_is_refused_in_a_folder_of_callers(
    tmp_path: Path, marked: MarkedFiles
) -> None:
    (tmp_path / "office").mkdir()
    (tmp_path / "office" / "anna.tdb").write_bytes(bundle())
    assert "source-symlink" not in _reasons(tmp_path / "office")
    marked.mark(tmp_path / "office" / "anna.tdb", {"st_reparse_tag": 0xA000000C})
    assert "source-symlink" in _reasons(tmp_path / "office")


def test_a_folder_with_nothing_but_junctions_is_empty(tmp_path: Path, marked: MarkedFiles) -> None:
    manifest = _office(tmp_path)
    (tmp_path / "anna" / "a.png").unlink()
    (tmp_path / "anna" / "inner").mkdir()
    (tmp_path / "anna" / "inner" / "theirs.jpg").touch()
    marked.mark(tmp_path / "anna" / "inner", JUNCTION)
    assert _reasons(manifest) == ["source-empty"]


def test_a_folder_that_became_a_junction_is_not_hashed(
    tmp_path: Path, intake: Running, folder_of: Make, marked: MarkedFiles
) -> None:
    """Between the manifest and the run somebody may lead one caller's folder to another's."""
    source = folder_of("anna", 2)
    (tmp_path / "b.tdb").write_bytes(bundle())
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, source), caller(2, tmp_path / "b.tdb")], intake.address)
        marked.mark(source, JUNCTION)
        marked.mark(tmp_path / "b.tdb", JUNCTION)
        work(ledger, intake.address)
        assert [case.state for case in ledger.cases()] == [CaseState.FAILED] * 2


def test_a_new_caller_is_not_compared_with_what_is_behind_a_junction(
    tmp_path: Path, folder_of: Make, marked: MarkedFiles
) -> None:
    theirs = folder_of("theirs", 1)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, theirs)])
        with ledger.transaction() as transaction:
            transaction.add(Act.NOTHING, 1, why="nothing")
        (tmp_path / "new").mkdir()
        marked.mark(tmp_path / "new", JUNCTION)
        found = compare_with_ledger(ledger.state(), [caller(2, tmp_path / "new")], test=True, limits=LIMITS)
        assert found.contradictions == ()


# ------------------------------------------------------------------------------------------------------------ clouds


@pytest.mark.usefixtures("_both_folders")
@pytest.mark.parametrize("more", IN_CLOUD.values(), ids=IN_CLOUD)
def test_what_is_only_in_the_cloud_is_named_and_not_downloaded(
    tmp_path: Path, marked: MarkedFiles, more: dict[str, int]
) -> None:
    picture(3, (64, 64)).save(tmp_path / "here.png")
    for name in ("file.png", "folder/inside.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture(4, (64, 64)).save(tmp_path / name)
    for name in ("file.png", "folder"):
        marked.mark(tmp_path / name, more)
    outcomes: list[Outcome] = list(pipeline.outcomes([tmp_path], Recipe(), workers=1))
    told = {outcome.path.name: getattr(outcome, "reason", "hashed") for outcome in outcomes}
    assert told == {"file.png": "in-cloud", "folder": "in-cloud", "here.png": "hashed"}
    for name in ("file.png", "folder"):
        assert _told(list(walk([tmp_path / name], LIMITS)), tmp_path) == {name: "in-cloud"}
    assert not is_bundle_file(tmp_path / "file.png")
    assert not marked.opened


@pytest.mark.usefixtures("_both_folders")
def test_a_file_that_went_to_the_cloud_after_it_was_found_is_not_read(tmp_path: Path, marked: MarkedFiles) -> None:
    picture(3, (64, 64)).save(tmp_path / "a.png")
    (found,) = walk([tmp_path], LIMITS)
    assert isinstance(found, Found)
    marked.mark(found.path, DATALESS)
    outcome = open_media(found, LIMITS)
    assert isinstance(outcome, Failed)
    assert outcome.reason is Reason.IN_CLOUD


def test_a_caller_in_the_cloud_is_refused_in_a_manifest_without_a_download(tmp_path: Path, marked: MarkedFiles) -> None:
    manifest = _office(tmp_path)
    marked.mark(tmp_path / "anna", ONEDRIVE)
    assert _reasons(manifest) == ["source-in-cloud"]
    (tmp_path / "office").mkdir()
    (tmp_path / "office" / "b.tdb").write_bytes(bundle())
    marked.mark(tmp_path / "office" / "b.tdb", ONEDRIVE)
    assert "source-in-cloud" in _reasons(tmp_path / "office")
    assert not marked.opened


def test_a_folder_of_pictures_in_the_cloud_is_not_empty(tmp_path: Path, marked: MarkedFiles) -> None:
    manifest = _office(tmp_path)
    marked.mark(tmp_path / "anna" / "a.png", ONEDRIVE)
    assert _reasons(manifest) == []
    assert not marked.opened


def test_a_picture_that_was_in_the_cloud_is_hashed_after_its_download(
    tmp_path: Path, intake: Running, folder_of: Make, marked: MarkedFiles
) -> None:
    """Name, size and time stay the same then, so it may not count as known."""
    source = folder_of("anna", 2)
    first = min(source.iterdir())
    marked.mark(first, ONEDRIVE)
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, source)], intake.address)
        work(ledger, intake.address)
        (case,) = ledger.cases()
        assert (case.state, case.items, case.unprotected) == (CaseState.SENT, 1, 1)
        marked.mark(first, {})
        found = compare_with_ledger(
            ledger.state(), [caller(1, source, intake=intake.address)], test=True, limits=LIMITS
        )
        assert [grown.files for grown in found.grown] == [1]


def test_a_folder_moved_to_the_cloud_fails_and_waits(
    tmp_path: Path, intake: Running, folder_of: Make, marked: MarkedFiles
) -> None:
    source = folder_of("anna", 1)
    (tmp_path / "b.tdb").write_bytes(bundle())
    with opened(tmp_path / "ledger") as ledger:
        take_in(ledger, [caller(1, source), caller(2, tmp_path / "b.tdb")], intake.address)
        for path in (source, tmp_path / "b.tdb"):
            marked.mark(path, DATALESS)
        work(ledger, intake.address)
        assert [case.state for case in ledger.cases()] == [CaseState.FAILED] * 2
        assert all(case.reason == Reason.IN_CLOUD.sentence for case in ledger.cases())


# -------------------------------------------------------------------------------------------------------- Mac folders


@pytest.mark.usefixtures("_both_folders")
def test_a_photos_library_is_named_and_left_alone_unless_it_was_asked_for(tmp_path: Path) -> None:
    library = tmp_path / "Photos Library.photoslibrary"
    (library / "originals").mkdir(parents=True)
    (library / "originals" / "a.jpg").touch()
    assert _told(list(walk([tmp_path], LIMITS)), tmp_path) == {library.name: "photos-library"}
    assert _told(list(walk([library], LIMITS)), library) == {"originals/a.jpg": "found"}


@pytest.mark.parametrize(("typed", "made"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_folder_is_found_however_its_accents_are_composed(tmp_path: Path, typed: str, made: str) -> None:
    name = "Zoé Müller"
    manifest = _office(tmp_path, unicodedata.normalize(made, name))  # type: ignore[arg-type]
    row = f"R1,{unicodedata.normalize(typed, name)},adult,other,permission\n"  # type: ignore[arg-type]
    manifest.write_text(HEAD + row, encoding="utf-8")
    (found,) = read_manifest(manifest).callers
    assert found.source == tmp_path / unicodedata.normalize(made, name)  # type: ignore[arg-type]


def test_two_spellings_of_one_folder_are_not_two_callers(tmp_path: Path) -> None:
    manifest = _office(tmp_path, "Zoe\u0301")
    with manifest.open("a", encoding="utf-8") as stream:
        stream.write("R2,Zo\u00e9,adult,other,permission\n")
    assert _reasons(manifest) == ["source-twice"]


def test_a_mac_knows_its_files_again_however_the_folder_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from takedown_cli.helpline.run.file_recognition import recognition_digest

    found = [Found(Path(f"/Users/{unicodedata.normalize(form, 'Zoé')}/a.jpg"), 7) for form in ("NFC", "NFD")]
    assert len({recognition_digest(each, b"key") for each in found}) == 2
    monkeypatch.setattr("sys.platform", "darwin")
    assert len({recognition_digest(each, b"key") for each in found}) == 1


def test_a_mac_says_where_reading_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "macOS" not in Reason.NO_PERMISSION.sentence
    monkeypatch.setattr("sys.platform", "darwin")
    assert "Privacy & Security" in Reason.NO_PERMISSION.sentence
    assert "macOS" not in Reason.MISSING.sentence
