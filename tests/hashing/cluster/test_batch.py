"""A caseload hashed on a cluster: every caller's case is sent, also when the workers went away in between."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from takedown_cli import fixtures
from takedown_cli.intake import running
from tests.cli.runner import COMMAND, Ended, after, run
from tests.hashing.cluster.machines import machines, with_its_children
from tests.helpline.keys.cheap_keys import make_key

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
CALLERS, PICTURES = 4, 3
#: The command, which does not wait half a minute for workers that will not come.
_IMPATIENT = after("from takedown_cli.hashing.cluster.scheduler import Cluster; Cluster.patience = 1.0")


def test_a_caseload_goes_on_where_the_cluster_left_it(tmp_path: Path) -> None:
    for caller in range(CALLERS):
        folder = tmp_path / "callers" / f"caller {caller}"
        folder.mkdir(parents=True)
        for number in range(PICTURES):
            fixtures.picture(caller * PICTURES + number, (320, 240)).save(folder / f"{number}.png")
    make_key(tmp_path / "helpline.key", tmp_path / "passphrase")
    key = ("--key", "file:helpline.key", "--passphrase-file", "passphrase")
    ledger = (*key, "--ledger", "cases.ledger", "-q")

    def ran(code: int, *arguments: str, command: Sequence[str] = COMMAND) -> Ended:
        ended = run(*arguments, cwd=tmp_path, command=command)
        assert ended.code == code, ended.said
        return ended

    declared = ("--age", "adult", "--for", "other", "--authority", "permission")
    with running(tmp_path / "intake", name="Test intake", test=True) as intake, machines(tmp_path / "m", 1) as made:
        there = ("--executor", made.address)
        with_its_children(made.workers[0])
        ran(7, "batch", "run", "callers", "--intake", intake.address, "--test", "--yes", *declared, *there, *ledger,
            command=_IMPATIENT)  # fmt: skip
        made.add_worker()
        ran(0, "batch", "resume", "--yes", *there, *ledger)
        status: Any = ran(0, "batch", "status", "--json", "--all", *ledger).document()
    assert len(status["cases"]) == CALLERS
    assert {(case["state"], case["items"]) for case in status["cases"]} == {("sent", PICTURES)}
