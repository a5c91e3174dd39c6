"""Windows: a job object that bounds memory and forbids further processes; files and the network stay reachable.

Processor time, open files and written bytes have no limit there, so ``Layer.LIMITS`` is not claimed. The supervisor
ends a decoder whose time is over, as everywhere.

It reports what the system calls report. It has not been tested on Windows, so ``doctor`` tries each claim. It does not
count as more than "process only".
"""

from __future__ import annotations

import ctypes
import sys

from takedown_cli.hashing.pool.sandbox import Layer

# JOBOBJECT_EXTENDED_LIMIT_INFORMATION, information class 9; limit flags from winnt.h.
_EXTENDED_LIMITS = 9
_ACTIVE_PROCESS, _PROCESS_MEMORY, _DIE_ON_EXCEPTION, _KILL_ON_CLOSE = 0x8, 0x100, 0x400, 0x2000


class _Basic(ctypes.Structure):
    _fields_ = [
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("least_working_set", ctypes.c_size_t),
        ("most_working_set", ctypes.c_size_t),
        ("processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    ]


class _Extended(ctypes.Structure):
    _fields_ = [
        ("basic", _Basic),
        ("io", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process", ctypes.c_size_t),
        ("peak_job", ctypes.c_size_t),
    ]


def lock_down(memory: int) -> Layer:
    """See ``sandbox.lock_down``. The job ends with this process, which holds its only handle."""
    held = Layer(0)
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = ctypes.c_void_p
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        job = kernel.CreateJobObjectW(None, None)
        limits = _Extended()
        limits.basic.flags = _ACTIVE_PROCESS | _PROCESS_MEMORY | _DIE_ON_EXCEPTION | _KILL_ON_CLOSE
        limits.basic.processes = 1
        limits.process_memory = memory
        handle, process = ctypes.c_void_p(job), ctypes.c_void_p(kernel.GetCurrentProcess())
        size = ctypes.c_uint32(ctypes.sizeof(limits))
        if (
            job
            and kernel.SetInformationJobObject(handle, ctypes.c_int(_EXTENDED_LIMITS), ctypes.byref(limits), size)
            and kernel.AssignProcessToJobObject(handle, process)
        ):
            held = Layer.JOB
    return held
