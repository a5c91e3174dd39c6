"""The files of ``docs/deploy``: each is checked by the program that reads it, and used where that program runs here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.api import Bundle, Intake, hash_paths
from takedown_cli.fixtures.texture import picture
from tests.intake import process
from tests.waiting import PATIENCE, wait_until

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "docs" / "deploy"


def need(program: str) -> str:
    beside = Path(sys.executable).parent / program
    found = str(beside) if beside.exists() else shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


def ran(*command: str | Path, **settings: Any) -> str:
    """Run a program, and return what it said. It must succeed."""
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE * 2, check=False, **settings)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    said: str = ended.stdout + ended.stderr
    return said


def kept_by_dockerignore(into: Path) -> None:
    """Copy what ``COPY . /source`` would: what the file names after a ``!``."""
    for line in (DEPLOY / "Containerfile.dockerignore").read_text().splitlines():
        if line.startswith("!"):
            place = ROOT / line[1:]
            target = into / line[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            if place.is_dir():
                shutil.copytree(place, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(place, target)


@pytest.fixture
def empty() -> Iterator[tuple[Path, dict[str, Any]]]:
    """An empty folder, and the settings of a process that runs as an ordinary user whose folder it is."""
    if sys.platform == "win32":
        pytest.skip("a shell script")
    # Not below pytest's own folder, which it keeps closed to everybody else.
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        folder = place / "empty"
        folder.mkdir()
        if os.geteuid() != 0:
            yield folder, {}
            return
        place.chmod(0o755)
        os.chown(folder, 65534, 65534)
        yield folder, {"user": 65534, "group": 65534, "extra_groups": []}


def python_for(user: dict[str, Any]) -> str:
    """Return a Python that this user may run: root's own may lie where nobody else can look."""
    for python in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            recent = [python, "-c", "import sys, ensurepip; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(recent, capture_output=True, check=False, **user).returncode == 0:
                return python
        except OSError:
            continue
    pytest.skip("there is no Python for an ordinary user here")


@pytest.mark.slow
def test_an_ordinary_user_installs_it_into_an_empty_folder(empty: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    """From exactly the files that go into the image, and with the script that its RUN calls."""
    folder, user = empty
    source = folder.parent / "source"
    kept_by_dockerignore(source)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)}
    probe = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(tmp_path / "x"), "h11"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("no package index can be reached")
    install = [str(source / "docs" / "deploy" / "install.sh"), str(folder / "takedown"), python_for(user)]
    assert "Installed takedown" in ran(*install, cwd=folder, env=environ, **user)
    takedown = folder / "takedown" / "bin" / "takedown"
    home = str(folder / "home")
    ran(takedown, "intake", "init", home, "--test", cwd=folder, env=environ, **user)
    assert "intact and consistent" in ran(takedown, "intake", "verify", home, cwd=folder, env=environ, **user)
    assert sorted(left.name for left in folder.iterdir()) == ["home", "takedown"]
    again = subprocess.run(install, cwd=folder, env=environ, capture_output=True, text=True, check=False, **user)
    assert again.returncode == 2
    assert "already" in again.stderr


def test_a_failed_installation_leaves_nothing(tmp_path: Path) -> None:
    if os.name == "nt":
        pytest.skip("a shell script")
    source = tmp_path / "source"
    kept_by_dockerignore(source)
    pins = source / "docs" / "requirements" / "intake.txt"
    pins.write_text("h11==0.16.0 --hash=sha256:" + "0" * 64 + "\n")
    ended = subprocess.run(
        [source / "docs" / "deploy" / "install.sh", tmp_path / "takedown", sys.executable],
        capture_output=True, text=True, env={**os.environ, "TMPDIR": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert ended.returncode != 0
    assert ended.stderr.rstrip().endswith("Nothing was installed.")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_the_container_file_only_calls_the_script_and_runs_as_nobody_in_particular() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    assert [line for line in lines if line.startswith("RUN")] == [
        'RUN ["/source/docs/deploy/install.sh", "/opt/takedown"]'
    ]
    assert [line for line in lines if line.startswith("FROM")] == ["FROM ${BASE} AS build", "FROM ${BASE}"]
    assert "USER 10001:10001" in lines
    assert any(line.startswith("HEALTHCHECK") for line in lines)


def test_the_linter_of_container_files_finds_nothing() -> None:
    assert ran(need("hadolint"), DEPLOY / "Containerfile") == ""


def test_the_linter_of_compose_files_finds_nothing_that_matters() -> None:
    assert "PASS" in ran(need("compose-lint"), "--fail-on", "high", DEPLOY / "compose.yaml")


def test_every_service_is_locked_down_and_only_caddy_is_reached_from_outside() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"caddy", "intake", "postgres"}
    for name, service in services.items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        image = service.get("image") or service["build"]["args"]["BASE"]
        assert re.search(r"@\$\{[A-Z]+_DIGEST:\?", image), name
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]
    assert services["postgres"]["network_mode"] == "none"
    assert {services[name]["logging"]["driver"] for name in ("caddy", "postgres")} == {"none"}


