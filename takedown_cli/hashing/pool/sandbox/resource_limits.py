"""The resource limits of POSIX systems, which Linux and macOS set in the same way, except for memory."""

from __future__ import annotations

import sys
from collections.abc import Callable

_OPEN_FILES = 32
_STEP = 16 << 20
#: More than any process has mapped.
_MOST = 1 << 50


def set_limits(cpu_seconds: int) -> bool:
    """Limit processor seconds and open files, allow no core file and no written byte; return whether all were accepted.

    A process that reaches its processor seconds gets SIGXCPU, by which the supervisor knows what happened, and SIGKILL
    a second later.
    """
    if sys.platform == "win32":
        return False
    import resource

    try:
        for what, soft, hard in (
            (resource.RLIMIT_CORE, 0, 0),
            (resource.RLIMIT_FSIZE, 0, 0),
            (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
            (resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 1),
        ):
            _, most = resource.getrlimit(what)
            if most == resource.RLIM_INFINITY:
                resource.setrlimit(what, (soft, hard))
            else:
                resource.setrlimit(what, (min(soft, most), min(hard, most)))
    except (OSError, ValueError):
        return False
    return True


def set_address_space(size: int) -> bool:
    """Limit the address space to ``size`` bytes; return whether that was accepted."""
    if sys.platform == "win32":
        return False
    import resource

    try:
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        bound = size if most == resource.RLIM_INFINITY else min(size, most)
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    except (OSError, ValueError):
        return False
    return True


def accepts_address_space(size: int) -> bool:
    """Return whether the kernel accepts ``size`` bytes as the limit; afterwards the limit is as high as it may be."""
    if sys.platform == "win32":
        return False
    import resource

    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        most = _MOST if hard == resource.RLIM_INFINITY else hard
        resource.setrlimit(resource.RLIMIT_AS, (min(size, most), hard))
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    except (OSError, ValueError):
        return False
    return True


def find_mapped_size(accepts: Callable[[int], bool]) -> int | None:
    """Return how many bytes this process has mapped, up to 16 MB too many, as a kernel sees it that accepts no less.

    ``accepts`` says whether the kernel takes a number of bytes as the limit. Return 0 when it takes less than any
    process has mapped, for such a limit is not enforced, and None when it takes none.
    """
    if accepts(_STEP // 16):
        return 0
    refused, accepted = _STEP // 16, _MOST
    if not accepts(accepted):
        return None
    while accepted - refused > _STEP:
        middle = (refused + accepted) // 2
        if accepts(middle):
            accepted = middle
        else:
            refused = middle
    return accepted
