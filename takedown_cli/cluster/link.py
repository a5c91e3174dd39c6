"""The coordinator's line to a dask.distributed scheduler: which workers there are, orders to one of them, answers.

It guarantees that an order goes to the worker it is meant for and to no other, under a name that says nothing.
It must never unpack an answer as an object, nor let dask log, retry or place anything by itself.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from distributed import Client
from distributed.security import Security

from takedown_cli.address import is_loopback
from takedown_cli.cluster import remote
from takedown_cli.cluster.endpoint import Endpoint
from takedown_cli.cluster.parcel import Line
from takedown_cli.errors import ConfigError, UnreachableError
from takedown_cli.pool.interpreter import Settings

_CONNECT_SECONDS: Final = 20
_GATHER_SECONDS: Final = 60
_UNREACHABLE: Final = "The cluster's scheduler cannot be reached."
_HINT: Final = "Is it running, at this address, under the same authority? Then run the command again."


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """An order on its way: to which worker, and what dask knows it by."""

    worker: str
    future: Any


class Link:
    """An open connection. Raises UnreachableError, ConfigError for certificates that cannot be used."""

    def __init__(self, endpoint: Endpoint) -> None:
        _silence()
        self._done: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other versions elsewhere; remote.look compares what matters
                self._client: Any = _open(
                    endpoint.url,
                    timeout=_CONNECT_SECONDS,
                    security=_security(endpoint),
                    set_as_default=False,
                    direct_to_workers=False,
                    deserializers=["dask", "msgpack"],
                )
        except ValueError:
            raise ConfigError("The certificates of the cluster cannot be used.") from None
        except (OSError, RuntimeError, TypeError):
            raise UnreachableError(_UNREACHABLE, hint=_HINT) from None
        self._secure = endpoint.certificates is not None

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)

    def workers(self) -> frozenset[str]:
        """The addresses of the workers that are there now, of those that may be used. Raises UnreachableError."""
        try:
            told = self._client.scheduler_info(n_workers=-1)
            running = {str(a) for a, info in told["workers"].items() if info.get("status") == "running"}
        except Exception:
            raise UnreachableError(_UNREACHABLE, hint=_HINT) from None
        return frozenset(address for address in running if self._is_safe(address))

    def _is_safe(self, address: str) -> bool:
        """Whether what the scheduler passes on to this worker stays unread: over TLS, or on this computer."""
        parts = urlsplit(address)
        return parts.scheme == "tls" or (not self._secure and is_loopback(parts.hostname or ""))

    def scheduler_pages(self) -> object:
        """What ``remote.scheduler_pages`` says there. Raises UnreachableError."""
        try:
            return self._client.run_on_scheduler(remote.scheduler_pages)
        except Exception:
            raise UnreachableError(_UNREACHABLE, hint=_HINT) from None

    def look(self, worker: str) -> Ticket:
        """Ask a worker how it is set up."""
        return self._send(worker, remote.look)

    def order(self, worker: str, settings: Settings, lines: tuple[Line, ...]) -> Ticket:
        """Have a worker hash these files."""
        return self._send(worker, remote.hash_files, settings, lines)

    def _send(self, worker: str, task: Callable[..., bytes], *arguments: object) -> Ticket:
        try:
            future = self._client.submit(
                task, *arguments, key=f"takedown-{uuid4().hex}", workers=[worker], allow_other_workers=False,
                pure=False, retries=0,
            )  # fmt: skip
        except Exception:
            raise UnreachableError(_UNREACHABLE, hint=_HINT) from None
        ticket = Ticket(worker, future)
        future.add_done_callback(lambda _: self._done.put(ticket))
        return ticket

    def finished(self, seconds: float) -> Ticket | None:
        """An order that has ended in one way or the other, or None after so many seconds."""
        try:
            return self._done.get(timeout=seconds)
        except queue.Empty:
            return None

    def answer(self, ticket: Ticket) -> object:
        """What the worker answered; None when it did not."""
        try:
            return ticket.future.result(timeout=_GATHER_SECONDS) if ticket.future.status == "finished" else None
        except Exception:
            return None
        finally:
            ticket.future.release()

    def failed(self, ticket: Ticket) -> bool:
        """Whether the worker tried, and could not: where takedown is not installed, nothing of it runs."""
        return bool(ticket.future.status == "error")

    def forget(self, ticket: Ticket) -> None:
        """Nobody waits for this order any more."""
        with contextlib.suppress(Exception):
            ticket.future.cancel()


#: dask.distributed is not annotated.
_open: Final[Any] = Client
_secured: Final[Any] = Security


def _security(endpoint: Endpoint) -> object:
    files = endpoint.certificates
    if files is None:
        return _secured(require_encryption=False)
    return _secured(
        require_encryption=True,
        tls_ca_file=str(files.authority),
        tls_client_cert=str(files.certificate),
        tls_client_key=str(files.key),
    )


def _silence() -> None:
    """Only the command line speaks: dask puts handlers to stderr on its loggers when it is imported."""
    for name in ("distributed", "distributed.client", "distributed.gc", "bokeh", "tornado", "tornado.application"):
        logger = logging.getLogger(name)
        logger.handlers = [logging.NullHandler()]
        logger.propagate = False
