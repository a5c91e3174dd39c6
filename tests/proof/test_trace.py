"""Rung 5: a decoding process that has locked itself down opens nothing, connects nowhere and starts nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns.hostile import disguises, mutants
from tests.hashing.discover.samples import picture
from tests.proof import marked
from tests.proof.household import Household

#: What a decoder has no business with; ``strace`` names them as the kernel does on any architecture.
FORBIDDEN = frozenset({
    "open", "openat", "openat2", "creat", "socket", "connect", "bind", "execve", "execveat", "fork", "vfork", "write",
    "writev", "pwrite64", "sendmsg", "unlink", "unlinkat", "rename", "renameat2", "mkdir", "mkdirat", "kill", "ptrace",
    "readlink", "readlinkat", "chmod", "fchmodat", "getdents64", "truncate", "ftruncate",
})  # fmt: skip
#: Calls that look a file up by its name, those that only ask about it included.
BY_NAME = frozenset({"open", "openat", "openat2", "stat", "lstat", "newfstatat", "statx", "access", "faccessat",
                     "faccessat2", "readlink", "readlinkat", "execve", "execveat"})  # fmt: skip
_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(.*)")


def may_trace() -> bool:
    if sys.platform != "linux" or shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0


pytestmark = pytest.mark.skipif(not may_trace(), reason="strace is not here or may not trace")


def traced(house: Household, *arguments: str) -> list[tuple[str, str, str]]:
    """(process, call, rest of the line) in order, for the command and everything it started."""
    trace = house.folder / "trace"
    calls = "trace=%file,%network,%process,%desc,seccomp"
    ended = house(*arguments, before=("strace", "-f", "-qq", "-s", "4096", "-e", calls, "-o", trace))
    assert ended.code in {0, 3, 4}, ended.err
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        match = _LINE.match(line)
        if match:
            found.append((match[1], match[2], match[3]))
    return found


def after_lock_down(calls: list[tuple[str, str, str]]) -> dict[str, set[str]]:
    """The calls that succeeded in each process once it had its filter, its later threads included."""
    locked: dict[str, set[str]] = {}
    for process, call, rest in calls:
        if process in locked and not re.search(r"= -1 E\w+|<unfinished", rest):
            locked[process].add(call)
            if call in {"clone", "clone3"} and (thread := re.search(r"= (\d+)$", rest)):
                locked[thread[1]] = set()
        if call == "seccomp" and rest.endswith("= 0"):
            locked[process] = set()
    return locked


def test_decoders_do_nothing_but_decode(house: Household) -> None:
    marked.write_all(house.work / "photos", b"a-mark")
    for name, data in mutants.mutants(2):
        (house.work / "photos" / name).write_bytes(data)
    locked = after_lock_down(traced(house, "hash", "photos", "--workers", "2"))
    if not locked:
        pytest.skip("this kernel has no seccomp; see takedown doctor")
    done = set().union(*locked.values())
    assert "recvmsg" in done, "no locked-down process was seen to work"
    assert not done & FORBIDDEN


def test_a_disguise_leads_to_no_other_file_no_host_and_no_program(house: Household) -> None:
    canary = house.folder / "canary-elsewhere.jpg"
    canary.write_bytes(picture("JPEG"))
    (house.work / "photos").mkdir()
    disguises.write(house.work / "photos", canary)
    calls = traced(house, "hash", "photos")
    assert not [rest for _, call, rest in calls if call in BY_NAME and canary.name in rest]
    assert not [call for _, call, _ in calls if call in {"socket", "connect"}]
    # The command itself, and the interpreter that decodes: no other program.
    started = [re.search(r'^\("([^"]+)"', rest) for _, call, rest in calls if call == "execve" and "ENOENT" not in rest]
    programs = {match[1] for match in started if match}
    assert {Path(program).resolve() for program in programs} == {Path(sys.executable).resolve()}
    assert not list(house.folder.glob("*.touched"))
