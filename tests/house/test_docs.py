"""The documentation says what the program does: generated pages are compared, links and transcripts followed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from takedown_cli.cli import reference
from takedown_cli.cli.commands import ENTRIES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def test_generated_pages_are_up_to_date() -> None:
    for name, text in reference.pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"{name}: run 'make docs'"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_test_that_the_threat_model_names_exists() -> None:
    text = (DOCS / "threat-model.md").read_text(encoding="utf-8")
    sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", text)
    assert named
    for file, function in named:
        holders = [source for path, source in sources.items() if path.endswith(file)]
        assert holders, file
        assert not function or any(f"def {function}(" in source for source in holders), function
    for folder in re.findall(r"`(tests/\w+)`", text):
        assert any((ROOT / folder).glob("test_*.py")), folder


def test_every_command_is_in_the_readme_or_the_reference() -> None:
    text = (DOCS / "reference/commands.md").read_text(encoding="utf-8")
    for name in ENTRIES:
        assert f"## takedown {name}\n" in text


def test_the_transcript_in_the_readme_is_the_demo() -> None:
    """Numbers of the steps and their wording, not the case number, which is drawn anew each time."""
    from takedown_cli import demo

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- transcript: takedown demo -->")[1].split("<!-- end -->")[0]
    lines = [line for line in shown.splitlines() if re.match(r" ?\d+  ", line)]
    played = [f"{number:2}  {step.sentence}" for number, step in enumerate(demo.run(), start=1)]
    blank = re.compile(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}")
    assert [blank.sub("…", line) for line in lines] == [blank.sub("…", line) for line in played]
