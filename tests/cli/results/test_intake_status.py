"""What an operator reads of an intake at a glance."""

from __future__ import annotations

from typing import Any

from takedown_cli.cli.results.intake_status import (
    AttentionRow,
    HeldRow,
    IntakeStatusReport,
    ListRow,
    PlatformRow,
    ServerRow,
)


def report(**changes: Any) -> IntakeStatusReport:
    values: dict[str, Any] = {
        "program": "1.2.3", "database": "0009", "test": False, "server": None, "lists": [], "held": None,
        "platforms": [], "last_purge": None, "last_backup": "2026-01-02", "database_bytes": None,
        "free_bytes": 5_000_000_000, "attention": [],
    }  # fmt: skip
    return IntakeStatusReport(**(values | changes))


def test_a_busy_day() -> None:
    shown = report(
        server=ServerRow(host="127.0.0.1", port=8470, load=0.25, large_load=0.0),
        lists=[ListRow(list="adult", active=1, provisional=1, withdrawn=1200)],
        held=HeldRow(cases=1, items=2, hashes=8),
        platforms=[
            PlatformRow(name="One", since="2026-01-01", last_pull="2026-01-03"),
            PlatformRow(name="Two", since="2026-01-01", last_pull=None),
        ],
        database_bytes=1_250_000,
        attention=[AttentionRow(id="held", sentence="Cases are held back.", platform=None)],
    )
    assert list(shown.lines()) == [
        "version: 1.2.3, database 0009; accepts real cases",
        "server: listens at 127.0.0.1, port 8470; load 25%, for large messages 0%",
        "adult list: 1 hash, 1 of them provisional; 1,200 withdrawn",
        "held: 1 case, 8 hashes",
        "last pull of One: 2026-01-03",
        "last pull of Two: none yet, added 2026-01-01",
        "last purge: not known",
        "last backup: 2026-01-02",
        "size of the database: 1.2 MB",
        "free space: 5,000.0 MB",
        "needs attention [held]: Cases are held back.",
    ]
    assert list(shown.notes()) == []


def test_a_server_that_does_not_answer_and_an_older_database() -> None:
    silent = report(server=ServerRow(host="::1", port=1, load=None, large_load=None), test=True)
    assert list(silent.lines())[1] == "server: listens at ::1, port 1, and does not answer"
    assert list(report().lines())[1] == "server: none runs on this folder"
    assert list(report().notes()) == ["Nothing needs attention."]


def test_a_name_cannot_move_the_cursor() -> None:
    name = "a\x1b[2Jb"
    platform = PlatformRow(name=name, since="2026-01-01", last_pull=None)
    late = AttentionRow(id="platform-silent", sentence="It stays away.", platform=name)
    assert not any("\x1b" in line for line in report(platforms=[platform], attention=[late]).lines())
