"""What a locked-down child can still do, tried in one; and what it really asks of the kernel while it decodes."""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from takedown_cli.core.model import Found, Recipe
from takedown_cli.hashing.discover import open_media
from takedown_cli.hashing.pool.escape_attempts import ATTEMPTS
from takedown_cli.hashing.pool.protection import Level, describe_missing, examine_protection
from takedown_cli.hashing.pool.sandbox import MEANING, Layer, seccomp
from takedown_cli.hashing.pool.supervisor import Pool
from tests.hashing.pool.conftest import draw

linux = pytest.mark.skipif(sys.platform != "linux", reason="Landlock and seccomp are Linux's")
full = pytest.mark.skipif(
    sys.platform != "linux" or examine_protection().level is not Level.FULL,
    reason="this kernel has no full sandbox; see takedown doctor",
)


def test_every_layer_has_a_meaning() -> None:
    assert set(MEANING) == set(Layer)


@full
def test_everything_a_hijacked_decoder_would_try_is_blocked() -> None:
    attempts = examine_protection().attempts
    assert [attempt.what for attempt in attempts] == list(ATTEMPTS)
    assert all(attempt.blocked for attempt in attempts)


@full
def test_threads_still_start_for_video_decoders() -> None:
    assert examine_protection().threads


def test_the_protection_is_never_better_than_what_was_tried() -> None:
    state = examine_protection()
    if state.level is Level.FULL:
        assert all(attempt.blocked is not False for attempt in state.attempts)
    assert not set(state.holds) & set(state.lacks)


@full
def test_without_the_sandbox_the_same_attempts_succeed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The proof can fail: with nothing given up, nothing is blocked."""
    from takedown_cli.hashing.pool import interpreter

    # A package in front of ours whose sandbox gives nothing up.
    package = Path(interpreter.__file__).parents[2]
    shutil.copytree(package, tmp_path / "takedown_cli", ignore=shutil.ignore_patterns("__pycache__"))
    init = tmp_path / "takedown_cli" / "hashing" / "pool" / "sandbox" / "__init__.py"
    head, _, _ = init.read_text().partition("    held = Layer(0)")
    init.write_text(head + "    return Layer(0)\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    state = examine_protection()
    assert state.level is Level.PROCESS_ONLY
    possible = {attempt.what for attempt in state.attempts if attempt.blocked is False}
    # A kernel may forbid reading another process's memory to everyone (Yama).
    assert possible >= set(ATTEMPTS) - {"read another process's memory"}


def test_protection_is_tried_where_no_variable_names_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On Windows a decoding process, whose environment is empty, finds no folder for its scratch file."""
    (tmp_path / "tempfile.py").write_text("raise FileNotFoundError('No usable temporary directory found')")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    usual = {attempt.what for attempt in examine_protection().attempts if attempt.blocked is not None}
    assert "create a file" in usual


def test_a_limit_that_windows_lacks_is_said_to_be_missing() -> None:
    missing = describe_missing(Layer.JOB)
    assert "limits on processor time, open files and written bytes" in missing
    assert not any("memory" in text for text in missing)


@linux
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_jumps_only_forward_and_always_decides(machine: str) -> None:
    code = seccomp.build_filter(machine, 3, 1234)
    assert len(code) < 4096  # BPF_MAXINSNS
    assert code[-1][0] == 0x06
    for place, (operation, taken, other, _) in enumerate(code):
        if operation & 0x07 == 0x05:  # a jump
            assert place + 1 + max(taken, other) < len(code)


def run_filter(machine: str, number: int, *arguments: int, channel: int = 3, pid: int = 1234) -> int:
    """Interpret the filter as the kernel does, for the few instructions it has; returns the action."""
    arch = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    padded = (*arguments, *[0] * (6 - len(arguments)))
    data = struct.pack("<IIQ6Q", number, arch, 0, *padded)
    code = seccomp.build_filter(machine, channel, pid)
    at, loaded = 0, 0
    while True:
        operation, taken, other, constant = code[at]
        at += 1
        if operation == 0x06:
            return constant
        if operation == 0x20:
            (loaded,) = struct.unpack_from("<I", data, constant)
            continue
        holds = {0x15: loaded == constant, 0x35: loaded >= constant, 0x45: bool(loaded & constant)}[operation]
        at += taken if holds else other


