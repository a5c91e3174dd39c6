"""The shapes of what ``takedown intake`` prints with ``--json``, for the scripts of those who operate one.

It guarantees the same as ``documents``: a field keeps its name and meaning for as long as its ``version`` is the same.
It must never describe anything of a case but counts and days.
"""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict


class AddressRow(TypedDict):
    """An intake's ``address`` as people are given it (origin, ``#``, key id), its two parts, and its mode."""

    address: str
    origin: str
    key_id: str
    test: bool


class IntakeInitReport(AddressRow):
    """``takedown intake init --json``. ``card`` is the path of the signed card."""

    schema: Literal["takedown.intake.init"]
    version: Literal[1]
    card: str


class IntakeServeReport(AddressRow):
    """``takedown intake serve --json``: one line, once requests are being taken."""

    schema: Literal["takedown.intake.serve"]
    version: Literal[1]


class IntakeReviewReport(TypedDict):
    """``takedown intake review --json``: what is held after the items named were released or dropped.

    ``provisional`` counts, by list, the hashes that rest on anonymous reports alone.
    """

    schema: Literal["takedown.intake.review"]
    version: Literal[1]
    released: int
    dropped: int
    held: list[HeldRow]
    provisional: dict[str, int]


class HeldRow(TypedDict):
    """What of one submission waits. ``case`` is the number that ``--release`` and ``--drop`` take; no case number."""

    case: int
    list: str
    reason: str
    items: int
    fingerprints: int
    received: str


class IntakeBackupReport(TypedDict):
    """``takedown intake backup --json``: how many files the copy has."""

    schema: Literal["takedown.intake.backup"]
    version: Literal[1]
    files: int


class IntakeRestoreReport(TypedDict):
    """``takedown intake restore --json``: how many files were put in place."""

    schema: Literal["takedown.intake.restore"]
    version: Literal[1]
    files: int


class IntakeVerifyReport(TypedDict):
    """``takedown intake verify --json``: what was looked at, and a sentence for each thing that is wrong."""

    schema: Literal["takedown.intake.verify"]
    version: Literal[1]
    cases: int
    items: int
    hashes: int
    wrong: list[str]


class IntakePurgeReport(TypedDict):
    """``takedown intake purge --json``: how many cases and hashes were deleted."""

    schema: Literal["takedown.intake.purge"]
    version: Literal[1]
    cases: int
    hashes: int


class MetricsTokenReport(TypedDict):
    """``takedown intake metrics-token --json``."""

    schema: Literal["takedown.intake.metrics-token"]
    version: Literal[1]
    token: str


class ParticipantKeysReport(TypedDict):
    """``takedown intake participant add|rotate --json``: keys that are shown once. ``function_keys`` by endpoint."""

    schema: Literal["takedown.intake.participant"]
    version: Literal[1]
    name: str
    subscription_key: str
    function_keys: dict[str, str]
    ncmec: LoginRow


class LoginRow(TypedDict):
    """At the NCMEC-shaped feed; ``password`` is null when the participant may not use it."""

    username: str
    password: str | None


class ParticipantsReport(TypedDict):
    """``takedown intake participant list --json``."""

    schema: Literal["takedown.intake.participants"]
    version: Literal[1]
    participants: list[ParticipantRow]


class ParticipantRow(TypedDict):
    """A platform, since which day, and on which day it was shut out if it was.

    It asked for pictures, videos or both (``media``), for which kinds of predicted ``copies``, and perhaps for
    ``confirmed`` hashes only.
    """

    name: str
    lists: list[str]
    media: list[str]
    copies: list[str]
    confirmed: bool
    since: str
    revoked: str | None


class AuditReport(TypedDict):
    """``takedown intake participant audit --json``: who pulled how many records on which day."""

    schema: Literal["takedown.intake.audit"]
    version: Literal[1]
    pulls: list[PullRow]


class PullRow(TypedDict):
    participant: str
    day: str
    records: int


class OrganisationReport(TypedDict):
    """``takedown intake organisation add --json``. ``quota`` is in submissions a day."""

    schema: Literal["takedown.intake.organisation"]
    version: Literal[1]
    name: str
    quota: int


class OrganisationsReport(TypedDict):
    """``takedown intake organisation list --json``."""

    schema: Literal["takedown.intake.organisations"]
    version: Literal[1]
    organisations: list[OrganisationRow]


class OrganisationRow(TypedDict):
    """A helpline; ``today`` counts what it sent in on this day, of ``quota``."""

    name: str
    key_id: str
    quota: int
    today: int
    since: str
    revoked: str | None


class RevokedReport(TypedDict):
    """``takedown intake participant revoke --json`` and ``organisation revoke --json``."""

    schema: Literal["takedown.intake.revoked"]
    version: Literal[1]
    name: str
