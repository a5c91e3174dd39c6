"""The shapes of what the commands about a case print with ``--json``: submit, its preview, status and withdraw.

It guarantees the same as ``documents``: a field keeps its name and meaning for as long as its ``version`` is the same.
It must never describe anything that travels: that is ``wire`` and ``bundle.document``.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict


class SubmitReport(TypedDict):
    """``takedown submit --json``.

    ``case_number`` is there once, when a new case was made; ``receipt`` is null when nobody knows whether it arrived.
    """

    schema: Literal["takedown.submit"]
    version: Literal[1]
    destination: str
    case_number: str | None
    receipt: ReceiptRow | None


class ReceiptRow(TypedDict):
    """The days on which the intake registered it and until when it keeps it, as YYYY-MM-DD."""

    day: str
    expires: str


_For = TypedDict("_For", {"for": NotRequired[str]})  # a word that a class cannot spell


class PreviewReport(_For):
    """``takedown submit --dry-run --json``: what would leave, in counts.

    Of a bundle that is sealed already only ``bytes`` can be told; of everything else, all but that.
    """

    schema: Literal["takedown.preview"]
    version: Literal[1]
    destination: str
    sealed: bool
    bytes: NotRequired[int]
    media: NotRequired[dict[str, int]]
    ages: NotRequired[dict[str, int]]
    fingerprints: NotRequired[dict[str, int]]
    authority: NotRequired[str | None]


class StatusReport(TypedDict):
    """``takedown status --json``; with ``--watch`` one such object a line, whenever something changed."""

    schema: Literal["takedown.status"]
    version: Literal[1]
    received: str | None
    expires: str | None
    items: list[CaseItemRow]


class WithdrawReport(TypedDict):
    """``takedown withdraw --json``: the case afterwards. ``withdrawn`` counts the items that were meant."""

    schema: Literal["takedown.withdraw"]
    version: Literal[1]
    withdrawn: int
    received: str | None
    expires: str | None
    items: list[CaseItemRow]


class CaseItemRow(TypedDict):
    """One picture or video of a case, numbered from 1 as in its bundle, with what platforms said.

    ``standing`` of what is listed: provisional until two platforms block it or an organisation vouched for it.
    """

    number: int
    media: Literal["image", "video"]
    age: Literal["under-18", "adult", "unsure"]
    state: Literal["listed", "held", "withdrawn"]
    standing: Literal["provisional", "confirmed"] | None
    fingerprints: int
    platforms: list[AnswerRow]


class AnswerRow(TypedDict):
    """What one platform said about an item; ``day`` is when it last said so."""

    platform: str
    state: Literal["seen", "under-review", "blocked", "not-blocked"]
    day: str
