"""What went into an HMA bank, and what was taken out of it again. No hash is in it: a terminal is no place for one."""

from __future__ import annotations

from collections.abc import Iterator

from takedown_cli.cli.results.result import Result, people_only
from takedown_cli.cli.results.words import counted


class BankPreview(Result, schema="takedown.bank-preview"):
    """``takedown hma submit --dry-run --json``: hashes by HMA's name for their kind, and what it cannot use."""

    destination: str
    signals: dict[str, int]
    left_out: dict[str, int]
    bank: str = people_only()
    server: str = people_only()

    def notes(self) -> Iterator[str]:
        yield from (
            "",
            "What would leave this computer:",
            f"  hashes: {by_kind(self.signals)}",
            "  the same random label with each hash, so that it can be taken out again",
            "  no picture, no file name, no answer of yours, nothing else about you or this computer",
            f"To the bank {self.bank} of the HMA server at {self.server} and nowhere else.",
            "A bank has no seal and no case: everybody who can use that server can read the hashes.",
            "",
        )


class BankReport(Result, schema="takedown.bank"):
    """``takedown hma submit --json``. ``label`` is the note that every entry bears; ``already`` by the receipt."""

    destination: str
    label: str
    banked: int
    already: int
    left_out: dict[str, int]
    bank: str = people_only()

    def lines(self) -> Iterator[str]:
        before = f" {self.already:,} were there already." if self.already else ""
        yield f"{counted(self.banked, 'hash', 'hashes')} put into the bank {self.bank}.{before}"

    def notes(self) -> Iterator[str]:
        if self.left_out:
            yield f"Left out, because that server does not match by them: {by_kind(self.left_out)}."
        yield (
            "Keep the receipt; it holds the hashes. To take them out again, run:\n"
            "  takedown hma withdraw --receipt FILE"
        )


class BankWithdrawReport(Result, schema="takedown.bank-withdraw"):
    """``takedown hma withdraw --json``. ``doubtful`` may still be there: run it again later."""

    destination: str
    taken_out: int
    absent: int
    doubtful: int
    bank: str = people_only()

    def lines(self) -> Iterator[str]:
        yield f"{counted(self.taken_out, 'hash', 'hashes')} taken out of the bank {self.bank}."

    def notes(self) -> Iterator[str]:
        if not self.doubtful:
            yield "The receipt is no longer needed. You can delete it."


def by_kind(counts: dict[str, int]) -> str:
    """Return counts of hashes in words: ``12 pdq, 2 video_md5``."""
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
