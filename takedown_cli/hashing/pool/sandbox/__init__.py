"""What a decoding process gives up before it reads a file, and a name for each thing given up.

A layer that the kernel did not accept is missing from the result of ``lock_down``, and ``doctor`` says so.
"""

from __future__ import annotations

import sys
from enum import IntFlag


class Layer(IntFlag):
    """One thing a process can no longer do. The numbers cross a socket as one byte."""

    LIMITS = 1
    NO_NEW_PRIVILEGES = 2
    FILES = 4
    NETWORK = 8
    SCOPE = 16
    SYSCALLS = 32
    PROFILE = 64
    JOB = 128


#: What each layer means, in the words of ``takedown doctor``.
MEANING: dict[Layer, str] = {
    Layer.LIMITS: "limits on memory, processor time, open files and written bytes",
    Layer.NO_NEW_PRIVILEGES: "no new privileges",
    Layer.FILES: "no file can be opened by name (Landlock)",
    Layer.NETWORK: "no TCP connection (Landlock)",
    Layer.SCOPE: "no signal or local socket outside the process (Landlock)",
    Layer.SYSCALLS: "only the system calls that decoding needs (seccomp)",
    Layer.PROFILE: "computation only (macOS sandbox)",
    Layer.JOB: "no further process, bounded memory (Windows job)",
}


def lock_down(memory: int, cpu_seconds: int, channel: int) -> Layer:
    """Give up everything that decoding does not need, for good; return the layers that hold.

    ``memory`` is bytes of address space, ``cpu_seconds`` processor time of the whole process, ``channel`` the
    descriptor of the one socket that may still be used. Call it with one thread, after every import.
    """
    held = Layer(0)
    if sys.platform == "linux":
        from takedown_cli.hashing.pool.sandbox import linux

        held = linux.lock_down(memory, cpu_seconds, channel)
    elif sys.platform == "darwin":
        from takedown_cli.hashing.pool.sandbox import darwin

        held = darwin.lock_down(memory, cpu_seconds)
    elif sys.platform == "win32":
        from takedown_cli.hashing.pool.sandbox import windows

        held = windows.lock_down(memory)
    return held
