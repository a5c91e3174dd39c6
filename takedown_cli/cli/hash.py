"""``takedown hash``: walk, decode, fingerprint, and, with ``-o``, write a signed bundle; never a network.

It guarantees that every file is in the report once, and that no bundle is left whose case number was not shown.
It must never print a file name or a hash unless the person asked for the report.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli import output
from takedown_cli.cli.ask import case_number
from takedown_cli.cli.console import console
from takedown_cli.cli.eligibility import ELIGIBILITY, declare, roots_of
from takedown_cli.cli.executor import EXECUTOR, chosen_hasher
from takedown_cli.cli.number import tell_number
from takedown_cli.cli.options import CaseSource, Force, Progress, ShowPaths, application, carries
from takedown_cli.cli.recipe import LIMITS, RECIPE, chosen_work
from takedown_cli.cli.resume import resuming
from takedown_cli.errors import NothingToDoError, UsageError

if TYPE_CHECKING:
    from takedown_cli.case import CaseNumber
    from takedown_cli.cli.resume import Resumed
    from takedown_cli.cli.run import Run
    from takedown_cli.pool import Opener

app = application()

_HELP: Final = """
Fingerprint pictures and videos; nothing is sent.

\b
takedown hash photos/ -o case.tdb        a bundle; asks two questions
takedown hash photos/ --json             every fingerprint, no bundle
takedown hash photos/ -o case.tdb --age adult --for self
find . -name '*.jpg' -print0 | takedown hash --files-from - --null --jsonl

