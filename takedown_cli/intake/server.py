"""Serving: the intake behind uvicorn, in the foreground or, for demonstrations, in a thread.

It guarantees that a stop signal lets requests that have begun end, and that nobody's address is written anywhere.
It must never listen on anything but the address it was told.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import uvicorn

from takedown_cli.clock import SYSTEM, Clock
from takedown_cli.errors import ConfigError
from takedown_cli.intake.admission import Identity
from takedown_cli.intake.app import make_app
from takedown_cli.intake.openers import InProcesses, Openers
from takedown_cli.intake.participants import USUAL, Keys, Lists
from takedown_cli.intake.protocol import CONNECTIONS, PatientProtocol
from takedown_cli.intake.service import Intake, make_intake
from takedown_cli.intake.settings import Home, make_settings

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_START_SECONDS = 20.0
_MOST_OPENERS = 4


@dataclass(frozen=True, slots=True)
class Running:
    """An intake that is being served. ``address`` is what a client is told: the origin with the key to pin."""

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

    def add_participant(self, name: str, lists: Lists = "both", scopes: tuple[str, ...] = USUAL) -> Keys:
        return self.intake.add_participant(name, lists, scopes)


class _Server(uvicorn.Server):
    """uvicorn's server, which ends instead of raising the signal again once it has stopped."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)


def _server(intake: Intake, openers: Openers | None = None) -> _Server:
    return _Server(
        uvicorn.Config(
            make_app(intake, openers),
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            lifespan="on",
            ws="none",
            loop="asyncio",
            http=PatientProtocol,
            backlog=1024,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=20,
            h11_max_incomplete_event_size=16 * 1024,
        )
    )


def allow_connections() -> None:
    """Ask for as many open files as there may be connections; systems often allow far fewer unless asked."""
    if sys.platform != "win32":
        import resource

        wanted = CONNECTIONS + 256
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < most:
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _listen(host: str, port: int) -> socket.socket:
    """Raises ConfigError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends without delay only on sockets that name TCP: each answer would wait 40 ms for an acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except (OSError, OverflowError):
        listening.close()
        raise ConfigError("That address cannot be listened on.", hint="Is it in use? Choose another --port.") from None
    return listening


def _served_origin(configured: str, host: str, port: int) -> str:
    """The origin people use: as configured, except on loopback, where it is wherever the intake really listens."""
    if urlsplit(configured).hostname not in _LOOPBACK:
        return configured
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _open(home: Home, listening: socket.socket, host: str, clock: Clock = SYSTEM) -> Intake:
    origin = _served_origin(home.load().origin, host, listening.getsockname()[1])
    return Intake.open(home, origin, clock)


def serve(
    home: Home, host: str, port: int | None, ready: Callable[[Identity], None], processes: int | None = None
) -> None:
    """Serve until SIGTERM or SIGINT. ``ready`` is called once, when requests are being taken. Raises ConfigError.

    Without a port, the origin's is taken when that is on loopback, otherwise 8470. ``processes`` is the
    number of those that open sealed messages; without it, one for each processor but one, from 1 to 4.
    """
    if port is None:
        origin = urlsplit(home.load().origin)
        port = (origin.port or 80) if origin.hostname in _LOOPBACK else 8470
    with _listen(host, port) as listening:
        intake = _open(home, listening, host)
        allow_connections()
        count = max(1, min(_MOST_OPENERS, (os.cpu_count() or 1) - 1)) if processes is None else processes
        opening = InProcesses(home.path, intake.identity.audience.origin, count) if count else None
        server = _server(intake, opening)
        announcer = threading.Thread(target=_announce, args=(server, intake.identity, ready), daemon=True)
        announcer.start()
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def _announce(server: uvicorn.Server, identity: Identity, ready: Callable[[Identity], None]) -> None:
    while not server.started and not server.should_exit:
        time.sleep(0.01)
    if server.started:
        ready(identity)


@contextmanager
def run_in_thread(directory: Path, *, name: str, test: bool, clock: Clock = SYSTEM) -> Iterator[Running]:
    """See ``takedown_cli.intake.running``."""
    home = Home(directory)
    if not home.exists:
        make_intake(home, make_settings(name, None, test=test))
    with _listen("127.0.0.1", 0) as listening:
        intake = _open(home, listening, "127.0.0.1", clock)
        server = _server(intake)
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
