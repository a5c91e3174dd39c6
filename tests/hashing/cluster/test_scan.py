"""A scan on a cluster gives the very lines of a scan on one computer."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.intake import running
from tests.cli.commands.platform.conftest import Operator
from tests.cli.documents import published
from tests.cli.runner import run
from tests.hashing.cluster.machines import machines
from tests.interop import photos

pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


def test_two_workers_find_what_one_computer_finds(tmp_path: Path) -> None:
    uploads = tmp_path / "uploads"
    uploads.mkdir()
    image = photos.picture(96)
    image.save(tmp_path / "original.png")
    photos.reposts_of(image, uploads)
    for number in range(30):
        photos.picture(100 + number).resize((200, 150)).save(uploads / f"{number:02}.png")
    (uploads / "damaged.jpg").write_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 400)
    with running(tmp_path / "intake", name="Test intake") as intake, machines(tmp_path / "machines", 2) as two:
        (tmp_path / "token").write_text(intake.add_participant("Site").endpoints["feed"])
        site = Operator(tmp_path, intake, "no token is shown")
        site.join()
        site.report(tmp_path / "original.png")
        site("platform pull site")
        scan = ("platform", "scan", "site", "uploads", "--jsonl", "-q")
        here = run(*scan, cwd=tmp_path)
        there = run(*scan, "--executor", two.address, cwd=tmp_path)
    assert (here.code, there.code) == (10, 10), there.said
    assert there.out.splitlines()[:-1] == here.out.splitlines()[:-1]
    last = published(there.out.splitlines()[-1])
    assert (last["matched"], last["unread"], last["summary"]["files"]) == (4, 1, 35)
