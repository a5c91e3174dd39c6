"""``takedown doctor``: what works on this machine: formats, protection against hostile files, libraries.

It guarantees that what it says about protection was tried in a real decoding process a moment ago.
It must never contact anything unless ``--intake`` asks for it, nor look at a file of the person's.
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli import __version__
from takedown_cli.cli.console import console
from takedown_cli.cli.intake_options import Proxy
from takedown_cli.cli.options import application
from takedown_cli.errors import DecoderStartError, TakedownError

if TYPE_CHECKING:
    from takedown_cli.cli.installation_documents import DoctorReport, FormatRow, IntakeRow, PrivacyReport, SandboxRow

app = application()

_HELP: Final = """
What works on this machine: formats, protection, libraries.

\b
takedown doctor                          everything on this machine
takedown doctor --privacy                what remains on this computer
takedown doctor --intake                 can the configured intake be reached?

Nothing is contacted without --intake.
"""
_LEVELS: Final = {
    "full": "full: a hostile picture that takes over its decoder reaches nothing",
    "partial": "partial: a hostile picture that takes over its decoder reaches a little",
    "process-only": "process only: a crash costs one picture; a take-over is not stopped",
    "none": "none: decoding cannot be started on this machine",
}


@app.command(help=_HELP)
def doctor(
    privacy: Annotated[bool, typer.Option("--privacy", help="What remains on this computer, and what to do.")] = False,
    intake: Annotated[bool, typer.Option("--intake", help="Ask whether the configured intake answers.")] = False,
    proxy: Proxy = None,
) -> None:
    if privacy:
        _privacy()
        return
    code = 0
    answer: IntakeRow | None = None
    if intake:
        answer, code = _ask_intake(proxy)
    document = report(answer)
    if console.json:
        console.emit(document)
    else:
        _show(document)
    raise typer.Exit(code)


def _privacy() -> None:
    from takedown_cli.cli.privacy import PARAGRAPHS

    if console.json:
        document: PrivacyReport = {"schema": "takedown.privacy", "version": 1, "paragraphs": dict(PARAGRAPHS)}
        console.emit(document)
        return
    for title, text in PARAGRAPHS.items():
        console.result(console.style(title, "bold"))
        console.result(console.wrap(text))
        console.result()


def _ask_intake(proxy: str | None) -> tuple[IntakeRow, int]:
    """Whether the intake answers as the one that was named, and the exit code that goes with it."""
    from takedown_cli.cli.intake_options import intake_address
    from takedown_cli.cli.settings import setting
    from takedown_cli.submit.client import IntakeClient
    from takedown_cli.submit.transport import Door

    address = intake_address(None)
    try:
        with Door(address, setting("proxy", proxy)) as door:
            IntakeClient(door, address, attempts=1).card()
    except TakedownError as error:
        return {"reachable": False, "detail": error.sentence}, error.exit_code
    return {"reachable": True, "detail": "The intake answers, and is the one that was expected."}, 0


def report(intake: IntakeRow | None) -> DoctorReport:
    """The object of ``doctor --json``."""
    from takedown_cli.cli import formats

    return {
        "schema": "takedown.doctor",
        "version": 1,
        "takedown": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "formats": formats.rows(),
        "libraries": formats.libraries(),
        "sandbox": _sandbox(),
        "intake": intake,
    }


def _sandbox() -> SandboxRow:
    from takedown_cli.pool.posture import posture

    try:
        found = posture()
    except DecoderStartError:
        return {"level": "none", "holds": [], "lacks": [], "attempts": []}
    return {
        "level": str(found.level),
        "holds": list(found.holds),
        "lacks": list(found.lacks),
        "attempts": [{"what": attempt.what, "blocked": attempt.blocked} for attempt in found.attempts],
    }


def _show(document: DoctorReport) -> None:
    console.result(f"takedown {document['takedown']}, Python {document['python']}, {document['system']}")
    sandbox = document["sandbox"]
    console.result()
    console.result(f"Protection: {_LEVELS[sandbox['level']]}")
    for attempt in sandbox["attempts"]:
        word = {True: "blocked", False: "POSSIBLE", None: "no such thing here"}[attempt["blocked"]]
        console.result(f"  {word:<8}  {attempt['what']}")
    for text in sandbox["lacks"]:
        console.result(f"  missing   {text}")
    for media, title in (("image", "Pictures"), ("video", "Videos"), ("video codec", "Video codecs")):
        console.result()
        console.result(f"{title}:")
        for row in document["formats"]:
            if row["media"] == media:
                console.result(_format_line(row))
    console.result()
    console.result("Libraries:")
    named = [f"{name} {version or 'missing'}" for name, version in document["libraries"].items()]
    console.result(console.wrap(", ".join(named), indent="  "))
    if document["intake"] is not None:
        console.result()
        console.result(f"Intake: {document['intake']['detail']}")


def _format_line(row: FormatRow) -> str:
    return f"  {'yes' if row['readable'] else 'NO':<3}  {row['format']:<14}  {row['library']}"
