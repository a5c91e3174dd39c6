"""``takedown fixtures``: made-up media and bundles with what is expected of them, for the test suites of others.

It guarantees that everything is made up, and that every bundle is marked as a test.
It must never write into a folder that has something in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.console import console, sanitise
from takedown_cli.cli.options import application
from takedown_cli.errors import ConfigError

if TYPE_CHECKING:
    from takedown_cli.fixtures.documents import FixturesComparison, FixturesManifest
    from takedown_cli.wire import IntakeCard

app = application("Made-up media and bundles for test suites.")

_LARGEST_CARD = 1 << 16


@app.command()
def make(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty or not there.")],
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, max=10**6, help="Another one, other media.")] = 1,
    intake_card: Annotated[
        Path | None,
        typer.Option("--intake-card", metavar="FILE", help="Seal the bundles for this intake, not for a made-up one."),
    ] = None,
) -> None:
    """Pictures, clips, changed copies and bundles, with a manifest of what is expected.

    \b
    takedown fixtures make fixtures/ --seed 7
    takedown fixtures make fixtures/ --intake-card intake-card.json --json

    Coloured textures: nobody is in them. Every bundle is marked as a test, so
    an intake in production refuses it.
    """
    card = None if intake_card is None else _card(intake_card)
    from takedown_cli.fixtures import library

    manifest = library.make(folder, seed, card)
    if console.json:
        console.emit(manifest)
        return
    for line in _in_words(manifest):
        console.result(line)


def _card(path: Path) -> IntakeCard:
    from takedown_cli.bundle.card import read_card

    try:
        with path.open("rb") as stream:
            return read_card(stream.read(_LARGEST_CARD))
    except (OSError, ValueError):
        raise ConfigError("The intake's card cannot be read.", hint="Check --intake-card.") from None


def _in_words(manifest: FixturesManifest) -> list[str]:
    outcomes = Counter[str](row["outcome"] for row in manifest["files"])
    matches = sum(row["match"] for row in manifest["copies"])
    answers = Counter[str](row["test"] for row in manifest["bundles"])
    return [
        f"{len(manifest['files'])} files: {_counted(outcomes)}.",
        f"{len(manifest['copies'])} copies: {matches} match their original, the others do not.",
        f"{len(manifest['bundles'])} bundles for {sanitise(manifest['intake']['origin'])}: {_counted(answers)}.",
        "manifest.json says what is expected of each.",
    ]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))


@app.command()
def verify(folder: Annotated[Path, typer.Argument(metavar="DIR", help="What 'fixtures make' made.")]) -> None:
    """Does this installation find what the manifest says?

    takedown fixtures verify fixtures/

    Exit codes: 0 all of it; 3 something differs: see the list.
    """
    from takedown_cli.fixtures import library

    differences = list(library.compare(folder))
    report: FixturesComparison = {
        "schema": "takedown.fixtures.comparison",
        "version": 1,
        "files": len(library.read(folder)["files"]),
        "differences": differences,
    }
    if console.json:
        console.emit(report)
    else:
        for one in differences:
            console.result(f"{sanitise(one['file'])}: {one['what']}")
        console.say(f"{report['files']} files, {len(differences)} differences.")
    raise typer.Exit(3 if differences else 0)
