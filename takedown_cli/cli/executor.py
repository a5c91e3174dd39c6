"""``--executor dask://HOST:PORT``: hashing on a cluster instead of here, for every command that hashes many files.

It guarantees that without that option or setting nothing is contacted, and that unusable workers are told.
It must never send anything itself: it only says which hasher does the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from takedown_cli.cli.console import console
from takedown_cli.cli.options import Shared
from takedown_cli.cli.settings import settings
from takedown_cli.errors import UsageError

if TYPE_CHECKING:
    from takedown_cli.cli.recipe import Work
    from takedown_cli.cluster.endpoint import Certificates
    from takedown_cli.cluster.spread import Cluster
    from takedown_cli.pool import Opener, Pool


@dataclass(frozen=True, slots=True)
class Executor:
    """The address of a cluster's scheduler, None for this computer; and files, all of them or none."""

    address: str | None
    authority: str | None
    certificate: str | None
    key: str | None

    def certificates(self) -> Certificates | None:
        """Raises UsageError when only some are named."""
        from takedown_cli.cluster.endpoint import Certificates

        if self.authority and self.certificate and self.key:
            return Certificates(Path(self.authority), Path(self.certificate), Path(self.key))
        if self.authority or self.certificate or self.key:
            raise UsageError("--executor-ca, --executor-cert and --executor-key are needed together.")
        return None


def _executor(
    executor: Annotated[
        str | None,
        typer.Option("--executor", metavar="dask://HOST:PORT", help="Hash on a cluster that sees the files."),
    ] = None,
    executor_ca: Annotated[
        str | None, typer.Option("--executor-ca", metavar="FILE", help="The cluster's authority (PEM).")
    ] = None,
    executor_cert: Annotated[
        str | None, typer.Option("--executor-cert", metavar="FILE", help="Our certificate for it (PEM).")
    ] = None,
    executor_key: Annotated[
        str | None, typer.Option("--executor-key", metavar="FILE", help="The certificate's key (PEM).")
    ] = None,
) -> Executor:
    flags = {
        "executor": executor,
        "executor_ca": executor_ca,
        "executor_cert": executor_cert,
        "executor_key": executor_key,
    }
    known = settings(flags)
    return Executor(*(known[name].value for name in flags))


#: For ``@carries``.
EXECUTOR: Final = Shared(_executor)


@contextmanager
def chosen_hasher(work: Work, opener: Opener | None = None) -> Iterator[Pool | Cluster]:
    """What hashes by this recipe, as the options of the current command line say; ``opener`` may know outcomes already.

    Raises UsageError, ConfigError, MissingExtraError, UnreachableError.
    """
    chosen = EXECUTOR.get()
    if chosen.address is None:
        from takedown_cli.discover import open_media
        from takedown_cli.pool import Pool

        with Pool(work.recipe, work.workers, opener=opener or open_media) as pool:
            yield pool
        return
    from takedown_cli.cluster import hasher_for

    with hasher_for(chosen.address, work.recipe, chosen.certificates(), opener=opener) as cluster:
        console.say("The files are hashed on a cluster: their paths go there, the files do not.")
        yield cluster
    for trouble, count in sorted(cluster.troubles.items()):
        console.warn(f"{count:,} of the cluster's workers could not be used: it {trouble.value}.")
