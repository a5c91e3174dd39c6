"""Test vectors as data files; ``docs/`` publishes the ones that belong to a specification."""

from __future__ import annotations

from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs" / "vectors"


def vector(name: str) -> bytes:
    return (DOCS / name).read_bytes()
