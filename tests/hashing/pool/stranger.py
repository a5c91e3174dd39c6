"""The other end of a channel, in the hands of a test."""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass
class Stranger:
    """The other end of a real socket that answers like a child that was taken over."""

    channel: socket.socket
    video: bool = False
    handle: int = 0
    pid: int = 0

    def kill(self) -> int:
        return 0