ALLOW, EPERM, ENOSYS, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000

#: name: (x86-64, arm64), from the kernel's own tables.
FORBIDDEN = {
    "openat": (257, 56), "socket": (41, 198), "connect": (42, 203), "execve": (59, 221), "execveat": (322, 281),
    "write": (1, 64), "writev": (20, 66), "pwrite64": (18, 68), "kill": (62, 129), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "memfd_create": (319, 279), "io_uring_setup": (425, 425), "bpf": (321, 280),
    "openat2": (437, 437), "sendmsg": (46, 211), "unshare": (272, 97), "setns": (308, 268), "bind": (49, 200),
    "newfstatat": (262, 79), "statx": (332, 291), "fstat": (5, 80), "ioctl": (16, 29),
    "landlock_restrict_self": (446, 446), "seccomp": (317, 277), "pidfd_getfd": (438, 438),
}  # fmt: skip


@linux
@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
@pytest.mark.parametrize("name", sorted(FORBIDDEN))
def test_the_filter_refuses(name: str, machine: str, column: int) -> None:
    assert run_filter(machine, FORBIDDEN[name][column]) == EPERM


@linux
@pytest.mark.parametrize(("machine", "column"), [("x86_64", 0), ("aarch64", 1)])
@pytest.mark.parametrize(
    ("numbers", "arguments", "action"),
    [
        ((56, 220), (0x3D0F00,), ALLOW),  # clone: a thread
        ((56, 220), (17,), EPERM),  # clone: SIGCHLD, a process
        ((56, 220), (0x3D0F00 | 0x10000000,), EPERM),  # clone: a thread in a new user namespace
        ((435, 435), (0, 88), ENOSYS),  # clone3
        ((460, 460), (), ENOSYS),  # a call of the future
        ((9, 222), (0, 4096, 3), ALLOW),  # mmap: read and write
        ((9, 222), (0, 4096, 5), EPERM),  # mmap: read and execute
        ((10, 226), (0, 4096, 7), EPERM),  # mprotect: execute
        ((44, 206), (3, 0, 1), ALLOW),  # sendto: our channel
        ((44, 206), (4, 0, 1), EPERM),  # sendto: anything else
        ((47, 212), (3,), ALLOW),  # recvmsg
        ((234, 131), (1234, 1, 6), ALLOW),  # tgkill: ourselves
        ((234, 131), (1, 1, 9), EPERM),  # tgkill: another
        ((302, 261), (0, 7, 0, 4096), ALLOW),  # prlimit64: read a limit
        ((302, 261), (0, 7, 4096, 0), EPERM),  # prlimit64: set one
        ((302, 261), (0, 7, 1 << 32, 0), EPERM),  # prlimit64: set one, from an address with a zero low half
        ((157, 167), (15,), ALLOW),  # prctl: a thread's name
        ((157, 167), (4,), EPERM),  # prctl: dumpable again
        ((72, 25), (4, 4), EPERM),  # fcntl: F_SETFL
        ((262, 79), (0xFFFFFF9C, 1, 1, 0x1000), EPERM),  # newfstatat: a path beside AT_EMPTY_PATH
        ((332, 291), (0xFFFFFF9C, 1, 0x1000, 0x7FF), EPERM),  # statx: likewise
        ((0, 63), (5,), ALLOW),  # read
    ],
)  # fmt: skip
def test_the_filter_looks_at_arguments(
    numbers: tuple[int, int], arguments: tuple[int, ...], action: int, machine: str, column: int
) -> None:
    assert run_filter(machine, numbers[column], *arguments) == action


