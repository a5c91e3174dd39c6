"""A self-contained HTML page: one style sheet inside, nothing from outside, no script.

It guarantees that the page cannot load or send anything, since its own policy forbids all but that one style sheet.
It must never take text that was not escaped; ``text`` does so.
"""

from __future__ import annotations

import base64
import html
from hashlib import sha256
from typing import Final

_PAGE: Final = """\
<!DOCTYPE html>
<html lang="{language}" dir="{direction}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="{schemes}">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""  # noqa: E501 - a policy is one line


def text(outside: str) -> str:
    """Outside text for a place between tags, or in an attribute in double quotes."""
    return html.escape(outside, quote=True)


def page(
    *, title: str, style: str, body: str, language: str = "en", direction: str = "ltr", schemes: str = "light dark"
) -> bytes:
    """The page in UTF-8. ``body`` is HTML; ``title`` is text; ``schemes`` are the colour schemes that ``style`` has."""
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    return _PAGE.format(
        language=text(language), direction=direction, digest=digest, schemes=schemes, title=text(title), style=style,
        body=body,
    ).encode()  # fmt: skip
