"""``takedown batch template``: an empty manifest with every heading, and what each cell may hold."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Annotated, Final, get_args

import typer

from takedown_cli.cli.options.common import Force, choice
from takedown_cli.cli.terminal.console import console
from takedown_cli.core import atomic_file

#: Column → what it means, in one line.
MEANINGS: Final = {
    "reference": "your own reference for the caller; no name, no e-mail address",
    "source": "the caller's folder, or a ready-made bundle, relative to the manifest",
    "age": "the person's age when the picture was taken",
    "for": "who the pictures show: the caller, their child, or somebody else",
    "authority": "why you may act for that person",
    "copies": "which predicted copies are protected too; empty for the default",
    "intake": "the intake, as https://intake.example#KEY; empty for --intake",
    "language": "the language of the caller's slip; empty for --language",
}
_EXAMPLES: Final = (
    ("EXAMPLE-1", "callers/EXAMPLE-1", "under-18", "child", "parent-or-guardian", "", "", "en"),
    ("EXAMPLE-2", "callers/EXAMPLE-2", "adult", "other", "permission", "flips screens", "", "de"),
    ("EXAMPLE-3", "bundles/EXAMPLE-3.tdb", "", "", "", "", "", "uk"),
)


def template(
    output_name: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file instead of stdout.")
    ] = None,
    form: Annotated[str, choice("--format", ("csv", "jsonl"), "The format of the manifest.")] = "csv",
    separator: Annotated[
        str,
        choice(
            "--separator",
            ("comma", "semicolon"),
            "What separates columns; your spreadsheet program expects one of them.",
        ),
    ] = "comma",
    force: Force = False,
) -> None:
    """Write a manifest to fill in, one caller a row. Replace the three rows in it: they are examples.

    \b
    takedown batch template -o callers.csv
    takedown batch template --format jsonl
    """
    from takedown_cli.cli.results.batch.template import TemplateColumn, TemplateReport
    from takedown_cli.core.variants import COPIES
    from takedown_cli.helpline.case import Authority, Behalf
    from takedown_cli.helpline.manifest.raw_rows import REQUIRED
    from takedown_cli.helpline.wording import LANGUAGES
    from takedown_cli.protocol.wire import Age

    if not console.json:
        data = _as_csv(";" if separator == "semicolon" else ",") if form == "csv" else _as_jsonl()
        if output_name is None:
            console.write(data)
        else:
            atomic_file.write_file(output_name, data, force=force)
    words: dict[str, tuple[str, ...]] = {
        "age": get_args(Age), "for": get_args(Behalf), "authority": get_args(Authority), "copies": COPIES,
        "language": LANGUAGES,
    }  # fmt: skip
    columns = [
        TemplateColumn(name=name, required=name in REQUIRED, meaning=meaning, words=list(words.get(name, ())))
        for name, meaning in MEANINGS.items()
    ]
    console.show(TemplateReport(columns=columns))


def _as_csv(separator: str) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=separator)
    writer.writerow(MEANINGS)
    writer.writerows(_EXAMPLES)
    return b"\xef\xbb\xbf" + stream.getvalue().encode()  # the mark by which spreadsheet programs recognise UTF-8


def _as_jsonl() -> bytes:
    rows = (dict(zip(MEANINGS, example, strict=True)) for example in _EXAMPLES)
    return "".join(json.dumps({name: cell for name, cell in row.items() if cell}) + "\n" for row in rows).encode()
