"""``takedown intake participant`` and ``organisation``: who may pull the lists, and whose signature counts.

It guarantees that a participant's keys are shown once, to whoever asked for them, and stored nowhere in the clear.
It must never print anything of a case.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from takedown_cli.cli.console import console, sanitise
from takedown_cli.cli.options import application, one_of
from takedown_cli.cli.recipe import kinds_of
from takedown_cli.errors import UsageError
from takedown_cli.model import COPIES

if TYPE_CHECKING:
    from takedown_cli.cli.intake_documents import (
        AuditReport,
        LoginRow,
        OrganisationReport,
        OrganisationRow,
        OrganisationsReport,
        ParticipantKeysReport,
        ParticipantRow,
        ParticipantsReport,
        PullRow,
        RevokedReport,
    )
    from takedown_cli.intake.participants import Keys, Participant
    from takedown_cli.intake.service import Intake
    from takedown_cli.intake.settings import Home

participant = application("The platforms that pull the lists.")
organisation = application("The helplines whose second signature counts.")

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The intake's folder.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="As cases show it.")]
ENDPOINTS = {"fetch": "FetchHashes", "feedback": "SubmitFeedback", "submit": "SubmitHashes"}


def home_of(folder: Path) -> Home:
    """Raises MissingExtraError."""
    from takedown_cli.intake import require_extra

    require_extra()
    from takedown_cli.intake.settings import Home

    return Home(folder)


@contextmanager
def opened(folder: Path) -> Iterator[Intake]:
    """The intake in a folder, beside the process that serves it. Raises ConfigError, MissingExtraError."""
    home = home_of(folder)
    from takedown_cli.intake.service import Intake

    intake = Intake.open(home)
    try:
        yield intake
    finally:
        intake.close()


@participant.command("add")
def add_participant(
    folder: Folder,
    name: Name,
    lists: Annotated[str, typer.Option("--list", metavar="under-18|adult|both", help="What it may pull.")] = "both",
    media: Annotated[str, typer.Option("--media", metavar="image|video|all", help="What it asks for.")] = "all",
    copies: Annotated[
        str, typer.Option("--copies", metavar="KINDS", help=f"Also hashes of predicted copies: {', '.join(COPIES)}.")
    ] = "all",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="Only what is no longer provisional.")] = False,
    submit: Annotated[bool, typer.Option("--submit", help="It may also list hashes of its own.")] = False,
) -> None:
    """Take a platform in, and show its keys once.

    takedown intake participant add /srv/intake "Example Platform" --list adult
    """
    one_of("--list", lists, ("under-18", "adult", "both"))
    one_of("--media", media, ("image", "video", "all"))
    kinds = [kind for kind in kinds_of("--copies", [copies], COPIES) if kind != "none"]
    with opened(folder) as intake:
        from takedown_cli.intake.participants import SCOPES, USUAL
        from takedown_cli.intake.signals import classes_for

        scopes, classes = SCOPES if submit else USUAL, classes_for(media, kinds)  # type: ignore[arg-type]
        keys = intake.add_participant(name, lists, scopes, classes, confirmed=confirmed)  # type: ignore[arg-type]
    _show_keys(name, keys)


@participant.command("rotate")
def rotate_participant(folder: Folder, name: Name) -> None:
    """Draw new keys for a platform; the old ones stop working at once."""
    with opened(folder) as intake:
        from takedown_cli.intake import participants

        keys = intake.operate(partial(participants.rotate, keyring=intake.identity.keyring, name=name))
    _show_keys(name, keys)


def _show_keys(name: str, keys: Keys) -> None:
    functions = {ENDPOINTS[scope]: key for scope, key in keys.endpoints.items() if scope in ENDPOINTS}
    login: LoginRow = {"username": keys.username, "password": keys.endpoints.get("ncmec")}
    if console.json:
        document: ParticipantKeysReport = {
            "schema": "takedown.intake.participant",
            "version": 1,
            "name": name,
            "subscription_key": keys.subscription,
            "function_keys": functions,
            "ncmec": login,
        }
        console.emit(document)
        return
    console.say("These keys are shown once. Pass them on by a safe way.")
    console.result(f"Ocp-Apim-Subscription-Key          {keys.subscription}")
    for endpoint, key in functions.items():
        console.result(f"x-functions-key {endpoint:<18} {key}")
    if login["password"]:
        console.result(f"NCMEC user name and password       {login['username']}:{login['password']}")


@participant.command("revoke")
def revoke_participant(folder: Folder, name: Name) -> None:
    """Shut a platform out; what it said before stays in the cases' status."""
    with opened(folder) as intake:
        from takedown_cli.intake import participants

        intake.operate(partial(participants.revoke, name=name))
    _revoked(name)


