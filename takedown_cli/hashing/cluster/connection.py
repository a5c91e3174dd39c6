"""The coordinator's connection to a dask.distributed scheduler: the workers, orders to one of them, answers.

An order goes only to its own worker, under a name without meaning. No answer is unpacked as an object. Dask does not
log, retry or place anything by itself.
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

from takedown_cli.core.errors import ConfigError, UnreachableError
from takedown_cli.hashing.cluster import worker_side
from takedown_cli.hashing.cluster.endpoint import Endpoint
from takedown_cli.hashing.cluster.messages import OrderLine
from takedown_cli.hashing.pool.interpreter import Settings
from takedown_cli.protocol.addresses import is_loopback

#: Seconds to wait for the scheduler, also when the connection to it is lost and looked for again.
CONNECT_SECONDS: Final = 20.0
_GATHER_SECONDS: Final = 60
_UNREACHABLE: Final = "The cluster's scheduler cannot be reached."
_HINT: Final = "Check that it runs at this address, with the same certificate authority. Then run the command again."


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """An order on its way: its worker, and its name in dask."""

    worker: str
    future: Any


class Connection:
    """An open connection. Raise UnreachableError, ConfigError for certificates that cannot be used."""

    def __init__(self, endpoint: Endpoint, connect_seconds: float = CONNECT_SECONDS) -> None:
        # Only the command line speaks: dask puts handlers to stderr on its loggers when it is imported.
        for name in ("distributed", "distributed.client", "distributed.gc", "bokeh", "tornado", "tornado.application"):
            logger = logging.getLogger(name)
            logger.handlers = [logging.NullHandler()]
            logger.propagate = False
        self._done: queue.SimpleQueue[Ticket] = queue.SimpleQueue()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about other versions elsewhere; describe_worker compares what matters
                self._client: Any = _open_client(
                    endpoint.url,
                    timeout=connect_seconds,
                    security=_make_security(endpoint),
                    set_as_default=False,
                    direct_to_workers=False,
                    deserializers=["dask", "msgpack"],
                )
        except ValueError:
            raise ConfigError("The cluster's certificates are not valid.") from None
        except (OSError, RuntimeError, TypeError):
            raise UnreachableError(_UNREACHABLE, hint=_HINT) from None
        self._secure = endpoint.certificates is not None

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)

    def list_workers(self) -> frozenset[str]:
        """Return the addresses of the running workers that may be used. Raise UnreachableError."""
        try:
            info = self._client.scheduler_info(n_workers=-1)
            running = {str(address) for address, worker in info["workers"].items() if worker.get("status") == "running"}
        except Exception:
            raise UnreachableError(_UNREACHABLE, hint=_HINT) from None
        return frozenset(address for address in running if self._is_safe(address))

    def _is_safe(self, address: str) -> bool:
        """Return whether nobody can read what the scheduler sends to this worker: over TLS, or on this computer."""
        parts = urlsplit(address)
        return parts.scheme == "tls" or (not self._secure and is_loopback(parts.hostname or ""))

    def scheduler_serves_pages(self) -> bool:
        """Return whether the scheduler serves pages, or its answer is unclear. Raise UnreachableError."""
        try:
            return bool(self._client.run_on_scheduler(worker_side.scheduler_serves_pages) != b"\0")
        except Exception:
            raise UnreachableError(_UNREACHABLE, hint=_HINT) from None

    def ask_set_up(self, worker: str) -> Ticket:
        """Ask a worker how it is set up."""
        return self._send(worker, worker_side.describe_worker)

    def send_order(self, worker: str, settings: Settings, lines: tuple[OrderLine, ...]) -> Ticket:
        """Have a worker hash these files."""
        return self._send(worker, worker_side.hash_files, settings, lines)

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

    def wait_for_end(self, seconds: float) -> Ticket | None:
        """Return an order that has ended in one way or the other, or None after ``seconds``."""
        try:
            return self._done.get(timeout=seconds)
        except queue.Empty:
            return None

    def read_answer(self, ticket: Ticket) -> object:
        """Return what the worker answered; None when it did not."""
        try:
            return ticket.future.result(timeout=_GATHER_SECONDS) if ticket.future.status == "finished" else None
        except Exception:
            return None
        finally:
            ticket.future.release()

    def has_failed(self, ticket: Ticket) -> bool:
        """Return whether the worker tried and failed, for example because takedown is not installed there."""
        return bool(ticket.future.status == "error")

    def forget(self, ticket: Ticket) -> None:
        """Cancel an order that nobody waits for any more."""
        with contextlib.suppress(Exception):
            ticket.future.cancel()


#: dask.distributed is not annotated.
_open_client: Final[Any] = Client
_security: Final[Any] = Security


def _make_security(endpoint: Endpoint) -> object:
    files = endpoint.certificates
    if files is None:
        return _security(require_encryption=False)
    return _security(
        require_encryption=True,
        tls_ca_file=str(files.authority),
        tls_client_cert=str(files.certificate),
        tls_client_key=str(files.key),
    )
