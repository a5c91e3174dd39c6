"""``takedown check``: would these copies be caught by a bundle, or by the fingerprints of these originals?

Copies are read as platforms read them. A copy that cannot be read is never counted as caught.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from takedown_cli.api import hash_paths
from takedown_cli.cli.options.bundle import open_whole, read_bundle
from takedown_cli.cli.options.common import CaseSource, ShowPaths, application
from takedown_cli.cli.options.paths import require_paths
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.options.recipe import HashingJob, Job
from takedown_cli.cli.results.check import (
    AgainstRow,
    CheckReport,
    CopyRow,
    MatchRow,
    ReadingRow,
    explain_reason,
    media_of,
)
from takedown_cli.cli.results.result import ABSENT
from takedown_cli.cli.terminal.console import console, shown_path
from takedown_cli.core.errors import NothingToDoError, UsageError
from takedown_cli.core.model import Hashed, Outcome, Recipe
from takedown_cli.hashing.matching import EXACT, HashList, Match, Verdict

app = application()


@app.command(spoken=True)
def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="BUNDLE|ORIGINAL", help="One bundle ('-' for stdin), or files.")
    ],
    copy: Annotated[
        list[Path] | None, typer.Option("--copy", metavar="FILE...", help="Copies to look for: files or folders.")
    ] = None,
    case: CaseSource = None,
    readings: Annotated[
        bool, typer.Option("--readings", help="Read copies turned too, and look for the pictures inside them.")
    ] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Compare digests of original pictures too.")] = False,
    progress: ProgressMode = None,
    show_paths: ShowPaths = False,
    *,
    job: Job,
) -> None:
    """Show whether these copies would be caught, by which fingerprint and at what distance.

    \b
    takedown check case.tdb copy.jpg
    takedown check case.tdb --case - --copy copy.jpg screenshot.png
    takedown check photos/ --copies all --copy copies/ --json

    The copies are read as platforms read them, and compared with a bundle, or
    with the fingerprints that 'takedown hash' would make of the originals named.
    Nothing is sent, and nothing is stored.

    With --readings a copy counts as caught by a platform that also turns it, and
    looks for the picture inside a screenshot, a frame or a collage.

    Exit codes: 0 every copy would be caught; 3 some would not, or could not be
    read; 4 nothing to compare with; 5 bundle invalid or sealed; 2 usage.
    """
    bundle, originals, copies = _sort_paths(paths, copy or [])
    if bundle is not None:
        compared = _list_of_bundle(bundle, case)
    elif case is not None:
        raise UsageError("--case opens a sealed bundle, but no bundle was named.")
    else:
        compared = _list_of_originals(originals, copies, job, exact=exact, progress=progress)
    if not len(compared.hashes):
        raise NothingToDoError(
            "There is nothing to compare with: no fingerprint here is of a kind that platforms match."
        )
    console.say(compared.against.introduce())
    # Copies are read as platforms read them: whole, upright, without predicted copies, one frame a second of a video.
    recipe = Recipe.of_uploads(readings=readings, limits=job.recipe.limits)
    rows: list[CopyRow] = []
    read = (
        outcome
        for outcome in _hash_files(copies, recipe, job.workers, progress)
        if outcome.path.resolve() not in compared.left_out
    )
    for number, outcome in enumerate(read, start=1):
        verdict = compared.hashes.judge(outcome) if isinstance(outcome, Hashed) else None
        row = _report_copy(number, outcome, verdict, compared.originals, show_paths=show_paths)
        rows.append(row)
        console.show_line(row.sentence())
    if not rows:
        raise NothingToDoError("No copy was found to compare.", hint="Name files, or folders that contain files.")
    console.show(CheckReport.of_copies(compared.against, rows))
    raise typer.Exit(0 if all(row.caught for row in rows) else 3)


@dataclass(frozen=True, slots=True)
class _Compared:
    """The fingerprints to compare copies with. ``originals`` holds the file names by item, if there are files."""

    against: AgainstRow
    hashes: HashList
    originals: tuple[Path, ...] = ()
    #: Originals that were named by themselves and lie in a folder of copies.
    left_out: frozenset[Path] = frozenset()


def _sort_paths(paths: list[Path], copies: list[Path]) -> tuple[str | None, list[Path], list[Path]]:
    """Return the bundle or the originals, and the copies. After a bundle every other path is a copy.

    Raise UsageError when a bundle is not alone and first, or when there is no copy.
    """
    require_paths([path for path in paths if str(path) != "-"])
    bundles = [path for path in paths if _is_bundle(path)]
    if len(bundles) > 1 or (bundles and bundles[0] != paths[0]):
        raise UsageError("Name one bundle, as the first argument, without originals beside it.")
    if bundles:
        copies = [*paths[1:], *copies]
    if not copies:
        raise UsageError("No copy was named to look for.", hint="Add --copy FILE.")
    require_paths(copies, "--copy")
    copies = list(dict.fromkeys(copies))
    return (str(bundles[0]), [], copies) if bundles else (None, paths, copies)


def _is_bundle(path: Path) -> bool:
    from takedown_cli.protocol.bundle.file import is_bundle_file

    return str(path) == "-" or is_bundle_file(path)


def _list_of_bundle(name: str, case: str | None) -> _Compared:
    sealed = "The bundle is sealed, so nothing can be compared with it."
    bundle = open_whole(read_bundle(name, case), case, sealed)
    hashes = bundle.hash_list()
    return _Compared(AgainstRow(source="bundle", items=len(bundle.items), fingerprints=len(hashes), unusable=0), hashes)


def _list_of_originals(
    originals: list[Path], copies: list[Path], job: HashingJob, *, exact: bool, progress: str | None
) -> _Compared:
    """Return the fingerprints of the originals, hashed as for a bundle.

    A file that is named as a copy, or lies in a folder of copies, is no original, unless it is named as one by itself.
    """
    from takedown_cli.protocol.bundle.document import item_of

    console.say("Reading the originals. Nothing leaves this computer.")
    apart = {path.resolve() for path in copies}
    named = frozenset(path.resolve() for path in originals if path.is_file()) - apart
    files: list[Hashed] = []
    unusable = 0
    for outcome in _hash_files(originals, job.recipe, job.workers, progress):
        whole = outcome.path.resolve()
        if whole not in named and not apart.isdisjoint({whole, *whole.parents}):
            continue
        parts = outcome.parts() if isinstance(outcome, Hashed) else ()
        usable = [part for part in parts if item_of(part, "unsure", exact=exact) is not None]
        files += usable
        unusable += not usable
    hashes = HashList.of_files(files, exact=exact)
    against = AgainstRow(source="originals", items=len(files), fingerprints=len(hashes), unusable=unusable)
    return _Compared(against, hashes, tuple(file.path for file in files), named)


def _report_copy(
    number: int, outcome: Outcome, verdict: Verdict | None, originals: tuple[Path, ...], *, show_paths: bool
) -> CopyRow:
    nearest = None if verdict is None else verdict.nearest
    reason, detail = explain_reason(outcome) or (ABSENT, ABSENT)
    return CopyRow.copied_from(
        verdict,
        number=number,
        path=shown_path(outcome.path) if show_paths else ABSENT,
        media=media_of(outcome),
        distance=None if nearest is None else nearest.distance,
        match=None if nearest is None else _report_match(nearest, originals if show_paths else ()),
        readings=[] if verdict is None else _report_readings(verdict),
        **({} if verdict is not None and verdict.frames else {"frames": ABSENT, "frames_caught": ABSENT}),
        reason=reason,
        detail=detail,
    )


def _report_match(match: Match, originals: tuple[Path, ...]) -> MatchRow:
    item, media = match.listed.item, str(match.listed.media)
    path = shown_path(originals[item - 1]) if originals else ABSENT
    return MatchRow.copied_from(match.listed.fingerprint, item=item, media=media, path=path)


def _report_readings(verdict: Verdict) -> list[ReadingRow]:
    rows = []
    if verdict.exact is not None and verdict.exact.reading.kind in EXACT:
        rows.append(ReadingRow(kind=verdict.exact.reading.kind, method="equal", caught=True, distance=0))
    for method, match in verdict.readings.items():
        caught, distance = (False, None) if match is None else (match.caught, match.distance)
        reading = None if match is None else match.reading
        rows.append(ReadingRow.copied_from(reading, kind="pdq", method=method, caught=caught, distance=distance))
    return rows


def _hash_files(paths: list[Path], recipe: Recipe, workers: int | None, progress: str | None) -> Iterator[Outcome]:
    from takedown_cli.cli.options.progress import chosen_progress

    with chosen_progress(progress) as shown, hash_paths(paths, recipe, workers=workers) as outcomes:
        shown.count.watch_run(outcomes)
        shown.count_in_advance(paths, recipe.limits)
        for outcome in outcomes:
            shown.advance(outcome)
            yield outcome
