"""Asks once, in plain words, who the pictures show and how old that person was, unless options say so.

Without an answer it stays "not sure". takedown never asks for a name, a birthday or an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from takedown_cli.cli.options.common import complete, one_of
from takedown_cli.cli.options.paths import require_paths
from takedown_cli.cli.results.words import AGES, AUTHORITIES, BEHALF
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.terminal.prompts import can_ask, choose
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.core.errors import DeclinedError, UsageError
from takedown_cli.locale.filled import filled

if TYPE_CHECKING:
    from takedown_cli.hashing.pipeline import Declared
    from takedown_cli.protocol.bundle.document import Declaration
    from takedown_cli.protocol.wire import Age


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What the options say; None where nothing was given."""

    age: Annotated[
        str | None,
        typer.Option(
            "--age", metavar="AGE", help=f"Age when it was taken: {', '.join(AGES)}.", autocompletion=complete(AGES)
        ),
    ] = None
    behalf: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="WHO", help=f"Person shown: {', '.join(BEHALF)}.", autocompletion=complete(BEHALF)
        ),
    ] = None
    authority: Annotated[
        str | None,
        typer.Option(
            "--authority",
            metavar="WHY",
            help=f"Why you may act for them: {', '.join(AUTHORITIES)}.",
            autocompletion=complete(AUTHORITIES),
        ),
    ] = None
    under_18: Annotated[
        list[Path] | None, typer.Option("--under-18", metavar="PATH", help="Taken under 18: this file or folder.")
    ] = None
    adult: Annotated[
        list[Path] | None, typer.Option("--adult", metavar="PATH", help="Taken at 18 or over: this file or folder.")
    ] = None

    def __post_init__(self) -> None:
        one_of("--age", self.age, AGES)
        one_of("--for", self.behalf, BEHALF)
        if one_of("--authority", self.authority, AUTHORITIES) is not None and self.behalf in {None, "self"}:
            raise UsageError("--authority is for acting for somebody else.", hint="Add --for child or --for other.")

    @property
    def split(self) -> list[tuple[Path, Age]]:
        """The age of single files and folders."""
        return [*((path, "under-18") for path in self.under_18 or ()), *((path, "adult") for path in self.adult or ())]

    @property
    def given(self) -> bool:
        """Whether any of the options was used."""
        return bool(self.age or self.behalf or self.authority or self.split)


_MIXED: Final = "some"
_UNSURE: Final = "not sure (they are then treated as taken under 18)"
_HOW_OLD_YOU: Final = "How old were you when they were taken?"
_HOW_OLD_PERSON: Final = "How old was the person when they were taken?"

_MISSING: Final = (
    "{option} must be given where takedown cannot ask. Nothing was hashed or sent.",
    "--age and --for must be given where takedown cannot ask. Nothing was hashed or sent.",
)

Person = Annotated[Eligibility, OptionGroup(Eligibility, "Person shown")]


def check_declared(given: Eligibility) -> None:
    """Raise DeclinedError, naming the options, if something is not declared and nobody can be asked."""
    missing = [
        *(["--age"] if given.age is None and not given.split else []),
        *(["--for"] if given.behalf is None else []),
    ]
    if missing and not can_ask():
        raise DeclinedError(
            filled(_MISSING[len(missing) - 1], option=missing[0]),
            hint=filled(
                "--age is one of: {ages}. --for is one of: {persons}.", ages=", ".join(AGES), persons=", ".join(BEHALF)
            ),
        )


def declare(given: Eligibility, roots: list[Path]) -> Declared:
    """Return the declaration for a bundle over ``roots``: from the options, by asking, or the careful default.

    Raise DeclinedError when a question is not answered. Raise UsageError when somebody acts for another person without
    ``--authority``, and cannot be asked.
    """
    from takedown_cli.hashing.pipeline import Declared

    age, behalf = given.age, given.behalf
    if (age is None and not given.split) or behalf is None:
        age, behalf = _ask_or_default(age, behalf, split=bool(given.split))
    by_path: list[tuple[Path, Age]] = []
    for path, taken in given.split:
        # Spelled the way the walk will spell it, which starts with the root as it was typed.
        walked = (root / path.resolve().relative_to(root.resolve()) for root in roots if _is_below(path, root))
        by_path.append((next(walked, path), taken))
    return Declared(_declaration(behalf, given.authority), cast("Age", age or "unsure"), tuple(by_path))


def _ask_or_default(age: str | None, behalf: str | None, *, split: bool) -> tuple[str | None, str]:
    if can_ask():
        say = console.language.say
        if behalf is None:
            behalf = choose(say("Who do the pictures show?"), _in_language(BEHALF))
        if age is None and not split:
            answers = _in_language(AGES | {"unsure": _UNSURE, _MIXED: "some under 18, some not"})
            age = choose(say(_HOW_OLD_YOU if behalf == "self" else _HOW_OLD_PERSON), answers)
            if age == _MIXED:
                raise DeclinedError(
                    "Some were taken under 18 and some later, so takedown needs to know which. Nothing was hashed.",
                    hint="Run the command again and name the files or folders that were taken under 18:\n"
                    "  --age adult --under-18 FILE_OR_FOLDER\n"
                    "Repeat --under-18 for each. The other way round, --adult names those taken at 18 or over.",
                )
        return age, behalf
    if age is None and not split:
        age = "unsure"
        console.warn("--age was not given. The bundle says 'not sure', and the hashes go to the under-18 list.")
    if behalf is None:
        behalf = "self"
        console.warn("--for was not given. The bundle says that the pictures show you.")
    return age, behalf


def _in_language(answers: Mapping[str, str]) -> dict[str, str]:
    return {value: console.language.say(words) for value, words in answers.items()}


def _declaration(behalf: str, authority: str | None) -> Declaration:
    from takedown_cli.protocol.bundle.document import Declaration

    if behalf == "child" and authority is None:
        authority = "parent-or-guardian"
    if behalf == "other" and authority is None:
        if not can_ask():
            raise UsageError(
                "Acting for somebody else needs --authority.",
                hint=filled("One of: {words}.", words=", ".join(AUTHORITIES)),
            )
        authority = choose(console.language.say("Why may you act for that person?"), _in_language(AUTHORITIES))
    return Declaration.model_validate({"behalf": behalf, "authority": authority})


def roots_of(paths: list[Path], given: Eligibility) -> list[Path]:
    """Return the paths to walk: ``paths``, and those of ``--under-18`` and ``--adult`` that are outside of them.

    Raise UsageError if one of them does not exist.
    """
    require_paths(paths)
    require_paths(given.under_18 or (), "--under-18")
    require_paths(given.adult or (), "--adult")
    outside = [path for path, _ in given.split if not any(_is_below(path, root) for root in paths)]
    return [*paths, *outside]


def _is_below(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())
