"""The address of the kept intake, which is on no machine: a proxy on loopback that leads there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

from tests.client.hostile import serving
from tests.waiting import PATIENCE

#: Every case, bundle and ledger that is kept names this origin; it is reached through ``leading_to`` alone.
ORIGIN = f"http://{'takedowncompatibility' * 2}abcdefghijklmn.onion"


@contextmanager
def leading_to(port: str, *, busy: bool = False) -> Iterator[str]:
    """A proxy through which every origin is the server on that port; gives its address for ``--proxy``.

    A busy one lets through what is asked, and nothing that is sent.
    """

    def forward(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        if busy and method == "POST":
            return 503, {}, b""
        place = urlsplit(path)
        connection = HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE)
        target = place.path + (f"?{place.query}" if place.query else "")
        connection.request(method, target, body or None, {"content-type": "application/octet-stream"})
        answer = connection.getresponse()
        content = answer.read()
        kept = {"retry-after": value} if (value := answer.headers["retry-after"]) else {}
        connection.close()
        return answer.status, kept, content

    with serving(forward) as (proxy, _):
        yield proxy.origin
