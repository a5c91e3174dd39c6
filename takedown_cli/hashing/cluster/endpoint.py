"""The address of a cluster's scheduler, and the certificates for it.

Paths leave this computer only over TLS, where both sides must show a certificate.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from takedown_cli.core.errors import ConfigError
from takedown_cli.protocol.addresses import is_loopback

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
        """Read ``dask://HOST:PORT``, or ``tls://HOST:PORT``. Raise ConfigError with what is wrong."""
        match = _ADDRESS.fullmatch(text.strip())
        if match is None or not 0 < int(match[4]) < 1 << 16:
            raise ConfigError("The executor's address must look like dask://HOST:PORT.")
        host = (match[2] or match[3]).lower()
        if certificates is None and (match[1] == "tls" or not is_loopback(host)):
            raise ConfigError(
                "A cluster on other machines needs TLS, because file paths are sent there.",
                hint="Name the cluster's authority, a certificate and its key: --executor-ca, --executor-cert and "
                "--executor-key. docs/how-to/hash-on-several-machines.md shows how they are made.",
            )
        for file in () if certificates is None else (
            certificates.authority, certificates.certificate, certificates.key
        ):  # fmt: skip
            if not file.is_file():
                raise ConfigError("A certificate or key of the cluster is missing.", hint="Check --executor-ca, …")
        name = f"[{host}]" if ":" in host else host
        return cls(f"{'tcp' if certificates is None else 'tls'}://{name}:{int(match[4])}", certificates)
