"""``--executor dask://HOST:PORT``: hashing on a cluster instead of this computer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from takedown_cli.cli.options.settings import setting
from takedown_cli.cli.terminal.console import console
from takedown_cli.cli.typer_glue.options import OptionGroup
from takedown_cli.core.errors import UsageError

if TYPE_CHECKING:
    from takedown_cli.cli.options.recipe import HashingJob
    from takedown_cli.hashing.cluster.endpoint import Certificates
    from takedown_cli.hashing.cluster.scheduler import Cluster
    from takedown_cli.hashing.journal import Journal
    from takedown_cli.hashing.pool.supervisor import Pool


@dataclass(frozen=True, slots=True)
class Executor:
    """A cluster's scheduler, none for this computer; and the files for TLS, all of them or none."""

    executor: Annotated[
        str | None,
        typer.Option("--executor", metavar="dask://HOST:PORT", help="Hash on a cluster that can read the files."),
    ] = None
    executor_ca: Annotated[
        str | None, typer.Option("--executor-ca", metavar="FILE", help="The cluster's authority (PEM).")
    ] = None
    executor_cert: Annotated[
        str | None, typer.Option("--executor-cert", metavar="FILE", help="This computer's certificate for it (PEM).")
    ] = None
    executor_key: Annotated[
        str | None, typer.Option("--executor-key", metavar="FILE", help="The certificate's key (PEM).")
    ] = None

    @property
    def address(self) -> str | None:
        """The address of the scheduler, as the option or the settings name it."""
        return setting("executor", self.executor)

    def certificates(self) -> Certificates | None:
        """Return the files for TLS, or None if there are none. Raise UsageError if only some are named."""
        from takedown_cli.hashing.cluster.endpoint import Certificates

        names = ("executor_ca", "executor_cert", "executor_key")
        files = [Path(file) for name in names if (file := setting(name, getattr(self, name)))]
        if len(files) not in {0, len(names)}:
            raise UsageError("--executor-ca, --executor-cert and --executor-key are needed together.")
        return Certificates(*files) if files else None


ExecutorOptions = Annotated[Executor, OptionGroup(Executor)]


def refuse_far_archives(executor: Executor, job: HashingJob) -> None:
    """Raise UsageError where archives would be read on other computers."""
    if executor.address is not None and job.recipe.limits.members:
        raise UsageError(
            "--archives works on this computer only.", hint="Leave out --executor, or unpack the archives."
        )


@contextmanager
def start_hasher(executor: Executor, job: HashingJob, journal: Journal | None = None) -> Iterator[Pool | Cluster]:
    """Start the pool or cluster that hashes by this recipe. A ``journal`` may already hold some outcomes.

    Raise UsageError, ConfigError, MissingExtraError, UnreachableError.
    """
    from takedown_cli.hashing.discover import open_media

    refuse_far_archives(executor, job)
    open_file = None if journal is None else journal.recalling(open_media)
    if executor.address is None:
        from takedown_cli.hashing.pool.supervisor import Pool

        with Pool(job.recipe, job.workers, open_file=open_file or open_media) as pool:
            yield pool
        return
    from takedown_cli.hashing.cluster import hasher_for

    with hasher_for(executor.address, job.recipe, executor.certificates(), open_file=open_file) as cluster:
        console.say("The files are hashed on a cluster. Their paths are sent there, but not the files.")
        yield cluster
    for trouble, count in sorted(cluster.troubles.items()):
        console.warn(f"{count:,} of the cluster's workers could not be used: it {trouble.value}.")
