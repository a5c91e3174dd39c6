"""The languages in which a slip can be handed to a caller, and the texts of each.

It guarantees that each language named here has every text. It must never hold anything about a case.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from takedown_cli.helpline.wording.texts import Wording

#: BCP 47 primary subtags, English first.
LANGUAGES: Final = ("en", "de", "fr", "es", "pl", "tr", "ar", "uk")


def wording(language: str) -> Wording:
    """The texts in one of ``LANGUAGES``."""
    return cast("Wording", import_module(f"takedown_cli.helpline.wording.{language}").TEXTS)
