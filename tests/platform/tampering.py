"""A proxy on loopback that hands on requests, and may change the answers: somebody on the way to the intake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.intake.person import HTTP


@dataclass(frozen=True)
class Answer:
    """What the intake answered, or what somebody makes of it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str) -> Answer:
        return replace(self, headers={**self.headers, name: value})


#: Gets the path that was asked for and the answer; returns what is handed on.
Change = Callable[[str, Answer], Answer]
_KEPT = ("content-type", "content-encoding", "etag", "takedown-signature", "retry-after")


@contextmanager
def tampering(change: Change) -> Iterator[str]:
    """Give the address of the proxy for as long as the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._hand_on(None)

        def do_POST(self) -> None:
            self._hand_on(self.rfile.read(int(self.headers["content-length"])))

        def _hand_on(self, body: bytes | None) -> None:
            kept = {name: self.headers[name] for name in ("authorization", "content-type") if name in self.headers}
            kept["accept-encoding"] = "identity"
            response = HTTP.request(self.command, self.path, content=body, headers=kept)
            headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
            path = self.path.partition("://")[2].partition("/")[2]
            answer = change(f"/{path}", Answer(response.status_code, headers, response.content))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
