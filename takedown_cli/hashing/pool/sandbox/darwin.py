"""macOS: resource limits and Apple's "pure computation" profile, as far as the system still offers it.

It reports what the system calls report. It has not been tested on a Mac, so ``doctor`` tries each claim. It does not
count as a full sandbox: the profile interface is deprecated.
"""

from __future__ import annotations

import ctypes
import sys

from takedown_cli.hashing.pool.sandbox import Layer, resource_limits

_SANDBOX_NAMED = 1
_PURE_COMPUTATION = b"pure-computation"


def lock_down(memory: int, cpu_seconds: int) -> Layer:
    """See ``sandbox.lock_down``. The profile leaves descriptors that are already open usable."""
    held = Layer(0)
    if sys.platform == "darwin":
        limited = resource_limits.set_limits(cpu_seconds)
        if _limit_memory(memory) and limited:
            held |= Layer.LIMITS
        try:
            system = ctypes.CDLL("/usr/lib/libSystem.B.dylib")
            message = ctypes.c_char_p()
            if system.sandbox_init(_PURE_COMPUTATION, ctypes.c_uint64(_SANDBOX_NAMED), ctypes.byref(message)) == 0:
                held |= Layer.PROFILE
        except (OSError, AttributeError):
            pass
    return held


def _limit_memory(memory: int) -> bool:
    """Let this process map ``memory`` bytes more than now; return whether the kernel enforces that.

    The system's own libraries are mapped into every process on a Mac, which is many gigabytes. From macOS 12 the kernel
    refuses a limit below what is mapped, and enforces one above it. What it counts as mapped is found by asking for
    limits: what ``task_info`` reports may leave regions out. Earlier systems take any number and enforce none.
    """
    mapped = resource_limits.find_mapped_size(resource_limits.accepts_address_space)
    return bool(mapped) and resource_limits.set_address_space((mapped or 0) + memory)
