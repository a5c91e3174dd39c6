"""Rung 4: offline commands open no socket at all; ``submit`` reaches one address, and asks no name server."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.proof import marked
from tests.proof.capture import Capture
from tests.proof.household import Household
from tests.waiting import PATIENCE

OFFLINE = (
    ("--version",),
    ("--help",),
    ("hash", "photos"),
    ("hash", "photos", "--json"),
    ("hash", "photos", "-o", "new.tdb", "--age", "adult", "--for", "self"),
    ("inspect", "x.tdb"),
    ("inspect", "x.tdb", "--wire"),
    ("doctor", "--privacy"),
    ("config", "show"),
    ("submit", "x.tdb", "--dry-run", "--intake", "https://intake.example"),
    ("submit", "photos", "--dry-run", "--age", "adult", "--for", "self", "--intake", "https://intake.example"),
)


def works(*command: str) -> bool:
    """Whether a tool is here and may be used."""
    if sys.platform != "linux" or shutil.which(command[0]) is None:
        return False
    return subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0


tracing = pytest.mark.skipif(not works("strace", "-o", "/dev/null"), reason="strace is not here or may not trace")
alone = pytest.mark.skipif(not works("unshare", "--net"), reason="network namespaces may not be made here")


@pytest.fixture
def furnished(house: Household) -> Household:
    (house.work / "photos").mkdir()
    (house.work / "photos" / "a.jpg").write_bytes(marked.jpeg(1, b"a mark"))
    (house.work / "photos" / "b.mp4").write_bytes(marked.clip("a mark"))
    assert house("hash", "photos", "-o", "x.tdb", "--age", "adult", "--for", "self").code == 0
    return house


@tracing
def test_offline_commands_open_no_socket(furnished: Household, tmp_path: Path) -> None:
    for number, arguments in enumerate(OFFLINE):
        trace = tmp_path / f"trace{number}"
        before = ("strace", "-f", "-qq", "-e", "trace=socket,connect,bind,listen,accept4", "-o", trace)
        ended = furnished(*arguments, before=before)
        assert ended.code == 0, (arguments, ended.err)
        assert not re.findall(r"\d+ +\w+\(.*", trace.read_text()), arguments


@tracing
def test_the_tracer_sees_sockets(house: Household, intake: Capture, tmp_path: Path) -> None:
    """The check above can fail; and a submission goes to the intake's port, and nowhere else."""
    (house.work / "a.jpg").write_bytes(marked.jpeg(1))
    trace = tmp_path / "trace"
    ended = house(
        "submit", "a.jpg", "--yes", "--age", "adult", "--for", "self", "--intake", intake.address,
        before=("strace", "-f", "-qq", "-e", "trace=socket,connect,bind,sendto,sendmsg,sendmmsg", "-o", trace),
        env={"HTTPS_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert ended.code == 0, ended.err
    text = trace.read_text()
    port = intake.origin.rpartition(":")[2]
    connections = re.findall(r"connect\(.*", text)
    assert connections
    for line in connections:
        assert f"sin_port=htons({port})" in line, line
        assert 'inet_addr("127.0.0.1")' in line, line
    assert "SOCK_DGRAM" not in text, "a name server was asked"


@alone
def test_offline_commands_work_without_any_network(furnished: Household) -> None:
    for arguments in (*OFFLINE[3:6], OFFLINE[-1], ("doctor",)):
        ended = furnished(*(a if a != "new.tdb" else "other.tdb" for a in arguments), before=("unshare", "--net"))
        assert ended.code == 0, (arguments, ended.err)


@alone
def test_submit_needs_one_route_only(house: Household) -> None:
    """In a namespace with nothing but loopback: no other host, no name server, and still a receipt."""
    (house.work / "a.jpg").write_bytes(marked.jpeg(1))
    script = Path(__file__).with_name("lonely.py")
    ended = subprocess.run(
        ["unshare", "--net", sys.executable, "-m", f"tests.proof.{script.stem}", house.folder],
        cwd=script.parents[2], env=house.environment(), capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert b"registered" in ended.stdout
