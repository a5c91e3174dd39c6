"""A small server between a platform's review software and the intake: callbacks in, verdicts out.

What is taken in is on the disk before it is acknowledged. A thread hands it on, and tries again while the intake or the
HMA server is away.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from takedown_cli.core.errors import TakedownError, UnreachableError
from takedown_cli.intake.http.hardening import HardenedApp
from takedown_cli.intake.http.metrics import Metrics
from takedown_cli.intake.http.request_bodies import OpenRequests, RequestBodies
from takedown_cli.intake.http.server import make_server, open_socket
from takedown_cli.intake.runtime.events import log_event, log_failure, log_warning
from takedown_cli.platform.feedback.callbacks import (
    MAX_BODY,
    TIMESTAMP_HEADER,
    TOLERANCE,
    Decision,
    Unreadable,
    Unsigned,
    Word,
    read_coop,
    read_webhook,
)
from takedown_cli.platform.feedback.relay_queue import RelayQueue
from takedown_cli.platform.feedback.verdict_queue import VerdictQueue
from takedown_cli.platform.home import Home
from takedown_cli.protocol.feed import Verdict

if TYPE_CHECKING:
    from takedown_cli.client.hma import BankClient
    from takedown_cli.platform.feed_reader import FeedReader

#: A bank (None: the usual one) and the number of an entry in it.
Entry = tuple[str | None, int | None]
#: Seconds until what could not be handed on is tried again, and between looks while nothing comes.
_AGAIN: Final = 30.0
_IDLE: Final = 300.0
#: Seconds that it may take to finish what is being sent when the relay stops. It is on the disk anyway.
_LAST_WORDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Senders:
    """The senders that the relay accepts: Coop by its key, with a verdict for each action; a webhook by its secret.

    ``entries``: a message may name an entry of an HMA bank, for there is a server to look it up.
    """

    coop_key: RSAPublicKey | None = None
    coop_actions: Mapping[str, Word] = field(default_factory=dict)
    webhook_secret: bytes | None = field(default=None, repr=False)
    entries: bool = False


class Forwarder:
    """Hands on what is in the relay's file: finds the records of bank entries, queues the verdicts, sends them.

    ``open_reader`` connects to the intake, and ``open_bank`` to a bank of the HMA server (None: its usual one).
    """

    def __init__(
        self,
        home: Home,
        open_reader: Callable[[], AbstractContextManager[FeedReader]],
        open_bank: Callable[[str | None], AbstractContextManager[BankClient]] | None = None,
    ) -> None:
        self._home, self._open_reader, self._open_bank = home, open_reader, open_bank
        #: Entries that could not be looked up, and when each was last tried, counted in failures.
        self._failed: dict[Entry, int] = {}
        self._failures = 0
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def wake(self) -> None:
        """Have the thread look now."""
        self._wake.set()

    def start(self) -> None:
        """Start the thread that hands on."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is just doing, or soon."""
        self._stop.set()
        self._wake.set()
        self._thread.join(_LAST_WORDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            pause = _IDLE
            try:
                self.forward()
            except Exception as error:  # any failure: a relay that goes on taking callbacks has to go on sending
                log_failure("relay-waits", error)
                pause = _AGAIN
            self._wake.wait(pause)
            self._wake.clear()

    def forward(self) -> int:
        """Hand on all that can be; return how many verdicts were sent. Raise what the servers' clients raise.

        A decision about an entry that the HMA server does not show, or of a bank that it does not have, waits. It holds
        up nothing else.
        """
        with RelayQueue(self._home.relay_file) as decided, VerdictQueue(self._home.verdicts_file) as verdicts:
            rows = decided.waiting()
            found, fault = self._look_up({_entry(decision) for _, decision in rows if decision.record is None})
            for number, decision in rows:
                records = found.get(_entry(decision)) if decision.record is None else [decision.record]
                if records is not None:
                    verdicts.add([_verdict(record, decision.verdict) for record in records])
                    decided.done(number)
            sent = self._send(verdicts)
        if fault is not None:
            raise fault
        return sent

    def _send(self, verdicts: VerdictQueue) -> int:
        if not len(verdicts):
            return 0
        with self._open_reader() as reader:
            reader.fetch_signing_key()  # the token goes to no server before it has shown the right key
            sent = verdicts.send(reader).verdicts
        log_event("relayed", verdicts=sent)
        return sent

    def _look_up(self, entries: set[Entry]) -> tuple[dict[Entry, list[str]], TakedownError | None]:
        """Return the records of each entry, as far as the HMA server shows them, and what it failed with last.

        An entry that failed is tried after those that did not, so it cannot keep them from being looked up.
        """
        found: dict[Entry, list[str]] = {}
        fault: TakedownError | None = None
        no_bank = False
        for entry in sorted(entries, key=lambda entry: self._failed.get(entry, 0)):
            try:
                records = self._records_of(*entry)
            except TakedownError as error:
                fault = error
                self._failures += 1
                self._failed[entry] = self._failures
                if isinstance(error, UnreachableError):
                    break  # most likely it is away, and each try takes long
            else:
                self._failed.pop(entry, None)
                if records is None:
                    no_bank = True
                else:
                    found[entry] = records
        if no_bank:
            log_warning("relay-no-such-bank")
        return found, fault

    def _records_of(self, bank_name: str | None, content: int | None) -> list[str] | None:
        """Return the records of an entry; None if the HMA server has no bank of that name, for it may get one."""
        keys: list[str] | None = []
        if self._open_bank is not None and content is not None:
            with self._open_bank(bank_name) as bank:
                keys = bank.fetch_record_keys(content)
        if keys is None:
            return None
        records = [key for key in keys if _is_record(key)]
        if not records:
            log_warning("relay-entry-of-no-record")
        return records


def _entry(decision: Decision) -> Entry:
    return decision.bank, decision.content


def _is_record(key: str) -> bool:
    return len(key) == 32 and set(key) <= set("0123456789abcdef")


def _verdict(record: str, word: Word) -> Verdict:
    return Verdict(id=record, verdict=word, tags=[])


def make_app(file: Path, senders: Senders, on_taken: Callable[[], None]) -> ASGIApp:
    """Return the ASGI application. ``on_taken`` is called after each decision that is on the disk in ``file``."""
    open_requests = OpenRequests()
    bodies = RequestBodies(open_requests)

    def take(read: Callable[[], Decision | None], digest: bytes, until: int | None, seen: int) -> Response:
        """Answer a message: 401 and 422 if it is not to be accepted or read, ``seen`` if it came before."""
        try:
            decision = read()
        except Unsigned:
            return Response(status_code=401)
        except Unreadable:
            return Response(status_code=422)
        if decision is None:
            return Response(status_code=204)
        if decision.record is None and not senders.entries:
            return Response(status_code=422)
        with RelayQueue(file) as queue:
            if not queue.take(digest, decision, until):
                return Response(status_code=seen)
        on_taken()
        return Response(status_code=202)

    async def take_coop(request: Request) -> Response:
        key = senders.coop_key
        assert key is not None
        async with bodies.read(request, MAX_BODY) as body:
            read = partial(read_coop, request.headers, body, key, senders.coop_actions)
            # Its messages have no time: one is remembered for good. Coop repeats what it believes to have failed.
            return await to_thread.run_sync(take, read, sha256(b"coop " + body).digest(), None, 200)

    async def take_webhook(request: Request) -> Response:
        secret = senders.webhook_secret
        assert secret is not None
        async with bodies.read(request, MAX_BODY) as body:
            stamp = request.headers.get(TIMESTAMP_HEADER, "")
            read = partial(read_webhook, request.headers, body, secret, time.time())
            digest = sha256(b"webhook " + stamp.encode("utf-8", "replace") + b"." + body).digest()
            return await to_thread.run_sync(take, read, digest, int(time.time()) + 2 * TOLERANCE, 409)

    async def health(_: Request) -> Response:
        return Response(b"ok\n", media_type="text/plain")

    routes = [Route("/healthz", health, methods=["GET"])]
    if senders.coop_key is not None:
        routes.append(Route("/coop", take_coop, methods=["POST"]))
    if senders.webhook_secret is not None:
        routes.append(Route("/webhook", take_webhook, methods=["POST"]))
    router = Router(routes, redirect_slashes=False)
    return HardenedApp(router, Metrics(""), open_requests)


def serve(
    home: Home, host: str, port: int, senders: Senders, forwarder: Forwarder, ready: Callable[[int], None]
) -> None:
    """Serve until SIGTERM or SIGINT. ``ready`` is called with the port before requests are taken. Raise ConfigError."""
    with open_socket(host, port) as listening, RelayQueue(home.relay_file):  # a damaged file stops it now
        server = make_server(make_app(home.relay_file, senders, forwarder.wake))
        forwarder.start()
        try:
            ready(listening.getsockname()[1])
            with contextlib.suppress(KeyboardInterrupt):
                server.run(sockets=[listening])
        finally:
            forwarder.stop()
