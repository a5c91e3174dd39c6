"""The shapes of what ``submit --to`` and ``withdraw --receipt`` print with ``--json``.

It guarantees that a field once there keeps its name and meaning; a change of meaning needs a new ``version``.
It must never hold a hash: a bank is told them, a terminal is not.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class BankPreview(TypedDict):
    """``takedown submit --to … --dry-run --json``: hashes by HMA's name for their kind, and what it cannot use."""

    schema: Literal["takedown.bank-preview"]
    version: Literal[1]
    destination: str
    signals: dict[str, int]
    left_out: dict[str, int]


class BankReport(TypedDict):
    """``takedown submit --to … --json``. ``label`` is the note that every entry bears; ``already`` by the receipt."""

    schema: Literal["takedown.bank"]
    version: Literal[1]
    destination: str
    label: str
    banked: int
    already: int
    left_out: dict[str, int]


class BankWithdrawReport(TypedDict):
    """``takedown withdraw --receipt … --json``. ``doubtful`` may still be there: run it again later."""

    schema: Literal["takedown.bank-withdraw"]
    version: Literal[1]
    destination: str
    taken_out: int
    absent: int
    doubtful: int
