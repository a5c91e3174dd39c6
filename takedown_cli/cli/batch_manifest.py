"""The options that say what holds for a manifest's rows where a cell is empty, and the reading of the manifest.

It guarantees that a manifest comes out without a fault, or not at all.
It must never begin any work.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, get_args

import typer

from takedown_cli.cli.batch_faults import refuse_faulty
from takedown_cli.cli.options import Shared, one_of
from takedown_cli.cli.settings import settings

if TYPE_CHECKING:
    from takedown_cli.helpline.manifest import Manifest

Name = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A CSV or JSONL file, or a folder of folders.")]


def _given(
    age: Annotated[
        str | None, typer.Option("--age", metavar="AGE", help="Where a row gives none: under-18, adult, unsure.")
    ] = None,
    behalf: Annotated[
        str | None, typer.Option("--for", metavar="WHO", help="Where a row does not say: self, child, other.")
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(
            "--authority", metavar="WHY", help="Where a row acts for another: permission, parent-or-guardian, law."
        ),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", metavar="TAG", help="Of the slip, where a row does not say.")
    ] = "en",
    root: Annotated[
        Path | None, typer.Option("--root", metavar="DIR", help="Sources are relative to this, not to the manifest.")
    ] = None,
) -> dict[str, Any]:
    from takedown_cli.helpline.nouns import Authority, Behalf
    from takedown_cli.helpline.wording import LANGUAGES
    from takedown_cli.wire import Age

    for option, value, allowed in (
        ("--age", age, get_args(Age)),
        ("--for", behalf, get_args(Behalf)),
        ("--authority", authority, get_args(Authority)),
        ("--language", language, LANGUAGES),
    ):
        if value is not None:
            one_of(option, value, tuple(allowed))
    return {"age": age, "behalf": behalf, "authority": authority, "language": language, "root": root}


#: For ``@carries``; ``read`` applies it.
GIVEN: Final = Shared(_given)


def read(
    path: Path, *, copies: frozenset[str], intake: str | None, test: bool, organisation: bytes | None = None
) -> Manifest:
    """The manifest, which has no fault. Raises ManifestError after every fault was shown, ConfigError."""
    from takedown_cli.address import IntakeAddress
    from takedown_cli.helpline import manifest

    text = settings({"intake": intake})["intake"].value
    address = None if text is None else IntakeAddress.parse(text)
    given = manifest.Given(**GIVEN.get(), copies=copies, intake=address, test=test, organisation=organisation)
    found = manifest.read(path, given)
    refuse_faulty(found)
    return found
