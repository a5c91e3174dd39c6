"""``takedown doctor``: formats and protection are tried, and an intake is asked only on request."""

from __future__ import annotations

from pathlib import Path

import pytest

from takedown_cli.cli.results.installation import PARAGRAPHS
from takedown_cli.intake import running
from takedown_cli.intake.http import page_routes
from takedown_cli.intake.page import page_digest
from tests.cli.documents import published
from tests.cli.runner import in_terminal, run


def test_doctor_tries_formats_and_protection(tmp_path: Path) -> None:
    ended = run("doctor", "--json", cwd=tmp_path)
    document = published(ended.out)
    assert ended.code == 0
    readable = {row["format"] for row in document["formats"] if row["readable"]}
    assert {"JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "H.264"} <= readable
    assert document["intake"] is None
    assert document["sandbox"]["level"] in {"full", "partial", "process-only"}
    assert document["libraries"]["libheif"]


def test_doctor_in_words(tmp_path: Path) -> None:
    code, words = in_terminal("doctor", cwd=tmp_path)
    assert code == 0
    assert "Protection: " in words
    assert "  yes  JPEG" in words
    assert max(map(len, words.splitlines())) <= 80


def test_doctor_asks_an_intake_only_on_request(tmp_path: Path) -> None:
    assert run("doctor", "--intake", cwd=tmp_path).code == 2
    ended = run("doctor", "--intake", "--json", cwd=tmp_path, env={"TAKEDOWN_INTAKE": "http://127.0.0.1:9"})
    assert ended.code == 7
    assert ended.document()["intake"]["reachable"] is False


def test_privacy_names_what_remains_and_never_says_wipe(tmp_path: Path) -> None:
    text = run("doctor", "--privacy", cwd=tmp_path).out.decode()
    for title in PARAGRAPHS:
        assert title in text
    for word in ("history", "backups", "Tor", "Do not wipe"):
        assert word in text


def test_doctor_compares_the_page_for_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path / "home") as server:

        def detail() -> str:
            ended = run("doctor", "--intake", "--json", cwd=tmp_path, env={"TAKEDOWN_INTAKE": server.address})
            assert ended.code == 0
            found: str = ended.document()["intake"]["detail"]
            return found

        ours = page_digest()
        assert ("is the one of this version" if ours else "has no page for callers") in detail()
        monkeypatch.setattr(page_routes, "page_digest", lambda: "ab" * 32)
        assert "ab" * 32 in detail()
        assert ("is not the one of this version" if ours else "none here to compare it with") in detail()
