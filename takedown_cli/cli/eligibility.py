"""Who the pictures are of, and how old that person was: asked once, in plain words, or given by options.

It guarantees that nothing is declared which the person did not choose; what is not known stays "not sure".
It must never ask for a name, a birthday, an address or anything else about anybody.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from takedown_cli.cli.ask import can_ask, choose
from takedown_cli.cli.console import console
from takedown_cli.cli.options import Shared, one_of
from takedown_cli.errors import UsageError

if TYPE_CHECKING:
    from takedown_cli.bundle.document import Declaration
    from takedown_cli.pipeline import Declared
    from takedown_cli.wire import Age

#: Value → how the question offers it. The age decides which list of platforms is asked.
AGES: Final = {
    "under-18": "under 18",
    "adult": "18 or over",
    "unsure": "not sure (it is then treated as under 18)",
}
BEHALF: Final = {"self": "me", "child": "my child", "other": "someone who asked me to help"}
AUTHORITIES: Final = {
    "permission": "that person gave me permission",
    "parent-or-guardian": "I am a parent or guardian",
    "law": "the law gives me the authority",
}


_SPELLING: Final = "Check the spelling; nothing was done."


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What the options say; None where nothing was given. ``split`` names the age of single files and folders."""

    age: str | None
    behalf: str | None
    authority: str | None
    split: tuple[tuple[Path, str], ...]

    @property
    def given(self) -> bool:
        """Whether any of the options was used."""
        return bool(self.age or self.behalf or self.authority or self.split)


def _eligibility(
    age: Annotated[
        str | None,
        typer.Option("--age", metavar="AGE", help=f"Of the person when it was taken: {', '.join(AGES)}."),
    ] = None,
    behalf: Annotated[
        str | None, typer.Option("--for", metavar="WHO", help=f"Who it shows: {', '.join(BEHALF)}.")
    ] = None,
    authority: Annotated[
        str | None,
        typer.Option("--authority", metavar="WHY", help=f"Why you may act for another: {', '.join(AUTHORITIES)}."),
    ] = None,
    under_18: Annotated[
        list[Path] | None, typer.Option("--under-18", metavar="PATH", help="Taken under 18: this file or folder.")
    ] = None,
    adult: Annotated[
        list[Path] | None, typer.Option("--adult", metavar="PATH", help="Taken at 18 or over: this file or folder.")
    ] = None,
) -> Eligibility:
    if age is not None:
        one_of("--age", age, tuple(AGES))
    if behalf is not None:
        one_of("--for", behalf, tuple(BEHALF))
    if authority is not None:
        one_of("--authority", authority, tuple(AUTHORITIES))
        if behalf in {None, "self"}:
            raise UsageError("--authority is for acting on behalf of another.", hint="Add --for child or --for other.")
    split = [(path, "under-18") for path in under_18 or []] + [(path, "adult") for path in adult or []]
    return Eligibility(age, behalf, authority, tuple(split))


#: For ``@carries``; ``ELIGIBILITY.get()`` gives the ``Eligibility``.
ELIGIBILITY: Final = Shared(_eligibility, "Whom it shows")


def declare(given: Eligibility, roots: list[Path]) -> Declared:
    """The declaration for a bundle over ``roots``: from the options, then by asking, then the careful default.

    Raises DeclinedError when a question is not answered, UsageError when somebody acts for another without saying
    by what authority and cannot be asked.
    """
    from takedown_cli.pipeline import Declared

    age, behalf = given.age, given.behalf
    if (age is None and not given.split) or behalf is None:
        age, behalf = _ask_or_default(age, behalf, split=bool(given.split))
    by_path = tuple((_as_walked(path, roots), cast("Age", taken)) for path, taken in given.split)
    return Declared(_declaration(behalf, given.authority), cast("Age", age or "unsure"), by_path)


def _ask_or_default(age: str | None, behalf: str | None, *, split: bool) -> tuple[str | None, str]:
    if can_ask():
        if behalf is None:
            behalf = choose("Who do the pictures show?", BEHALF)
        if age is None and not split:
            who = "were you" if behalf == "self" else "was the person"
            age = choose(f"How old {who} when they were taken?", AGES)
        return age, behalf
    if age is None and not split:
        age = "unsure"
        console.warn("The age was not given (--age), so the bundle says 'not sure' and goes to the under-18 list.")
    if behalf is None:
        behalf = "self"
        console.warn("Who it is for was not given (--for), so the bundle says 'for myself'.")
    return age, behalf


def _declaration(behalf: str, authority: str | None) -> Declaration:
    from takedown_cli.bundle.document import Declaration

    if behalf == "child" and authority is None:
        authority = "parent-or-guardian"
    if behalf == "other" and authority is None:
        if not can_ask():
            raise UsageError("Acting for another needs --authority.", hint=f"One of: {', '.join(AUTHORITIES)}.")
        authority = choose("Why may you act for that person?", AUTHORITIES)
    return Declaration.model_validate({"behalf": behalf, "authority": authority})


def roots_of(paths: list[Path], given: Eligibility) -> list[Path]:
    """What has to be walked: ``paths``, and what ``--under-18`` and ``--adult`` name outside of them.

    Raises UsageError when a file or folder for the split is not there, or none of all: that is a slip of the hand.
    """
    if any(not os.path.lexists(path) for path, _ in given.split):
        raise UsageError("A file or folder named with --under-18 or --adult does not exist.", hint=_SPELLING)
    if paths and not any(os.path.lexists(path) for path in paths):
        raise UsageError("There is no file or folder of that name.", hint=_SPELLING)
    outside = [path for path, _ in given.split if not any(_is_below(path, root) for root in paths)]
    return [*paths, *outside]


def _as_walked(path: Path, roots: list[Path]) -> Path:
    """``path`` spelled the way the walk will spell it, which starts with the root as it was typed."""
    for root in roots:
        if _is_below(path, root):
            return root / path.resolve().relative_to(root.resolve())
    return path


def _is_below(path: Path, root: Path) -> bool:
    return path.resolve().is_relative_to(root.resolve())
