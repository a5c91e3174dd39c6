"""Meta's Hasher-Matcher-Actioner (HMA), unmodified, on loopback with a PostgreSQL server of its own.

``HMA`` names its source (the folder ``hasher-matcher-actioner`` of facebook/ThreatExchange), ``HMA_PYTHON`` a Python
with its dependencies; ``make hma HMA=…`` makes one. Nothing of HMA is in this repository.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from tests.intake.person import HTTP
from tests.intake.postgres import postgres

_START_SECONDS = 90
#: HMA's own place for local choices. Its NCMEC exchange knows five addresses and no other; a deployment that pulls from
#: an intake gives it another client, as docs/how-to/connect-platforms.md shows.
_CONFIG = """
    from types import SimpleNamespace

    from OpenMediaMatch.storage.postgres.impl import DefaultOMMStore
    from threatexchange.content_type.photo import PhotoContent
    from threatexchange.content_type.video import VideoContent
    from threatexchange.exchanges.clients.ncmec.hash_api import NCMECHashAPI
    from threatexchange.exchanges.impl.ncmec_api import NCMECSignalExchangeAPI
    from threatexchange.exchanges.impl.stop_ncii_api import StopNCIISignalExchangeAPI
    from threatexchange.signal_type.md5 import VideoMD5Signal
    from threatexchange.signal_type.pdq.signal import PdqSignal

    from takedown_cli.platform.extension import PdqReadingsSignal, TakedownExchangeAPI


    class IntakeExchange(NCMECSignalExchangeAPI):
        def get_client(self, environment):
            return NCMECHashAPI(self._username, self._password, SimpleNamespace(value={hashsharing!r}))


    DATABASE_URI = {database!r}
    PRODUCTION = False
    UI_ENABLED = True
    ROLE_HASHER = ROLE_MATCHER = ROLE_CURATOR = True
    TASK_FETCHER = TASK_INDEXER = TASK_INDEX_CACHE = False
    STORAGE_IFACE_INSTANCE = DefaultOMMStore(
        signal_types=[PdqSignal, PdqReadingsSignal, VideoMD5Signal],
        content_types=[PhotoContent, VideoContent],
        exchange_types=[TakedownExchangeAPI, IntakeExchange, StopNCIISignalExchangeAPI],
    )
"""


@dataclass(frozen=True)
class Hma:
    """A running server; what its schedule would do now and then is done when a method says so."""

    origin: str
    _command: tuple[str, ...]
    _where: dict[str, Any]

    def post(self, path: str, document: object) -> Any:
        response = HTTP.post(f"{self.origin}{path}", json=document)
        assert response.status_code in {200, 201}, response.text
        return response.json()

    def fetch(self) -> None:
        """Pull from every exchange, then index."""
        response = HTTP.post(f"{self.origin}/dev/run_fetch", timeout=120)
        assert response.status_code == 302, response.text
        self.index()

    def index(self) -> None:
        done = subprocess.run(
            [*self._command, "build_indices"], **self._where, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def fetched_well(self, exchange: str) -> bool:
        status = HTTP.get(f"{self.origin}/c/exchange/{exchange}/status").json()
        return bool(status["last_fetch_succeeded"]) and bool(status["up_to_date"])

    def get(self, path: str) -> Any:
        response = HTTP.get(f"{self.origin}{path}")
        assert response.status_code == 200, response.text
        return response.json()

    def lookup(self, value: str, kind: str = "pdq") -> dict[str, list[dict[str, Any]]]:
        """Bank → matches of a hash."""
        response = HTTP.get(f"{self.origin}/m/lookup", params={"signal": value, "signal_type": kind})
        assert response.status_code == 200, response.text
        found: dict[str, list[dict[str, Any]]] = response.json()
        return found

    def lookup_photo(self, path: Path, kind: str = "pdq") -> set[str]:
        """The banks that a picture matches by a signal type. HMA hashes it itself."""
        return {*self.matches_of_photo(path).get(kind, {})}

    def matches_of_photo(self, path: Path) -> dict[str, dict[str, list[dict[str, Any]]]]:
        """Signal type → bank → matches of a picture."""
        files = {"photo": (path.name, path.read_bytes(), "image/jpeg")}
        response = HTTP.post(f"{self.origin}/m/lookup", files=files, params={"bypass_coinflip": "true"})
        assert response.status_code == 200, response.text
        found: dict[str, dict[str, list[dict[str, Any]]]] = response.json()
        return found


def source() -> Path:
    """The folder of HMA's package, or the test is skipped."""
    named = os.environ.get("HMA")
    if not named:
        pytest.skip("HMA=/path/to/hasher-matcher-actioner is not given: make hma HMA=…")
    places = [Path(named) / "src", Path(named) / "hasher-matcher-actioner" / "src"]
    for place in places:
        if (place / "OpenMediaMatch" / "app.py").is_file():
            return place
    pytest.skip("there is no HMA at the path that HMA= names")


@contextmanager
def running(folder: Path, hashsharing: str) -> Iterator[Hma]:
    """HMA on a free port, for as long as the block lasts; ``hashsharing`` is the base of an intake's NCMEC feed."""
    place, python = source(), os.environ.get("HMA_PYTHON", ".venv/hma/bin/python")
    if subprocess.run(
        [python, "-c", "import flask_openapi3, takedown_cli"], capture_output=True, check=False
    ).returncode:
        pytest.skip("HMA_PYTHON names no Python with HMA's dependencies: make hma HMA=…")
    with postgres() as server, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        database = server.new_database().replace("+psycopg:", "+psycopg2:")
        config = folder / "omm_config.py"
        config.write_text(dedent(_CONFIG.format(hashsharing=hashsharing, database=database)))
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "TZ": "UTC", "PYTHONPATH": str(place),
            "PYTHONDONTWRITEBYTECODE": "1", "OMM_CONFIG": str(config),
        }  # fmt: skip
        where: dict[str, Any] = {"cwd": place, "env": environment}
        command = (str(Path(python).absolute()), "-m", "flask", "--app", "OpenMediaMatch.app")
        migration = [*command, "db", "upgrade", "--directory", "OpenMediaMatch/migrations"]
        done = subprocess.run(
            migration, cwd=place, env={**environment, "MIGRATION_COMMAND": "1"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        free.close()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*command, "run", "--port", str(port)], **where, stdout=log, stderr=log)
        try:
            hma = Hma(f"http://127.0.0.1:{port}", command, where)
            _await(hma, process, folder / "log")
            yield hma
        finally:
            process.terminate()
            process.wait()


def _await(hma: Hma, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if HTTP.get(f"{hma.origin}/status/live").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    pytest.fail(f"HMA did not start: {log.read_text()[-2000:]}")
