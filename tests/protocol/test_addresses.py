"""Addresses of intakes: one form, and plain HTTP only where nobody can listen in."""

from __future__ import annotations

import pytest

from takedown_cli.core.errors import (
    ConfigError,
)
from takedown_cli.protocol.addresses import IntakeAddress


@pytest.mark.parametrize(
    "text",
    [
        "",
        "intake.example",
        "ftp://intake.example",
        "http://intake.example",
        "https://u:p@intake.example",
        "https://",
        "https://intake.example/path",
        "https://intake.example?q",
        "https://intake.example#short",
        "https://[::1",
        "https://a b",
        "http://abc.onion.",
        "https://intake.example.",
    ],
)
def test_a_bad_address_is_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigError):
        IntakeAddress.parse(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("HTTPS://Intake.Example/", "https://intake.example"),
        ("https://intake.example:443", "https://intake.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://abcdef.onion", "http://abcdef.onion"),
    ],
)
def test_an_address_has_one_form(text: str, origin: str) -> None:
    assert IntakeAddress.parse(text).origin == origin
