"""Goes through the outcomes of a scan: what each file matches, and what the whole comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from takedown_cli.core.model import Hashed, Outcome
from takedown_cli.core.reasons import NO_LOSS
from takedown_cli.hashing.pipeline import Tally
from takedown_cli.platform.match import ListMatcher, RecordMatch


@dataclass(slots=True)
class Scan:
    """Running totals of a scan with one list. ``matched`` counts files, and ``negative`` those that would match.

    A match of a picture of the negative list counts among those alone.
    """

    matcher: ListMatcher
    tally: Tally = field(default_factory=Tally)
    matched: int = 0
    negative: int = 0
    #: The records that were met, by id.
    records: set[str] = field(default_factory=set)

    def take(self, outcome: Outcome) -> tuple[list[RecordMatch], list[RecordMatch]]:
        """Count an outcome. Return the records that it matches, the nearest first, and those that are no match."""
        self.tally.add(outcome)
        found = self.matcher.find(outcome) if isinstance(outcome, Hashed) else []
        matches = [match for match in found if not match.negative]
        self.matched += bool(matches)
        self.negative += bool(found and not matches)
        self.records.update(match.id for match in matches)
        return matches, found[len(matches) :]

    @property
    def unread(self) -> int:
        """How many files were not read, or only in part. What is no picture or video does not count."""
        return self.tally.files - self.tally.hashed - sum(self.tally.reasons[reason] for reason in NO_LOSS)
