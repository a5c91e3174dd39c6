"""Decoding processes killed in the middle of a run, which is then held against an undisturbed one.

It counts the kills that really happened, and how many outcomes differ.
It does not kill a process that does not descend from the command it started.
"""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from takedown_cli.fixtures.texture import picture
from tests.campaigns.hostile.measure import below, run


@dataclass(frozen=True)
class Disturbed:
    """How many children were killed, how many files were lost by that, and how many came out differently otherwise.

    A file is tried twice: it takes two kills, by chance, to lose it.
    """

    kills: int
    lost: int
    different: int


def disturbed(above: Path, files: int, every: int, seed: int = 1) -> Disturbed:
    """Hash ``files`` pictures twice, the second time killing a random child after every ``every`` outcomes."""
    folder = above / "pictures"
    folder.mkdir()
    for number in range(files):
        picture(number % 25, (640 + number, 480)).save(folder / f"{number:04}.jpg", quality=80)
    chance = random.Random(seed)
    kills, seen = 0, 0

    def kill(pid: int, _row: dict[str, Any]) -> None:
        nonlocal kills, seen
        seen += 1
        children = sorted(below(pid))
        if seen % every == 0 and children:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(children), getattr(signal, "SIGKILL", signal.SIGTERM))
                kills += 1

    usual = run([folder], keep=True)
    under_fire = run([folder], keep=True, each=kill)
    assert usual.files == under_fire.files == files
    pairs = list(zip(usual.rows, under_fire.rows, strict=True))
    changed = [other for one, other in pairs if one != other]
    lost = sum(row.get("reason") == "decoder-crashed" for row in changed)
    return Disturbed(kills, lost, len(changed) - lost)
