"""An intake as a helpline runs it, for the tests of the commands about a case."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.cli.runner import COMMAND, Ended, environment, run
from tests.waiting import PATIENCE


@dataclass
class Helpline:
    """An intake as a helpline runs it: one process, one folder."""

    folder: Path
    port: str = "0"
    address: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "intake", "serve", str(self.folder / "home"), "--port", self.port],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(self.folder),
            text=True,
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        self.port = self.address.partition("#")[0].rpartition(":")[2]

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE)

    def __call__(self, *arguments: str | Path, stdin: str | None = None) -> Ended:
        """A command of a person who has this intake in the settings."""
        return run(
            *arguments,
            cwd=self.folder,
            stdin=None if stdin is None else stdin.encode(),
            env={"TAKEDOWN_INTAKE": self.address},
        )
