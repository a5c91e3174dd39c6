"""What a person reads of a case: the preview before anything is sent, and its state afterwards."""

from __future__ import annotations

import pytest

from takedown_cli.cli.results.case import StatusReport, in_ranges, numbers_in, preview_of_items, status_fields
from takedown_cli.cli.terminal.console import console
from takedown_cli.locale.language import PERSON, language
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.wire import CaseStatus
from tests.protocol.bundle.factory import DECLARATION, item, pdq

INTAKE = IntakeAddress.parse("https://intake.example")


@pytest.mark.parametrize("variant", ["upright", "raw", "hma", "on-white", "on-black", "as-shown"])
def test_a_reading_of_the_picture_itself_is_not_called_a_copy(variant: str) -> None:
    shown = "\n".join(preview_of_items(INTAKE, [item(pdq("a", variant=variant))], DECLARATION).notes())
    assert "of the pictures as they are" in shown


def test_predicted_copies_are_counted() -> None:
    items = [item(pdq("a"), pdq("b", variant="flipx"), pdq("c", variant="crop:left:6"))]
    assert "  2 of these are for copies" in "\n".join(preview_of_items(INTAKE, items, DECLARATION).notes())


def test_the_preview_says_whether_the_destination_is_known() -> None:
    pinned = IntakeAddress.parse(f"https://intake.example#{'ab' * 20}")
    for address, words in ((INTAKE, "any server that answers there is trusted"), (pinned, "Its identity is checked")):
        assert words in "\n".join(preview_of_items(address, [item(pdq("a"))], DECLARATION).notes())


LISTED = {"media": "image", "age": "adult", "state": "listed", "standing": "provisional", "fingerprints": 2}


def answer(platform: str, state: str, day: str = "2026-01-02") -> dict[str, str]:
    return {"platform": platform, "state": state, "day": day}


def shown(*items: dict[str, object]) -> list[str]:
    """The lines that a person reads of a case with these items, numbered from 1; each is listed unless it says so."""
    numbered = [{**LISTED, "number": number, **item} for number, item in enumerate(items, start=1)]
    document = {"known": True, "received": "2026-01-01", "expires": "2027-01-01", "items": numbered}
    return list(StatusReport(**status_fields(CaseStatus.model_validate(document, strict=False))).lines())


def test_the_state_of_a_case_groups_what_is_alike() -> None:
    lines = shown({}, {}, {"state": "withdrawn"}, {}, {"media": "video"})
    assert lines[2:6] == [
        "Pictures 1-2, 4: on the list that platforms fetch.",
        "Picture 3: withdrawn.",
        "Video 5: on the list that platforms fetch.",
        "",
    ]
    assert lines[6].startswith("Platforms fetch the list by themselves")


def test_what_platforms_answered_is_compared_in_a_table() -> None:
    b, e = answer("Plat B", "seen"), answer("Plat\u202eE", "blocked")
    lines = shown(
        {"platforms": [b, e]}, {"platforms": [b]}, {"platforms": [b, answer("Plat\u202eE", "not-blocked")]},
        {"media": "video", "platforms": [b, e]},
    )  # fmt: skip
    table = "\n".join(lines[5:-2])
    assert table == (
        "  Plat B       Pictures 1-3  fetched the hash and has not answered yet  2026-01-02\n"
        "               Video 4\n"
        "  Plat\\u202eE  Picture 1     found copies and blocks them               2026-01-02\n"
        "               Video 4\n"
        "               Picture 3     found a match and decided not to block it  2026-01-02"
    )
    assert lines[-1].endswith("You don't need to do anything.")


def test_the_table_is_in_the_language_of_the_person_and_keeps_its_spelling() -> None:
    console.language = language("ckb", PERSON)
    table = "\n".join(shown({"platforms": [answer("\u067e\u0644\u06cc\u200c\u0627", "under-review")]}))
    assert "\\u200c" not in table
    assert "\u200c" in table


def test_numbers_are_written_in_ranges() -> None:
    assert in_ranges([1, 2, 3, 4, 7, 9, 10]) == "1-4, 7, 9-10"
    assert in_ranges([]) == ""


def test_numbers_are_read_as_they_are_written() -> None:
    for numbers in ([1], [1, 2, 3, 4, 7, 9, 10], [2000, 2002]):
        assert numbers_in(in_ranges(numbers)) == numbers
    assert numbers_in("7, 1-3,2") == [1, 2, 3, 7]
    for wrong in ("", "0", "x", "1-", "-1", "3-1", "1,,2", "1-9999999", "99999999", "²"):
        with pytest.raises(ValueError, match=wrong or "^$"):
            numbers_in(wrong)
