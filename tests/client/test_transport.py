"""Requests as they leave: nothing of the machine in them, by the proxy that was named or not at all."""

from __future__ import annotations

import pytest

from takedown_cli.client.transport import Transport
from takedown_cli.core.errors import (
    ConfigError,
    UnreachableError,
)
from takedown_cli.protocol.addresses import IntakeAddress
from tests.client.hostile import serving


def test_requests_say_nothing_about_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with serving(lambda *_: (200, {"set-cookie": "id=1"}, b"")) as (address, server):
        with Transport(address) as transport:
            transport.get("/v1/keys")
            transport.post("/v1/status", b"x")
        allowed = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-type", "content-length"}
        for _, _, headers, _ in server.seen:
            assert set(headers) <= allowed
            assert headers["user-agent"] == "takedown"


def test_a_dead_proxy_fails_closed() -> None:
    with serving(lambda *_: (200, {}, b"")) as (address, server):
        with Transport(address, "socks5h://127.0.0.1:9") as transport, pytest.raises(UnreachableError):
            transport.get("/v1/keys")
        assert server.seen == []


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:9050", "ftp://x", "nonsense"])
def test_a_proxy_that_would_leak_names_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigError):
        Transport(IntakeAddress.parse("https://intake.example"), proxy)


@pytest.mark.parametrize("text", ["http://abcdef.onion", "http://abcdef.onion:8080", "https://abcdef.onion:444"])
def test_an_onion_service_is_never_asked_of_a_name_server(text: str) -> None:
    with pytest.raises(ConfigError):
        Transport(IntakeAddress.parse(text))
