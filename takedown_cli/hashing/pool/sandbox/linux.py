"""Linux: resource limits, no new privileges, Landlock without rules, then the seccomp filter.

After ``lock_down`` this process opens, connects, executes and starts nothing, as far as the kernel can prevent it. No
library is needed: everything is a system call through ctypes.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
from pathlib import Path

from takedown_cli.hashing.pool.sandbox import Layer, resource_limits, seccomp

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


def lock_down(memory: int, cpu_seconds: int, channel: int) -> Layer:
    """See ``sandbox.lock_down``."""
    held = Layer(0)
    # When the computer runs out of memory, one picture should be lost and not the person's session. Written before this
    # process is made undumpable, because its files in /proc belong to root from then on (proc(5)).
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    if resource_limits.set_limits(cpu_seconds) and resource_limits.set_address_space(memory):
        held |= Layer.LIMITS
    _prctl(_PR_SET_DUMPABLE, 0)  # nobody else of this user may attach to it or read its memory (ptrace(2))
    # Without this the kernel takes Landlock and seccomp only from a privileged process.
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if _prctl(_PR_GET_NO_NEW_PRIVS, 0) == 1:
        held |= Layer.NO_NEW_PRIVILEGES
        held |= _apply_landlock()
        if seccomp.install(platform.machine(), channel):
            held |= Layer.SYSCALLS
    return held


def _apply_landlock() -> Layer:
    """Apply a ruleset that handles every right known to this kernel and grants none of them."""
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
