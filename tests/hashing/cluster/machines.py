"""A real scheduler and real workers as processes on the loopback interface, over plain TCP or TLS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from takedown_cli.hashing.cluster.endpoint import Certificates
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[3]


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return key


def certificates(folder: Path) -> Certificates:
    """An authority for one cluster, and a certificate from it."""
    folder.mkdir(parents=True)
    authority, own = _key(folder / "ca.key"), _key(folder / "own.key")
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "cluster")])
    day = datetime.now(UTC) - timedelta(days=1)
    for name, subject, key in (("ca", issuer, authority), ("own", x509.Name([]), own)):
        made = (
            x509.CertificateBuilder()
            .subject_name(subject).issuer_name(issuer).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(day).not_valid_after(day + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
            .sign(authority, hashes.SHA256())
        )  # fmt: skip
        (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Certificates(folder / "ca.pem", folder / "own.pem", folder / "own.key")


@dataclass
class Machines:
    """``address`` is the scheduler's, as ``--executor`` takes it; ``workers`` are processes that can be killed."""

    folder: Path
    address: str
    tls: tuple[str, ...]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        with (self.folder / f"log{len(self.processes)}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:], *self.tls],
                cwd=self.folder,
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "HOME": str(self.folder),
                    "DASK_CONFIG": str(self.folder / "takedown.yaml"),
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def add_worker(
        self, preload: Path | None = None, nanny: bool = False, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        where = ["--scheduler-file", str(self.folder / "scheduler"), "--host", "127.0.0.1", "--no-dashboard"]
        if preload is not None:
            where += ["--preload", str(preload)]
        kind = "--nanny" if nanny else "--no-nanny"
        process = self.start("worker", *where, kind, "--nthreads", "1", environment=environment)
        self.workers.append(process)
        return process

    def logs(self) -> bytes:
        return b"".join(path.read_bytes() for path in sorted(self.folder.glob("log*")))


@contextmanager
def machines(
    folder: Path, workers: int = 0, tls: Certificates | None = None, environment: dict[str, str] | None = None
) -> Iterator[Machines]:
    """A scheduler and so many workers, for as long as the block lasts; ``environment`` is the scheduler's."""
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    flags: tuple[str, ...] = ()
    if tls is not None:
        flags = ("--tls-ca-file", str(tls.authority), "--tls-cert", str(tls.certificate), "--tls-key", str(tls.key))
        flags += ("--protocol", "tls")
    page = (ROOT / "docs" / "how-to" / "hash-on-several-machines.md").read_text(encoding="utf-8")
    (folder / "takedown.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])  # as documented
    made = Machines(folder, "", flags)
    try:
        file = folder / "scheduler"
        scheduler = made.start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), "--no-dashboard",
            environment=environment,
        )  # fmt: skip
        until = time.monotonic() + PATIENCE
        while not (file.exists() and file.read_bytes().endswith(b"}")):
            assert scheduler.poll() is None, made.logs()
            assert time.monotonic() < until
            time.sleep(0.1)
        made.address = "dask://" + json.loads(file.read_text())["address"].rpartition("/")[2]
        for _ in range(workers):
            made.add_worker()
        yield made
    finally:
        for process in made.processes:
            with_its_children(process)
        for process in made.processes:
            process.wait()


def with_its_children(process: subprocess.Popen[bytes]) -> None:
    """Kill the processes of one session, as a power cut of that machine would."""
    if sys.platform == "win32":
        process.kill()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
