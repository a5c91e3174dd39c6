"""Serve the intake with uvicorn, in the foreground or, for demonstrations and tests, in a thread.

A stop signal lets requests that have begun finish. No address of a client is written anywhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import uvicorn
from starlette.types import ASGIApp

from takedown_cli.core.clock import SYSTEM, Clock
from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.cases.participants import DEFAULT_SCOPES, Keys, Lists
from takedown_cli.intake.http.app import make_app
from takedown_cli.intake.http.connection_limits import MAX_CONNECTIONS, LimitedProtocol
from takedown_cli.intake.messages.admission import Identity
from takedown_cli.intake.messages.unsealers import ProcessUnsealers
from takedown_cli.intake.operations.serving_lock import hold_folder
from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, make_settings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_START_SECONDS = 20.0
_MAX_UNSEALERS = 4
#: Why an address cannot be listened on, and what to do, by the system's error.
_REASONS: Final[dict[int | None, tuple[str, str]]] = {
    errno.EADDRINUSE: ("another program does", "Stop that program, or choose another --port."),
    errno.EACCES: ("this account may not", "Choose a port above 1023, and put a proxy in front."),
    errno.EADDRNOTAVAIL: ("this computer has no such address", "Choose another --host, such as 127.0.0.1."),
}


@dataclass(frozen=True, slots=True)
class Running:
    """An intake that is being served. ``address`` is what a client needs: the origin with the key to pin."""

    intake: Intake
    home: Home

    @property
    def identity(self) -> Identity:
        return self.intake.identity

    @property
    def origin(self) -> str:
        return self.identity.audience.origin

    @property
    def address(self) -> str:
        return str(self.identity)

    @property
    def card(self) -> bytes:
        """The signed card, as ``GET /v1/keys`` gives it."""
        return self.identity.card

    def add_participant(self, name: str, lists: Lists = "both", scopes: tuple[str, ...] = DEFAULT_SCOPES) -> Keys:
        return self.intake.add_participant(name, lists, scopes)


class Server(uvicorn.Server):
    """uvicorn's server, which ends instead of raising the signal again once it has stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(app: ASGIApp) -> Server:
    """Return a server of an application, with the intake's limits on connections, and without a log of its own."""
    return Server(
        uvicorn.Config(
            app,
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            lifespan="on",
            ws="none",
            loop="asyncio",
            http=LimitedProtocol,
            backlog=1024,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=20,
            h11_max_incomplete_event_size=16 * 1024,
        )
    )


def raise_file_limit() -> None:
    """Ask the system for as many open files as there may be connections. Most allow far fewer by default."""
    if sys.platform != "win32":
        import resource

        wanted = MAX_CONNECTIONS + 256
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def open_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raise ConfigError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only on sockets that name TCP: each answer would wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows another program could share the address, and take over connections, unless it is exclusive.
        sharing = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        listening.setsockopt(socket.SOL_SOCKET, sharing, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except (OSError, OverflowError) as error:
        listening.close()
        why, hint = _REASONS.get(getattr(error, "errno", None), ("it cannot be used", "Check --host and --port."))
        raise ConfigError(f"The intake cannot listen on {host}, port {port}: {why}.", hint=hint) from None
    return listening


def _served_origin(configured: str, host: str, port: int) -> str:
    """Return the origin that people use: as configured or, on loopback, where the intake really listens."""
    if urlsplit(configured).hostname not in _LOOPBACK:
        return configured
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _open_intake(home: Home, listening: socket.socket, host: str, clock: Clock = SYSTEM) -> Intake:
    origin = _served_origin(home.load().origin, host, listening.getsockname()[1])
    return Intake.open(home, origin, clock)


def _hold_folder(home: Home, listening: socket.socket, host: str) -> AbstractContextManager[None]:
    """Keep other servers from the folder. Several may share one that names a PostgreSQL database."""
    alone = home.database_url(home.load()).startswith("sqlite")
    return hold_folder(home, host, listening.getsockname()[1], alone=alone)


def serve(
    home: Home, host: str, port: int | None, ready: Callable[[Identity, int], None], processes: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT. ``ready`` is called once, with the port, when the intake takes requests.

    The default port is the origin's if that is on loopback, otherwise 8470. ``processes`` is the number of processes
    that open sealed messages: the last one opens the large ones. The default is the number of processors, from 2 to 5.

    Raise ConfigError.
    """
    if port is None:
        origin = urlsplit(home.load().origin)
        port = (origin.port or 80) if origin.hostname in _LOOPBACK else 8470
    with open_socket(host, port) as listening, _hold_folder(home, listening, host):
        intake = _open_intake(home, listening, host)
        raise_file_limit()
        small = max(1, min(_MAX_UNSEALERS, (os.cpu_count() or 1) - 1))
        count = small + 1 if processes is None else processes
        opening = ProcessUnsealers(home.path, intake.identity.audience.origin, count) if count else None
        server = make_server(make_app(intake, opening))
        announce = partial(ready, intake.identity, listening.getsockname()[1])
        announcer = threading.Thread(target=_announce_when_started, args=(server, announce), daemon=True)
        announcer.start()
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def _announce_when_started(server: uvicorn.Server, announce: Callable[[], None]) -> None:
    while not server.started and not server.should_exit:
        time.sleep(0.01)
    if server.started:
        announce()


@contextmanager
def run_in_thread(directory: Path, *, name: str, test: bool, clock: Clock = SYSTEM) -> Iterator[Running]:
    """See ``takedown_cli.intake.running``."""
    home = Home(directory)
    if not home.exists:
        make_intake(home, make_settings(name, None, test=test))
    with open_socket("127.0.0.1", 0) as listening, _hold_folder(home, listening, "127.0.0.1"):
        intake = _open_intake(home, listening, "127.0.0.1", clock)
        server = make_server(make_app(intake))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="intake", daemon=True)
        thread.start()
        try:
            deadline = time.monotonic() + _START_SECONDS
            while not server.started:
                if not thread.is_alive() or time.monotonic() > deadline:
                    raise ConfigError("The intake did not start.", hint="Try again.")
                time.sleep(0.005)
            yield Running(intake, home)
        finally:
            server.should_exit = True
            thread.join()
