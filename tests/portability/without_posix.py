"""``python -m tests.portability.without_posix PACKAGE`` imports every module of a package where nothing POSIX exists.

It prints one line for each module that cannot be imported. What other packages need is loaded before.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import socket
import sys
import types
from collections.abc import Iterator

import pytest

#: Modules of the standard library that Windows lacks.
MODULES = (
    "fcntl", "grp", "posix", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty", "_posixsubprocess",
    "_scproxy", "nis", "ossaudiodev", "spwd", "crypt",
)  # fmt: skip
#: Names that a module of the standard library lacks on Windows.
NAMES: dict[types.ModuleType, tuple[str, ...]] = {
    os: (
        "chown", "chroot", "confstr", "ctermid", "fchdir", "fchmod", "fchown", "fdatasync", "fork", "forkpty",
        "fpathconf", "fstatvfs", "getegid", "geteuid", "getgid", "getgroups", "getloadavg", "getpgid", "getpgrp",
        "getpriority", "getresuid", "getsid", "getuid", "getxattr", "initgroups", "killpg", "lchown", "listxattr",
        "lockf", "mkfifo", "mknod", "makedev", "major", "minor", "nice", "openpty", "pathconf", "pidfd_open", "pipe2",
        "posix_fadvise", "posix_fallocate", "posix_spawn", "pread", "preadv", "pwrite", "pwritev", "register_at_fork",
        "removexattr", "sched_getaffinity", "sched_setaffinity", "sched_yield", "sendfile", "setegid", "seteuid",
        "setgid", "setgroups", "setpgid", "setpriority", "setsid", "setuid", "setxattr", "statvfs", "sync", "sysconf",
        "tcgetpgrp", "tcsetpgrp", "ttyname", "uname", "wait", "wait3", "wait4", "waitid", "memfd_create",
        "copy_file_range", "splice", "eventfd", "posix_openpt", "grantpt", "unlockpt", "ptsname", "unshare", "setns",
        "O_ASYNC", "O_CLOEXEC", "O_DIRECT", "O_DIRECTORY", "O_DSYNC", "O_NDELAY", "O_NOATIME", "O_NOCTTY", "O_NOFOLLOW",
        "O_NONBLOCK", "O_PATH", "O_RSYNC", "O_SYNC", "O_TMPFILE", "WNOHANG", "WUNTRACED", "WIFEXITED", "WEXITSTATUS",
        "WIFSIGNALED", "WTERMSIG", "P_ALL", "P_PID", "PRIO_PROCESS", "EX_OK", "EX_USAGE", "RTLD_NOW", "RTLD_LAZY",
    ),
    signal: (
        "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCONT", "SIGHUP", "SIGIO", "SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF",
        "SIGPWR", "SIGQUIT", "SIGRTMAX", "SIGRTMIN", "SIGSTOP", "SIGSYS", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
        "SIGURG", "SIGUSR1", "SIGUSR2", "SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "ITIMER_REAL", "SIG_BLOCK",
        "SIG_SETMASK", "SIG_UNBLOCK", "alarm", "getitimer", "pause", "pidfd_send_signal", "pthread_kill",
        "pthread_sigmask", "setitimer", "siginterrupt", "sigpending", "sigtimedwait", "sigwait", "sigwaitinfo",
    ),
    socket: ("AF_UNIX", "CMSG_LEN", "CMSG_SPACE", "MSG_CMSG_CLOEXEC", "MSG_DONTWAIT", "MSG_NOSIGNAL", "SCM_RIGHTS",
             "SO_REUSEPORT", "recv_fds", "send_fds", "sethostname"),
}  # fmt: skip
#: Run a program when they are imported.
_PROGRAMS = ("__main__", ".migrations.env")


def list_modules(package: str) -> list[str]:
    """Return the name of every module of the package that may be imported without running a program."""
    places = importlib.import_module(package).__path__
    return [info.name for info in pkgutil.walk_packages(places, f"{package}.") if not info.name.endswith(_PROGRAMS)]


def forget_posix() -> None:
    """Take from this process what Windows lacks, for good."""
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for name in ("msvcrt", "_winapi"):
        sys.modules[name] = types.ModuleType(name)
    for module, names in NAMES.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    for name in ("O_BINARY", "O_NOINHERIT"):
        setattr(os, name, 0)
    sys.platform = "win32"


def find_faults(names: list[str]) -> Iterator[str]:
    """Yield a line for each of the modules that cannot be imported."""
    for name in names:
        try:
            importlib.import_module(name)
        except pytest.skip.Exception:
            pass  # tests that say that they need another system
        except BaseException as error:
            yield f"{name}: {type(error).__name__}: {error}"


def main(package: str) -> None:
    """Print the modules that cannot be imported, and how many were tried."""
    names = list_modules(package)
    for fault in find_faults(names):
        print(fault, "(with POSIX)")  # noqa: T201
    for name in [name for name in sys.modules if name.partition(".")[0] in {"takedown_cli", "tests", "docs"}]:
        if name != __name__:
            del sys.modules[name]
    forget_posix()
    for fault in find_faults(names):
        print(fault)  # noqa: T201
    print(len(names), "modules")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
