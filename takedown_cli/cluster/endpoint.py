"""Where a cluster's scheduler is, and with which certificates it is spoken to.

It guarantees that paths leave this computer only over TLS in which both sides show a certificate.
It must never resolve a name or open a connection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from takedown_cli.address import is_loopback
from takedown_cli.errors import ConfigError

_ADDRESS = re.compile(r"(dask|tls)://(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):([0-9]{1,5})/?")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM format: this cluster's own authority, and our certificate with its key, without passphrase."""

    authority: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``url`` as dask.distributed writes it; ``certificates`` is None for plain TCP on the loopback interface alone."""

    url: str
    certificates: Certificates | None

    @classmethod
    def parse(cls, text: str, certificates: Certificates | None = None) -> Self:
        """Read ``dask://HOST:PORT``, or ``tls://HOST:PORT``. Raises ConfigError with what is wrong."""
        told = _ADDRESS.fullmatch(text.strip())
        if told is None or not 0 < int(told[4]) < 1 << 16:
            raise ConfigError("The executor's address must look like dask://HOST:PORT.")
        host = (told[2] or told[3]).lower()
        if certificates is None and (told[1] == "tls" or not is_loopback(host)):
            raise ConfigError(
                "A cluster on other machines is used over TLS only: paths of files go there.",
                hint="Name the cluster's authority, a certificate and its key: --executor-ca, --executor-cert and "
                "--executor-key. docs/cluster.md shows how they are made.",
            )
        for file in () if certificates is None else (
            certificates.authority, certificates.certificate, certificates.key
        ):  # fmt: skip
            if not file.is_file():
                raise ConfigError("A certificate or key of the cluster is not there.", hint="Check --executor-ca, …")
        name = f"[{host}]" if ":" in host else host
        return cls(f"{'tcp' if certificates is None else 'tls'}://{name}:{int(told[4])}", certificates)
