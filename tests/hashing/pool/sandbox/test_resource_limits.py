"""The limits as the kernel enforces them, and the search for what a process has mapped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from takedown_cli.hashing.pool.sandbox.resource_limits import find_mapped_size

_MIB = 1 << 20


def kernel_with(mapped: int) -> Callable[[int], bool]:
    """A kernel that accepts no limit below what is mapped."""
    return lambda size: mapped <= size


@pytest.mark.parametrize("mapped", [5 * _MIB, 37 * _MIB, 390 << 30, (390 << 30) + 12345])
def test_the_mapped_size_is_found_by_what_the_kernel_refuses(mapped: int) -> None:
    found = find_mapped_size(kernel_with(mapped))
    assert found is not None
    assert mapped <= found <= mapped + 16 * _MIB


def test_a_kernel_that_takes_any_limit_enforces_none() -> None:
    assert find_mapped_size(kernel_with(0)) == 0


def test_a_kernel_that_takes_no_limit_has_no_mapped_size() -> None:
    assert find_mapped_size(lambda _size: False) is None


_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")


def run(code: str) -> int:
    return subprocess.run([sys.executable, "-c", code], check=False, stderr=subprocess.DEVNULL).returncode


@pytest.mark.slow
def test_processor_time_that_is_over_is_known_by_its_signal() -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no limit of processor time")
    code = (
        "from takedown_cli.hashing.pool.sandbox import resource_limits as r\nassert r.set_limits(1)\nwhile True: pass"
    )
    assert run(code) == -signal.SIGXCPU


@_POSIX
def test_a_lower_limit_of_the_system_stays() -> None:
    code = (
        "import resource, sys\n"
        "from takedown_cli.hashing.pool.sandbox import resource_limits as r\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))\n"
        "assert r.set_limits(60)\n"
        "sys.exit(resource.getrlimit(resource.RLIMIT_NOFILE) != (16, 16))"
    )
    assert run(code) == os.EX_OK
