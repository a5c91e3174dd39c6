"""Everything the intake could hand over, after a whole life cycle."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import LargeBinary, String, Text

from docs.tools.disclosure import disclosure_page
from takedown_cli.intake import running
from takedown_cli.intake.cases.participants import SCOPES
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import metadata
from tests.intake.person import HTTP, Person, Platform, balanced, picture, video


def test_every_table_and_column_is_explained() -> None:
    page = disclosure_page()
    for table in metadata.tables.values():
        assert table.comment, table.name
        assert f"## `{table.name}`" in page
        for column in table.columns:
            assert column.comment, f"{table.name}.{column.name}"
            assert f"| `{column.name}` | {column.comment} |" in page


#: Every column of text, and the only forms that its values may have.
FORMS = {
    "day": r"20\d\d-\d\d-\d\d",
    "charged": r"20\d\d-\d\d-\d\d",
    "received": r"20\d\d-\d\d-\d\d",
    "expires": r"20\d\d-\d\d-\d\d",
    "since": r"20\d\d-\d\d-\d\d",
    "revoked": r"20\d\d-\d\d-\d\d",
    "behalf": r"self|child|other",
    "authority": r"permission|parent-or-guardian|law",
    "media": r"image|video",
    "age": r"under-18|adult|unsure",
    "state": r"listed|held|withdrawn|active|disputed|blocked",
    "reason": r"quality|flood|budget|revoked|disputed|blocked",
    "bar": r"blocked|denied",
    "kind": r"pdq",
    "act": r"block",
    "why": r"A press photograph",  # as the operator wrote it
    "distrusted": r"20\d\d-\d\d-\d\d",
    "list": r"under-18|adult",
    "standing": r"provisional|confirmed|lapsed",
    "lists": r"under-18|adult|both",
    "signal": r"pdq|(image|video)-(md5|sha1)",
    "scope": r"subscription|fetch|feedback|submit|ncmec|feed",
    "name": r"Platform",  # as the operator named it
    "tags": r'\[("Nude")?\]',  # as the platform wrote them
}


def live(intake: Running) -> tuple[Person, Platform]:
    """Everything that can happen: submitted, extended, asked for, pulled, answered, contributed, withdrawn."""
    person = Person(intake.origin, intake.card)
    platform = Platform(intake.origin, intake.add_participant("Platform", scopes=SCOPES))
    person.submit(picture(balanced(1)), picture("f" * 64), video("00" * 16, balanced(2), balanced(6), age="adult"))
    person.submit(picture(balanced(3), age="unsure"), adds=True)
    person.status()
    platform.pull()
    platform.say(balanced(1), "Blocked", "Nude")
    record = {"lastModtimestamp": 1, "signalType": "ImagePDQ", "hashValue": balanced(4), "CSPFeedbacks": []}
    body = {"count": 1, "hashRecords": [record]}
    HTTP.post(f"{intake.origin}/v1/SubmitHashes", json=body, headers=platform.headers("submit")).raise_for_status()
    person.withdraw(balanced(3))
    intake.intake.block([("pdq", bytes.fromhex(balanced(5)))], "A press photograph")
    return person, platform


def contents(intake: Running) -> dict[str, list[dict[str, Any]]]:
    return intake.intake.read(
        lambda connection: {
            table.name: [dict(row._mapping) for row in connection.execute(table.select())]
            for table in metadata.tables.values()
        }
    )


def check(name: str, kind: object, value: Any) -> None:
    if value is None or isinstance(kind, LargeBinary):
        return
    if isinstance(kind, String | Text) and name != "value":
        assert re.fullmatch(FORMS[name], value), name
    if isinstance(value, int) and name not in {"modified", "seq", "upto", "classes", "active_from"}:
        assert value < 10_000, f"{name} looks like a time"
    if isinstance(value, str) and re.fullmatch(FORMS["day"], value):
        assert value >= datetime.now(UTC).date().isoformat()


def test_after_a_life_cycle_every_value_has_an_expected_form(tmp_path: Path) -> None:
    with running(tmp_path / "home", name="Test intake") as intake:
        person, platform = live(intake)
        tables = contents(intake)
        assert {name for name, rows in tables.items() if not rows} == {"organisations", "vouchers", "removals"}
        for table in metadata.tables.values():
            for row in tables[table.name]:
                for column in table.columns:
                    check(column.name, column.type, row[column.name])
        secrets = {
            "case number": person.number.symbols,
            "lookup id": person.number.lookup_id(),
            "subscription key": platform.keys.subscription,
            **platform.keys.endpoints,
        }
        everything = b"".join(path.read_bytes() for path in intake.home.path.rglob("*") if path.is_file())
        for name, secret in secrets.items():
            assert secret.encode() not in everything, name
        assert bytes.fromhex(person.number.lookup_id()) not in everything
        for revealing in (
            b"127.0.0.1:",
            b"python-httpx",
            b"2024-02-29",
        ):  # an address, a user agent, the client's day
            assert revealing not in everything.replace(intake.home.load().origin.encode(), b"")


def test_only_hash_records_and_the_clock_have_a_time_of_day() -> None:
    fine = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    assert {one for one in fine if one.endswith(("modified", "time", "stamp", "at"))} == {
        "hashes.modified", "clock.modified",
    }  # fmt: skip
