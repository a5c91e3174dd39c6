"""The journal of a large run: sealed, torn, for another file, for another key, killed at any moment."""

from __future__ import annotations

import json
import os
import random
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.core.errors import BundleError, OutputError, SealError
from takedown_cli.core.model import Failed, Hashed, Outcome, Recipe, Skipped
from takedown_cli.core.reasons import Reason
from takedown_cli.fixtures.texture import picture
from takedown_cli.hashing import journal, pipeline
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.journal import Journal
from takedown_cli.hashing.pool.supervisor import Pool
from takedown_cli.protocol.bundle.file import open_signed
from takedown_cli.protocol.case_number import CaseNumber
from tests.cli.runner import COMMAND, environment, run
from tests.waiting import PATIENCE

KEY, RECIPE = b"k" * 32, Recipe()
NUMBER = "0000-0000-0000-0000-0000-0000"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(12):
        picture(seed, (320, 240)).save(folder / f"{seed:02}.jpg")
    (folder / "damaged.jpg").write_bytes((folder / "00.jpg").read_bytes()[:200])
    (folder / "notes.txt").write_text("Nothing.")
    return folder


def journaled(place: Path, photos: Path, *, key: bytes = KEY, recipe: Recipe = RECIPE) -> tuple[list[Outcome], int]:
    """A run with a journal: its outcomes, and how many files were really opened for decoding."""
    decoded = 0

    class Counting(Pool):
        def _hand_out(self, job: Any) -> bool:
            nonlocal decoded
            given = super()._hand_out(job)
            decoded += given
            return given

    with Journal(place, key, recipe) as kept, Counting(recipe, 1, open_file=kept.recalling(open_media)) as pool:
        outcomes = list(pipeline.outcomes([photos], recipe, hasher=kept.recording(pool)))
    return outcomes, decoded


def test_a_second_run_decodes_nothing_and_says_the_same(photos: Path, tmp_path: Path) -> None:
    usual = list(pipeline.outcomes([photos], RECIPE, workers=1))
    first, decoded = journaled(tmp_path / "j", photos)
    assert first == usual
    assert decoded >= 13
    assert journaled(tmp_path / "j", photos) == (usual, 0)


def test_it_is_for_this_user_only_and_holds_neither_name_nor_hash_in_the_clear(photos: Path, tmp_path: Path) -> None:
    outcomes, _ = journaled(tmp_path / "j", photos)
    data = (tmp_path / "j").read_bytes()
    assert stat.S_IMODE((tmp_path / "j").stat().st_mode) == 0o600 or sys.platform == "win32"
    assert b"jpg" not in data
    for outcome in outcomes:
        if isinstance(outcome, Hashed):
            for fingerprint in outcome.fingerprints:
                assert bytes.fromhex(fingerprint.value) not in data
                assert fingerprint.value.encode() not in data


def test_a_changed_file_and_another_recipe_are_hashed_again(photos: Path, tmp_path: Path) -> None:
    journaled(tmp_path / "j", photos)
    picture(99, (320, 240)).save(photos / "03.jpg")
    (photos / "05.jpg").rename(photos / "renamed.jpg")
    os.utime(photos / "07.jpg", ns=(1, 1))
    outcomes, decoded = journaled(tmp_path / "j", photos)
    assert decoded == 3
    assert outcomes == list(pipeline.outcomes([photos], RECIPE, workers=1))
    other = Recipe(copies=frozenset())
    assert journaled(tmp_path / "j", photos, recipe=other)[1] >= 13


