"""``takedown intake block``, ``unblock`` and ``audit``: what an operator takes off the lists, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.commands.intake.folder import Folder, open_intake
from takedown_cli.cli.options.paths import require_paths
from takedown_cli.cli.results.check import explain_reason
from takedown_cli.cli.results.intake import ActRow, BlockReport, IntakeAuditReport
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import UsageError
from takedown_cli.core.given_text import SAVE_AS_UTF8, decode_text
from takedown_cli.core.model import MIN_QUALITY, Hashed, Recipe
from takedown_cli.core.reasons import Reason
from takedown_cli.core.variants import COPY_KINDS, shows_picture_itself

if TYPE_CHECKING:
    from takedown_cli.intake.cases.bars import Entry

Sources = Annotated[
    list[str],
    typer.Argument(metavar="FILE|-...", help="Pictures or videos, or lists of hashes; '-' is a list on stdin."),
]
Why = Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for the audit. Name no person.")]

#: No list of as many hashes as may be blocked is larger (bytes).
_MAX_LIST: Final = 4 << 20
#: A file with one of these outcomes may be a list of hashes.
_NO_MEDIA: Final = (Reason.NOT_MEDIA, Reason.EMPTY)


def block_hashes(folder: Folder, sources: Sources, why: Why = "") -> None:
    """Take pictures off the lists, and keep them off even if they are reported again.

    \b
    takedown intake block /srv/intake famous.jpg --reason "A press photograph"
    takedown intake block /srv/intake - < hashes.txt

    A picture is hashed here, with its predicted copies, and is neither stored nor
    sent. A list has one hash at the end of each line: 64 hexadecimal digits are
    a PDQ, 32 an MD5, 40 a SHA-1. No hash is ever an argument, because others can
    read arguments.

    A PDQ takes off every hash within 62 bits, whichever way it is turned. That
    holds for what is listed already and for what comes later.
    """
    _check_reason(why)
    entries = _read_sources(sources)
    with open_intake(folder) as intake:
        changed = intake.block(entries, why)
    console.show(BlockReport(act="block", named=len(entries), hashes=changed.hashes, records=changed.records))


def unblock_hashes(folder: Folder, sources: Sources, why: Why = "") -> None:
    """Stop blocking pictures. What people and platforms still report is listed again.

    \b
    takedown intake unblock /srv/intake famous.jpg --reason "It was a mistake"

    Name the same pictures or hashes as for 'block'.
    """
    _check_reason(why)
    entries = _read_sources(sources)
    with open_intake(folder) as intake:
        changed = intake.unblock(entries, why)
    console.show(BlockReport(act="unblock", named=len(entries), hashes=changed.hashes, records=changed.records))


def audit_acts(folder: Folder) -> None:
    """Show what was blocked and unblocked on which day, and why. No hash is shown.

    takedown intake audit /srv/intake
    """
    with open_intake(folder) as intake:
        from takedown_cli.intake.cases import bars

        found = intake.read(bars.list_acts)
    console.show(IntakeAuditReport(acts=[ActRow.copied_from(one) for one in found]))


def _check_reason(why: str) -> None:
    """Raise UsageError for a reason that the audit cannot keep."""
    from takedown_cli.intake.cases.bars import MAX_REASON

    if len(why) > MAX_REASON or not (why.isprintable() or not why):
        raise UsageError(f"--reason must have at most {MAX_REASON} printable characters.")


def _read_sources(sources: list[str]) -> list[Entry]:
    """Return the hashes in all sources, each once. Raise UsageError, which names the source."""
    from takedown_cli.intake.cases.bars import KINDS

    for number, name in enumerate(sources, start=2):
        if len(name) in KINDS and not name.strip("0123456789abcdefABCDEF") and not Path(name).exists():
            raise UsageError(
                f"A hash must not be an argument (argument {number}), because others can read it there.",
                hint="Write it into a file, or to standard input and name '-'.",
            )
    require_paths([Path(name) for name in sources if name != "-"])
    if sources.count("-") > 1:
        raise UsageError("Standard input can be read only once.")
    found: dict[Entry, None] = {}
    for number, name in enumerate(sources, start=2):  # the folder is argument 1
        place = "standard input" if name == "-" else f"argument {number}"
        found |= dict.fromkeys(_read_list(name, place) if name == "-" else _read_file(Path(name), place))
    if not found:
        raise UsageError("No hash was named.", hint="Each line of a list must end in a hash.")
    return list(found)


def _read_file(path: Path, place: str) -> list[Entry]:
    from takedown_cli.api import hash_paths

    if path.is_dir():
        raise UsageError(f"A folder cannot be blocked ({place}).", hint="Name files.")
    # As a bundle would have it: the picture and its predicted copies, and one frame a second of a video.
    recipe = Recipe(copies=frozenset(COPY_KINDS), also=frozenset({"sha1"}), video="vpdq")
    with hash_paths(path, recipe, workers=1) as outcomes:
        [outcome] = outcomes
    if isinstance(outcome, Hashed):
        return _entries_of(outcome)
    if outcome.reason in _NO_MEDIA:
        return list(_read_list(str(path), place))
    _, detail = explain_reason(outcome) or ("", "")
    raise UsageError(f"The file cannot be blocked ({place}). {detail}".rstrip())


def _entries_of(picture: Hashed) -> list[Entry]:
    """Return the hashes of a file: its digests, and the PDQs that can be listed, or any of the picture itself."""
    pdqs = [one for one in picture.fingerprints if one.kind == "pdq"]
    good = [one for one in pdqs if (one.quality or 0) >= MIN_QUALITY]
    chosen = good or [one for one in pdqs if shows_picture_itself(one.variant)]
    chosen += [one for one in picture.fingerprints if one.kind in ("md5", "sha1")]
    return [(one.kind, bytes.fromhex(one.value)) for one in chosen]


def _read_list(name: str, place: str) -> Iterator[Entry]:
    """Yield the hashes of a list: the last word of each line. Empty lines and # comments are ignored."""
    from takedown_cli.intake.cases.bars import KINDS

    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as stream:
            data = stream.read(_MAX_LIST + 1)
    except (OSError, ValueError, AttributeError):
        raise UsageError(f"The list of hashes cannot be read ({place}).") from None
    if len(data) > _MAX_LIST:
        raise UsageError(f"The list of hashes is too large ({place}).", hint="An intake blocks at most 10,000 hashes.")
    try:
        text = decode_text(data)
    except UnicodeError:
        hint = f"If it is a list: {SAVE_AS_UTF8}"
        raise UsageError(f"This is neither a picture or video nor a list of hashes ({place}).", hint=hint) from None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#")[0].split()
        if not words:
            continue
        kind = KINDS.get(len(words[-1]))
        try:
            value = bytes.fromhex(words[-1])
        except ValueError:
            kind = None
        if kind is None:
            raise UsageError(
                f"Line {number} does not end in a hash ({place}). Nothing was done.",
                hint="A PDQ has 64 hexadecimal digits, an MD5 32, a SHA-1 40.",
            )
        yield kind, value
