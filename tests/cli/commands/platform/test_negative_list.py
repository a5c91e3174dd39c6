"""The negative list that a platform keeps beside its list: pulled with it, and weighed by ``scan``."""

from __future__ import annotations

import shutil
from pathlib import Path

from takedown_cli.core.model import Hashed, Recipe
from takedown_cli.hashing.pipeline import outcomes
from takedown_cli.intake import running
from tests.cli.commands.platform.conftest import Operator
from tests.cli.commands.platform.test_scan import lines_of
from tests.cli.documents import published
from tests.interop import photos


def pdq_of(path: Path) -> str:
    [hashed] = [one for one in outcomes([path], Recipe(copies=frozenset()), workers=1) if isinstance(one, Hashed)]
    return next(each.value for each in hashed.fingerprints if each.kind == "pdq")


def test_a_picture_of_the_negative_list_is_no_match(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    for number, name in enumerate(("poster", "person")):
        photos.picture(300 + number).save(uploads / f"{name}.png")
    with running(tmp_path / "intake", name="Test intake") as intake:
        token = intake.add_participant("Site").endpoints["feed"]
        (tmp_path / "token").write_text(token + "\n")
        site = Operator(tmp_path, intake, token)
        site.join()
        site.report(uploads / "poster.png")
        site.report(uploads / "person.png")
        assert published(site("platform pull site --json").out)["negative"] == 0
        files, last = lines_of(site("platform scan site uploads --jsonl", 10))
        assert (last["matched"], last["negative"]) == (2, 0)
        shutil.copy(tmp_path / "site" / "list.db", tmp_path / "before")
    (tmp_path / "intake" / "deny.txt").write_text(f"{pdq_of(uploads / 'poster.png')}\n")
    with running(tmp_path / "intake") as intake:
        site = Operator(tmp_path, intake, token)
        site.join("--force")
        ended = site("platform pull site --json")
        assert published(ended.out)["negative"] == 1
        assert "1 picture on the negative list" in ended.said
        # The intake itself took the poster off. A list from another day, or another intake, may still have it.
        shutil.copy(tmp_path / "before", tmp_path / "site" / "list.db")
        files, last = lines_of(site("platform scan site uploads --jsonl", 10))
        assert (last["matched"], last["records"], last["negative"]) == (1, 1, 1)
        assert len(files["person.png"]["matches"]) == 1
        assert "negative" not in files["person.png"]
        assert files["poster.png"]["matches"] == []
        assert [row["distance"] for row in files["poster.png"]["negative"]] == [0]
        ended = site("platform scan site uploads/poster.png --show-paths")
        assert "0 of 1 file match" in ended.out.decode()
        assert "negative list" in ended.said
        assert "poster.png:" not in ended.out.decode()


def test_the_choice_of_lists_says_whether_it_is_kept(operator: Operator) -> None:
    for lists, kept in (("adult", False), ("adult,negative", True), ("negative", False), ("", True)):
        operator.join(f"--force --lists {lists}" if lists else "--force")
        for path in (operator.folder / "site").glob("negative.db*"):
            path.unlink()
        pulled = published(operator("platform pull site --json").out)
        assert ("negative" in pulled) == kept
        assert (operator.folder / "site" / "negative.db").exists() == kept


def test_a_folder_from_before_scans_and_says_that_there_is_no_negative_list(operator: Operator) -> None:
    operator.join()
    operator("platform pull site")
    (operator.folder / "site" / "negative.db").unlink()
    photos.picture(303).save(operator.folder / "other.png")
    assert "no negative list yet" in operator("platform scan site other.png").said
