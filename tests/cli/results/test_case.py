"""What a person reads of a case: the preview before anything is sent, and its state afterwards."""

from __future__ import annotations

import pytest

from takedown_cli.cli.results.case import StatusReport, in_ranges, numbers_in, preview_of_items, status_fields
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


def test_the_state_of_a_case_groups_what_is_alike() -> None:
    listed = {"media": "image", "age": "adult", "state": "listed", "standing": "provisional", "fingerprints": 2}
    items = [{"number": number, **listed} for number in (1, 2, 4)]
    answer = {"platform": "Plat\u202eE", "state": "blocked", "day": "2026-01-02"}
    items.append({"number": 3, **listed, "platforms": [answer]})
    status = CaseStatus.model_validate(
        {"known": True, "received": "2026-01-01", "expires": "2027-01-01", "items": items}, strict=False
    )
    lines = list(StatusReport(**status_fields(status)).lines())
    assert "Pictures 1-2, 4: on the list that platforms fetch." in lines
    assert "  Plat\\u202eE found copies and blocks them (2026-01-02)." in lines
    assert lines[-1].endswith("You don't need to do anything.")


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
