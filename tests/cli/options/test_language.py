"""In which language a command speaks: the flag, then the settings, then the system; and that JSON never changes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from takedown_cli.cli.options.settings import speak
from takedown_cli.cli.terminal.console import console
from takedown_cli.core.errors import UsageError


@pytest.mark.parametrize(
    ("flag", "variables", "tag"),
    [
        (None, {}, "en"), (None, {"LC_ALL": "C.UTF-8", "LANG": "de_DE.UTF-8"}, "en"),
        (None, {"LANG": "de_AT.UTF-8"}, "de"), (None, {"LANG": "de_DE", "LC_MESSAGES": "fr_FR@euro"}, "fr"),
        (None, {"LANG": "xx_YY.UTF-8"}, "en"), (None, {"TAKEDOWN_LANG": "es", "LANG": "de_DE"}, "es"),
        ("ar", {"TAKEDOWN_LANG": "es", "LANG": "de_DE"}, "ar"), ("en", {"LANG": "de_DE"}, "en"),
        ("zh_TW", {}, "zh-Hant"),
    ],
)  # fmt: skip
def test_the_flag_is_stronger_than_the_settings_and_these_than_the_system(
    monkeypatch: pytest.MonkeyPatch, flag: str | None, variables: Mapping[str, str], tag: str
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "TAKEDOWN_LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    speak(flag)
    assert console.language.tag == tag


def test_an_unknown_language_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKEDOWN_LANG", "tlh")
    for flag in (None, "klingon"):
        with pytest.raises(UsageError, match="--lang"):
            speak(flag)
