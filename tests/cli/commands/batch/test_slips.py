"""Slips are made once, and made again on request."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from takedown_cli.cli.commands.batch import slips
from tests.cli.commands.batch.desk import LEDGER, NUMBERS, Desk
from tests.cli.documents import published


def test_slips_are_made_once_and_the_numbers_on_them_work(desk: Desk, tmp_path: Path) -> None:
    shutil.copy(desk.folder / "cases.ledger", tmp_path / "before")
    made = desk("batch", "slips", "-o", "slips", "--contact", "0800 000 000", *LEDGER, "--json")
    assert made.code == 0, made.said
    assert made.document()["made"] == 3
    assert made.document()["none_due"] == 1
    place = desk.folder / "slips"
    assert place.stat().st_mode & 0o777 == 0o700
    assert sorted(path.name for path in place.iterdir()) == ["2026-1.html", "2026-2.html", "2026-3.html"]
    numbers = {}
    for path in place.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        [numbers[path.name]] = set(NUMBERS.findall(path.read_text(encoding="utf-8")))
    assert len(set(numbers.values())) == 3
    for number in numbers.values():
        assert number.encode() not in made.out + made.err
        assert desk("status", "-", stdin=number).code == 0
    # The power goes before the ledger is written: the same files, and none besides.
    shutil.copy(tmp_path / "before", desk.folder / "cases.ledger")
    assert desk("batch", "slips", "-o", "slips", "--contact", "0800 000 000", *LEDGER).code == 0
    assert sorted(path.name for path in place.iterdir()) == ["2026-1.html", "2026-2.html", "2026-3.html"]
    again = desk("batch", "slips", "-o", "slips", *LEDGER)
    assert again.code == 4
    assert "There is no slip to write" in again.said


def test_a_lost_slip_is_made_again_by_its_entry_number_and_the_ledger_knows(desk: Desk) -> None:
    desk("batch", "slips", "-o", "slips", *LEDGER)
    made = desk("batch", "slips", "-o", "second", "--entry", "2", "--format", "text", *LEDGER)
    assert made.code == 0, made.said
    [path] = (desk.folder / "second").iterdir()
    assert path.name == "2026-2.txt"
    [number] = NUMBERS.findall(path.read_text(encoding="utf-8"))
    assert number.encode() not in made.out + made.err
    note = desk("batch", "handover", *LEDGER, "--json").document()
    assert any(each["item"] == 2 and each["last"] == "slip" for each in note["changed"])
    assert desk("batch", "slips", "-o", "second", "--entry", "4", *LEDGER).code == 4


def test_a_slip_is_made_in_the_language_of_the_caller(desk: Desk) -> None:
    """As a person writes the tag; the page's address comes with it."""
    made = desk("batch", "slips", "-o", "thai", "--entry", "2", "--language", "th-TH", "--page", *LEDGER)
    assert made.code == 0, made.said
    [path] = (desk.folder / "thai").iterdir()
    page = path.read_text(encoding="utf-8")
    assert ' lang="th" dir="ltr">' in page
    assert "หมายเลขกรณีของคุณ" in page
    assert "<svg" in page
    assert len(set(NUMBERS.findall(page))) == 1
    wrong = desk("batch", "slips", "-o", "thai", "--language", "klingon", *LEDGER)
    assert wrong.code == 2
    assert "--language" in wrong.said


def test_one_file_to_print_holds_a_page_for_each_caller(desk: Desk) -> None:
    for item in ("1", "3"):
        assert desk("batch", "slips", "-o", "printed", "--entry", item, "--together", *LEDGER).code == 0
    pages = [path.read_text(encoding="utf-8") for path in sorted((desk.folder / "printed").iterdir())]
    assert [page.count('<article class="slip"') for page in pages] == [1, 1]
    assert len({*NUMBERS.findall("".join(pages))}) == 2
    assert desk("batch", "slips", "-o", "printed", "--together", "--format", "text", *LEDGER).code == 2


@pytest.mark.parametrize("contact", ["x" * 121, "a\nb", "a\x1b[2J"])
def test_a_contact_is_one_line_of_plain_text(desk: Desk, contact: str) -> None:
    assert desk("batch", "slips", "-o", "slips", "--contact", contact, *LEDGER).code == 2


def test_no_slip_differs_from_another_file_by_case_alone(tmp_path: Path) -> None:
    """Copied to a stick or to Windows, one would replace the other."""
    (tmp_path / "ANNA.html").write_bytes(b"another caller's")
    for _ in range(2):  # an interrupted run writes the same again
        slips._write_under_free_name(tmp_path, slips._files_in(tmp_path), "anna", ".html", b"hers")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "ANNA.html": b"another caller's", "anna-2.html": b"hers",
    }  # fmt: skip


def test_slips_name_the_organisation_and_are_deleted_again(desk: Desk) -> None:
    made = desk("batch", "slips", "-o", "slips", "--name", "Example Helpline", "--contact", "0800 1", *LEDGER)
    assert made.code == 0, made.said
    pages = [path.read_text(encoding="utf-8") for path in sorted((desk.folder / "slips").iterdir())]
    assert all("Example Helpline" in page and "0800 1" in page for page in pages)
    page = pages[0]
    [number] = set(NUMBERS.findall(page))
    mine = {
        "mine.html": "<p>mine</p>",
        "address.txt": f"Our intake: {desk.address}\n",
        "notes.txt": f"Rang about {number}.\n",
        "another.html": re.sub("data-ledger=.[0-9a-f]*", 'data-ledger="' + "0" * 32, page).replace(number, "…"),
    }
    for name, content in mine.items():
        (desk.folder / "slips" / name).write_text(content, encoding="utf-8")
    # A slip of a case that the ledger forgot, and one from before slips had a mark.
    assert desk("batch", "forget", "--entry", "1", "--yes", *LEDGER).code == 0
    earlier = re.sub(" data-ledger=.[0-9a-f]*.", "", pages[1])
    assert earlier != pages[1]
    (desk.folder / "slips" / "earlier.html").write_text(earlier, encoding="utf-8")
    assert desk("batch", "slips", "-o", "slips", "--format", "text", "--entry", "2", *LEDGER).code == 0
    assert desk("batch", "slips", "-o", "slips", "--delete", *LEDGER).code == 8
    deleted = desk("batch", "slips", "-o", "slips", "--delete", "--yes", *LEDGER, "--json")
    assert published(deleted.out)["deleted"] == 5
    assert {path.name for path in (desk.folder / "slips").iterdir()} == {*mine}
    assert desk("batch", "slips", "-o", "slips", "--delete", "--yes", *LEDGER).code == 4


def test_slips_without_a_name_say_so(desk: Desk) -> None:
    said = desk("batch", "slips", "-o", "slips", *LEDGER).said
    assert "--name" in said
    assert "--contact" in said
