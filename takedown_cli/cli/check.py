"""``takedown check``: would these copies be caught by a bundle, or by the fingerprints of these originals?

It guarantees that copies are read as platforms read them, and that a copy which cannot be read is never a yes.
It must never show a hash, nor a file name unless ``--show-paths`` asks for it; and it never uses a network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from typer.core import TyperCommand

from takedown_cli.cli.console import console
from takedown_cli.cli.options import CaseSource, Progress, ShowPaths, application, carries
from takedown_cli.cli.recipe import LIMITS, RECIPE, Work, chosen_work
from takedown_cli.errors import NothingToDoError, SealError, UsageError
from takedown_cli.matching import HashList, Listed, Verdict
from takedown_cli.model import Hashed, Media, Outcome, Recipe

app = application()

_HELP: Final = """
Would these copies be caught? By which fingerprint, at what distance?

\b
takedown check case.tdb copy.jpg
takedown check case.tdb --case - --copy copy.jpg screenshot.png
takedown check photos/ --copies all --copy copies/ --json

The copies are read as platforms read them, and compared with a bundle, or
with the fingerprints that 'takedown hash' would make of the originals named.
Nothing is sent, and nothing is kept.
"""
_EPILOG: Final = """
Exit codes: 0 every copy would be caught; 3 some would not, or could not be
read; 4 nothing to compare with; 5 bundle invalid or sealed; 2 usage.
"""
_HEAD: Final = 32


class _Command(TyperCommand):
    """``--copy a b c`` is ``--copy a --copy b --copy c``: a list of files, up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # Typer keeps the class of its context private
        return super().parse_args(ctx, list(_spread(args)))


def _spread(arguments: list[str]) -> Iterator[str]:
    within = first = False
    for at, argument in enumerate(arguments):
        if argument == "--":
            yield from arguments[at:]
            return
        if argument == "--copy":
            within = first = True
        elif argument.startswith("-"):
            within = argument.startswith("--copy=")
        elif within and not first:
            yield "--copy"
        else:
            first = False
        yield argument


@dataclass(frozen=True, slots=True)
class Against:
    """What copies are compared with: the list, how many items are on it, and the originals' names, for --show-paths."""

    source: Literal["bundle", "originals"]
    hashes: HashList
    items: int
    unusable: int = 0
    names: tuple[Path, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Checked:
    """A copy and what the list says of it; no verdict when it could not be read."""

    number: int
    outcome: Outcome
    verdict: Verdict | None


@app.command(cls=_Command, help=_HELP, epilog=_EPILOG)
@carries(RECIPE, LIMITS)
def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE|ORIGINAL", help="One bundle ('-' for stdin), or files.")
    ],
    copy: Annotated[
        list[Path] | None, typer.Option("--copy", metavar="FILE...", help="Copies to look for: files or folders.")
    ] = None,
    case: CaseSource = None,
    exact: Annotated[bool, typer.Option("--exact", help="Compare digests of original pictures too.")] = False,
    progress: Progress = None,
    show_paths: ShowPaths = False,
) -> None:
    from takedown_cli.cli import check_words

    work = chosen_work()
    bundle, originals, copies = _sorted(paths, copy or [])
    if bundle is not None:
        against = _of_bundle(bundle, case)
    elif case is not None:
        raise UsageError("--case opens a sealed bundle, and no bundle was named.")
    else:
        if not any(os.path.lexists(path) for path in originals):
            raise UsageError("There is no original of that name.", hint="Check the spelling; nothing was done.")
        against = _of_originals(originals, copies, work, exact=exact, progress=progress)
    if not len(against.hashes):
        raise NothingToDoError("There is nothing to compare with: no fingerprint that platforms match on.")
    console.say(check_words.introduction(against))
    checked = []
    for one in _judged(copies, against.hashes, work, progress):
        checked.append(one)
        if not console.json:
            console.paragraphs(check_words.sentence(one, against, show_paths=show_paths))
    if not checked:
        raise NothingToDoError("No copy was found to look at.", hint="Name files, or folders that hold some.")
    if console.json:
        console.emit(check_words.report(checked, against, show_paths=show_paths))
    for line in check_words.summary(checked, show_paths=show_paths):
        console.say(line)
    raise typer.Exit(0 if all(one.verdict is not None and one.verdict.caught for one in checked) else 3)


