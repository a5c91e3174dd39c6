"""What ``takedown keys`` found: public keys only."""

from __future__ import annotations

from collections.abc import Iterator

from takedown_cli.cli.results.result import Result, Row


class PastKeyRow(Row):
    """A public key that signed before, oldest first."""

    public_key: str
    since: str | None
    until: str | None


class KeysReport(Result, schema="takedown.keys"):
    """``takedown keys new``, ``show`` and ``rotate`` with ``--json``. Days are null where the key store has none."""

    public_key: str
    key_id: str
    since: str | None
    past: list[PastKeyRow]

    def lines(self) -> Iterator[str]:
        yield self.public_key

    def notes(self) -> Iterator[str]:
        for past in self.past:
            days = f"  {past.since} to {past.until}" if past.since else ""
            yield f"Before: {past.public_key}{days}"
