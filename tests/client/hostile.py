"""A real HTTP server on loopback that answers as a test wants: an intake gone bad, a proxy's error page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from takedown_cli.protocol.addresses import IntakeAddress

#: Given method, path and body: status, headers and body of the answer.
Behaviour = Callable[[str, str, bytes], tuple[int, dict[str, str], bytes]]


class Server(ThreadingHTTPServer):
    behaviour: Behaviour
    seen: list[tuple[str, str, dict[str, str], bytes]]


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.server.seen.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
        status, headers, content = self.server.behaviour(self.command, self.path, body)
        self.send_response(status)
        for name, value in {"content-length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815 - the names the library calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's word
        pass


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[tuple[IntakeAddress, Server]]:
    server = Server(("127.0.0.1", 0), _Handler)
    server.behaviour, server.seen = behaviour, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield IntakeAddress.parse(f"http://127.0.0.1:{server.server_port}"), server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
