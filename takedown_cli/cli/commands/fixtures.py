"""``takedown fixtures``: made-up media and bundles with what is expected of them, for the test suites of others.

Every bundle is marked as a test, and nothing is written into a folder that has something in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from takedown_cli.cli.options.common import application, one_of
from takedown_cli.cli.options.intake import read_card_file
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import UsageError

#: Whose folders can be made; ``fixtures.layouts`` makes them.
LAYOUT_NAMES: Final = (
    "takeout", "iphone", "android", "whatsapp", "telegram", "snapchat", "windows", "macos", "recovered",
)  # fmt: skip

app = application("Made-up media and bundles for test suites.")


@app.command("make")
def make_fixtures(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An empty or new folder.")],
    seed: Annotated[
        int, typer.Option("--seed", metavar="N", min=0, max=10**6, help="Another seed makes other media.")
    ] = 1,
    intake_card: Annotated[
        Path | None,
        typer.Option(
            "--intake-card", metavar="FILE", help="Seal the bundles for this intake instead of a made-up one."
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option("--layout", metavar="NAME", help=f"Only a folder as it is left by: {', '.join(LAYOUT_NAMES)}."),
    ] = None,
) -> None:
    """Make pictures, clips, changed copies and bundles, with a manifest of what is expected.

    \b
    takedown fixtures make fixtures/ --seed 7
    takedown fixtures make fixtures/ --intake-card intake-card.json --json
    takedown fixtures make phone/ --layout iphone

    Coloured textures: nobody is in them. Every bundle is marked as a test, so
    an intake in production refuses it.
    """
    if layout is not None:
        if intake_card is not None:
            raise UsageError("--intake-card is for bundles, and a layout has none.")
        one_of("--layout", layout, LAYOUT_NAMES)
        from takedown_cli.cli.results.fixtures import FixturesLayout
        from takedown_cli.fixtures.layouts import make_layout

        console.show(FixturesLayout(layout=layout, seed=seed, files=make_layout(folder, layout, seed)))
        return
    card = None if intake_card is None else read_card_file(intake_card, "--intake-card")
    from takedown_cli.cli.results.fixtures import FixturesMade
    from takedown_cli.fixtures import library

    console.show(FixturesMade(library.make(folder, seed, card)))


@app.command("verify")
def verify_fixtures(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that 'fixtures make' made.")],
) -> None:
    """Check that this installation finds what the manifest says.

    takedown fixtures verify fixtures/

    Exit codes: 0 everything is the same; 3 something differs: see the list.
    """
    from takedown_cli.cli.results.fixtures import FixturesComparison
    from takedown_cli.fixtures import library

    differences = list(library.compare(folder))
    console.show(FixturesComparison(files=len(library.read(folder)["files"]), differences=differences))
    raise typer.Exit(3 if differences else 0)