def test_the_unit_is_hardened(tmp_path: Path) -> None:
    analyze = need("systemd-analyze")
    unit = DEPLOY / "takedown-intake.service"
    said = ran(analyze, "security", "--offline=yes", "--no-pager", unit)
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", said)
    assert found is not None
    assert float(found[1]) <= 2.0
    there = tmp_path / unit.name  # the program that it starts is not installed here
    there.write_text(unit.read_text().replace("/opt/takedown/bin/takedown", "/bin/true"))
    ran(analyze, "verify", "--man=no", there)


def test_the_account_and_the_folder_are_made_by_systemd(tmp_path: Path) -> None:
    said = ran(need("systemd-sysusers"), f"--root={tmp_path}", "--dry-run", DEPLOY / "sysusers.conf")
    assert "Failed" not in said
    if sys.platform != "win32" and os.geteuid() == 0:
        (tmp_path / "etc").mkdir()
        (tmp_path / "etc" / "passwd").write_text("takedown:x:987:987::/var/lib/takedown:/usr/sbin/nologin\n")
        (tmp_path / "etc" / "group").write_text("takedown:x:987:\n")
        ran(need("systemd-tmpfiles"), f"--root={tmp_path}", "--create", DEPLOY / "tmpfiles.conf")
        made = (tmp_path / "var" / "lib" / "takedown").stat()
        assert (made.st_mode & 0o777, made.st_uid) == (0o700, 987)


@contextmanager
def caddy(domain: str, intake: str, folder: Path) -> Iterator[Path]:
    """Caddy with our file in front of an intake; gives the file that holds all that it writes."""
    said = folder / "said.txt"
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "DOMAIN": domain, "INTAKE": intake}
    command = [need("caddy"), "run", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    with said.open("wb") as log, subprocess.Popen(command, env=environ, cwd=folder, stdout=log, stderr=log) as proxy:
        try:
            yield said
        finally:
            proxy.terminate()
            proxy.wait()


def test_a_first_case_goes_through_caddy_which_writes_down_no_address(tmp_path: Path) -> None:
    need("caddy")
    port, inner = process.free_port(), process.free_port()
    front = f"http://127.0.0.1:{port}"  # a certificate needs a name that the world can look up
    home = tmp_path / "intake"
    process.run("init", str(home), "--test", "--origin", "https://intake.example")
    picture(1, (320, 240)).save(tmp_path / "one.jpg")
    with hash_paths(tmp_path / "one.jpg", workers=1) as outcomes:
        bundle = Bundle.make(outcomes, card=Intake.read_card(home / "intake-card.json"), test=True)
    with process.served(home, inner), caddy(front, f"127.0.0.1:{inner}", tmp_path) as said:
        wait_until(lambda: answer(f"{front}/healthz") == 200)
        assert answer(f"{front}/v1/submit", bundle.data) == 200
        assert answer(f"{front}/v1/submit", bytes(10_000_000)) == 413
        assert b"127.0.0.1" not in said.read_bytes()


def answer(address: str, body: bytes | None = None) -> int:
    """Return the code of the answer, 0 without one."""
    try:
        with urllib.request.urlopen(address, body, timeout=PATIENCE) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0
