"""A key in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.helpline.keys import lifecycle
from takedown_cli.helpline.keys.key_uri import FileUri
from tests.helpline.keys.cheap_keys import CHEAP, DAY, passphrase, write


@pytest.fixture
def kept(tmp_path: Path) -> FileUri:
    uri = FileUri(tmp_path / "office.key")
    lifecycle.create_key(uri, passphrase, DAY, write, CHEAP)
    return uri