@linux
def test_the_filter_kills_on_another_architecture_and_x32() -> None:
    assert run_filter("x86_64", 0x40000000) == KILL
    with pytest.raises(KeyError):
        seccomp.build_filter("riscv64", 3, 1)


@full
def test_a_working_child_is_bare(pictures: list[Found]) -> None:
    """No environment, no descriptor but the channel, no core, its own session, everything accepted by the kernel."""
    if sys.platform != "linux":
        pytest.skip("looks into /proc")
    with Pool(Recipe(), 1, open_file=open_media) as pool:
        list(pool.outcomes(pictures[:2]))
        assert pool.layers == (
            Layer.LIMITS | Layer.NO_NEW_PRIVILEGES | Layer.FILES | Layer.SYSCALLS
            | (pool.layers or Layer(0)) & (Layer.NETWORK | Layer.SCOPE)
        )  # fmt: skip
        (pid,) = pool.pids
        assert os.getsid(pid) != os.getsid(0)
        status = Path(f"/proc/{pid}/status").read_text()
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"^NoNewPrivs:\t1$", status, re.M)
        assert re.search(r"^Seccomp:\t2$", status, re.M)
        assert re.search(r"Max core file size +0 +0", limits)
        assert re.search(r"Max file size +0 +0", limits)
        assert re.search(rf"Max address space +{Recipe().limits.memory} ", limits)
        if os.geteuid() == 0:  # the process is not dumpable, so its folder belongs to root
            assert sorted(entry.name for entry in Path(f"/proc/{pid}/fd").iterdir()) == ["0", "1", "2", "3"]
            assert "PATH=" not in Path(f"/proc/{pid}/environ").read_text()


_WORK = """
import json, sys
from pathlib import Path
from takedown_cli.hashing.discover import open_media
from takedown_cli.core.model import Found, Hashed, Recipe
from takedown_cli.hashing.pool.supervisor import Pool
with Pool(Recipe(), 2, open_file=open_media) as pool:
    results = [isinstance(outcome, Hashed) for outcome in pool.outcomes(Found(Path(name), 1) for name in sys.argv[1:])]
print(json.dumps(results))
"""


@full
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_strace_sees_no_open_no_write_no_socket_no_program(tmp_path: Path) -> None:
    paths = [draw(tmp_path / f"{i}.{end}", (300, 200), i) for i, end in enumerate(["jpg", "png", "jpg"])]
    log = tmp_path / "trace"
    real = str(Path(sys.executable).resolve()) if sys.prefix == sys.base_prefix else sys.executable
    traced = subprocess.run(
        ["strace", "-f", "-qq", "-o", str(log), real, "-c", _WORK, *map(str, paths)],
        check=False, capture_output=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    if traced.returncode != 0 and b"ptrace" in traced.stderr.lower():
        pytest.skip("tracing is not allowed here")
    assert json.loads(traced.stdout) == [True] * 3
    locked: set[str] = set()
    calls: dict[str, set[str]] = {}
    for line in log.read_text(errors="replace").splitlines():
        pid, _, rest = line.partition(" ")
        call = re.match(r"\s*(?:<\.\.\. )?(\w+)(?:\(| resumed)", rest)
        if call is None:
            continue
        if pid in locked and not re.search(r"= -1 E(PERM|NOSYS|ACCES)|<unfinished", rest):
            calls.setdefault(call[1], set()).add(rest)
        if call[1] == "seccomp" and re.search(r"= 0$", rest):
            locked.add(pid)
    assert locked, "no child was seen to lock itself down"
    assert "recvmsg" in calls, "no child was seen to work"
    harmful = {"open", "openat", "openat2", "creat", "write", "writev", "pwrite64", "socket", "connect", "execve",
               "execveat", "fork", "vfork", "sendmsg", "unlink", "rename", "mkdir", "kill", "ptrace"}  # fmt: skip
    assert not harmful & set(calls)
