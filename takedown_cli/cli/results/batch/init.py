"""What ``takedown batch init`` set up."""

from __future__ import annotations

from collections.abc import Iterator

from takedown_cli.cli.results.result import Result
from takedown_cli.cli.terminal.console import shown_path


class BatchInitReport(Result, schema="takedown.batch.init"):
    """``takedown batch init --json``. What is not new existed before and was kept."""

    settings: str
    public_key: str
    new_key: bool
    new_ledger: bool

    def lines(self) -> Iterator[str]:
        yield f"Public key: {self.public_key}"

    def notes(self) -> Iterator[str]:
        yield "A new key was made." if self.new_key else "The key was there already."
        yield "A new ledger was made." if self.new_ledger else "The ledger was there already."
        yield f"The settings are in {shown_path(self.settings)}."
        if self.new_key:
            yield "Keep a copy of the key file, and keep its passphrase in another place."
        yield "Send the public key to the intake's operator. Then check your manifest:"
        yield "  takedown batch run MANIFEST --dry-run"
