"""The two streams: the result goes to stdout, everything else to stderr, and no outside text reaches them raw.

It guarantees that text from files, servers and names cannot move the cursor, recolour, reorder or break a line.
It must never write a file name, a hash or a case number by itself: the command decides what is shown.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import textwrap
import unicodedata
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Final, TextIO

from takedown_cli.errors import OutputError

#: Categories of Unicode that are shown as escapes: controls (C0, C1, DEL), format characters (bidirectional overrides,
#: zero width, tags), lone surrogates, private use, unassigned, and the separators that break a line.
_ESCAPED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MAX_LENGTH: Final = 200


def sanitise(text: str, *, limit: int = MAX_LENGTH) -> str:
    r"""Outside text made harmless for a terminal: visible escapes (``\x1b``, ``\u202e``, ``\n``), cut to ``limit``."""
    cut = text[:limit]
    if not (cut.isascii() and cut.isprintable()):
        cut = "".join(_escape(c) if unicodedata.category(c) in _ESCAPED else c for c in cut)
    return cut if len(text) <= limit and len(cut) <= limit else cut[: limit - 1] + "…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def shown_path(path: str | os.PathLike[str]) -> str:
    """A path for the eyes of whoever asked for paths; bytes that are no UTF-8 appear as escapes."""
    return sanitise(os.fspath(path), limit=1000)


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # a closed stream
        return False


@dataclass
class Console:
    """What the person asked of this process about reading and writing; one per process, see ``console``."""

    json: bool = False
    jsonl: bool = False
    quiet: bool = False
    verbose: int = 0
    no_color: bool = False
    no_input: bool = False
    yes: bool = False
    debug: bool = False
    #: Whether the one JSON object is out, so that an error afterwards does not add a second.
    answered: bool = False
    #: Around whatever is written to the terminal: a progress bar steps aside for it.
    interlude: Callable[[], AbstractContextManager[None]] = nullcontext

    # ------------------------------------------------------------------------------------------------ stdout: results

    def result(self, text: str = "") -> None:
        """One line or block of the result, for people. Raises BrokenPipeError, OutputError."""
        self._write_out(text + "\n")

    def paragraphs(self, text: str) -> None:
        """A result in sentences: as it is for a program, and wrapped like all else on a terminal."""
        self.result(self._wrapped(text) if is_terminal(sys.stdout) else text)

    def emit(self, document: Mapping[str, object]) -> None:
        """The result as one JSON object: indented on a terminal, one line elsewhere, ASCII only so that it is inert."""
        self.answered = True
        indent = 2 if is_terminal(sys.stdout) and not self.jsonl else None
        self._write_out(json.dumps(document, indent=indent, allow_nan=False) + "\n")

    def write(self, data: bytes) -> None:
        """Raw bytes to stdout, as ``-o -`` and ``--wire`` ask for."""
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
        except BrokenPipeError:
            raise
        except OSError:
            raise OutputError("The standard output could not be written.", hint="Is the disk full?") from None

    # ------------------------------------------------------------------------------------- stderr: everything besides

    def say(self, text: str = "") -> None:
        """A summary or an explanation; ``--quiet`` drops it."""
        if not self.quiet:
            self.error_line(text)

    def detail(self, text: str) -> None:
        """Something only ``--verbose`` wants."""
        if self.verbose:
            self.error_line(text)

    def warn(self, text: str) -> None:
        """A warning, shown even with ``--quiet``."""
        self.error_line(f"{self.style('Note:', 'yellow')} {text}")

    def error_line(self, text: str) -> None:
        """One paragraph to stderr, wrapped on a terminal; a closed stderr is no reason to stop."""
        if sys.stderr is None:
            return
        if is_terminal(sys.stderr):
            text = self._wrapped(text)
        try:
            with self.interlude():
                sys.stderr.write(text + "\n")
                sys.stderr.flush()
        except (OSError, ValueError):
            pass

    def prompt(self, text: str) -> None:
        """Text without a line end, for a question; shown even with ``--quiet``."""
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            pass

    def _wrapped(self, text: str) -> str:
        """Each line as a paragraph of its own, which keeps its indentation."""
        return "\n".join(
            self.wrap(line.lstrip(" "), indent=" " * (len(line) - len(line.lstrip(" ")))) for line in text.split("\n")
        )

    def wrap(self, text: str, *, indent: str = "") -> str:
        """A paragraph in lines of at most ``width()``; words are never cut."""
        return textwrap.fill(
            text,
            self.width(),
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )

    # ------------------------------------------------------------------------------------------------------- manners

    def width(self) -> int:
        """Columns to use: the terminal's, at most 80."""
        return max(40, min(80, shutil.get_terminal_size((80, 24)).columns))

    def colour(self, stream: TextIO | None = None) -> bool:
        """Whether to colour: ``--no-color``, ``NO_COLOR``, ``FORCE_COLOR``, then a terminal that is not dumb decide."""
        if self.no_color or os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
            return True
        return is_terminal(stream if stream is not None else sys.stderr) and os.environ.get("TERM") != "dumb"

    def style(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """``text`` in ``bold``, ``red``, ``yellow`` or ``green``; colour never carries the meaning alone."""
        codes = {"bold": "1", "red": "31", "yellow": "33", "green": "32"}
        return f"\x1b[{codes[style]}m{text}\x1b[0m" if self.colour(stream) else text


#: The console of this process.
console: Final = Console()
