"""A real intake on loopback, and somebody who runs a small site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from takedown_cli.core.model import Hashed, Recipe
from takedown_cli.hashing.pipeline import outcomes
from takedown_cli.intake import running
from takedown_cli.intake.http.server import Running
from tests.cli.runner import Ended, run
from tests.intake.person import Person, picture, video


@pytest.fixture(scope="module")
def intake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("intake") / "home", name="Test intake") as server:
        yield server


@dataclass
class Operator:
    """Somebody at a terminal in a folder, with a token of the intake in the file ``token``."""

    folder: Path
    intake: Running
    token: str

    def __call__(self, command: str, code: int = 0, stdin: str | None = None) -> Ended:
        ended = run(*command.split(), cwd=self.folder, stdin=None if stdin is None else stdin.encode())
        assert ended.code == code, ended.said
        assert self.token.encode() not in ended.out + ended.err
        return ended

    def join(self, options: str = "") -> Ended:
        return self(f"platform join site --intake {self.intake.address} --token-file token {options}")

    def report(self, *files: Path) -> Person:
        """Have somebody report these files, as they are: the hashes are our own."""
        person = Person(self.intake.origin, self.intake.card)
        hashed = [one for one in outcomes(files, Recipe(copies=frozenset()), workers=1) if isinstance(one, Hashed)]
        assert len(hashed) == len(files)
        items = []
        for one in hashed:
            pdq = [each.value for each in one.fingerprints if each.kind == "pdq" and "full" in str(each.method)]
            [md5] = [each.value for each in one.fingerprints if each.kind == "md5"]
            items.append(picture(pdq[0]) if one.media == "image" else video(md5, *pdq))
        assert person.submit(*items).is_success
        return person


@pytest.fixture
def operator(intake: Running, tmp_path: Path) -> Operator:
    token = intake.add_participant(f"Site {tmp_path.name}").endpoints["feed"]
    (tmp_path / "token").write_text(token + "\n")
    return Operator(tmp_path, intake, token)
