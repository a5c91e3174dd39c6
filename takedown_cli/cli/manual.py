r"""The manual page ``takedown(1)``, in roff, made from the help of every command.

It guarantees that the page says what ``--help`` says, word for word, in ASCII.
It must never interpret what it sets: a line is text.
Source: man(7), groff 1.23.
"""

from __future__ import annotations

from collections.abc import Mapping

_HEAD = """\
.TH TAKEDOWN 1 "" "takedown" "User Commands"
.SH NAME
takedown \\- hash intimate pictures on your own device, so that platforms can remove the copies
"""


def page(pages: Mapping[str, str]) -> str:
    """The manual page; ``pages`` has the help of each command by its full name, ``takedown`` itself first."""
    parts = [_HEAD]
    for number, (name, text) in enumerate(pages.items()):
        title = "SYNOPSIS" if number == 0 else name.upper()
        parts.append(f'.SH "{title}"\n.nf\n{_text(text)}\n.fi\n')
    return "".join(parts)


def _text(text: str) -> str:
    """Lines as they are: a dash is a minus sign, so that it can be copied, and no line starts a request."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    escaped = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in escaped)
    return "\n".join(f"\\&{line}" if line.startswith(".") else line for line in escaped.splitlines())
