"""Write the stored screens again: ``make screens``."""

from __future__ import annotations

from tests.cli.screens import SCREENS, TEXTS, screen_text

if __name__ == "__main__":
    TEXTS.mkdir(exist_ok=True)
    for old in TEXTS.iterdir():
        old.unlink()
    for name in SCREENS:
        (TEXTS / f"{name}.txt").write_text(screen_text(name), encoding="utf-8")
