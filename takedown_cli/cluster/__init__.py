"""Hashing spread over machines that see the same storage: ``hasher_for`` gives what ``pipeline.outcomes`` takes.

It guarantees the outcomes of the local pool, in the same order, whatever becomes of single workers meanwhile.
It must never send a byte of a file: only paths travel, and records of hashes come back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from takedown_cli.errors import MissingExtraError

if TYPE_CHECKING:
    from takedown_cli.cluster.endpoint import Certificates, Endpoint
    from takedown_cli.cluster.spread import Cluster
    from takedown_cli.model import Recipe
    from takedown_cli.pool import Opener


def hasher_for(
    address: str, recipe: Recipe, certificates: Certificates | None = None, *, opener: Opener | None = None
) -> Cluster:
    """The hasher of the cluster whose scheduler is at ``address``, as a context manager: it connects on entering.

    ``opener`` replaces ``open_media`` (a journal's knows outcomes already). Raises ConfigError for an address that may
    not be used, MissingExtraError without dask.distributed; entering raises UnreachableError.
    """
    from takedown_cli.cluster.endpoint import Endpoint

    return _cluster(Endpoint.parse(address, certificates), recipe, opener)


def _cluster(endpoint: Endpoint, recipe: Recipe, opener: Opener | None) -> Cluster:
    from takedown_cli.cluster.spread import Cluster
    from takedown_cli.discover import open_media

    try:
        from takedown_cli.cluster.link import Link
    except ImportError:
        raise MissingExtraError(hint="Install it: pip install 'takedown-cli[cluster]'.") from None
    return Cluster(lambda: Link(endpoint), recipe, opener or open_media)
