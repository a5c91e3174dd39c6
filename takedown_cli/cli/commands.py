"""The table of commands, and the first page of help that is made from it.

It guarantees that help and completion know every command without importing one.
It must never import a command, Typer or anything else that takes time to load.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: its name, the module under ``takedown_cli.cli`` whose ``app`` holds it, and one line of help."""

    name: str
    module: str
    help: str


SECTIONS: Final[dict[str, tuple[Entry, ...]]] = {
    "For one person": (
        Entry("hash", "hash", "fingerprint pictures and videos on this computer, and make a bundle"),
        Entry("inspect", "inspect", "verify a bundle, and show exactly what it says"),
        Entry("check", "check", "would this copy be caught? by which fingerprint, at what distance"),
        Entry("submit", "submit", "preview, confirm and send; shows the case number once"),
        Entry("status", "status", "what happened to a case, in plain words"),
        Entry("withdraw", "status", "take a case back, or single pictures of it"),
        Entry("export", "export", "the hashes of a bundle in the formats of other services"),
    ),
    "For helplines": (
        Entry("batch", "batch", "a caseload: template, run, resume, status, slips, report, …"),
        Entry("keys", "keys", "the organisation's key: make, show, rotate"),
    ),
    "For those who run an intake": (Entry("intake", "intake", "run and operate the reference intake"),),
    "For those who test": (Entry("fixtures", "fixtures", "made-up media and bundles, with what is expected of them"),),
    "About this installation": (
        Entry("doctor", "doctor", "what works on this machine: formats, protection, libraries"),
        Entry("config", "config", "the settings, and where each comes from"),
        Entry("demo", "demo", "the whole loop on this machine, with made-up pictures"),
    ),
}

ENTRIES: Final[dict[str, Entry]] = {entry.name: entry for section in SECTIONS.values() for entry in section}

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
  --install-completion  teach your shell to complete this command
  --show-completion     print the completion script instead
  -h, --help            this page; 'takedown COMMAND --help' for a command
"""


def first_page() -> str:
    """What ``takedown --help`` prints: plain text, at most 80 columns."""
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
