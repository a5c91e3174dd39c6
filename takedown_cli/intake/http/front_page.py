"""The page at ``/``: what this server is, for somebody who opened its address in a browser. It runs nothing."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape
from typing import Final

from takedown_cli.intake.messages.admission import Identity
from takedown_cli.intake.page import PAGE

_STYLE: Final = (
    ":root{color-scheme:light dark}"
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:40rem;margin:0 auto;padding:1rem}"
    "a{color:inherit}"  # a browser's own colour of links has too little contrast on its dark background
    "code{overflow-wrap:anywhere}"
    ".help{border:2px solid;padding:0 1rem}"
)
#: Nothing is loaded, run, sent or framed; the one style is the one above.
HEADERS: Final = {
    "content-security-policy": "default-src 'none'; "
    f"style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_TEST: Final = "<p><strong>This intake is for practice.</strong> It accepts only tests, and protects nobody.</p>\n"
_CASES: Final = f"""<h2>You have a case number</h2>
<p><a href="{PAGE}">See what happened to your case, or withdraw it</a>.</p>
"""


def front_page(identity: Identity, name: str, *, page_for_callers: bool) -> bytes:
    """Return the page of the intake of this name, in HTML. It links to the page for callers if there is one."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(name)}: an intake of takedown</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(name)}</h1>
<p>This is an intake of takedown.
takedown hashes intimate pictures and videos <strong>on your own device</strong>, so that platforms can find and remove
the copies. Only fingerprints leave, signed and sealed: no picture, no file name, nothing about you.</p>
{_TEST if identity.test else ""}<div class="help">
<h2>If you need help now</h2>
<p>Go here first. It is free and anonymous, and you need no program:</p>
<ul>
<li>picture taken when under 18: <a href="https://takeitdown.ncmec.org">takeitdown.ncmec.org</a></li>
<li>picture taken at 18 or over: <a href="https://stopncii.org">stopncii.org</a></li>
<li>to talk to somebody: a helpline in your country</li>
</ul>
</div>
{_CASES if page_for_callers else ""}<h2>You have the program takedown</h2>
<p>This is the address of this intake:</p>
<p><code>{escape(str(identity))}</code></p>
<p>Compare it with the one that the helpline gave you. Nothing can be uploaded on this page.</p>
</main>
</body>
</html>
""".encode()
