"""One server a folder, and the operator's commands find it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake import running
from takedown_cli.intake.operations.serving_lock import find_server, hold_folder
from takedown_cli.intake.settings import Home
from tests.intake.person import HTTP
from tests.intake.postgres import Postgres
from tests.intake.process import TAKEDOWN, served
from tests.intake.served import intake_with, new_intake
from tests.waiting import PATIENCE


def test_a_second_server_is_refused_and_the_first_goes_on(home: Path) -> None:
    new_intake(home, test=True)
    with served(home) as (_, address):
        second = subprocess.run(
            [*TAKEDOWN, "serve", str(home), "--port", "0"],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert (second.returncode, second.stdout) == (2, "")
        assert "Another server is serving this folder." in second.stderr
        assert HTTP.get(f"{address['origin']}/healthz").status_code == 200
        host, port = find_server(Home(home)) or ("", 0)
        assert address["origin"] == f"http://{host}:{port}"
    assert find_server(Home(home)) is None, "a server that was killed holds nothing"
    with served(home):
        pass


def test_two_servers_share_a_folder_that_names_a_postgresql_database(home: Path, database_server: Postgres) -> None:
    with intake_with(home, database=database_server.new_database()) as first, running(home) as second:
        for server in (first, second):
            assert HTTP.get(f"{server.origin}/healthz").status_code == 200
        assert find_server(Home(home)) == ("127.0.0.1", int(first.origin.rpartition(":")[2]))


def test_looking_for_a_server_keeps_none_out(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert find_server(home) is None
    with hold_folder(home, "0.0.0.0", 1, alone=True):
        assert find_server(home) == ("127.0.0.1", 1), "the address to connect to"
        with pytest.raises(ConfigError), hold_folder(home, "127.0.0.1", 2, alone=True):
            pass
        assert find_server(home) == ("127.0.0.1", 1)
    assert find_server(home) is None
    with hold_folder(home, "::", 3, alone=True):
        assert find_server(home) == ("::1", 3)


def test_a_serving_file_that_makes_no_sense_is_no_server(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with hold_folder(home, "127.0.0.1", 1, alone=True):
        (tmp_path / "serving").write_bytes(b"\xff\xfe nonsense")
        assert find_server(home) is None
