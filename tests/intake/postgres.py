"""A PostgreSQL server of the tests' own, on a socket in a temporary folder; none where it is not installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest


def _binaries() -> Path:
    found = shutil.which("pg_ctl")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")


def _account() -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as the account that its package made."""
    if sys.platform == "win32":
        pytest.skip("PostgreSQL is started on POSIX systems only")
    if os.geteuid() != 0:
        return {}
    import pwd

    try:
        return {"user": pwd.getpwnam("postgres").pw_uid, "group": pwd.getpwnam("postgres").pw_gid, "extra_groups": []}
    except KeyError:
        pytest.skip("there is no account under which PostgreSQL could run")


class Postgres:
    """A running server."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._binaries, self._account = _binaries(), _account()
        self.folder = folder
        if sys.platform != "win32" and "user" in self._account:
            os.chown(folder, self._account["user"], self._account["group"])
        self._run("initdb", "--auth=trust", "--username=intake", "--encoding=UTF8", "--no-sync", "-D", "data")
        self._options = (
            f"-c listen_addresses='' -k {folder} -c fsync={'on' if durable else 'off'} -c max_connections=80"
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            check=False,
            **self._account,
        )
        if done.returncode:
            pytest.skip(f"PostgreSQL does not run here: {program}")

    def start(self) -> None:
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", self._options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", "data", "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """SIGKILL to all of it, as when the machine's memory runs out; what it had not synced may still be written."""
        server = int((self.folder / "data" / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])
        family = [server, *self.children()]
        for process in family:
            with suppress(ProcessLookupError):
                os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        while any(_alive(process) for process in family):
            time.sleep(0.01)
        # They name a process that is gone, but for which somebody may not have waited yet.
        for left in (self.folder / "data" / "postmaster.pid", self.folder / ".s.PGSQL.5432.lock"):
            left.unlink(missing_ok=True)

    def children(self) -> list[int]:
        """The processes of a running server, besides the first."""
        server = (self.folder / "data" / "postmaster.pid").read_text(encoding="ascii").splitlines()[0]
        return [int(one) for one in Path(f"/proc/{server}/task/{server}/children").read_text(encoding="ascii").split()]

    def tool(self, program: str, database: str, *arguments: str) -> None:
        """Run one of PostgreSQL's own programs on a database of ``new_database``."""
        name = urlsplit(database).path.lstrip("/")
        subprocess.run(
            [str(self._binaries / program), "-h", str(self.folder), "-U", "intake", "-d", name, *arguments],
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def new_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"intake_{uuid4().hex[:12]}"
        self._run("createdb", "-h", str(self.folder), "-U", "intake", name)
        return f"postgresql+psycopg://intake@/{name}?host={self.folder}"


def _alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def postgres(*, durable: bool = False) -> Iterator[Postgres]:
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    try:
        server = Postgres(folder, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
