r"""The manual page ``takedown(1)`` in roff: the help of every command, exit codes, settings, files and examples.

Source: man(7), groff 1.23.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from docs.tools.command_tree import Command
from docs.tools.pages import EXIT_MEANINGS
from takedown_cli.core import config

_HEAD = """\
.TH TAKEDOWN 1 "" "takedown" "User Commands"
.SH NAME
takedown \\- hash intimate pictures on your own device, so that platforms can remove the copies
"""

#: Variables of the environment that are no settings.
_OTHER_VARIABLES = {
    "NO_COLOR": "When set, nothing is coloured.",
    "FORCE_COLOR": "When set, and not 0, colours are used where there is no terminal, too.",
    "TERM": "With the value dumb there are no colours and no progress bar.",
}

_FILES = {
    "~/.config/takedown/config.toml": "The settings file on Linux (below XDG_CONFIG_HOME where that is set).",
    "~/Library/Application Support/takedown/config.toml": "The settings file on macOS.",
    "%LOCALAPPDATA%\\takedown\\config.toml": "The settings file on Windows.",
    "*.tdb": "A bundle: fingerprints and declarations, signed, and sealed where the intake was known.",
    "*.ledger": "A helpline's caseload, encrypted under the organisation's key.",
}

_EXAMPLES = (
    ("Hash a folder and make a bundle; nothing is sent.", "takedown hash photos/ -o case.tdb"),
    ("Show exactly what the bundle says.", "takedown inspect case.tdb"),
    ("Show what would leave, ask, and send.", "takedown submit case.tdb --intake https://intake.example#KEY"),
    ("Ask what happened to a case; the case number is asked for.", "takedown status -"),
    ("Withdraw a whole case.", "takedown withdraw -"),
)


def manual_page(commands: Mapping[str, Command]) -> str:
    """Return the manual page for the commands by full name, ``takedown`` first."""
    top, *rest = commands.values()
    return "".join(
        (
            _HEAD,
            _section("SYNOPSIS", ".B takedown\nCOMMAND [OPTIONS] [ARGS]...\n"),
            _section("DESCRIPTION", set_as_is(top.help)),
            _section("COMMANDS", "".join(f'.SS "{command.name}"\n{set_as_is(command.help)}' for command in rest)),
            _section("EXIT STATUS", _tagged((str(code), meaning) for code, meaning in EXIT_MEANINGS.items())),
            _section("ENVIRONMENT", _tagged(_variables().items())),
            _section("FILES", _tagged(_FILES.items())),
            _section("EXAMPLES", "".join(f".PP\n{_escape(text)}\n{set_as_is(line)}" for text, line in _EXAMPLES)),
        )
    )


def set_as_is(text: str) -> str:
    """Return lines that are set as they are: no filling, and no line is taken for a request."""
    return f".nf\n{_escape(text)}\n.fi\n"


def _section(title: str, body: str) -> str:
    return f'.SH "{title}"\n{body}'


def _tagged(rows: Iterable[tuple[str, str]]) -> str:
    return "".join(f".TP\n.B {_escape(tag)}\n{_escape(text)}\n" for tag, text in rows)


def _variables() -> dict[str, str]:
    known = {k.variable: f"{k.meaning[0].upper()}{k.meaning[1:]}." for k in config.KNOWN}
    return known | _OTHER_VARIABLES


def _escape(text: str) -> str:
    # A dash becomes a minus sign, so that a command can be copied; a dot at the start of a line would be a request.
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    escaped = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in escaped.splitlines())
