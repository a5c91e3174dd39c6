"""``takedown doctor``: what works on this machine: formats, protection against hostile files, libraries.

Protection is tried in a real decoding process; nothing is contacted without ``--intake``.
"""

from __future__ import annotations

import platform
from typing import Annotated

import typer

from takedown_cli import __version__
from takedown_cli.cli.options.common import application
from takedown_cli.cli.options.connection import Connection, ConnectionOptions
from takedown_cli.cli.options.intake import intake_address, intake_client
from takedown_cli.cli.results.installation import DoctorReport, IntakeRow, PrivacyReport, SandboxRow
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import DecoderStartError, TakedownError
from takedown_cli.locale.filled import filled, joined

app = application()


@app.command(spoken=True)
def doctor(
    privacy: Annotated[bool, typer.Option("--privacy", help="What remains on this computer, and what to do.")] = False,
    intake: Annotated[bool, typer.Option("--intake", help="Ask whether the configured intake answers.")] = False,
    *,
    connection: ConnectionOptions,
) -> None:
    """Show what works on this machine: formats, protection, libraries.

    \b
    takedown doctor                          everything on this machine
    takedown doctor --privacy                what remains on this computer
    takedown doctor --intake                 can the configured intake be reached?

    Nothing is contacted without --intake.
    """
    if privacy:
        console.show(PrivacyReport())
        return
    answer, code = _ask_intake(connection) if intake else (None, 0)
    from takedown_cli.core.what_is_read import WHAT_IS_READ
    from takedown_cli.hashing.formats import library_versions, try_formats

    console.show(
        DoctorReport(
            takedown=__version__,
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
            formats=try_formats(),
            read=list(WHAT_IS_READ),
            libraries=library_versions(),
            sandbox=_try_sandbox(),
            intake=answer,
        )
    )
    raise typer.Exit(code)


def _ask_intake(connection: Connection) -> tuple[IntakeRow, int]:
    """Return whether the configured intake answers and proves its identity, with the exit code for that."""
    address = intake_address(None)
    try:
        with intake_client(address, connection, attempts=1) as client:
            client.card()
            served = client.page_digest()
    except TakedownError as error:
        return IntakeRow(reachable=False, detail=error.sentence), error.exit_code
    return IntakeRow(
        reachable=True, detail=joined(("The intake answers. Its identity was verified.", _about_page(served)))
    ), 0


def _about_page(served: str | None) -> str:
    """Return a sentence on the page for callers that the intake signed, beside the one that is installed here."""
    from takedown_cli.intake.page import page_digest

    ours = page_digest()
    if served is None:
        return "It has no page for callers."
    if ours is None:
        return filled(
            "Its page for callers has the digest {served}; there is none here to compare it with.", served=served
        )
    if served == ours:
        return "Its page for callers is the one of this version."
    return filled(
        "Its page for callers is not the one of this version. Its digest is {served}, and here it is {ours}.",
        served=served, ours=ours,
    )  # fmt: skip


def _try_sandbox() -> SandboxRow:
    from takedown_cli.hashing.pool.protection import examine_protection

    try:
        found = examine_protection()
    except DecoderStartError:
        return SandboxRow(level="none", holds=[], lacks=[], attempts=[])
    return SandboxRow.copied_from(found)
