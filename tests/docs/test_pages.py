"""The pages: links lead somewhere, command lines can be typed, tests that are named exist, and the English is plain."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from takedown_cli.cli.typer_glue.group import build_root
from tests.docs.markdown import (
    DOCS,
    OTHERS,
    PAGES,
    ROOT,
    anchors,
    command_lines,
    is_generated,
    links,
    name_of,
    prose_lines,
    table_cells,
    without_code,
)

WRITTEN = [page for page in PAGES if not is_generated(page)]
WORDS_TO_AVOID = re.compile(
    r"\b(told|tells?|whoever|of whom|so many|it is said|passed over|take back|usual)\b", re.IGNORECASE
)


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in links(text):
        if "://" in target:
            address = urlsplit(target)
            assert address.scheme == "https", target
            assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", address.netloc), target
            continue
        path, _, fragment = target.partition("#")
        aim = page.parent / path if path else page
        assert aim.is_file(), target
        if fragment:
            assert fragment in anchors(aim.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=name_of)
def test_every_command_line_can_be_typed(page: Path) -> None:
    for line in command_lines(page.read_text(encoding="utf-8")):
        assert _fault(line) is None, f"takedown {line}: {_fault(line)}"


def _fault(line: str) -> str | None:
    """Return what is wrong with a command line, as the parser of the command itself says it; nothing is run."""
    typed = line.strip().rstrip(".,;:")
    words = shlex.split(typed.removesuffix('"') if typed.count('"') % 2 else typed)
    command: Any = build_root(completion=True)
    context = command.make_context("takedown", [], resilient_parsing=True)
    while words and hasattr(command, "list_commands") and not words[0].startswith(("-", "…")):
        for alternative in words[0].split("|"):  # 'add|rotate' stands for both
            child = command.get_command(context, alternative)
            if child is None:
                return f"there is no command {alternative}"
        command, words = child, words[1:]
        context = command.make_context("", [], parent=context, resilient_parsing=True)
    try:
        _, left, _ = command.make_parser(context).parse_args([word for word in words if word != "…"])
    except Exception as error:  # Typer keeps the classes of its parser's errors private
        return str(error) or type(error).__name__
    return f"too much: {left}" if left else None


def test_a_command_line_with_a_fault_is_found() -> None:
    assert _fault("hash photos/ -o case.tdb") is None
    assert _fault("intake participant add /srv/intake Example --list adult") is None
    assert _fault("hsah photos/") is not None
    assert _fault("intake participants add /srv/intake Example") is not None
    assert _fault("hash photos/ --no-such-option") is not None
    assert _fault("hash photos/ -o") is not None
    assert _fault("intake serve one two") is not None


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_prose_is_in_lines_that_can_be_reviewed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for line in prose_lines(text):
        assert len(line) <= 120, line
        assert not re.search(r"[a-z)`*][.!?] +[A-Z]", re.sub(r"`[^`]*`", "`", line)), f"one sentence a line: {line}"


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_no_paragraph_and_no_cell_is_too_long_to_read(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for paragraph in "\n".join(prose_lines(text)).split("\n\n"):
        for part in re.split(r"\n *(?:[-*]|\d+\.) ", paragraph):
            assert len(re.findall(r"[.!?](?=\s|$)", part)) <= 5, part
    assert [cell for cell in table_cells(text) if len(cell) > 300] == []


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_the_english_is_plain(page: Path) -> None:
    assert WORDS_TO_AVOID.findall(without_code(page.read_text(encoding="utf-8"))) == []


def test_every_test_that_the_threat_model_names_exists() -> None:
    text = (DOCS / "explanation/threat-model.md").read_text(encoding="utf-8")
    sources = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")}
    named = re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > text.count("\n### ")
    for file, function in named:
        holders = [source for path, source in sources.items() if path.endswith(file)]
        assert holders, file
        assert not function or any(f"def {function}(" in source for source in holders), function
    for folder in re.findall(r"`(tests/[\w/]+)`", text):
        assert any((ROOT / folder).rglob("test_*.py")), folder


def test_the_transcript_in_the_readme_is_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new clone, where the page is not built. Not the case number, which is drawn anew each time."""
    from takedown_cli import demo

    monkeypatch.setattr(demo, "page_files", dict)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.split("<!-- transcript: takedown demo -->")[1].split("<!-- end -->")[0]
    lines = [line for line in shown.splitlines() if re.match(r" ?\d+  ", line)]
    played = [f"{number:2}  {step.sentence}" for number, step in enumerate(demo.run(), start=1)]
    blank = re.compile(r"([0-9A-Z]{4}-){5}[0-9A-Z]{4}")
    assert [blank.sub("…", line) for line in lines] == [blank.sub("…", line) for line in played]
