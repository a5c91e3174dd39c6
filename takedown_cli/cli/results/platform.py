"""The results of ``takedown platform``: counts, ids and distances, never a hash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.results.words import counted

if TYPE_CHECKING:
    from takedown_cli.platform.pull import Pulled


class JoinReport(Result, schema="takedown.platform.join"):
    """``takedown platform join --json``. Lists, tiers and classes that are empty mean all of the subscription."""

    intake: str
    lists: list[str]
    tiers: list[str]
    classes: list[str]
    max_age_days: int

    def lines(self) -> Iterator[str]:
        yield f"Joined {self.intake}."

    def notes(self) -> Iterator[str]:
        yield "The intake has the right key, and accepts the token. Now run 'takedown platform pull'."


class PullReport(Result, schema="takedown.platform.pull"):
    """``takedown platform pull --json``: records that are new or changed, withdrawn, and active now.

    ``kind`` is ``snapshot`` if everything was fetched. ``made`` is when the intake made the last page (UTC).
    ``refused`` says that everything had to be fetched because the intake could not continue from the old place.
    """

    kind: Literal["snapshot", "delta"]
    refused: bool
    changed: int
    removed: int
    active: int
    made: str

    @classmethod
    def of(cls, pulled: Pulled) -> Self:
        """Return the report of a pull."""
        made = datetime.fromtimestamp(pulled.made, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return cls.copied_from(pulled, made=made)

    def lines(self) -> Iterator[str]:
        if self.kind == "snapshot":
            yield f"The whole list was fetched: {counted(self.active, 'active hash', 'active hashes')}."
        else:
            yield (
                f"{self.changed:,} new or changed, {self.removed:,} withdrawn: "
                f"{counted(self.active, 'active hash', 'active hashes')}."
            )

    def notes(self) -> Iterator[str]:
        if self.refused:
            yield "The intake could not continue from where this list stood, so everything was fetched again."
