"""A small server with the part of HMA's interface that a bank is filled through, as HMA documents it, and its moods.

It keeps what it was asked. Banking the same hash twice makes two entries, and a lookup knows only what was indexed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BANK = "NCII"


@dataclass
class Server:
    """``entries``: number → what was banked; ``indexed``: the numbers a lookup knows."""

    origin: str = ""
    kinds: tuple[str, ...] = ("pdq", "video_md5")
    keeps_notes: bool = True
    matches: bool = True
    indexes: bool = True
    #: The banking requests, counted from 1, that are carried out but never answered.
    unanswered: set[int] = field(default_factory=set)
    #: The banking requests that are answered by this status instead, and not carried out.
    busy: dict[int, int] = field(default_factory=dict)
    redirects: bool = False
    banks: set[str] = field(default_factory=lambda: {BANK})
    entries: dict[int, dict[str, Any]] = field(default_factory=dict)
    indexed: set[int] = field(default_factory=set)
    asked: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    bankings: int = 0
    _number: int = 40

    @property
    def to(self) -> str:
        return f"hma+{self.origin}/{BANK}"

    def index(self) -> None:
        self.indexed = set(self.entries)

    def values(self) -> list[str]:
        return sorted(entry["signals"][kind] for entry in self.entries.values() for kind in entry["signals"])

    def add(self, signals: dict[str, str], note: str | None, bank: str = BANK) -> int:
        self._number += 1
        self.entries[self._number] = {
            "id": self._number, "bank": {"name": bank}, "signals": signals, "note": note,
        }  # fmt: skip
        if self.indexes:
            self.index()
        return self._number

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, object] | None:
        """A status and a document; None: the connection is closed without one."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match method, parts.path.strip("/").split("/"):
            case "GET", ["c", "bank", name]:
                return (
                    (200, {"name": name, "matching_enabled_ratio": 1.0})
                    if name in self.banks
                    else (404, {"message": "no"})
                )
            case "GET", ["c", "signal_type"]:
                return 200, [{"name": kind, "enabled_ratio": 1.0} for kind in self.kinds]
            case "GET", ["c", "signal_type", "index"]:
                stale = self.indexed != set(self.entries)
                return 200, {kind: {"index_out_of_date": stale} for kind in self.kinds}
            case "GET", ["m", "raw_lookup"] if self.matches:
                found = [n for n in self.indexed if self._has(n, query["signal_type"], query["signal"])]
                return 200, {"matches": found}
            case "POST", ["c", "bank", _, "signal"]:
                return self._bank(json.loads(body))
            case "GET", ["c", "bank", bank, "content", number] if bank in self.banks and int(number) in self.entries:
                return 200, self.entries[int(number)]
            case "DELETE", ["c", "bank", _, "content", number]:
                return 200, {"deleted": int(self.entries.pop(int(number), None) is not None)}
        return 404, {"message": "not found"}

    def _has(self, number: int, kind: str, value: str) -> bool:
        return number in self.entries and self.entries[number]["signals"].get(kind) == value

    def _bank(self, document: dict[str, str]) -> tuple[int, object] | None:
        self.bankings += 1
        if self.bankings in self.busy:
            return self.busy[self.bankings], {"message": "busy"}
        note = document.pop("note", None) if self.keeps_notes else None
        if unknown := set(document) - set(self.kinds):
            return 400, {"message": f"No such signal type {min(unknown)}"}
        number = self.add(document, note)
        return None if self.bankings in self.unanswered else (200, {"id": number, "signals": document})


@contextmanager
def serving() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _go(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            state.asked.append((self.command, self.path, body, dict(self.headers.items())))
            answer = (302, {}) if state.redirects else state.answer(self.command, self.path, body)
            if answer is None:
                self.close_connection = True
                return
            data = json.dumps(answer[1]).encode()
            self.send_response(answer[0])
            if answer[0] == 302:
                self.send_header("Location", "http://127.0.0.1:9/")
            if answer[0] == 503:
                self.send_header("Retry-After", "0")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_DELETE = _go  # noqa: N815 - the names of the library

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        state.origin = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield state
        server.shutdown()
