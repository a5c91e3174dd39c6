"""The manifest of a ``batch`` command, and the options that fill empty cells."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from takedown_cli.cli.options.common import complete, one_of
from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.results.words import AGES, AUTHORITIES, BEHALF
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.core.errors import ManifestError

if TYPE_CHECKING:
    from takedown_cli.helpline.case import Caller

ManifestName = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A CSV or JSONL file, or a folder of folders.")]


def complete_language(incomplete: str) -> list[str]:
    from takedown_cli.helpline.wording import LANGUAGES

    return complete(LANGUAGES)(incomplete)


def known_language(option: str, tag: str) -> str:
    """Return the tag of a slip's language, given in any spelling. Raise UsageError if there is no such language."""
    from takedown_cli.helpline.wording import LANGUAGES
    from takedown_cli.locale.language import nearest

    found = nearest(tag, LANGUAGES)
    if found is None:
        one_of(option, tag, LANGUAGES)  # which it is not
    return found or "en"


def _read_row_defaults(
    age: Annotated[
        str | None,
        typer.Option(
            "--age",
            metavar="AGE",
            help="For rows without an age: under-18, adult, unsure.",
            autocompletion=complete(AGES),
        ),
    ] = None,
    behalf: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="WHO",
            help="For rows that do not say: self, child, other.",
            autocompletion=complete(BEHALF),
        ),
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option(
            "--authority",
            metavar="WHY",
            help="For rows about another person: permission, parent-or-guardian, law.",
            autocompletion=complete(AUTHORITIES),
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            "--language",
            metavar="TAG",
            help="The slip's language, for rows without one.",
            autocompletion=complete_language,
        ),
    ] = "en",
    root: Annotated[
        Path | None, typer.Option("--root", metavar="DIR", help="Sources are relative to this, not to the manifest.")
    ] = None,
) -> dict[str, Any]:
    from takedown_cli.helpline.case import Authority, Behalf
    from takedown_cli.protocol.wire import Age

    for option, value, allowed in (
        ("--age", age, get_args(Age)),
        ("--for", behalf, get_args(Behalf)),
        ("--authority", authority, get_args(Authority)),
    ):
        if value is not None:
            one_of(option, value, tuple(allowed))
    return {
        "age": age,
        "behalf": behalf,
        "authority": authority,
        "language": known_language("--language", language),
        "root": root,
    }


#: What holds for rows with empty cells: keyword arguments for ``RowDefaults``.
RowDefaultOptions = Annotated[dict[str, Any], OptionGroup(_read_row_defaults)]


def read_valid_manifest(
    path: Path, row_defaults: dict[str, Any], intake: str | None, **rest: Any
) -> tuple[Caller, ...]:
    """Return the callers of a manifest. ``rest`` holds further fields of ``RowDefaults``.

    Raise ManifestError after showing every fault. Raise ConfigError.
    """
    from takedown_cli.cli.results.batch.manifest_faults import FaultsReport
    from takedown_cli.helpline.manifest import RowDefaults, read_manifest
    from takedown_cli.protocol.addresses import IntakeAddress

    address = setting("intake", intake)
    given = RowDefaults(**row_defaults, intake=None if address is None else IntakeAddress.parse(address), **rest)
    manifest = read_manifest(path, given)
    if manifest.faults:
        report = FaultsReport.of(manifest.faults)
        if console.json:
            console.emit(report.document())
        else:  # to stderr: faults are not a result, and --quiet does not hide them
            for line in report.lines():
                console.error_line(line)
        raise ManifestError
    return manifest.callers
