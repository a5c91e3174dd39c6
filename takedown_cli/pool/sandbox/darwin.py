"""macOS: resource limits and Apple's "pure computation" profile, as far as the system still offers it.

It guarantees only what the system calls report; it has not been tested on a Mac, so ``doctor`` tries each claim.
It must never count as a full sandbox: the profile interface is deprecated, and memory limits are not enforced there.
"""

from __future__ import annotations

import ctypes
import sys

from takedown_cli.pool.sandbox import Layer

_SANDBOX_NAMED = 1
_PURE_COMPUTATION = b"pure-computation"


def lock_down(memory: int, cpu_seconds: int) -> Layer:
    """See ``sandbox.lock_down``. The profile leaves descriptors that are already open usable."""
    held = Layer(0)
    if sys.platform == "darwin":
        import resource

        held = Layer.LIMITS
        for what, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_FSIZE, 0),
            (resource.RLIMIT_CPU, cpu_seconds),
            (resource.RLIMIT_AS, memory),
        ):
            try:
                resource.setrlimit(what, (most, most))
            except (OSError, ValueError):
                held = Layer(0)
        try:
            system = ctypes.CDLL("/usr/lib/libSystem.B.dylib")
            message = ctypes.c_char_p()
            if system.sandbox_init(_PURE_COMPUTATION, ctypes.c_uint64(_SANDBOX_NAMED), ctypes.byref(message)) == 0:
                held |= Layer.PROFILE
        except (OSError, AttributeError):
            pass
    return held
