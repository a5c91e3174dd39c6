"""``takedown export``: the hashes of a bundle as a file that other services and their software read.

It guarantees that nothing is exported before the signature was checked, and that what has no place is counted.
It must never send anything, nor overwrite a file without ``--force``.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli import output
from takedown_cli.cli.console import console
from takedown_cli.cli.options import CaseSource, Force, application, one_of
from takedown_cli.errors import NothingToDoError, OutputError, SealError, UsageError

if TYPE_CHECKING:
    from takedown_cli.bundle.document import Bundle, Item
    from takedown_cli.bundle.export import Exported
    from takedown_cli.cli.documents import ExportReport

app = application()

#: In step with ``bundle.export.FORMATS``, which costs more to load than a page of help may.
NAMES: Final = ("stopncii", "ncmec", "tx", "vpdq", "csv")
LISTS: Final = ("adult", "under-18")

_HELP: Final = """
The hashes of a bundle in the formats of other services.

\b
takedown export case.tdb --format stopncii -o hashes.json
takedown export case.tdb --format ncmec --list under-18 -o entries.xml
takedown export case.tdb --format vpdq --item 2 -o video.json
takedown export case.tdb --case - --format csv -o - | less

stopncii: body of SubmitHashes. ncmec: Hash Sharing entries, v2. tx: lines for
a local_file exchange of threatexchange. vpdq: a JSON file for each video, in
the folder -o when there are several; the reference's frames if the bundle was
made with --video vpdq. csv: everything. Nothing is sent.
"""
_EPILOG: Final = """
Exit codes: 0 written; 4 nothing in the bundle has a place in the format;
5 bundle invalid, or sealed and not opened; 2 usage.
"""
_NOT_SEALED: Final = (
    "The exported file is not sealed: whoever reads it has the hashes, and from a hash something of the picture can "
    "be guessed. Hand it over safely, and delete it afterwards."
)


@app.command(help=_HELP, epilog=_EPILOG)
def export(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The file; '-' for stdin.")],
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help=f"One of {', '.join(NAMES)}.")],
    output_name: Annotated[str, typer.Option("--output", "-o", metavar="FILE", help="Where to; '-' for stdout.")],
    force: Force = False,
    case: CaseSource = None,
    item: Annotated[
        list[int] | None, typer.Option("--item", metavar="N", min=1, help="Only this item, as 'inspect' counts.")
    ] = None,
    only: Annotated[
        str | None, typer.Option("--list", metavar="LIST", help=f"Only what is for this list: {', '.join(LISTS)}.")
    ] = None,
) -> None:
    one_of("--format", form, NAMES)
    if only is not None:
        one_of("--list", only, LISTS)
    if output_name == "-" and console.json:
        raise UsageError("With -o - the file itself goes to stdout, so there is no place for a report.")
    opened = _open(bundle, case)
    numbered = _chosen(opened, item or [], only)
    _warn(opened, numbered, form)
    made = _made(numbered, form, opened.created)
    files = _placed([one for one in made if one.hashes], form, output_name)
    if not files:
        raise NothingToDoError(f"The bundle has nothing that the format '{form}' has a place for.")
    for target, _ in files:
        if target is not None:
            output.check(target, force=force)
    for target, one in files:
        if target is None:
            console.write(one.data)
        else:
            output.write(target, one.data, force=force)
    _tell(form, made)


def _open(name: str, case: str | None) -> Bundle:
    from takedown_cli.cli.inspect import open_bundle, read_bundle

    opened, _ = open_bundle(read_bundle(name, case), case)
    if opened is None:
        raise SealError("The bundle is sealed, so it can be exported only by whoever has its case number.")
    return opened.bundle


def _chosen(bundle: Bundle, wanted: list[int], only: str | None) -> list[tuple[int, Item]]:
    """The items with their numbers. Raises UsageError for a number that is not there."""
    if any(number > len(bundle.items) for number in wanted):
        raise UsageError("The bundle has no item of that number.", hint="'takedown inspect --hashes' numbers them.")
    return [
        (number, item)
        for number, item in enumerate(bundle.items, start=1)
        if (not wanted or number in wanted) and (only is None or _list(item) == only)
    ]


def _list(item: Item) -> str:
    """Who is not sure is protected as a child."""
    return "adult" if item.age == "adult" else "under-18"


def _warn(bundle: Bundle, numbered: list[tuple[int, Item]], form: str) -> None:
    lists = {_list(item) for _, item in numbered}
    if bundle.test:
        console.warn("This bundle is marked as a test, and the exported file is not: do not send it to a real list.")
    if form == "stopncii" and "under-18" in lists:
        console.warn("StopNCII is for pictures taken at 18 or over; some of these were not. See --list adult.")
    elif len(lists) > 1:
        console.warn("The file holds the under-18 list and the adult list together. See --list.")


def _made(numbered: list[tuple[int, Item]], form: str, day: str) -> list[Exported]:
    """The contents of the files: one for each item where the format holds a single video, or else one for all."""
    from takedown_cli.bundle.export import FORMATS, exported

    groups = [[one] for one in numbered] if FORMATS[form].single else [numbered]
    return [exported(group, form, day) for group in groups]


def _placed(made: list[Exported], form: str, output_name: str) -> list[tuple[Path | None, Exported]]:
    """Each file with its place: what -o names (None for stdout), or a name of its own in that folder."""
    from takedown_cli.bundle.export import FORMATS

    if len(made) < 2:
        return [(None if output_name == "-" else Path(output_name), one) for one in made]
    if output_name == "-" or not Path(output_name).is_dir():
        raise OutputError(
            f"The bundle has {len(made)} videos, and each is a file of its own.",
            hint="Name a folder that exists with -o, or one video with --item N.",
        )
    return [(Path(output_name) / f"video-{min(one.items)}{FORMATS[form].suffix}", one) for one in made]


def _tell(form: str, made: list[Exported]) -> None:
    hashes = sum(one.hashes for one in made)
    items = len(frozenset[int]().union(*(one.items for one in made)))
    left_out = sum((one.left_out for one in made), Counter[str]())
    if console.json:
        report: ExportReport = {
            "schema": "takedown.export",
            "version": 1,
            "format": form,
            "files": sum(one.hashes > 0 for one in made),
            "items": items,
            "hashes": hashes,
            "left_out": dict(sorted(left_out.items())),
            "sealed": False,
        }
        console.emit(report)
    said = f"{hashes:,} {'hash' if hashes == 1 else 'hashes'} of {items:,} {'item' if items == 1 else 'items'}"
    console.say(f"Exported: {said}.")
    if left_out:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(left_out.items()))
        console.say(f"Left out, for the format has no place for them: {kinds}.")
    console.warn(_NOT_SEALED)
