"""The two streams: the result goes to stdout, everything else to stderr.

Text from files, servers and names goes through ``sanitise``, so it cannot move the cursor, recolour, reorder or break
a line.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final, Protocol, TextIO

from takedown_cli.core.errors import OutputError
from takedown_cli.locale.language import ENGLISH, Language

#: Categories of Unicode that are shown as escapes: controls (C0, C1, DEL), format characters (bidirectional overrides,
#: zero width, tags), lone surrogates, private use, unassigned, and the separators that break a line.
_ESCAPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: Zero-width joiners and non-joiners before a letter, and after one of a script that is spelt with them: Arabic,
#: Devanagari to Sinhala, Myanmar, Khmer, Mongolian. There they harm nothing. Before a vowel sign one crashed phones.
_SPELLING: Final = re.compile(
    r"(?<=[\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18af])[\u200c\u200d](?=[^\W\d_])"
)
MAX_LENGTH: Final = 200
#: The columns of the widest table on a terminal.
_WIDEST: Final = 200
#: How a line begins that a person copies: a command, or options to add to one.
_TO_COPY: Final = ("  takedown ", "  --")
#: The indentation of a line, with a number or label of up to fifteen characters that stands before two spaces.
_LABEL: Final = re.compile(r" *(?:\S(?:\S| (?! )){0,14}  +)?")


def sanitise(text: str, *, limit: int = MAX_LENGTH) -> str:
    r"""Return outside text with visible escapes (``\x1b``, ``\u202e``, ``\n``), harmless for a terminal."""
    cut = text[:limit]
    if not (cut.isascii() and cut.isprintable()):
        spelling = {found.start() for found in _SPELLING.finditer(cut)}
        cut = "".join(
            c.encode("unicode_escape").decode("ascii")
            if unicodedata.category(c) in _ESCAPED and n not in spelling
            else c
            for n, c in enumerate(cut)
        )
    return cut if len(text) <= limit and len(cut) <= limit else cut[: limit - 1] + "…"


def shown_path(path: str | os.PathLike[str]) -> str:
    """Return a path for a person who asked for paths; bytes that are not UTF-8 appear as escapes."""
    return sanitise(os.fspath(path), limit=1000)


def as_argument(path: str | os.PathLike[str]) -> str:
    """Return a path as it can be typed in a command, harmless for a terminal."""
    shown = shown_path(path)
    if os.name == "nt":
        return f'"{shown}"' if " " in shown else shown
    return shlex.quote(shown)


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # a closed stream
        return False


def is_simple() -> bool:
    """Return whether the terminal, by ``TERM``, only shows text: no colours, and no line that is written again."""
    return os.environ.get("TERM") in {"", "dumb", "unknown"}


def is_closed_pipe(platform: str, error: OSError) -> bool:
    """Return whether writing failed because the program that reads went away; Windows says EINVAL for that."""
    return isinstance(error, BrokenPipeError) or (platform == "win32" and error.errno == errno.EINVAL)


class Shown(Protocol):
    """A result as ``Console.show`` needs it; see ``results.result``."""

    def document(self) -> Mapping[str, object]: ...
    def lines(self) -> Iterable[str]: ...
    def notes(self) -> Iterable[str]: ...


@dataclass
class Console:
    """How this process reads and writes, as its options ask. There is one for the process: ``console``."""

    json: bool = False
    jsonl: bool = False
    quiet: bool = False
    verbose: int = 0
    no_color: bool = False
    no_input: bool = False
    yes: bool = False
    debug: bool = False
    #: The language of the sentences that a person reads. JSON is the same in all of them.
    language: Language = ENGLISH
    #: Whether the one JSON object was written, so that an error afterwards does not add a second.
    answered: bool = False
    #: Whether a server was contacted, so that something may have been sent.
    contacted: bool = False
    #: Wraps everything that is written to the terminal, so that a progress bar can step aside for it.
    interlude: Callable[[], AbstractContextManager[None]] = nullcontext

    # ------------------------------------------------------------------------------------------------ stdout: results

    def show(self, result: Shown) -> None:
        """Show what a command found: one JSON object with ``--json``, else lines.

        Raises BrokenPipeError, OutputError.
        """
        if self.json:
            self.emit(result.document())
        else:
            for line in result.lines():
                self._show_block(line)
        for note in result.notes():
            self.say(note)

    def _show_block(self, text: str) -> None:
        fitted = getattr(text, "fitted", None)  # a table
        if fitted is not None and is_terminal(sys.stdout):
            self.result(fitted(self.width(_WIDEST)))
        else:
            self.paragraphs(text)

    def show_line(self, text: str) -> None:
        """Show a person one line of a result as it comes; with ``--json`` the whole object comes at the end.

        Raises BrokenPipeError, OutputError.
        """
        if not self.json:
            self.paragraphs(text)

    def result(self, text: str = "") -> None:
        """Write one line or block of the result, for people. Raise BrokenPipeError, OutputError."""
        self._write_out(text + "\n")

    def paragraphs(self, text: str) -> None:
        """Write a result in sentences, in the person's language: as it is for a program, wrapped on a terminal."""
        text = self.language.look_up(text)
        self.result(self._wrapped(text) if is_terminal(sys.stdout) else text)

    def emit(self, document: Mapping[str, object]) -> None:
        """Write one JSON object: indented on a terminal, one line elsewhere; ASCII only, so that it is inert."""
        self.answered = True
        indent = 2 if is_terminal(sys.stdout) and not self.jsonl else None
        self._write_out(json.dumps(document, indent=indent, allow_nan=False) + "\n")

    def write(self, data: bytes) -> None:
        """Write raw bytes to stdout, as ``-o -`` and ``--wire`` ask for."""
        self._write_out(data)

    def _write_out(self, data: str | bytes) -> None:
        if sys.stdout is None:
            raise OutputError("There is no standard output to write to.")
        try:
            with self.interlude() if is_terminal(sys.stdout) else nullcontext():
                if isinstance(data, bytes):
                    sys.stdout.flush()
                    sys.stdout.buffer.write(data)
                else:
                    sys.stdout.write(data)
                sys.stdout.flush()
        except OSError as error:
            if is_closed_pipe(sys.platform, error):
                raise BrokenPipeError from None
            raise OutputError("The standard output could not be written.", hint="Is the disk full?") from None

    # ------------------------------------------------------------------------------------- stderr: everything besides

    def say(self, text: str = "") -> None:
        """Write a summary or an explanation; ``--quiet`` drops it."""
        if not self.quiet:
            self.error_line(text)

    def detail(self, text: str) -> None:
        """Write a detail, only with ``--verbose``."""
        if self.verbose:
            self.error_line(text)

    def warn(self, text: str) -> None:
        """Write a warning, also with ``--quiet``."""
        say = self.language.look_up
        self.error_line(f"{self.style(say('Note:'), 'yellow')} {say(text)}")

    def error_line(self, text: str) -> None:
        """Write one paragraph to stderr, in the person's language, wrapped on a terminal.

        A closed stderr does not stop the command.
        """
        if sys.stderr is None:
            return
        text = self.language.look_up(text)
        if is_terminal(sys.stderr):
            text = self._wrapped(text)
        try:
            with self.interlude():
                sys.stderr.write(text + "\n")
                sys.stderr.flush()
        except (OSError, ValueError):
            pass

    def prompt(self, text: str) -> None:
        """Write text without a line end, for a question; shown also with ``--quiet``."""
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            pass

    def _wrapped(self, text: str) -> str:
        """Wrap each line as a paragraph of its own. A command to copy is never broken.

        What follows a number, a mark or a label with two spaces behind it hangs: its next lines begin where it does.
        """
        lines = text.split("\n")
        return "\n".join(line if line.startswith(_TO_COPY) else self._hang(line) for line in lines)

    def _hang(self, line: str) -> str:
        label = _LABEL.match(line)
        return self.wrap(line, hanging=0 if label is None else label.end())

    def wrap(self, text: str, *, hanging: int = 0) -> str:
        """Break a paragraph into lines of at most ``width()``, the later ones indented; words are never cut."""
        return textwrap.fill(
            text[hanging:],
            self.width(),
            initial_indent=text[:hanging],
            subsequent_indent=" " * hanging,
            break_long_words=False,
            break_on_hyphens=False,
        )

    # ------------------------------------------------------------------------------------------------------- manners

    def width(self, widest: int = 80) -> int:
        """Return the columns to use: the terminal's, from 40 to ``widest``. Sentences over 80 are hard to read."""
        return max(40, min(widest, shutil.get_terminal_size((80, 24)).columns))

    def colour(self, stream: TextIO | None = None) -> bool:
        """Return whether to colour, by ``--no-color``, ``NO_COLOR``, ``FORCE_COLOR`` and the terminal."""
        if self.no_color or os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
            return True
        return is_terminal(stream if stream is not None else sys.stderr) and not is_simple()

    def style(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """Return ``text`` in ``bold``, ``red``, ``yellow`` or ``green``; colour never carries the meaning alone."""
        codes = {"bold": "1", "red": "31", "yellow": "33", "green": "32"}
        return f"\x1b[{codes[style]}m{text}\x1b[0m" if self.colour(stream) else text


#: The console of this process.
console: Final = Console()
