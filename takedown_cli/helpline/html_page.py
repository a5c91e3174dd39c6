"""A self-contained HTML page: one style sheet inside, nothing from outside, no script. Its own content policy forbids
everything but that style sheet. Templates and style sheets are the files in ``templates``.
"""

from __future__ import annotations

import base64
import html
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template


def text(outside: str) -> str:
    """Return outside text, escaped for a place between tags or in an attribute with double quotes."""
    return html.escape(outside, quote=True)


@cache
def _read_template(name: str) -> str:
    return (files("takedown_cli.helpline") / "templates" / name).read_text("utf-8")


def fill_template(template: str, /, **values: str) -> str:
    """Return the template with every ``$name`` in it replaced. In HTML, text needs ``text`` first."""
    return Template(_read_template(template)).substitute(values)


def page(
    *, title: str, style: str, body: str, language: str = "en", direction: str = "ltr", schemes: str = "light dark"
) -> bytes:
    """The page in UTF-8. ``body`` is HTML, ``title`` is text, ``style`` names a style sheet, and ``schemes`` are the
    colour schemes that it has.
    """
    sheet = _read_template(style)
    digest = base64.b64encode(sha256(f"\n{sheet}".encode()).digest()).decode()  # with the line break after <style>
    return fill_template(
        "page.html", language=text(language), direction=direction, digest=digest, schemes=schemes, title=text(title),
        style=sheet, body=body,
    ).encode()  # fmt: skip
