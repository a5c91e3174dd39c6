"""A language that nobody speaks: every sentence is longer and in brackets, to see what is cut off or not translated."""

from __future__ import annotations

import re
from gettext import NullTranslations

from takedown_cli.locale.language import Language

_ACCENTED = str.maketrans("aceginosuyACEGINOSUY", "áçéğíñóšúýÁÇÉĞÍÑÓŠÚÝ")


def pseudo(english: str) -> str:
    """Return the sentence about 40 % longer, with what is filled in as it was."""
    parts = re.split(r"(\{\w+\})", english)
    said = "".join(part if part.startswith("{") else part.translate(_ACCENTED) for part in parts)
    words = max(1, len(english) * 2 // 5 // 4)
    return f"⟦{said} {' '.join(['łoñg'] * words)}⟧"


class _Translations(NullTranslations):
    def gettext(self, message: str) -> str:
        return pseudo(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo(msgid1 if n == 1 else msgid2)


PSEUDO = Language("qps", "Pseudo", "ltr", False, _Translations())
