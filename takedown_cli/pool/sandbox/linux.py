"""Linux: resource limits, no new privileges, Landlock without rules, then the seccomp filter.

It guarantees that after ``lock_down`` this process opens, connects, executes and starts nothing, if the kernel can.
It must never need a library: everything is a system call through ctypes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
from pathlib import Path

from takedown_cli.pool.sandbox import Layer, seccomp

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_GET_NO_NEW_PRIVS = 39
_SIGKILL = 9

# System call numbers are the same on every architecture since Linux 5.1.
_LANDLOCK_CREATE_RULESET = 444
_LANDLOCK_RESTRICT_SELF = 446
_LANDLOCK_VERSION = 1

# Rights by the ABI that brought them: include/uapi/linux/landlock.h.
_FS_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14), (5, 1 << 15), (9, 1 << 16))
_TCP_ABI, _TCP_RIGHTS = 4, 0b11
_SCOPE_ABI, _SCOPES = 6, 0b11

_NOFILE = 32


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> int:
    zero = ctypes.c_ulong(0)
    return int(_libc().prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero))


def die_with_parent(parent: int) -> None:
    """Be killed when the thread that started this process ends; ``parent`` is the expected parent's process id."""
    _prctl(_PR_SET_PDEATHSIG, _SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(0)


def live_on() -> None:
    """Undo ``die_with_parent``."""
    _prctl(_PR_SET_PDEATHSIG, 0)


def volunteer_for_the_oom_killer() -> None:
    """When the computer runs out of memory, one picture should be lost and not the person's session."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")


def lock_down(memory: int, cpu_seconds: int, channel: int) -> Layer:
    """See ``sandbox.lock_down``."""
    held = Layer(0)
    volunteer_for_the_oom_killer()
    if set_limits(memory, cpu_seconds):
        held |= Layer.LIMITS
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if _prctl(_PR_GET_NO_NEW_PRIVS, 0) == 1:
        held |= Layer.NO_NEW_PRIVILEGES
        held |= _landlock()
        if seccomp.install(platform.machine(), channel):
            held |= Layer.SYSCALLS
    return held


def set_limits(memory: int, cpu_seconds: int) -> bool:
    """Address space in bytes, processor seconds, no core file, no written byte, few descriptors."""
    import resource

    try:
        for what, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_NOFILE, _NOFILE),
            (resource.RLIMIT_CPU, cpu_seconds),
            (resource.RLIMIT_AS, memory),
        ):
            _, hard = resource.getrlimit(what)
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (bound, bound))
    except (OSError, ValueError):
        return False
    return True


def _landlock() -> Layer:
    """A ruleset that handles every right known to this kernel and grants none of them."""
    libc = _libc()
    none, zero = ctypes.c_void_p(None), ctypes.c_size_t(0)
    abi = libc.syscall(ctypes.c_long(_LANDLOCK_CREATE_RULESET), none, zero, ctypes.c_uint32(_LANDLOCK_VERSION))
    if abi < 1:
        return Layer(0)
    files = sum(rights for since, rights in _FS_RIGHTS if abi >= since)
    tcp = _TCP_RIGHTS if abi >= _TCP_ABI else 0
    scope = _SCOPES if abi >= _SCOPE_ABI else 0
    words = 3 if scope else 2 if tcp else 1  # an older kernel refuses a longer structure
    attributes = struct.pack("=3Q", files, tcp, scope)[: 8 * words]
    ruleset = libc.syscall(
        ctypes.c_long(_LANDLOCK_CREATE_RULESET), attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0)
    )
    if ruleset < 0:
        return Layer(0)
    refused = libc.syscall(ctypes.c_long(_LANDLOCK_RESTRICT_SELF), ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
    if refused:
        return Layer(0)
    return Layer.FILES | (Layer.NETWORK if tcp else Layer(0)) | (Layer.SCOPE if scope else Layer(0))