@participant.command("list")
def list_participants(folder: Folder) -> None:
    """The platforms that take part, and what they may pull."""
    with opened(folder) as intake:
        found = intake.participants()
    if console.json:
        document: ParticipantsReport = {
            "schema": "takedown.intake.participants",
            "version": 1,
            "participants": [_as_row(one) for one in found],
        }
        console.emit(document)
        return
    for one in found:
        state = f"revoked {one.revoked}" if one.revoked else f"since {one.since}"
        only = "; confirmed only" if one.confirmed else ""
        console.result(f"{sanitise(one.name)}  ({' and '.join(one.lists)}; {state}{only})")
        console.result(f"  {_asked_for(_as_row(one))}")
    if not found:
        console.say("No platform takes part yet.")


def _asked_for(row: ParticipantRow) -> str:
    """Which hashes it subscribed to."""
    media = " and ".join({"image": "pictures", "video": "videos"}[name] for name in row["media"])
    kinds = row["copies"]
    copies = "every kind of predicted copy" if "all" in kinds else f"predicted copies: {', '.join(kinds)}"
    return f"{media}; {copies if kinds else 'no predicted copies'}"


def _as_row(one: Participant) -> ParticipantRow:
    from takedown_cli.intake.signals import EVERY_IMAGE, EVERY_VIDEO, kinds_in

    return {
        "name": one.name,
        "lists": list(one.lists),
        "media": [name for name, every in (("image", EVERY_IMAGE), ("video", EVERY_VIDEO)) if one.classes & every],
        "copies": [str(kind) for kind in kinds_in(one.classes)],
        "confirmed": one.confirmed,
        "since": one.since,
        "revoked": one.revoked,
    }


@participant.command("audit")
def audit_participants(folder: Folder) -> None:
    """Who pulled how much on which day."""
    with opened(folder) as intake:
        from takedown_cli.intake import participants

        found = intake.read(participants.audit)
    if console.json:
        document: AuditReport = {
            "schema": "takedown.intake.audit",
            "version": 1,
            "pulls": [cast("PullRow", asdict(one)) for one in found],
        }
        console.emit(document)
        return
    for one in found:
        console.result(f"{one.day}  {one.records:>9} records  {sanitise(one.participant)}")


@organisation.command("add")
def add_organisation(
    folder: Folder,
    name: Name,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its public key, 64 hexadecimal digits.")],
    quota: Annotated[int, typer.Option("--quota", metavar="N", min=1, max=1_000_000, help="Submissions a day.")] = 1000,
) -> None:
    """Let a helpline's second signature count: what it sends in is not held in a flood.

    takedown intake organisation add /srv/intake "Example Helpline" 5866…66a0
    """
    try:
        public = bytes.fromhex(key)
    except ValueError:
        raise UsageError("The public key must have 64 hexadecimal digits.") from None
    with opened(folder) as intake:
        from takedown_cli.intake import organisations

        intake.operate(partial(organisations.add, name=name, key=public, quota=quota))
    if console.json:
        document: OrganisationReport = {
            "schema": "takedown.intake.organisation",
            "version": 1,
            "name": name,
            "quota": quota,
        }
        console.emit(document)
    else:
        console.say(f"{sanitise(name)} may send in {quota} submissions a day.")


@organisation.command("revoke")
def revoke_organisation(folder: Folder, name: Name) -> None:
    """From now on its signature counts for nothing."""
    with opened(folder) as intake:
        from takedown_cli.intake import organisations

        intake.operate(partial(organisations.revoke, name=name))
    _revoked(name)


@organisation.command("list")
def list_organisations(folder: Folder) -> None:
    """The helplines, with their quota and what they sent in today."""
    with opened(folder) as intake:
        from takedown_cli.intake import organisations

        found = intake.read(partial(organisations.everyone, day=intake.clock.day()))
    if console.json:
        document: OrganisationsReport = {
            "schema": "takedown.intake.organisations",
            "version": 1,
            "organisations": [cast("OrganisationRow", asdict(one)) for one in found],
        }
        console.emit(document)
        return
    for one in found:
        state = f"revoked {one.revoked}" if one.revoked else f"{one.today} of {one.quota} today"
        console.result(f"{sanitise(one.name)}  ({one.key_id}; {state})")


def _revoked(name: str) -> None:
    if console.json:
        document: RevokedReport = {"schema": "takedown.intake.revoked", "version": 1, "name": name}
        console.emit(document)
    else:
        console.say(f"{sanitise(name)} is shut out.")
