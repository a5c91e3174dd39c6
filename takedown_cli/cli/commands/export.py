"""``takedown export``: the hashes of a bundle as a file that other services and their software read.

Nothing is exported before the bundle's signature is checked, and hashes that the format has no place for are counted.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast, get_args

import typer

from takedown_cli.api.bundle import Format
from takedown_cli.cli.options.bundle import open_whole, read_bundle
from takedown_cli.cli.options.common import CaseSource, Force, OnlyList, application, choice, one_of
from takedown_cli.cli.results.export import ExportReport
from takedown_cli.cli.terminal.console import console
from takedown_cli.core import atomic_file
from takedown_cli.core.errors import NothingToDoError, OutputError, UsageError
from takedown_cli.protocol.lists import LISTS, list_of_age

if TYPE_CHECKING:
    from takedown_cli.api import Bundle
    from takedown_cli.protocol.bundle.export import Exported

app = application()

NAMES: Final[tuple[Format, ...]] = get_args(Format)

_NOT_SEALED: Final = (
    "The exported file is not sealed. Anybody who reads it has the hashes, and can guess something about the pictures. "
    "Send it over a secure channel, and delete it afterwards."
)


@app.command()
def export(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The file; '-' for stdin.")],
    form: Annotated[
        str,
        choice("--format", NAMES, f"One of {', '.join(NAMES)}.", metavar="FORMAT"),
    ],
    output_name: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The file to write; '-' for stdout.")
    ],
    force: Force = False,
    case: CaseSource = None,
    item: Annotated[
        list[int] | None, typer.Option("--item", metavar="N", min=1, help="Only this item, as 'inspect' counts.")
    ] = None,
    only: OnlyList = None,
) -> None:
    """Write the hashes of a bundle in the formats of other services.

    \b
    takedown export case.tdb --format stopncii -o hashes.json
    takedown export case.tdb --format ncmec --list under-18 -o entries.xml
    takedown export case.tdb --format vpdq --item 2 -o video.json
    takedown export case.tdb --case - --format csv -o - | less

    stopncii: body of SubmitHashes. ncmec: Hash Sharing entries, v2. tx: lines for
    a local_file exchange of threatexchange. vpdq: a JSON file for each video, in
    the folder -o when there are several; the reference's frames if the bundle was
    made with --video vpdq. csv: everything. Nothing is sent.

    Exit codes: 0 written; 4 nothing in the bundle has a place in the format;
    5 bundle invalid, or sealed and not opened; 2 usage.
    """
    one_of("--list", only, LISTS)
    if output_name == "-" and console.json:
        raise UsageError("-o - writes the file itself to stdout, so it cannot be combined with --json.")
    opened = open_whole(read_bundle(bundle, case), case, "The bundle is sealed, so its hashes cannot be exported.")
    numbers = _choose_items(opened, item or [], only)
    _warn_about_lists(opened, numbers, form)
    from takedown_cli.protocol.bundle.export import FORMATS

    # A format of single videos has a file for each of them.
    groups = [[number] for number in numbers] if FORMATS[form].single else [numbers]
    made = [opened.export(cast("Format", form), numbers=group) for group in groups]
    files = _place_files([exported for exported in made if exported.hashes], FORMATS[form].suffix, output_name)
    if not files:
        raise NothingToDoError(f"The format '{form}' cannot hold anything in this bundle.")
    for target, _ in files:
        if target is not None:
            atomic_file.check_target(target, force=force)
    for target, exported in files:
        if target is None:
            console.write(exported.data)
        else:
            atomic_file.write_file(target, exported.data, force=force)
    left_out = sum((exported.left_out for exported in made), Counter[str]())
    console.show(
        ExportReport(
            format=form,
            files=len(files),
            items=len(frozenset[int]().union(*(exported.items for exported in made))),
            hashes=sum(exported.hashes for exported in made),
            left_out=dict(sorted(left_out.items())),
        )
    )
    console.warn(_NOT_SEALED)


def _choose_items(bundle: Bundle, wanted: list[int], only: str | None) -> list[int]:
    """Return the numbers of the items to export. Raise UsageError for a number that the bundle does not have."""
    if any(number > len(bundle.items) for number in wanted):
        raise UsageError("The bundle has no item with that number.", hint="'takedown inspect --hashes' numbers them.")
    return [
        number
        for number, item in enumerate(bundle.items, start=1)
        if (not wanted or number in wanted) and (only is None or list_of_age(item.age) == only)
    ]


def _warn_about_lists(bundle: Bundle, numbers: list[int], form: str) -> None:
    lists = {list_of_age(bundle.items[number - 1].age) for number in numbers}
    if bundle.payload.test:
        console.warn("The bundle is marked as a test, but the exported file is not. Do not send it to a real list.")
    if form == "stopncii" and "under-18" in lists:
        console.warn("StopNCII is for pictures taken at 18 or over; some of these were not. See --list adult.")
    elif len(lists) > 1:
        console.warn("The file holds the under-18 list and the adult list together. See --list.")


def _place_files(made: list[Exported], suffix: str, output_name: str) -> list[tuple[Path | None, Exported]]:
    """Return each file with its place: what -o names (None for stdout), or a name of its own in that folder."""
    if len(made) < 2:
        return [(None if output_name == "-" else Path(output_name), one) for one in made]
    if output_name == "-" or not Path(output_name).is_dir():
        raise OutputError(
            f"The bundle has {len(made)} videos, and this format needs a file for each.",
            hint="Name an existing folder with -o, or choose one video with --item N.",
        )
    return [(Path(output_name) / f"video-{min(one.items)}{suffix}", one) for one in made]
