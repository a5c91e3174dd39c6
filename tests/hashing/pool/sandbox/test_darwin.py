"""The memory limit of macOS, in a process for which Linux plays a Mac's kernel; nothing here ran on a Mac."""

from __future__ import annotations

import subprocess
import sys

import pytest

from takedown_cli.hashing.pool.sandbox import Layer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux plays a Mac here")

#: From macOS 12 on, a limit below what is mapped is refused. {refusal} says which limits are.
_PLAY = """
import mmap, resource, sys
from pathlib import Path
from takedown_cli.hashing.pool.sandbox import resource_limits
plain = resource.setrlimit

def mapped():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

def setrlimit(what, limits):
    if what == resource.RLIMIT_AS and limits[0] != resource.RLIM_INFINITY and {refusal}:
        raise ValueError("current limit exceeds maximum limit")
    plain(what, limits)

{before}
resource.setrlimit = setrlimit
sys.platform = "darwin"
from takedown_cli.hashing.pool.sandbox import darwin

def can_map(size):
    try:
        mmap.mmap(-1, size).close()
    except OSError:
        return 0
    return 1

before = mapped()
layers = darwin.lock_down(256 << 20, 60)
print(int(layers), resource.getrlimit(resource.RLIMIT_AS)[0] - before, can_map(128 << 20), can_map(512 << 20))
"""


def play_a_mac(refusal: str, before: str = "") -> tuple[Layer, int, bool, bool]:
    """Return the layers that hold, the limit above what was mapped, and whether 128 and 512 MB can be mapped."""
    played = subprocess.run(
        [sys.executable, "-c", _PLAY.format(refusal=refusal, before=before)], check=True, capture_output=True, text=True
    )
    layers, above, small, large = map(int, played.stdout.split())
    return Layer(layers), above, bool(small), bool(large)


def test_the_memory_limit_is_set_above_what_is_mapped() -> None:
    layers, above, small, large = play_a_mac("limits[0] < mapped()")
    assert Layer.LIMITS in layers
    assert 256 << 20 <= above <= (256 + 32) << 20
    assert (small, large) == (True, False)


def test_a_memory_limit_of_the_system_stays() -> None:
    """A hard limit that somebody set before is far below what the search begins with."""
    before = "plain(resource.RLIMIT_AS, (mapped() + (64 << 20),) * 2)"
    layers, above, small, large = play_a_mac("limits[0] < mapped()", before)
    assert Layer.LIMITS in layers
    assert above <= 64 << 20
    assert (small, large) == (False, False)


def test_a_memory_limit_that_is_refused_is_not_claimed() -> None:
    layers, _, small, large = play_a_mac("True")
    assert Layer.LIMITS not in layers
    assert (small, large) == (True, True)


def test_a_memory_limit_that_is_not_enforced_is_not_claimed() -> None:
    """Before macOS 12 any limit was taken and none enforced."""
    layers, _, _, _ = play_a_mac("False")
    assert Layer.LIMITS not in layers