def _sorted(paths: list[Path], copies: list[Path]) -> tuple[str | None, list[Path], list[Path]]:
    """The bundle or the originals, and the copies; after a bundle every other path is a copy. Raises UsageError."""
    bundles = [path for path in paths if _is_bundle(path)]
    if len(bundles) > 1 or (bundles and bundles[0] != paths[0]):
        raise UsageError("One bundle at a time, named first, without originals beside it.")
    if bundles:
        copies = [*paths[1:], *copies]
    if not copies:
        raise UsageError("No copy was named to look for.", hint="Add --copy FILE.")
    if bundles:
        return str(bundles[0]), [], list(dict.fromkeys(copies))
    return None, paths, list(dict.fromkeys(copies))


def _is_bundle(path: Path) -> bool:
    from takedown_cli.bundle.file import looks_like_bundle

    if str(path) == "-":
        return True
    try:
        if not path.is_file():
            return path.suffix == ".tdb"  # a mistyped bundle is no missing original
        with path.open("rb") as stream:
            return looks_like_bundle(stream.read(_HEAD))
    except (OSError, ValueError):
        return False


def _of_bundle(name: str, case: str | None) -> Against:
    from takedown_cli.bundle.document import as_fingerprint
    from takedown_cli.cli.inspect import open_bundle, read_bundle

    opened, _ = open_bundle(read_bundle(name, case), case)
    if opened is None:
        raise SealError("The bundle is sealed, so it can be compared with only by whoever has its case number.")
    items = opened.bundle.items
    listed = (
        Listed(number, Media(item.media), as_fingerprint(sent))
        for number, item in enumerate(items, start=1)
        for sent in item.fingerprints
    )
    return Against("bundle", HashList(listed), len(items))


def _of_originals(
    originals: list[Path], copies: list[Path], work: Work, *, exact: bool, progress: str | None
) -> Against:
    """The originals, hashed as for a bundle. A file that is named as a copy is no original."""
    from takedown_cli.bundle.document import as_fingerprint, item_of

    console.say("Reading the originals. Nothing leaves this computer.")
    apart = {path.resolve() for path in copies}
    listed: list[Listed] = []
    names: list[Path] = []
    unusable = 0
    for outcome in _outcomes(originals, work.recipe, work.workers, progress):
        whole = outcome.path.resolve()
        if not apart.isdisjoint({whole, *whole.parents}):
            continue
        item = item_of(outcome, "unsure", exact=exact) if isinstance(outcome, Hashed) else None
        if item is None:
            unusable += 1
            continue
        names.append(outcome.path)
        listed += [Listed(len(names), Media(item.media), as_fingerprint(sent)) for sent in item.fingerprints]
    return Against("originals", HashList(listed), len(names), unusable, tuple(names))


def _judged(copies: list[Path], hashes: HashList, work: Work, progress: str | None) -> Iterator[Checked]:
    """Each copy read as platforms do: whole, upright, no predicted copies, a video's frame a second."""
    recipe = Recipe(copies=frozenset(), also=frozenset({"sha1"}), video="vpdq", limits=work.recipe.limits)
    for number, outcome in enumerate(_outcomes(copies, recipe, work.workers, progress), start=1):
        yield Checked(number, outcome, hashes.judge(outcome) if isinstance(outcome, Hashed) else None)


def _outcomes(paths: list[Path], recipe: Recipe, workers: int | None, progress: str | None) -> Iterator[Outcome]:
    from takedown_cli import pipeline
    from takedown_cli.cli.progress import Progress as Shown

    with Shown(progress) as shown:
        shown.count_in_advance(paths, recipe.limits)
        for outcome in pipeline.outcomes(paths, recipe, workers=workers):
            shown.advance(outcome)
            yield outcome
