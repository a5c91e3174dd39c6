"""``takedown batch template``: an empty manifest with every heading, and what each cell may hold.

It guarantees that what it writes is what ``batch run`` reads. It must never hold anything of a caller.
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli import output
from takedown_cli.cli.console import console
from takedown_cli.cli.options import Force, one_of

if TYPE_CHECKING:
    from takedown_cli.cli.office_documents import TemplateReport

#: Column → what it means, in one line.
MEANINGS: Final = {
    "reference": "your own reference of the caller; no name, no e-mail address",
    "source": "the caller's folder, or a ready-made bundle, relative to the manifest",
    "age": "of the person when it was taken",
    "for": "whom the pictures show, seen from whoever asked you",
    "authority": "why you may act for that person",
    "copies": "which predicted copies are protected too; empty for the usual",
    "intake": "where it goes, as https://intake.example#KEY; empty for the one of --intake",
    "language": "of the caller's slip; empty for the one of --language",
}
_EXAMPLES: Final = (
    ("EXAMPLE-1", "callers/EXAMPLE-1", "under-18", "child", "parent-or-guardian", "", "", "en"),
    ("EXAMPLE-2", "callers/EXAMPLE-2", "adult", "other", "permission", "flips screens", "", "de"),
    ("EXAMPLE-3", "bundles/EXAMPLE-3.tdb", "", "", "", "", "", "uk"),
)


def template(
    output_name: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it there instead of to stdout.")
    ] = None,
    form: Annotated[str, typer.Option("--format", metavar="csv|jsonl", help="What to write.")] = "csv",
    separator: Annotated[
        str, typer.Option("--separator", metavar="comma|semicolon", help="Which one your spreadsheet expects.")
    ] = "comma",
    force: Force = False,
) -> None:
    """A manifest to fill in: one caller a row. The three rows in it are examples: replace them.

    \b
    takedown batch template -o callers.csv
    takedown batch template --format jsonl
    """
    one_of("--format", form, ("csv", "jsonl"))
    one_of("--separator", separator, ("comma", "semicolon"))
    if console.json:
        console.emit(report())
        return
    data = _csv(";" if separator == "semicolon" else ",") if form == "csv" else _jsonl()
    if output_name is None:
        console.write(data)
    else:
        output.write(output_name, data, force=force)
    for column in report()["columns"]:
        words = f" ({', '.join(column['words'])})" if column["words"] else ""
        console.say(f"{column['name']}: {column['meaning']}{words}")
    console.say("Every row is checked before anything is begun: 'takedown batch run --dry-run' does only that.")


def report() -> TemplateReport:
    """The object of ``--json``."""
    from typing import get_args

    from takedown_cli.helpline.manifest.text import REQUIRED
    from takedown_cli.helpline.nouns import Authority, Behalf
    from takedown_cli.helpline.wording import LANGUAGES
    from takedown_cli.model import COPIES
    from takedown_cli.wire import Age

    words: dict[str, tuple[str, ...]] = {
        "age": get_args(Age), "for": get_args(Behalf), "authority": get_args(Authority), "copies": COPIES,
        "language": LANGUAGES,
    }  # fmt: skip
    return {
        "schema": "takedown.batch.template",
        "version": 1,
        "columns": [
            {"name": name, "required": name in REQUIRED, "meaning": meaning, "words": list(words.get(name, ()))}
            for name, meaning in MEANINGS.items()
        ],
    }


def _csv(separator: str) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator)
    writer.writerow(MEANINGS)
    writer.writerows(_EXAMPLES)
    return b"\xef\xbb\xbf" + stream.getvalue().encode()  # the mark by which spreadsheets know UTF-8


def _jsonl() -> bytes:
    rows = (dict(zip(MEANINGS, example, strict=True)) for example in _EXAMPLES)
    return "".join(json.dumps({name: cell for name, cell in row.items() if cell}) + "\n" for row in rows).encode()
