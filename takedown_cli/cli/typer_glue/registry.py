"""The table of commands, and the first page of help made from it, without importing a command or Typer."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CommandEntry:
    """One command: its name, the module in ``commands`` whose ``app`` holds it, and one line of help."""

    name: str
    module: str
    help: str


SECTIONS: Final[dict[str, tuple[CommandEntry, ...]]] = {
    "For one person": (
        CommandEntry("hash", "hash", "fingerprint pictures and videos on this computer, and make a bundle"),
        CommandEntry("inspect", "inspect", "verify a bundle, and show exactly what it says"),
        CommandEntry("check", "check", "show whether a copy would be caught, and by which fingerprint"),
        CommandEntry("submit", "submit", "preview, confirm and send; shows the case number once"),
        CommandEntry("status", "status", "what happened to a case, in plain words"),
        CommandEntry("withdraw", "status", "withdraw a case, or single pictures of it"),
        CommandEntry("export", "export", "the hashes of a bundle in the formats of other services"),
    ),
    "For helplines": (
        CommandEntry("batch", "batch", "a caseload: template, run, resume, status, slips, report, …"),
        CommandEntry("keys", "keys", "the organisation's key: make, show, rotate"),
        CommandEntry("hma", "hma", "the organisation's own HMA bank: put hashes in, take them out"),
    ),
    "For intake operators": (CommandEntry("intake", "intake", "run and operate the reference intake"),),
    "For platforms": (CommandEntry("platform", "platform", "pull an intake's lists, scan uploads, answer"),),
    "For testing": (CommandEntry("fixtures", "fixtures", "made-up media and bundles, with the expected results"),),
    "About this installation": (
        CommandEntry("doctor", "doctor", "what works on this machine: formats, protection, libraries"),
        CommandEntry("config", "config", "your settings, and where each comes from"),
        CommandEntry("demo", "demo", "try everything on this machine, with made-up pictures"),
    ),
}

ENTRIES: Final[dict[str, CommandEntry]] = {entry.name: entry for section in SECTIONS.values() for entry in section}

_INTRODUCTION: Final = """\
Usage: takedown COMMAND [OPTIONS] [ARGS]...

  takedown hash PHOTOS -o case.tdb     fingerprints only; nothing is sent
  takedown submit case.tdb             shows what would leave, asks, sends
  takedown status -                    asks for the case number

Hash intimate pictures on your own device, so that platforms can find and
remove the copies. Pictures and file names never leave this computer.

If you need help now: takeitdown.ncmec.org (picture taken under 18),
stopncii.org (18 or over), or a helpline in your country.
"""

_OPTIONS: Final = """\
Options:
  --version             show the version
  --install-completion  let your shell complete this command
  --show-completion     print the completion script instead
  -h, --help            this page; 'takedown COMMAND --help' for a command
"""


def first_page() -> str:
    """Return what ``takedown --help`` prints: plain text, at most 80 columns."""
    width = max(map(len, ENTRIES))
    parts = [_INTRODUCTION]
    for title, entries in SECTIONS.items():
        rows = [
            textwrap.fill(
                entry.help, 79, initial_indent=f"  {entry.name:<{width}}  ", subsequent_indent=" " * (width + 4)
            )
            for entry in entries
        ]
        parts.append("\n".join((f"{title}:", *rows, "")))
    return "\n".join((*parts, _OPTIONS))
