"""``takedown hash``: find pictures and videos, hash them, and with ``-o`` write a signed bundle. Nothing is sent.

No bundle is left whose case number was not shown.
"""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.options.common import CaseSource, Force, ShowPaths, application
from takedown_cli.cli.options.declaration import Person, declare, roots_of
from takedown_cli.cli.options.executor import ExecutorOptions, start_hasher
from takedown_cli.cli.options.intake import read_intake_card
from takedown_cli.cli.options.journal import open_journal
from takedown_cli.cli.options.progress import ProgressMode
from takedown_cli.cli.options.recipe import Job
from takedown_cli.cli.terminal.case_number import show_case_number
from takedown_cli.cli.terminal.console import as_argument, console
from takedown_cli.cli.terminal.prompts import read_case_number
from takedown_cli.core import atomic_file
from takedown_cli.core.errors import NothingToDoError, UsageError
from takedown_cli.core.given_text import SAVE_AS_UTF8, decode_text, is_utf16
from takedown_cli.locale.filled import filled

if TYPE_CHECKING:
    from takedown_cli.cli.commands.hashing_run import HashingRun
    from takedown_cli.protocol.wire import IntakeCard

app = application()

_VOID: Final = "The bundle could not be written. Forget the number that was shown: there is no case with it."
_WRITTEN: Final = (
    "The bundle is written. To see what is in it, and to send it, run:\n"
    "  takedown inspect {name}\n  takedown submit {name}"
)
_RESULT_IS_THE_BUNDLE: Final = "With -o - the bundle goes to stdout, so there is no place for a report."

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
    bool, typer.Option("--exact", help="Put MD5 and SHA-256 of pictures in the bundle too, even where PDQ is poor.")
]
Test = Annotated[bool, typer.Option("--test", help="Mark the bundle as a test.")]
Resume = Annotated[
    Path | None,
    typer.Option("--resume", metavar="JOURNAL", help="Keep a sealed journal of what is done, and continue from it."),
]
Nonce = Annotated[str | None, typer.Option("--nonce", hidden=True)]  # for byte-equal bundles in tests


@app.command(spoken=True)
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
    progress: ProgressMode = None,
    show_paths: ShowPaths = False,
    *,
    person: Person,
    job: Job,
    executor: ExecutorOptions,
) -> None:
    """Fingerprint pictures and videos; nothing is sent.

    \b
    takedown hash photos/ -o case.tdb        a bundle; asks two questions
    takedown hash photos/ --json             every fingerprint, no bundle
    takedown hash photos/ -o case.tdb --age adult --for self
    find . -name '*.jpg' -print0 | takedown hash --files-from - --null --jsonl

    The bundle holds fingerprints and what you declare, no picture and no file
    name. Its case number is shown once: it is the only key to the case.

    Exit codes: 0 all of it; 3 some files were skipped, not readable or too poor
    to protect; 4 nothing to protect; 2 usage; 130 interrupted.
    """
    console.jsonl = jsonl
    # A name in a list may be gone by now, and is then reported as missing. A name that was typed is a mistake.
    roots = [*roots_of(paths or [], person), *_names(files_from, null=null, case=case)]
    _check_usage(roots, output_name, None if resume is not None else case, nonce)
    if output_name not in {None, "-"}:
        atomic_file.check_target(Path(str(output_name)), force=force)
    console.say(
        "Looking for pictures and videos. Nothing leaves this computer." if executor.address is None
        else "Looking for pictures and videos."
    )  # fmt: skip
    card = None if output_name is None else read_intake_card(intake_card, intake)  # a bad one stops before the work
    # The decoders start while the rest is imported and questions are answered.
    with (
        open_journal(resume, case, job.recipe) as resumed,
        start_hasher(executor, job, None if resumed is None else resumed.journal) as hasher,
    ):
        from takedown_cli.cli.commands.hashing_run import BundlePlan, HashingRun

        plan = None
        if output_name is not None:
            declared = declare(person, roots)
            number = resumed.number if resumed is not None else None if case is None else read_case_number(case)
            opens_case = resumed is not None and resumed.journal.fresh_case  # its bundle is the first of a case
            plan = BundlePlan(declared, number, exact=exact, test=test, nonce=nonce, opens_case=opens_case)
        run = HashingRun(roots, job, plan, own=None if output_name is None else Path(output_name))
        run.hash_files(
            progress, show_paths=show_paths, hasher=hasher if resumed is None else resumed.journal.recording(hasher)
        )
    raise typer.Exit(_finish(run, output_name, card, force=force, show_paths=show_paths))


