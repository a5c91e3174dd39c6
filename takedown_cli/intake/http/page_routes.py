"""The routes of the pages: the one at ``/``, and the page for callers, its files and its signed digest."""

from __future__ import annotations

from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from takedown_cli.intake.http.front_page import HEADERS, front_page
from takedown_cli.intake.page import PAGE, page_digest, page_files
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import Intake
from takedown_cli.protocol.wire import PageDigest

PATHS: Final = (PAGE, f"{PAGE}/page.js", f"{PAGE}/page.css", f"{PAGE}/{{language}}.json")
#: Only the page's own files run, each as its digest in the page says; it speaks to this intake alone, no other page may
#: frame or open it, and no text can become markup or script (Trusted Types). ``data:`` is for an empty icon.
#: The browser looks up no name of a helpline before its link is pressed.
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-dns-prefetch-control": "off",
}
_NOT_BUILT: Final = b"""<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>No page here</title>
<h1>This intake has no page for cases</h1>
<p>Please contact the helpline that gave you this address, or use the program takedown.</p>
<p>For the operator: the page is in every released wheel. In a source tree, run <code>make web</code>, which needs
Node.js 20 or later, and start the intake again.</p>
</html>
"""


def make_routes(intake: Intake) -> list[BaseRoute]:
    return [
        Route("/", partial(_serve_front_page, intake), methods=["GET"]),
        *(Route(path, _serve_file, methods=["GET"]) for path in PATHS),
        Route("/v1/page", partial(_serve_digest, intake), methods=["GET"]),
    ]


async def _serve_front_page(intake: Intake, _: Request) -> Response:
    page = front_page(intake.identity, intake.settings.name, page_for_callers=page_digest() is not None)
    return Response(page, 200, HEADERS, "text/html; charset=utf-8")


async def _serve_file(request: Request) -> Response:
    file = page_files().get(request.url.path)
    if file is None:
        return Response(_NOT_BUILT, 404, _HEADERS, "text/html; charset=utf-8")
    compressed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {**_HEADERS, "vary": "accept-encoding"} | ({"content-encoding": "gzip"} if compressed else {})
    return Response(file.compressed if compressed else file.body, 200, headers, file.media_type)


async def _serve_digest(intake: Intake, _: Request) -> Response:
    digest = page_digest()
    if digest is None:
        raise Refused("no-such-case")
    return Response(intake.sign(PageDigest(page=digest)), media_type="application/json")
