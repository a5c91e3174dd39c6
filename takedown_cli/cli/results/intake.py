"""The results of ``takedown intake``: counts and days, and nothing else about a case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields
from typing import Final

from takedown_cli.cli.results.result import Result, Row
from takedown_cli.cli.results.words import MEDIA, counted
from takedown_cli.cli.terminal.console import sanitise
from takedown_cli.cli.terminal.table import Table


class Address(Row):
    """An intake's ``address`` as people are given it (origin, ``#``, key id), its two parts, and its mode."""

    address: str
    origin: str
    key_id: str
    test: bool

    def lines(self) -> Iterator[str]:
        yield self.address


class IntakeInitReport(Address, Result, schema="takedown.intake.init"):
    """``takedown intake init --json``. ``card`` is the path of the signed card."""

    card: str

    def notes(self) -> Iterator[str]:
        yield "This is the intake's address. The part after '#' identifies its key. Give it to the people who use it."
        yield (
            "The file intake-card.json in the folder is for sealing bundles offline. "
            "Make a backup of the folder 'keys' now."
        )


class IntakeServeReport(Address, Result, schema="takedown.intake.serve"):
    """``takedown intake serve --json``: one line, printed when the intake is ready to take requests.

    ``host`` and ``port`` are where it listens, ``origin`` is where people reach it.
    """

    host: str
    port: int


class HeldRow(Row):
    """The held items of one submission. ``case`` is the number for ``--release`` and ``--drop``, not a case number."""

    case: int
    list: str
    reason: str
    items: int
    fingerprints: int
    received: str


class IntakeReviewReport(Result, schema="takedown.intake.review"):
    """``takedown intake review --json``: what is still held after the named items were released or dropped.

    ``provisional`` counts, by list, the hashes that rest on anonymous reports alone.
    """

    released: int
    dropped: int
    held: list[HeldRow]
    provisional: dict[str, int]

    def lines(self) -> Iterator[str]:
        for row in self.held:
            what = f"{counted(row.items, 'item')}, {counted(row.fingerprints, 'hash', 'hashes')}, {row.list} list"
            yield f"{row.case:>8}  received {row.received}  {row.reason:<8}  {what}"

    def notes(self) -> Iterator[str]:
        if self.released or self.dropped:
            yield f"Items released: {self.released}, dropped: {self.dropped}."
        if not self.held:
            yield "Nothing is held."
        for name, hashes in self.provisional.items():
            yield f"Provisional on the {name} list, from anonymous reports alone: {counted(hashes, 'hash', 'hashes')}."


class Facts:
    """Mixin for a result that is shown as one line ``name: value`` for each field."""

    def lines(self) -> Iterator[str]:
        for each in fields(self):  # type: ignore[arg-type]  # only dataclasses derive from it
            yield f"{each.name}: {getattr(self, each.name)}"


class IntakeBackupReport(Facts, Result, schema="takedown.intake.backup"):
    """``takedown intake backup --json``: how many files the copy has."""

    files: int


class IntakeRestoreReport(Facts, Result, schema="takedown.intake.restore"):
    """``takedown intake restore --json``: how many files were restored."""

    files: int


class IntakePurgeReport(Facts, Result, schema="takedown.intake.purge"):
    """``takedown intake purge --json``: how many cases and hashes were deleted."""

    cases: int
    hashes: int


class IntakeVerifyReport(Result, schema="takedown.intake.verify"):
    """``takedown intake verify --json``: how much was checked, and a sentence for each fault in ``wrong``."""

    cases: int
    items: int
    hashes: int
    wrong: list[str]

    def lines(self) -> Iterator[str]:
        yield from (f"cases: {self.cases}", f"items: {self.items}", f"hashes: {self.hashes}")
        yield from self.wrong

    def notes(self) -> Iterator[str]:
        if not self.wrong:
            yield "The database is intact and consistent."


class MetricsTokenReport(Result, schema="takedown.intake.metrics-token"):
    """``takedown intake metrics-token --json``."""

    token: str

    def lines(self) -> Iterator[str]:
        yield self.token


class LoginRow(Row):
    """The login for the NCMEC-shaped feed; ``password`` is null when the participant may not use it."""

    username: str
    password: str | None


#: What ``setup`` is for, by the name in the JSON object.
_SOFTWARE: Final = {"tx": "threatexchange", "hma": "HMA", "coop": "Coop, in its form", "takedown": "with this program"}


class ParticipantKeysReport(Result, schema="takedown.intake.participant"):
    """``takedown intake participant add|rotate --json``: keys that are shown once. ``function_keys`` by endpoint.

    ``feed_token`` opens the native feed; it is null when the participant may not use it. ``setup`` has the lines to
    type or paste at the platform, by its software: ``tx`` (python-threatexchange), ``hma``, ``coop`` (the fields of its
    form), ``hma-matrix``, and ``takedown`` (this program).
    """

    name: str
    subscription_key: str
    function_keys: dict[str, str]
    ncmec: LoginRow
    feed_token: str | None = None
    setup: dict[str, list[str]] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        if self.feed_token:
            yield f"token of the native feed           {self.feed_token}"
        yield f"Ocp-Apim-Subscription-Key          {self.subscription_key}"
        for endpoint, key in self.function_keys.items():
            yield f"x-functions-key {endpoint:<18} {key}"
        if self.ncmec.password:
            yield f"NCMEC user name and password       {self.ncmec.username}:{self.ncmec.password}"
        known: dict[tuple[str, ...], list[str]] = {}
        for software, typed in self.setup.items():
            known.setdefault(tuple(typed), []).append(_SOFTWARE.get(software, software))
        for lines, names in known.items():
            yield f"To connect {' or '.join(names)}:"
            yield from (f"  {line}" for line in lines)

    def notes(self) -> Iterator[str]:
        yield "These keys are shown only once. Send them over a secure channel."


