"""The template is a manifest that can be filled in."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.cli.commands.batch import template
from takedown_cli.helpline.manifest import read_manifest
from tests.cli.runner import run
from tests.helpline.caller_files import bundle, folder


@pytest.mark.parametrize("form", [(), ("--separator", "semicolon"), ("--format", "jsonl")])
def test_the_template_is_a_manifest_once_its_examples_are_there(tmp_path: Path, form: tuple[str, ...]) -> None:
    made = run("batch", "template", *form, cwd=tmp_path)
    assert made.code == 0
    (tmp_path / "m").write_bytes(made.out)
    assert {fault.reason for fault in read_manifest(tmp_path / "m").faults} == {"source-not-there"} | (
        {"age-missing", "for-missing"}
    )
    for name in ("EXAMPLE-1", "EXAMPLE-2"):
        folder(tmp_path, f"callers/{name}")
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "EXAMPLE-3.tdb").write_bytes(bundle())
    found = read_manifest(tmp_path / "m")
    assert not found.faults
    assert [caller.language for caller in found.callers] == ["en", "de", "uk"]
    for name in template.MEANINGS:
        assert f"{name:<10}  {template.MEANINGS[name]}" in made.said
