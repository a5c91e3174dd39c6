"""The languages in which a slip can be handed to a caller.

It guarantees that each language named here has every text.
It must never hold anything about a case.
"""

from __future__ import annotations

from typing import Final

#: BCP 47 primary subtags.
LANGUAGES: Final = ("en", "de", "fr", "es", "pl", "tr", "ar", "uk")
