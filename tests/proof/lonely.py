"""Run in a network namespace of its own: brings loopback up, serves an intake there, and submits to it.

No route but loopback exists. It refuses to run outside such a namespace.
"""

from __future__ import annotations

import socket
import struct
import sys
from pathlib import Path

from tests.proof.capture import capturing
from tests.proof.household import Household

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1


def main(folder: Path) -> int:
    interfaces = {name for _, name in socket.if_nameindex()}
    if "lo" not in interfaces or Path("/proc/net/route").read_text().count("\n") > 1:
        return 99
    if sys.platform != "linux":
        return 99
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
        request = struct.pack("16sh22x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(link, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(link, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))
    with capturing() as intake:
        house = Household(folder)
        sent = house("submit", "a.jpg", "--yes", "--age", "adult", "--for", "self", "--intake", intake.address)
        sys.stdout.buffer.write(sent.out)
        sys.stderr.buffer.write(sent.err)
        return sent.code if len(intake.bodies) == 1 else 98


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
