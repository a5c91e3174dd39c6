"""The cases are shown as before after the key was rotated."""

from __future__ import annotations

from tests.cli.commands.batch.desk import LEDGER, Desk
from tests.cli.runner import run


def test_a_rotated_key_opens_the_ledger_as_before(desk: Desk) -> None:
    before = desk("batch", "status", "--offline", "--all", "--json", *LEDGER)
    assert run("keys", "rotate", "file:office.key", "--passphrase-file", "words", cwd=desk.folder).code == 0
    after = desk("batch", "status", "--offline", "--all", "--json", *LEDGER)
    assert (before.code, after.code) == (0, 0)
    assert [each["item"] for each in after.document()["cases"]] == [each["item"] for each in before.document()["cases"]]
    other = ("--ledger", "cases.ledger", "--key", "file:other.key", "--passphrase-file", "words")
    assert run("keys", "new", "file:other.key", "--passphrase-file", "words", cwd=desk.folder).code == 0
    assert desk("batch", "status", "--offline", *other).code != 0
