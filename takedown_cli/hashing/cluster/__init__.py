"""Hashing on several machines that share the same storage: ``hasher_for`` returns a hasher for ``pipeline.outcomes``.

The outcomes are the same as the local pool's. Only paths go to the workers, never a byte of a file. Hashes come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from takedown_cli.core.errors import MissingExtraError

if TYPE_CHECKING:
    from takedown_cli.core.model import Recipe
    from takedown_cli.hashing.cluster.endpoint import Certificates
    from takedown_cli.hashing.cluster.scheduler import Cluster
    from takedown_cli.hashing.pool.supervisor import OpenFile


def hasher_for(
    address: str,
    recipe: Recipe,
    certificates: Certificates | None = None,
    *,
    open_file: OpenFile | None = None,
    connect_seconds: float | None = None,
) -> Cluster:
    """Return the hasher of the cluster whose scheduler is at ``address``, a context manager that connects on entering.

    ``open_file`` replaces ``open_media`` (a journal's knows outcomes already). ``connect_seconds`` is how long to wait
    for the scheduler, before the run and when the connection is lost. Raise ConfigError for an address that
    may not be used, MissingExtraError without dask.distributed; entering raises UnreachableError.
    """
    from takedown_cli.hashing.cluster.endpoint import Endpoint
    from takedown_cli.hashing.cluster.scheduler import Cluster
    from takedown_cli.hashing.discover import open_media

    endpoint = Endpoint.parse(address, certificates)
    try:
        from takedown_cli.hashing.cluster.connection import CONNECT_SECONDS, Connection
    except ImportError:
        raise MissingExtraError(hint="In a clone of takedown, install it with: pip install '.[cluster]'.") from None
    patience = CONNECT_SECONDS if connect_seconds is None else connect_seconds
    return Cluster(lambda: Connection(endpoint, patience), recipe, open_file or open_media)
