"""``takedown intake participant``: the platforms that pull the lists. Their keys are shown once and stored hashed."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.commands.intake.folder import Folder, Name, Since, open_intake, parse_day
from takedown_cli.cli.options.common import application, choice, complete
from takedown_cli.cli.options.recipe import kinds_of
from takedown_cli.cli.results.intake import (
    AuditReport,
    LoginRow,
    ParticipantKeysReport,
    ParticipantRow,
    ParticipantsReport,
    PullRow,
    RevokedReport,
)
from takedown_cli.cli.results.words import counted
from takedown_cli.cli.terminal.console import console, sanitise
from takedown_cli.cli.terminal.prompts import confirm
from takedown_cli.core.errors import UsageError
from takedown_cli.core.variants import COPIES
from takedown_cli.protocol.lists import LISTS

if TYPE_CHECKING:
    from takedown_cli.intake.cases.participants import Keys

app = application("The platforms that pull the lists.")

#: Days that old keys may go on working.
MAX_GRACE: Final = 90
_LISTS: Final = (*LISTS, "both")
_MEDIA: Final = ("image", "video", "all")

#: What a key is for → the name of that endpoint in the feed's own documentation.
ENDPOINTS: Final = {"fetch": "FetchHashes", "feedback": "SubmitFeedback", "submit": "SubmitHashes"}


@app.command("add")
def add_participant(
    folder: Folder,
    name: Name,
    lists: Annotated[str, choice("--list", _LISTS, "The lists that it may pull.")] = "both",
    media: Annotated[str, choice("--media", _MEDIA, "The media that it wants hashes of.")] = "all",
    copies: Annotated[
        str,
        typer.Option(
            "--copies",
            metavar="KINDS",
            help=f"The predicted copies that it wants hashes of: {', '.join(COPIES)}.",
            autocompletion=complete(COPIES, several=True),
        ),
    ] = "all",
    confirmed: Annotated[bool, typer.Option("--confirmed", help="Leave out provisional hashes.")] = False,
    submit: Annotated[bool, typer.Option("--submit", help="Let it list hashes of its own.")] = False,
) -> None:
    """Add a platform, and show its keys once.

    takedown intake participant add /srv/intake "Example Platform" --list adult
    """
    kinds = [kind for kind in kinds_of("--copies", [copies], COPIES) if kind != "none"]
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases.participants import DEFAULT_SCOPES, SCOPES
        from takedown_cli.intake.messages.signals import classes_for

        scopes, classes = SCOPES if submit else DEFAULT_SCOPES, classes_for(media, kinds)  # type: ignore[arg-type]
        keys = intake.add_participant(name, lists, scopes, classes, confirmed=confirmed)  # type: ignore[arg-type]
    console.show(_report_keys(name, keys, str(intake.identity)))


@app.command("rotate")
def rotate_participant(
    folder: Folder,
    name: Name,
    grace: Annotated[
        str, typer.Option("--grace", metavar="DAYS", help="Let the old keys work for some more days, such as 7d.")
    ] = "0d",
) -> None:
    """Replace a platform's keys and show the new ones. The old ones stop working at once, or after --grace.

    takedown intake participant rotate /srv/intake "Example Platform" --grace 7d
    """
    days = _parse_grace(grace)
    until = f"in {counted(days, 'day')}" if days else "at once"
    confirm(f"Replace the keys of {sanitise(name)}? The old ones stop working {until}.")
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import participants

        keyring = intake.identity.keyring
        keys = intake.operate(partial(participants.rotate_keys, keyring=keyring, name=name, grace_days=days))
    console.show(_report_keys(name, keys, str(intake.identity)))


def _parse_grace(text: str) -> int:
    """Return the days. Raise UsageError."""
    days = text.removesuffix("d")
    if not (days.isascii() and days.isdigit() and len(days) < 3 and int(days) <= MAX_GRACE):
        raise UsageError("--grace must be a number of days.", hint=f"Give 0d to {MAX_GRACE}d, such as 7d.")
    return int(days)


def _report_keys(name: str, keys: Keys, address: str) -> ParticipantKeysReport:
    return ParticipantKeysReport(
        name=name,
        subscription_key=keys.subscription,
        function_keys={ENDPOINTS[scope]: key for scope, key in keys.endpoints.items() if scope in ENDPOINTS},
        ncmec=LoginRow(username=keys.username, password=keys.endpoints.get("ncmec")),
        feed_token=keys.endpoints.get("feed"),
        setup=_setup_of(address, keys.endpoints["feed"]) if "feed" in keys.endpoints else {},
    )


def _setup_of(address: str, token: str) -> dict[str, list[str]]:
    """Return what to type or paste at a platform, by its software."""
    api = json.dumps({"credential_json": {"token": token}})
    exchange = json.dumps({"bank": "NCII", "api": "takedown", "api_json": {"intake": address}})
    in_hma = [
        f"curl --json '{api}' $HMA/c/exchanges/api/takedown",
        f"curl --json '{exchange}' $HMA/c/exchanges",
    ]
    return {
        "tx": [
            f"export TX_TAKEDOWN_TOKEN={token}",
            "threatexchange config extensions add takedown_cli.platform.extension",
            f"threatexchange config collab edit takedown --create ours --intake '{address}'",
            "threatexchange fetch",
        ],
        "hma": in_hma,
        "coop": ["exchange: takedown", f"intake: {address}", f"token: {token}"],
        "hma-matrix": in_hma,
        "takedown": [
            f"echo {token} | takedown platform join site --intake '{address}' --token-file -",
            "takedown platform pull site",
        ],
    }


@app.command("revoke")
def revoke_participant(folder: Folder, name: Name, since: Since = None) -> None:
    """Shut a platform out. Its votes and its own hashes stop counting.

    With --since, what it said and listed before that day still counts. Its answers stay in the status of cases.

    \b
    takedown intake participant revoke /srv/intake "Example Platform" \\
        --since 2026-11-03
    """
    day = parse_day(since)
    confirm(f"Shut {sanitise(name)} out? All of its keys stop working.")
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import participants

        intake.operate(partial(participants.revoke_participant, name=name, since=day))
    console.show(RevokedReport(name=name))


@app.command("list")
def list_participants(folder: Folder) -> None:
    """List the platforms, and what they may pull."""
    with open_intake(folder) as intake:
        from takedown_cli.intake.messages.signals import EVERY_IMAGE, EVERY_VIDEO, kinds_in

        found = intake.list_participants()
    rows = [
        ParticipantRow.copied_from(
            one,
            media=[name for name, every in (("image", EVERY_IMAGE), ("video", EVERY_VIDEO)) if one.classes & every],
            copies=[str(kind) for kind in kinds_in(one.classes)],
        )
        for one in found
    ]
    console.show(ParticipantsReport(participants=rows))


@app.command("audit")
def audit_participants(folder: Folder) -> None:
    """Show who pulled how many records on which day."""
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import participants

        found = intake.read(participants.list_pulls)
    console.show(AuditReport(pulls=[PullRow.copied_from(one) for one in found]))