The bundle holds fingerprints and what you declare, no picture and no file
name. Its case number is shown once: it is the only key to the case.
"""
_EPILOG: Final = """
Exit codes: 0 all of it; 3 some files were passed over, not readable or too
poor to protect; 4 nothing to protect; 2 usage; 130 interrupted.
"""
_VOID: Final = "The bundle could not be put in its place, so no case has the number that was shown: forget that number."
_RESULT_IS_THE_BUNDLE: Final = "With -o - the bundle itself goes to stdout, so there is no place for a report."

Paths = Annotated[list[Path] | None, typer.Argument(metavar="PATH", help="Files and folders.")]
Output = Annotated[str | None, typer.Option("--output", "-o", metavar="BUNDLE", help="Make a bundle; '-' for stdout.")]
Jsonl = Annotated[bool, typer.Option("--jsonl", help="One JSON object per file as it is done, then a summary.")]
FilesFrom = Annotated[
    str | None, typer.Option("--files-from", metavar="FILE|-", help="Read names from a file or stdin, one a line.")
]
Null = Annotated[bool, typer.Option("--null", "-0", help="Names end in NUL, as from find -print0.")]
Card = Annotated[
    Path | None,
    typer.Option("--intake-card", metavar="FILE", help="The intake's card: seals the bundle so only it can read it."),
]
Address = Annotated[str | None, typer.Option("--intake", metavar="URL#KEY", help="The intake the card must be from.")]
Exact = Annotated[
    bool, typer.Option("--exact", help="Put MD5 and SHA-256 of pictures in the bundle too, even of poor ones.")
]
Test = Annotated[bool, typer.Option("--test", help="Mark the bundle as a test.")]
Resume = Annotated[
    Path | None,
    typer.Option("--resume", metavar="JOURNAL", help="Keep a sealed journal of what is done, and go on from it."),
]
Nonce = Annotated[str | None, typer.Option("--nonce", hidden=True)]  # for byte-equal bundles in tests


@app.command(help=_HELP, epilog=_EPILOG)
@carries(ELIGIBILITY, RECIPE, LIMITS, EXECUTOR)
def hash(  # noqa: A001 - the command's name
    paths: Paths = None,
    output_name: Output = None,
    force: Force = False,
    jsonl: Jsonl = False,
    files_from: FilesFrom = None,
    null: Null = False,
    case: CaseSource = None,
    intake_card: Card = None,
    intake: Address = None,
    exact: Exact = False,
    test: Test = False,
    nonce: Nonce = None,
    resume: Resume = None,
    progress: Progress = None,
    show_paths: ShowPaths = False,
) -> None:
    console.jsonl = jsonl
    given = ELIGIBILITY.get()
    roots = roots_of([*(paths or []), *_names(files_from, null=null, case=case)], given)
    _check_usage(roots, output_name, None if resume is not None else case)
    if output_name not in {None, "-"}:
        output.check(Path(str(output_name)), force=force)
    work = chosen_work()
    here = EXECUTOR.get().address is None
    console.say(f"Looking for pictures and videos.{' Nothing leaves this computer.' if here else ''}")
    # The decoders start while the rest is imported and questions are answered.
    with resuming(resume, case, work.recipe) as resumed, chosen_hasher(work, _recalling(resumed)) as hasher:
        from takedown_cli.cli.run import Bundling, Run

        bundling = None
        if output_name is not None:
            bundling = Bundling(
                declare(given, roots), _number(case, resumed), intake_card, intake, exact=exact, test=test, nonce=nonce,
                opens_case=resumed is not None and resumed.opens_case,
            )  # fmt: skip
        run = Run(roots, work, bundling, own=None if output_name is None else Path(output_name))
        run.go(progress, show_paths=show_paths, hasher=hasher if resumed is None else resumed.journal.around(hasher))
    raise typer.Exit(_finish(run, output_name, force=force))


def _number(case: str | None, resumed: Resumed | None) -> CaseNumber | None:
    if resumed is not None:
        return resumed.number
    return case_number(case) if case is not None else None


def _recalling(resumed: Resumed | None) -> Opener | None:
    """What opens files, unless the journal knows what became of them."""
    from takedown_cli.discover import open_media

    return None if resumed is None else resumed.journal.opener(open_media)


def _check_usage(roots: list[Path], output_name: str | None, case: str | None) -> None:
    if not roots:
        raise UsageError("No file or folder was named.", hint="See 'takedown hash --help'.")
    if output_name == "-" and (console.json or console.jsonl):
        raise UsageError(_RESULT_IS_THE_BUNDLE)
    if console.json and console.jsonl:
        raise UsageError("--json and --jsonl exclude each other.")
    if case is not None and output_name is None:
        raise UsageError("--case adds to a case, so it needs a bundle to make.", hint="Add -o FILE.")


def _names(source: str | None, *, null: bool, case: str | None) -> list[Path]:
    """The names that ``--files-from`` lists, in any bytes. Raises UsageError."""
    if source is None:
        return []
    if source == "-" and case == "-":
        raise UsageError("Standard input cannot give the file names and the case number at once.")
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as stream:
            data = stream.read()
    except (OSError, ValueError, AttributeError):
        raise UsageError("The list of file names cannot be read.") from None
    lines = data.split(b"\0") if null else data.splitlines()
    return [Path(os.fsdecode(line)) for line in lines if line]


def _finish(run: Run, output_name: str | None, *, force: bool) -> int:
    """Write the bundle, show the result; gives the exit code. The number is shown once, and only with its bundle."""
    made = None
    try:
        if output_name is not None:
            made = run.bundle()
    except NothingToDoError as nothing:
        run.explain()
        run.report(None, None)
        console.error_line(f"{console.style('Error:', 'red')} {nothing.sentence} No bundle was made.")
        return nothing.exit_code
    run.explain()
    if made is None or output_name is None:
        run.report(None, None)
        if run.exit_code() == NothingToDoError.exit_code:
            console.error_line(f"{console.style('Error:', 'red')} {NothingToDoError.sentence} {NothingToDoError.hint}")
        elif not (console.json or console.jsonl):
            console.say("No bundle was made: -o FILE makes one. --json shows the fingerprints.")
    elif output_name == "-":
        console.write(made.data)
        tell_number(made.new_number, to_stderr=True)
    else:
        void = None if made.new_number is None else _VOID
        with output.written(Path(output_name), made.data, force=force, void=void):
            if console.json or console.jsonl:
                run.report(output_name, made.new_number)
            else:
                tell_number(made.new_number)
        console.say("The bundle is written. 'takedown inspect' shows what is in it, 'takedown submit' sends it.")
    return run.exit_code()
