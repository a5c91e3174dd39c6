"""The case number: one secret, drawn on the person's device, from which the keys of a case are derived.

The person needs to keep nothing else. A typing error is noticed before any contact. ``repr`` hides the number, so that
no log can show it.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from takedown_cli.core.errors import CaseNumberError
from takedown_cli.locale.filled import filled

if TYPE_CHECKING:  # who only checks or shows a number does not wait for cryptography to load
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: Crockford's base 32: no I, L, O or U, so that a number survives being read aloud or written by hand.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_SYMBOLS: Final = 22  # 22 × 5 = 110 bits from the operating system
CHECK_SYMBOLS: Final = 2
GROUP: Final = 4
#: The largest prime below 32², so that two symbols hold the checksum; see ``checksum`` for what that buys.
CHECK_PRIME: Final = 1021

_CONFUSED = str.maketrans({"O": "0", "I": "1", "L": "1"})
#: Dashes, and what is invisible: the marks of direction of Unicode (Bidi_Control), and the byte order mark. A number
#: that is copied out of right-to-left text comes with some of them.
_IGNORED: Final = frozenset("-‐‑‒–—−\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_GROUPS = re.compile(r"[0-9A-Za-z]+")
_SALT = b"takedown/case-number/v1"
_TOO_SHORT: Final = (
    "This is not a valid case number: it has {number} of 24 characters. A case number has six groups of four."
)
_TOO_LONG: Final = (
    "This is not a valid case number: it has more than 24 characters. A case number has six groups of four."
)


def checksum(symbols: str) -> str:
    """Return two symbols that catch every single wrong symbol and every swap of neighbours.

    The symbols are read as a base-32 number modulo a prime. One wrong symbol changes it by d·32ⁱ with 0 < |d| < 32,
    a swap of neighbours by d·31·32ⁱ: neither is divisible by 1021.
    """
    value = 0
    for symbol in symbols:
        value = (value * 32 + ALPHABET.index(symbol)) % CHECK_PRIME
    return ALPHABET[value // 32] + ALPHABET[value % 32]


def _symbols(text: str) -> str:
    """Return the symbols that somebody meant: upper case, without what is ignored, confusable ones replaced."""
    return "".join(c for c in text.upper() if not c.isspace() and c not in _IGNORED).translate(_CONFUSED)


@dataclass(frozen=True, slots=True)
class CaseNumber:
    """A valid case number. ``str()`` returns the form to show once: six groups of four."""

    symbols: str = field(repr=False)

    @classmethod
    def draw(cls) -> CaseNumber:
        """Return a new number: 110 bits from the operating system's generator."""
        bits = secrets.randbits(5 * SECRET_SYMBOLS)
        symbols = "".join(ALPHABET[bits >> 5 * place & 31] for place in reversed(range(SECRET_SYMBOLS)))
        return cls(symbols + checksum(symbols))

    @classmethod
    def parse(cls, text: str) -> CaseNumber:
        """Read a number as people write it: any case, O as 0, I and L as 1, without spaces, dashes and invisible marks.

        Raise CaseNumberError, whose text never repeats what was typed.
        """
        if len(text) > 200:
            raise CaseNumberError
        symbols = _symbols(text)
        if not all(symbol in ALPHABET for symbol in symbols):
            raise CaseNumberError(
                "This is not a valid case number: a character is mistyped. No number has a U, or signs."
            )
        if len(symbols) != SECRET_SYMBOLS + CHECK_SYMBOLS:
            raise CaseNumberError(
                filled(_TOO_SHORT, number=len(symbols)) if len(symbols) < SECRET_SYMBOLS + CHECK_SYMBOLS else _TOO_LONG
            )
        if not secrets.compare_digest(checksum(symbols[:SECRET_SYMBOLS]), symbols[SECRET_SYMBOLS:]):
            raise CaseNumberError
        return cls(symbols)

    @staticmethod
    def may_be_meant(text: str) -> bool:
        """Return whether ``text`` may be a case number, hold one, or be a part of one, also mistyped.

        Such text is never repeated in an error. A group of four letters and no digit does not count by itself.
        """
        whole = SECRET_SYMBOLS + CHECK_SYMBOLS
        symbols = _symbols(text)
        if abs(len(symbols) - whole) <= GROUP and all(symbol in ALPHABET for symbol in symbols):
            return True
        groups = _GROUPS.findall(text)
        mixed = [group for group in groups if not group.isalpha() and not group.isdecimal()]
        # Of random numbers 99.7 % have two such groups. Words, dates and names that cameras give have none.
        if sum(len(group) == GROUP for group in mixed) >= 2:
            return True
        if any(abs(len(group) - whole) <= GROUP for group in mixed):  # without separators, in a path
            return True
        alone = text.strip().strip("-")
        long_enough = len(alone) == GROUP or whole // 2 <= len(alone) <= 2 * whole
        return groups == [alone] and long_enough and not alone.isalpha()

    def __str__(self) -> str:
        return "-".join(self.symbols[start : start + GROUP] for start in range(0, len(self.symbols), GROUP))

    def _derive(self, purpose: bytes) -> bytes:
        """Return 32 bytes for one purpose: HKDF-SHA-256 (RFC 5869) over the 110 secret bits as 14 big-endian bytes."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        number = 0
        for symbol in self.symbols[:SECRET_SYMBOLS]:
            number = number << 5 | ALPHABET.index(symbol)
        return HKDF(SHA256(), 32, _SALT, purpose).derive(number.to_bytes(14, "big"))

    def lookup_id(self) -> str:
        """Return 64 hexadecimal digits under which the intake finds the case; the number cannot be computed from it."""
        return self._derive(b"lookup-id").hex()

    def signing_key(self) -> Ed25519PrivateKey:
        """Return the case key: it signs the bundle, additions, withdrawals and status requests."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._derive(b"case-key"))

    def journal_key(self) -> bytes:
        """Return 32 bytes under which the journal of a run is sealed."""
        return self._derive(b"journal-key")

    def nonce_for(self, content: bytes) -> str:
        """Return 32 hexadecimal digits that only the holder of the number can compute, equal for equal content."""
        return self._derive(b"nonce/" + sha256(content).digest())[:16].hex()

    def bundle_key(self) -> bytes:
        """Return 32 bytes that open the person's own copy of a sealed bundle."""
        return self._derive(b"bundle-key")