def _check_usage(roots: list[Path], output_name: str | None, case: str | None, nonce: str | None) -> None:
    if not roots:
        raise UsageError("No file or folder was named.", hint="See 'takedown hash --help'.")
    if output_name == "-" and (console.json or console.jsonl):
        raise UsageError(_RESULT_IS_THE_BUNDLE)
    if console.json and console.jsonl:
        raise UsageError("Give either --json or --jsonl, not both.")
    if case is not None and output_name is None:
        raise UsageError("--case adds a bundle to a case, and no bundle was named.", hint="Add -o FILE.")
    if nonce is not None and (len(nonce) != 32 or not set(nonce) <= set("0123456789abcdef")):
        raise UsageError("A nonce is 32 hexadecimal digits in lower case.")


def _names(source: str | None, *, null: bool, case: str | None) -> list[Path]:
    """Return the names that ``--files-from`` lists, in any bytes. Raise UsageError."""
    if source is None:
        return []
    if source == "-" and case == "-":
        raise UsageError("The file names and the case number cannot both come from standard input.")
    try:
        with nullcontext(sys.stdin.buffer) if source == "-" else Path(source).open("rb") as stream:
            data = stream.read()
    except (OSError, ValueError, AttributeError):
        raise UsageError("The list of file names cannot be read.") from None
    return listed_paths(data, null=null, windows=os.name == "nt")


def listed_paths(data: bytes, *, null: bool, windows: bool) -> list[Path]:
    """Return the paths in a list. Raise UsageError where its encoding is not clear.

    Names may be any bytes where the system's are: a name that is not UTF-8 then counts if there is such a file.
    """
    if null and not windows:
        lines = data.split(b"\0")
    else:
        try:
            data = decode_text(data, nul=null).encode("utf-8")
        except UnicodeError:
            if windows or is_utf16(data) or b"\0" in data:
                raise _encoding_error() from None
        lines = data.split(b"\0") if null else data.splitlines()
    paths = [Path(os.fsdecode(line)) for line in lines if line]
    for line, path in zip(filter(None, lines), paths, strict=True):
        if not null and not _is_utf8(line) and not os.path.lexists(path):
            raise _encoding_error()
    return paths


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _encoding_error() -> UsageError:
    return UsageError("The list of file names is not in UTF-8.", hint=SAVE_AS_UTF8)


def _finish(run: HashingRun, output_name: str | None, card: IntakeCard | None, *, force: bool, show_paths: bool) -> int:
    """Write the bundle, show the result, and return the exit code. Show the number once, and only with its bundle."""
    run.say_summary(show_paths=show_paths)
    if output_name is None or not run.items:
        run.emit_report(None, None)
        if output_name is not None:
            _say_nothing_to_do("No bundle was made.")
            return NothingToDoError.exit_code
        if run.exit_code() == NothingToDoError.exit_code:
            _say_nothing_to_do(NothingToDoError.hint)
        elif not (console.json or console.jsonl):
            console.say("No bundle was made. Add -o FILE to make one, or --json to see the fingerprints.")
        return run.exit_code()
    made = run.make_bundle(card)
    if output_name == "-":
        console.write(made.data)
        show_case_number(made.new_number, to_stderr=True)
    else:
        void = None if made.new_number is None else _VOID
        with atomic_file.writing_file(Path(output_name), made.data, force=force, void=void):
            if console.json or console.jsonl:
                run.emit_report(output_name, made.new_number)
            else:
                show_case_number(made.new_number)
        name = as_argument(output_name)
        console.say(filled(_WRITTEN, name=name))
    return run.exit_code()


def _say_nothing_to_do(then: str) -> None:
    say = console.language.look_up
    error = console.style(say("Error:"), "red")
    console.error_line(f"{error} {say(NothingToDoError.sentence)} {say(then)}")