def test_another_key_is_refused_and_changes_nothing(photos: Path, tmp_path: Path) -> None:
    journaled(tmp_path / "j", photos)
    before = (tmp_path / "j").read_bytes()
    with pytest.raises(SealError):
        Journal(tmp_path / "j", b"x" * 32, RECIPE)
    assert (tmp_path / "j").read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"x", b"A text of somebody's, with many words in it.\n" * 9, journal.MAGIC + b"\n"]
)
def test_a_file_that_is_no_journal_is_left_alone(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(content)
    if content.startswith(journal.MAGIC):  # a beginning that did not reach the disk
        Journal(tmp_path / "j", KEY, RECIPE).__exit__(None, None, None)
        return
    with pytest.raises(BundleError):
        Journal(tmp_path / "j", KEY, RECIPE)
    assert (tmp_path / "j").read_bytes() == content


def test_a_folder_a_link_and_a_pipe_are_refused(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "link").symlink_to("target")
    for name in (".", "link", "no/such"):
        with pytest.raises(OutputError):
            Journal(tmp_path / name, KEY, RECIPE)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(OutputError):
            Journal(tmp_path / "pipe", KEY, RECIPE)


def test_cut_at_any_place_it_goes_on_from_what_is_whole(photos: Path, tmp_path: Path) -> None:
    usual, _ = journaled(tmp_path / "j", photos)
    whole = (tmp_path / "j").read_bytes()
    chance = random.Random(4)
    for length in [0, 5, len(journal.MAGIC), 60, len(whole) - 1, *chance.sample(range(70, len(whole)), 4)]:
        (tmp_path / "j").write_bytes(whole[:length])
        assert journaled(tmp_path / "j", photos)[0] == usual


def test_a_changed_byte_is_never_believed(photos: Path, tmp_path: Path) -> None:
    usual, _ = journaled(tmp_path / "j", photos)
    whole = (tmp_path / "j").read_bytes()
    chance = random.Random(6)
    for _ in range(4):
        damaged = bytearray(whole)
        damaged[chance.randrange(100, len(whole))] ^= 1 << chance.randrange(8)
        (tmp_path / "j").write_bytes(damaged)
        assert journaled(tmp_path / "j", photos)[0] == usual


def test_records_that_change_places_are_not_believed(photos: Path, tmp_path: Path) -> None:
    usual, _ = journaled(tmp_path / "j", photos)
    whole = (tmp_path / "j").read_bytes()
    records, at = [], len(journal.MAGIC) + 16
    while at < len(whole):
        end = at + 4 + int.from_bytes(whole[at : at + 4], "little")
        records.append(whole[at:end])
        at = end
    swapped = [records[0], records[2], records[1], *records[3:]]
    (tmp_path / "j").write_bytes(whole[: len(journal.MAGIC) + 16] + b"".join(swapped))
    outcomes, decoded = journaled(tmp_path / "j", photos)
    assert outcomes == usual
    assert decoded >= 13


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_two_runs_cannot_share_one(tmp_path: Path) -> None:
    with Journal(tmp_path / "j", KEY, RECIPE), pytest.raises(OutputError):
        Journal(tmp_path / "j", KEY, RECIPE)


# ------------------------------------------------------------------------------------------------ as a command


def rows(report: dict[str, Any]) -> object:
    return report["files"], {**report["summary"], "seconds": 0}


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_killed_at_random_moments_the_result_is_that_of_an_undisturbed_run(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(40):
        picture(seed, (1200, 900)).save(photos / f"{seed:02}.jpg")
    (tmp_path / "number").write_text(NUMBER)
    usual = run("hash", "photos", "--json", "-q", cwd=tmp_path).document()
    command = ["hash", "photos", "--json", "-q", "--resume", "j", "--case", "number", "--workers", "1"]
    chance = random.Random(8)
    for _ in range(4):
        process = subprocess.Popen(
            [*COMMAND, *command], cwd=tmp_path, env=environment(tmp_path),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(chance.uniform(0.2, 1.2))
        process.kill()
        process.wait(PATIENCE)
    ended = run(*command, cwd=tmp_path)
    assert rows(ended.document()) == rows(usual)
    again = run(*(part for part in command if part != "-q"), cwd=tmp_path)
    assert b"already has 40 files" in again.err
    assert rows(again.document()) == rows(usual)


def test_the_number_of_a_new_journal_is_shown_first_and_opens_a_case(photos: Path, tmp_path: Path) -> None:
    begun = run("hash", "photos", "-o", "x.tdb", "--resume", "j", "--age", "adult", "--for", "self", cwd=tmp_path)
    assert begun.code == 3, begun.err
    shown = begun.said[: begun.said.index("files in")]
    number = CaseNumber.parse(shown.split("Case number: ")[1].split()[0])
    first = open_signed((tmp_path / "x.tdb").read_bytes()).bundle
    assert (first.case.lookup_id, first.adds) == (number.lookup_id(), False)
    assert begun.said.count(str(number)) + begun.out.decode().count(str(number)) == 1
    refused = run("hash", "photos", "-o", "y.tdb", "--resume", "j", cwd=tmp_path)
    assert refused.code == 2
    assert b"--case" in refused.err
    options = ("--resume", "j", "--case", "-", "--age", "adult", "--for", "self", "--json")
    resumed = run("hash", "photos", "-o", "y.tdb", *options, cwd=tmp_path, stdin=f"{number}\n".encode())
    assert resumed.code == 3, resumed.err
    second = open_signed((tmp_path / "y.tdb").read_bytes()).bundle
    assert second.items == first.items
    assert (second.case, second.adds) == (first.case, False)
    assert resumed.document()["case_number"] == str(number)


def test_the_journal_in_the_folder_itself_is_not_counted(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "number").write_text(NUMBER)
    ended = run("hash", ".", "--json", "--resume", "photos/j", "--case", tmp_path / "number", cwd=tmp_path)
    names = [Path(row["path"]).name for row in ended.document()["files"]]
    assert "j" not in names
    assert len(names) == 15  # the number's file is one


def test_another_number_is_a_clear_error(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "number").write_text(NUMBER)
    (tmp_path / "other").write_text(str(CaseNumber.draw()))
    assert run("hash", "photos", "--resume", "j", "--case", "number", cwd=tmp_path).code == 3
    ended = run("hash", "photos", "--resume", "j", "--case", "other", "--json", cwd=tmp_path)
    assert (ended.code, json.loads(ended.out)["id"]) == (5, "seal")


def test_what_was_hashed_under_the_smaller_limit_of_before_is_recalled_and_what_failed_is_not(
    tmp_path: Path, photos: Path
) -> None:
    (photos / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(99))
    before = replace(RECIPE, limits=replace(RECIPE.limits, pixels=100_000_000))
    outcomes, _ = journaled(tmp_path / "j", photos, recipe=before)
    failed = sum(isinstance(outcome, Failed) for outcome in outcomes)
    assert failed >= 1
    again, decoded = journaled(tmp_path / "j", photos)
    assert again == outcomes
    assert decoded == failed + sum(isinstance(o, Skipped) and o.reason is Reason.UNSUPPORTED for o in outcomes)
