"""A helpline's desk: a folder with its key, and commands run in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.cli.runner import Ended, run
from tests.helpline.keys.cheap_keys import make_key

NUMBERS = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}")


KEY = ("--key", "file:office.key", "--passphrase-file", "words")


LEDGER = ("--ledger", "cases.ledger", *KEY)


@dataclass
class Desk:
    """A folder with three callers whose cases are with an intake that serves."""

    folder: Path
    address: str

    def __call__(self, *arguments: str, stdin: str | None = None) -> Ended:
        data = None if stdin is None else stdin.encode()
        return run(*arguments, cwd=self.folder, stdin=data, env={"TAKEDOWN_INTAKE": self.address})


def with_key(place: Path) -> None:
    make_key(place / "office.key", place / "words")


def in_one_line(ended: Ended) -> str:
    return " ".join(ended.said.split())