class ParticipantRow(Row):
    """A platform, the day on which it was added, and the day on which it was revoked, if it was.

    It asked for pictures, videos or both (``media``), for these kinds of predicted ``copies``, and perhaps for
    ``confirmed`` hashes only.
    """

    name: str
    lists: list[str]
    media: list[str]
    copies: list[str]
    confirmed: bool
    since: str
    revoked: str | None

    def cells(self) -> tuple[str, ...]:
        """Return its row in the table for people."""
        return (
            self.name,
            ", ".join(self.lists) + (", confirmed only" if self.confirmed else ""),
            " and ".join(MEDIA[name] + "s" for name in self.media),
            "every kind" if "all" in self.copies else ", ".join(self.copies) or "none",
            f"revoked {self.revoked}" if self.revoked else f"since {self.since}",
        )


class ParticipantsReport(Result, schema="takedown.intake.participants"):
    """``takedown intake participant list --json``."""

    participants: list[ParticipantRow]

    def lines(self) -> Iterator[str]:
        if self.participants:
            headings = ("platform", "lists", "media", "predicted copies", "state")
            yield Table(headings, [row.cells() for row in self.participants])

    def notes(self) -> Iterator[str]:
        if not self.participants:
            yield "No platform has been added yet."


class PullRow(Row):
    """How many records one participant pulled on one day."""

    participant: str
    day: str
    records: int


class AuditReport(Result, schema="takedown.intake.audit"):
    """``takedown intake participant audit --json``: who pulled how many records on which day."""

    pulls: list[PullRow]

    def lines(self) -> Iterator[str]:
        for pull in self.pulls:
            yield f"{pull.day}  {pull.records:>9} records  {sanitise(pull.participant)}"


class BlockReport(Result, schema="takedown.intake.block"):
    """``takedown intake block --json``, and ``unblock``.

    Of the hashes that were ``named``, ``hashes`` were blocked or blocked no more; ``records`` counts the hashes on the
    lists that this changed.
    """

    act: str
    named: int
    hashes: int
    records: int

    def lines(self) -> Iterator[str]:
        done = "blocked" if self.act == "block" else "no longer blocked"
        yield f"{counted(self.hashes, 'hash', 'hashes')} {done}, {self.records} on the lists changed"

    def notes(self) -> Iterator[str]:
        if self.hashes < self.named:
            state = "were blocked before" if self.act == "block" else "were not blocked"
            yield f"{self.named - self.hashes} of the {self.named} named {state}."


class ActRow(Row):
    """What an operator did: ``act`` is block, unblock, or deny when a new deny list was applied."""

    day: str
    act: str
    hashes: int
    records: int
    reason: str


class IntakeAuditReport(Result, schema="takedown.intake.acts"):
    """``takedown intake audit --json``: what was blocked and unblocked, as counts."""

    acts: list[ActRow]

    def lines(self) -> Iterator[str]:
        for row in self.acts:
            named = f"{counted(row.hashes, 'hash', 'hashes')}, {row.records} on the lists changed"
            why = "" if row.act == "deny" else sanitise(row.reason) or "(no reason given)"
            yield f"{row.day}  {row.act:<8}{named}  {why}".rstrip()

    def notes(self) -> Iterator[str]:
        if not self.acts:
            yield "Nothing was blocked yet."


class OrganisationReport(Result, schema="takedown.intake.organisation"):
    """``takedown intake organisation add --json``. ``quota``: submissions a day; large ones count several times."""

    name: str
    quota: int

    def notes(self) -> Iterator[str]:
        yield f"{sanitise(self.name)} may now send {counted(self.quota, 'submission')} a day."


class OrganisationRow(Row):
    """A helpline; ``today`` counts its submissions of this day, out of ``quota``."""

    name: str
    key_id: str
    quota: int
    today: int
    since: str
    revoked: str | None


class OrganisationsReport(Result, schema="takedown.intake.organisations"):
    """``takedown intake organisation list --json``."""

    organisations: list[OrganisationRow]

    def lines(self) -> Iterator[str]:
        for row in self.organisations:
            state = f"revoked {row.revoked}" if row.revoked else f"{row.today} of {row.quota} today"
            yield f"{sanitise(row.name)}  ({row.key_id}; {state})"


class RevokedReport(Result, schema="takedown.intake.revoked"):
    """``takedown intake participant revoke --json`` and ``organisation revoke --json``."""

    name: str

    def notes(self) -> Iterator[str]:
        yield f"{sanitise(self.name)} is revoked and has no access any more."
