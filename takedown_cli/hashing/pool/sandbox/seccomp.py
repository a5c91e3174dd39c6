"""A seccomp filter written out by hand: an allow-list of the system calls that decoding needs, for x86-64 and arm64.

Anything not listed fails with EPERM (ENOSYS where the C library has another way), in every thread. A call is listed
because a decoder, Python or the C library was seen to need it.
"""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass

# Why an allow-list: a deny-list has to name io_uring, memfd, userfaultfd, bpf, and whatever comes next year. The price,
# a decoder that needs an unlisted call on some other system, is small: it fails with EPERM for one file, not open.
#
# No kind of stat is listed. AT_EMPTY_PATH does not make newfstatat and statx harmless: no filter can see that the path
# beside it is empty, and Landlock does not cover stat, so they would show of any file whether it exists, how large and
# how old it is. Plain fstat is left out with them: glibc 2.33 to 2.38 knows only newfstatat, and what works here has to
# work with every C library.

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER, _TSYNC = 1, 1
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38

# Classic BPF, include/uapi/linux/bpf_common.h: load a word, jump if equal / greater or equal / any bit set, return.
_LOAD, _JEQ, _JGE, _JSET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NR, _ARCH, _ARGS = 0, 4, 16  # offsets in struct seccomp_data

#: Calls that are harmless with any argument: (x86-64, arm64); None where the architecture has no such call.
_FREE: dict[str, tuple[int, int | None]] = {
    "read": (0, 63), "pread64": (17, 67), "readv": (19, 65), "preadv": (295, 69), "lseek": (8, 62), "close": (3, 57),
    "dup": (32, 23), "munmap": (11, 215), "mremap": (25, 216), "madvise": (28, 233), "brk": (12, 214),
    "futex": (202, 98), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132), "exit": (60, 93), "exit_group": (231, 94), "restart_syscall": (219, 128),
    "set_robust_list": (273, 99), "rseq": (334, 293), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120), "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126), "getpid": (39, 172), "gettid": (186, 178), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "clock_gettime": (228, 113),
    "clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101), "gettimeofday": (96, 169),
    "time": (201, None), "getrandom": (318, 278), "sysinfo": (99, 179), "uname": (63, 160), "getcpu": (309, 168),
    "getrlimit": (97, 163), "getrusage": (98, 165), "times": (100, 153), "poll": (7, None), "ppoll": (271, 73),
}  # fmt: skip

#: Newer than any number we know of (Linux 6.1): ENOSYS makes a newer C library fall back to an older call.
_NEWER = 452
#: Its flags are behind a pointer, which no filter can follow. Refused with ENOSYS, the C library uses clone instead.
_CLONE3 = 435

# glibc and musl start a thread with exactly these flags (musl adds CLONE_DETACHED); anything else is a new process.
_THREAD_FLAGS = (0x003D0F00, 0x007D0F00)
_PROT_EXEC = 4
_PR_SET_NAME = 15
_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_DUPFD_CLOEXEC = 0, 1, 2, 3, 1030

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant


@dataclass(frozen=True, slots=True)
class _Rule:
    """A call allowed when the low half of one argument passes ``test`` against one of ``values``.

    With ``forbids`` it is refused then and allowed otherwise; with ``null`` the high half must be zero as well.
    """

    numbers: tuple[int, int]
    argument: int
    test: int
    values: tuple[int, ...]
    forbids: bool = False
    null: bool = False


def _rules(channel: int, pid: int) -> list[_Rule]:
    """Return calls allowed only with certain arguments. ``channel`` is the only descriptor that takes bytes out."""
    return [
        _Rule((56, 220), 0, _JEQ, _THREAD_FLAGS),  # clone: threads, no processes
        _Rule((9, 222), 2, _JSET, (_PROT_EXEC,), forbids=True),  # mmap: no new machine code
        _Rule((10, 226), 2, _JSET, (_PROT_EXEC,), forbids=True),  # mprotect
        _Rule((44, 206), 0, _JEQ, (channel,)),  # sendto
        _Rule((47, 212), 0, _JEQ, (channel,)),  # recvmsg
        _Rule((45, 207), 0, _JEQ, (channel,)),  # recvfrom
        _Rule((234, 131), 0, _JEQ, (pid,)),  # tgkill: abort() and raise() on ourselves
        _Rule((157, 167), 0, _JEQ, (_PR_SET_NAME,)),  # prctl: thread names
        _Rule((72, 25), 1, _JEQ, (_F_DUPFD, _F_GETFD, _F_SETFD, _F_GETFL, _F_DUPFD_CLOEXEC)),  # fcntl
        _Rule((302, 261), 2, _JEQ, (0,), null=True),  # prlimit64: reading limits only
    ]


def build_filter(machine: str, channel: int, pid: int) -> list[_Instruction]:
    """Return the filter for ``machine`` (``x86_64``, ``aarch64``) as BPF instructions. Raise KeyError for another."""
    column = {"x86_64": 0, "aarch64": 1}[machine]
    code: list[_Instruction] = [
        # The same number is another call under another architecture's interface, as 32-bit programs use it: it has to
        # be tested first (seccomp(2)).
        (_LOAD, 0, 0, _ARCH),
        (_JEQ, 1, 0, _AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NR),
    ]
    if machine == "x86_64":  # the x32 calls share the architecture word but not the numbers
        code += [(_JGE, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    for numbers in _FREE.values():
        number = numbers[column]
        if number is not None:
            code += [(_JEQ, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for rule in _rules(channel, pid):
        body = _test_argument(rule)
        code += [(_JEQ, 0, len(body), rule.numbers[column]), *body]
    refuse = [(_RETURN, 0, 0, _ERRNO | _ENOSYS)]
    code += [(_JEQ, 0, 1, _CLONE3), *refuse, (_JGE, 0, 1, _NEWER), *refuse]
    return [*code, (_RETURN, 0, 0, _ERRNO | _EPERM)]


def _test_argument(rule: _Rule) -> list[_Instruction]:
    """Return the instructions reached when the number matched: they always return."""
    # Little-endian on both architectures: the low half of a 64-bit argument comes first, and for the kernel every
    # argument tested here is 32 bits wide, except the pointer of prlimit64.
    offset = _ARGS + 8 * rule.argument
    passed, failed = (_ERRNO | _EPERM, _ALLOW) if rule.forbids else (_ALLOW, _ERRNO | _EPERM)
    body: list[_Instruction] = []
    if rule.null:
        body += [(_LOAD, 0, 0, offset + 4), (_JEQ, 1, 0, 0), (_RETURN, 0, 0, failed)]
    body.append((_LOAD, 0, 0, offset))
    for value in rule.values:
        body += [(rule.test, 0, 1, value), (_RETURN, 0, 0, passed)]
    return [*body, (_RETURN, 0, 0, failed)]


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def install(machine: str, channel: int) -> bool:
    """Put the filter on every thread of this process; return False when the kernel or the machine has none."""
    if machine not in _SECCOMP or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    code = build_filter(machine, channel, os.getpid())
    # struct sock_filter of include/uapi/linux/filter.h: a 16-bit code, two 8-bit jumps, a 32-bit constant.
    packed = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in code))
    header = _Program(len(code), ctypes.addressof(packed))
    libc = ctypes.CDLL(None, use_errno=True)
    result = libc.syscall(
        ctypes.c_long(_SECCOMP[machine]), ctypes.c_uint(_SET_MODE_FILTER), ctypes.c_uint(_TSYNC), ctypes.byref(header)
    )
    # With TSYNC a positive result is not success but the thread that could not follow (seccomp(2)).
    return bool(result == 0)
