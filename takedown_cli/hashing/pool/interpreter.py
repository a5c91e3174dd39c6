"""Starts a fresh Python with an empty environment, its own session and one inherited socket.

The new process shares no memory, descriptor, variable, terminal signal or working folder with us. Its command line
reveals nothing about files or people.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import socket
import subprocess
import sys

#: Values that ``marshal`` carries.
Settings = dict[str, object]

# While everything is imported, nothing is garbage: looking for it costs a tenth of the start.
_BOOT = (
    "import gc;gc.disable();"
    "import marshal,sys;s=marshal.load(sys.stdin.buffer);sys.path[:]=s['path'];"
    "from importlib import import_module;import_module(s['module']).main(s)"
)

# One thread for linear algebra, so that the process may be forked and uses the one core it is given; few arenas, so
# that threads do not eat the address space. Blocks of up to 32 MB stay with the process when they are freed: the next
# picture needs as much, and the kernel has to clear what it gives out anew. All are read by libraries at start and
# cleared before any file; malloc's by glibc alone.
_ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(256 << 20),
}


def choose_executable(platform: str, executable: str, base_executable: str) -> str:
    """Return the program to start: ``sys.executable``, or on Windows the interpreter behind it.

    In a virtual environment on Windows ``python.exe`` is a launcher that starts the real interpreter as a second
    process. A handle duplicated to the launcher's process id never reaches the decoder, and killing the launcher may
    leave the decoder behind. ``multiprocessing`` starts ``sys._base_executable`` for the same reason (bpo-35797). The
    environment's packages are found all the same: the new process has ``-S``, and gets our ``sys.path``.
    """
    return base_executable or executable if platform == "win32" else executable


def start_interpreter(
    module: str, settings: Settings, channel: socket.socket, *, more: bool = False
) -> subprocess.Popen[bytes]:
    """Run ``module.main(settings)`` in a new interpreter that has ``channel`` too; close it here afterwards.

    With ``more`` it may wait for further settings (``receive_settings``), which ``send_settings`` has to send.
    Raise OSError when no process can be started.
    """
    windows = sys.platform == "win32"
    flags = ["-I", "-S"] + ["-B"] * sys.dont_write_bytecode + ["-O"] * min(sys.flags.optimize, 2)
    process = subprocess.Popen(
        [choose_executable(sys.platform, sys.executable, getattr(sys, "_base_executable", "")), *flags, "-c", _BOOT],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_windows_environment() if windows else _ENVIRONMENT,
        cwd=os.sep,
        pass_fds=() if windows else (channel.fileno(),),
        start_new_session=not windows,
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    from pathlib import Path  # the new process is under way while this is imported

    places = [Path(place).absolute() for place in sys.path] + [Path(__file__).resolve().parents[3]]
    message: Settings = {**settings, "module": module, "path": [str(place) for place in places]}
    if sys.platform == "win32":
        message["share"] = channel.share(process.pid)
    else:
        message["fd"] = channel.fileno()
    send_settings(process, message, more=more)
    return process


def send_settings(process: subprocess.Popen[bytes], settings: Settings, *, more: bool = False) -> None:
    """Send a process that was started its settings, or the rest of them."""
    pipe = process.stdin
    assert pipe is not None
    # When it is gone already, the channel shows it too; close() tries once more to write what was not written.
    with contextlib.suppress(OSError):
        pipe.write(marshal.dumps(settings))
        pipe.flush()
    if not more:
        with contextlib.suppress(OSError):
            pipe.close()


def receive_settings() -> Settings | None:
    """In the new process: wait for the rest of the settings; return None when the parent went away instead."""
    try:
        settings = marshal.load(sys.stdin.buffer)
    except (EOFError, ValueError, TypeError):
        return None
    assert isinstance(settings, dict)
    return settings


def _windows_environment() -> dict[str, str]:
    """Return the environment for Windows, where sockets and random numbers need SystemRoot."""
    variables = dict(_ENVIRONMENT)
    if sys.platform == "win32":
        import ctypes

        # Not GetWindowsDirectoryW, which on a terminal server returns a folder of the user's own.
        folder = ctypes.create_unicode_buffer(260)
        ctypes.WinDLL("kernel32").GetSystemWindowsDirectoryW(folder, 260)
        variables["SYSTEMROOT"] = folder.value
    return variables
