"""The address of an intake is its own."""

from __future__ import annotations

import socket

import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.intake.http import server


def test_windows_is_asked_for_the_address_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """There SO_REUSEADDR lets another program take over the connections."""
    monkeypatch.setattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_KEEPALIVE, raising=False)
    with server.open_socket("127.0.0.1", 0) as listening:
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert not listening.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        with pytest.raises(ConfigError, match="cannot listen"):
            server.open_socket("127.0.0.1", listening.getsockname()[1])
