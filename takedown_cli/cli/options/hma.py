"""The options that name an organisation's HMA bank, for ``hma submit`` and its old name ``submit --to``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.options.common import OnlyList, one_of
from takedown_cli.cli.terminal.prompts import check_confirmable
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.core.errors import UsageError
from takedown_cli.protocol.lists import LISTS

if TYPE_CHECKING:
    from takedown_cli.protocol.addresses import BankAddress


@dataclass(frozen=True, slots=True)
class BankTarget:
    """The values of the options about a bank; ``to`` is None when no bank is named."""

    to: Annotated[str | None, typer.Option("--to", metavar="ADDRESS", help="The bank: hma+https://HOST/BANK.")] = None
    receipt: Annotated[
        Path | None,
        typer.Option("--receipt", metavar="FILE", help="Record what was sent. Keep it: 'hma withdraw' needs it."),
    ] = None
    only: OnlyList = None
    plain: Annotated[bool, typer.Option("--plain-http", help="Allow hma+http to another machine.")] = False

    def __post_init__(self) -> None:
        one_of("--list", self.only, LISTS)

    @property
    def given(self) -> bool:
        """Whether any of the options was used."""
        return self != BankTarget()

    def check(self, *, dry_run: bool) -> BankAddress:
        """Return the bank's address, before any work.

        Raise UsageError, ConfigError; DeclinedError when nobody could confirm.
        """
        from takedown_cli.protocol.addresses import BankAddress

        if self.to is None:
            raise UsageError("No bank is named.", hint="Add --to hma+https://HOST/BANK.")
        address = BankAddress.parse(self.to, plain=self.plain)
        if self.receipt is None and not dry_run:
            raise UsageError(
                "An HMA bank has no case numbers. Only a receipt lets you take the hashes out again.",
                hint="Add --receipt FILE, and keep that file.",
            )
        if not dry_run:
            check_confirmable()
        return address


Bank = Annotated[BankTarget, OptionGroup(BankTarget, "The bank")]
#: For commands that had these options before ``takedown hma`` existed.
HiddenBank = Annotated[BankTarget, OptionGroup(BankTarget, hidden=True)]
