"""URIs of keys: read, or refused without repeating them."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from takedown_cli.core.errors import ConfigError
from takedown_cli.helpline.keys import key_uri
from takedown_cli.helpline.keys.key_uri import FileUri, KeyringUri, TokenUri


def test_uris_are_read() -> None:
    assert key_uri.parse_key_uri("file:office.key") == FileUri(Path("office.key"))
    assert key_uri.parse_key_uri("file:///srv/a%20b.key") == FileUri(Path("/srv/a b.key"))
    assert key_uri.parse_key_uri("keyring:Helpline 1") == KeyringUri("Helpline 1")
    token = key_uri.parse_key_uri("pkcs11:token=Our%20token;object=office;type=private?module-path=/usr/lib/x.so")
    assert token == TokenUri("Our token", "office", Path("/usr/lib/x.so"))


@pytest.mark.parametrize(
    "text",
    [
        "", "office.key", "file:", "file://host/x", "keyring:", "keyring:a/b", "keyring:a\x1b", "https://x", "pkcs11:",
        "pkcs11:token=a;object=b", "pkcs11:token=a;object=b?module-path=x.so", "pkcs11:object=b?module-path=/x.so",
        "pkcs11:token=a;token=b;object=c?module-path=/x.so", "pkcs11:token=%ff;object=c?module-path=/x.so",
        "pkcs11:token=a;object=b;type=public?module-path=/x.so", "pkcs11:token=a;object=b;x=y?module-path=/x.so",
        "pkcs11:token=a;object=b?module-path=/x.so&pin-value=1234", "pkcs11:token=a;object=b?pin-source=file:/x",
    ],
)  # fmt: skip
def test_uris_that_are_none_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        key_uri.parse_key_uri(text)
    assert "1234" not in f"{caught.value.sentence}{caught.value.hint}"


@pytest.mark.parametrize(
    ("rest", "path"),
    [
        ("///C:/Users/Zo%C3%A9/helpline%201.key", "C:/Users/Zoé/helpline 1.key"),
        ("//localhost/C:/k", "C:/k"),
        ("///C|/k", "C:/k"),
        ("/C:/k", "C:/k"),
        ("C:\\keys\\k", "C:\\keys\\k"),
        ("C:/keys/k", "C:/keys/k"),
        ("keys\\100%25.key", "keys\\100%25.key"),
        ("\\\\server\\share\\k", "\\\\server\\share\\k"),
    ],
)
def test_a_file_uri_of_windows_names_the_path_behind_its_drive(rest: str, path: str) -> None:
    assert key_uri.file_path(rest, windows=True) == path
    assert PureWindowsPath(key_uri.file_path(rest, windows=True)) == PureWindowsPath(path)


@pytest.mark.parametrize("rest", ["//server/share/k", "////server/share/k", "//C:/k", "///%5Cserver/share", "//"])
def test_a_file_uri_to_another_computer_is_refused(rest: str) -> None:
    with pytest.raises(ConfigError, match="on this computer"):
        key_uri.file_path(rest, windows=True)


def test_a_path_elsewhere_may_look_like_a_drive() -> None:
    assert key_uri.file_path("///C:/k", windows=False) == "/C:/k"
    assert key_uri.file_path("//localhost/srv/k", windows=False) == "/srv/k"
