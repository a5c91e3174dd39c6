"""What an operator reads: names from outside are made harmless, and counts say what they count."""

from __future__ import annotations

import re

from takedown_cli.cli.results.intake import (
    HeldRow,
    IntakeReviewReport,
    IntakeVerifyReport,
    LoginRow,
    OrganisationRow,
    OrganisationsReport,
    ParticipantKeysReport,
    ParticipantRow,
    ParticipantsReport,
)


def _participant(name: str, copies: list[str], revoked: str | None = None) -> ParticipantRow:
    return ParticipantRow(
        name=name, lists=["adult"], media=["image"], copies=copies, confirmed=False, since="2026-01-02", revoked=revoked
    )


def test_participants_with_what_they_asked_for() -> None:
    rows = [_participant("One", ["all"]), _participant("Two", []), _participant("Three", ["flips"], "2026-02-03")]
    (table,) = ParticipantsReport(participants=rows).lines()
    assert [" | ".join(re.split(" {2,}", line)) for line in table.splitlines()] == [
        "platform | lists | media | predicted copies | state",
        "One | adult | pictures | every kind | since 2026-01-02",
        "Two | adult | pictures | none | since 2026-01-02",
        "Three | adult | pictures | flips | revoked 2026-02-03",
    ]


def test_a_name_cannot_move_the_cursor() -> None:
    participants = ParticipantsReport(participants=[_participant("a\x1b[2Jb", [])])
    helpline = OrganisationRow(name="a\x1b[2Jb", key_id="k", quota=1, today=0, since="2026-01-02", revoked=None)
    for line in (*participants.lines(), *OrganisationsReport(organisations=[helpline]).lines()):
        assert "\x1b" not in line


def test_a_password_only_for_the_participant_that_has_one() -> None:
    for password, lines in ((None, 2), ("secret", 3)):
        login = LoginRow(username="name", password=password)
        keys = ParticipantKeysReport(name="One", subscription_key="s", function_keys={"FetchHashes": "f"}, ncmec=login)
        assert len(list(keys.lines())) == lines


def test_a_review_says_what_is_held_and_what_was_done() -> None:
    held = HeldRow(case=12, list="adult", reason="flood", items=2, fingerprints=8, received="2026-01-02")
    report = IntakeReviewReport(released=1, dropped=0, held=[held], provisional={"adult": 1})
    assert list(report.lines()) == ["      12  received 2026-01-02  flood     2 items, 8 hashes, adult list"]
    assert list(report.notes()) == [
        "Items released: 1, dropped: 0.",
        "Provisional on the adult list, from anonymous reports alone: 1 hash.",
    ]
    assert list(IntakeReviewReport(released=0, dropped=0, held=[], provisional={}).notes()) == ["Nothing is held."]


def test_a_faulty_database_is_not_called_intact() -> None:
    faulty = IntakeVerifyReport(cases=1, items=1, hashes=1, wrong=["An item has no case."])
    assert list(faulty.lines())[-1] == "An item has no case."
    assert list(faulty.notes()) == []
