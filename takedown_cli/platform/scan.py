"""Goes through the outcomes of a scan: what each file matches, and what the whole comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from takedown_cli.core.model import Hashed, Outcome
from takedown_cli.core.reasons import NO_LOSS
from takedown_cli.hashing.pipeline import Tally
from takedown_cli.platform.match import ListMatcher, RecordMatch


@dataclass(slots=True)
class Scan:
    """Running totals of a scan with one list. ``matched`` counts files."""

    matcher: ListMatcher
    tally: Tally = field(default_factory=Tally)
    matched: int = 0
    #: The records that were met, by id.
    records: set[str] = field(default_factory=set)

    def take(self, outcome: Outcome) -> list[RecordMatch]:
        """Count an outcome, and return the records that it matches, the nearest first."""
        self.tally.add(outcome)
        matches = self.matcher.find(outcome) if isinstance(outcome, Hashed) else []
        self.matched += bool(matches)
        self.records.update(match.id for match in matches)
        return matches

    @property
    def unread(self) -> int:
        """How many files were not read, or only in part. What is no picture or video does not count."""
        return self.tally.files - self.tally.hashed - sum(self.tally.reasons[reason] for reason in NO_LOSS)
