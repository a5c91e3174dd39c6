"""What ``takedown batch slips`` and ``takedown batch template`` wrote."""

from __future__ import annotations

from collections.abc import Iterator

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.results.words import counted


class SlipsReport(Result, schema="takedown.batch.slips"):
    """``takedown batch slips --json``, in counts: ``given_before`` had their slip in an earlier run.

    ``not_sent`` are not at the intake yet; ``none_due`` have no case at the intake, or not any more.
    """

    made: int
    given_before: int
    not_sent: int
    none_due: int

    def lines(self) -> Iterator[str]:
        yield f"{counted(self.made, 'slip')} written."

    def notes(self) -> Iterator[str]:
        if self.given_before:
            yield f"{counted(self.given_before, 'caller')} got a slip earlier."
        if self.not_sent:
            yield f"{counted(self.not_sent, 'case is', 'cases are')} not sent yet."
        yield (
            "A slip is the key to its case. Print the slips and hand them out. Then delete them:\n"
            "  takedown batch slips -o FOLDER --delete"
        )


class SlipsDeletedReport(Result, schema="takedown.batch.slips-deleted"):
    """``takedown batch slips --delete --json``."""

    deleted: int

    def lines(self) -> Iterator[str]:
        yield f"{counted(self.deleted, 'slip')} deleted."
