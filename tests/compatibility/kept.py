"""The kept files: a copy to work on, with the rights they had, and the commands of today in it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from tests.cli.runner import COMMAND, Ended, after, environment, run
from tests.compatibility.onion import leading_to
from tests.waiting import PATIENCE

FOLDER: Final = Path(__file__).parent / "before_house"
#: What the version that wrote the files answered, and the numbers and keys that open them.
ANSWERS: Final[dict[str, Any]] = json.loads((FOLDER / "answers.json").read_text(encoding="utf-8"))
KEY: Final = ("--key", "file:helpline.key", "--passphrase-file", "passphrase.txt")
#: As a command that thinks it is in the folder in which the files were made: a journal knows files by their full paths.
IN_ITS_PLACE: Final = after(f"import os; os.getcwd = lambda: {ANSWERS['place']!r}")


@dataclass
class Kept:
    """A copy of the files. ``proxy`` leads to the intake while it is served."""

    folder: Path
    proxy: str = ""
    port: str = ""

    def __call__(self, *arguments: str, stdin: str = "") -> Ended:
        env = {"TAKEDOWN_INTAKE": ANSWERS["address"]}
        if self.proxy:
            env["TAKEDOWN_PROXY"] = self.proxy
        return run(*arguments, cwd=self.folder, stdin=stdin.encode(), env=env)

    def json(self, *arguments: str, stdin: str = "") -> Any:
        ended = self(*arguments, "--json", stdin=stdin)
        assert ended.code == 0, ended.said
        return ended.document()

    def in_its_place(self, *arguments: str, stdin: str = "") -> Ended:
        return run(*arguments, cwd=self.folder, stdin=stdin.encode(), command=IN_ITS_PLACE)

    def status(self, case: str) -> Any:
        return self.json("status", "-", stdin=ANSWERS["cases"][case])

    @contextmanager
    def intake(self, home: str = "home") -> Iterator[None]:
        """The kept intake as it is served by today's program."""
        while True:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = str(free.getsockname()[1])
            serving = subprocess.Popen(
                [*COMMAND, "intake", "serve", home, "--port", self.port, "--log", "none"],
                cwd=self.folder,
                env=environment(self.folder),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            assert serving.stdout is not None
            assert serving.stderr is not None
            address = serving.stdout.readline().strip()
            if address:
                break
            said = serving.communicate()[1]
            assert "cannot listen on" in said, said  # another program took that port meanwhile
        try:
            assert address == ANSWERS["address"]
            with leading_to(self.port) as self.proxy:
                yield
        finally:
            serving.terminate()
            serving.communicate()

    def fetch(self, platform: str) -> Any:
        """The whole list as that platform pulls it, in the StopNCII shape."""
        keys = ANSWERS["participants"][platform]
        headers = {
            "x-functions-key": keys["function_keys"]["FetchHashes"],
            "Ocp-Apim-Subscription-Key": keys["subscription_key"],
        }
        return json.loads(self.get("/v1/FetchHashes?startTimestamp=10&pageSize=800", headers))

    def get(self, path: str, headers: dict[str, str]) -> bytes:
        with urlopen(Request(f"http://127.0.0.1:{self.port}{path}", headers=headers), timeout=PATIENCE) as answer:
            found: bytes = answer.read()
            return found


def copy(folder: Path) -> Kept:
    """A copy for its owner alone, with the times of change that the journal knows; git keeps neither."""
    for path in sorted(FOLDER.rglob("*")):
        place = folder / path.relative_to(FOLDER)
        if path.is_dir():
            place.mkdir(mode=0o700)
        else:
            shutil.copyfile(path, place)
            place.chmod(0o600)
            os.utime(place, ns=(ANSWERS["time"], ANSWERS["time"]))
    return Kept(folder)
