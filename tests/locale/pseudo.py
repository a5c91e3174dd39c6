"""A language that nobody speaks: every sentence is longer and in brackets, to see what is cut off or not translated.

``python -m tests.locale.pseudo`` is takedown in that language. It translates only what the catalogues have, so what is
not in them stays English.
"""

from __future__ import annotations

import re
from functools import cache
from gettext import NullTranslations
from importlib.resources import files
from itertools import chain
from unittest.mock import patch

from babel.messages.pofile import read_po

from takedown_cli.locale.language import Language

_ACCENTED = str.maketrans("aceginosuyACEGINOSUY", "áçéğíñóšúýÁÇÉĞÍÑÓŠÚÝ")


def pseudo(english: str) -> str:
    """Return the sentence about 40 % longer, with what is filled in as it was. Commands on their own line stay."""
    parts = re.split(r"(\{\w+\}|\n  [^\n]+)", english)
    said = "".join(part if part.startswith(("{", "\n  ")) else part.translate(_ACCENTED) for part in parts)
    words = max(1, len(english) * 2 // 5 // 4)
    return f"⟦{said} {' '.join(['łóñğ'] * words)}⟧"


@cache
def known() -> frozenset[str]:
    """Return every English sentence in the catalogues; all languages have the same ones."""
    folder = files("takedown_cli") / "locale" / "de" / "LC_MESSAGES"
    messages = chain.from_iterable(read_po((folder / f"{name}.po").open("rb")) for name in ("caller", "person"))
    ids = (message.id for message in messages)
    return frozenset(chain.from_iterable([each] if isinstance(each, str) else each for each in ids))


class _Translations(NullTranslations):
    def gettext(self, message: str) -> str:
        return pseudo(message) if message in known() and message != ", " else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


PSEUDO = Language("en", "Pseudo", "ltr", False, _Translations())


def main() -> None:
    from takedown_cli.cli import app
    from takedown_cli.cli.options import settings

    with patch.object(settings, "language", lambda *_: PSEUDO):
        app.main()


if __name__ == "__main__":
    main()
