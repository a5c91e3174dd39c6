"""The deny list: well-known pictures that are never listed, because somebody may want to censor them.

Nothing on the lists may match what a denied picture matches. What is within the matching distance of a copy that is
itself within the matching distance is not listed either, whichever way the picture is turned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from takedown_cli.core.errors import ConfigError
from takedown_cli.core.given_text import SAVE_AS_UTF8, decode_text
from takedown_cli.core.model import MATCH_DISTANCE
from takedown_cli.intake.messages.signals import IMAGE, Signal

#: A platform that matches a denied picture and a platform that matches a listed one can meet in the middle.
RADIUS: Final = 2 * MATCH_DISTANCE
_DIGITS: Final = 64
_SIDE: Final = 16
_OF_CLASS: Final = 64
#: The four classes of a PDQ's bits by the parity of row and column, and which of them a mirroring complements. With the
#: transposition these are the eight turns: a mirror negates the odd frequencies, and the bits begin at frequency 1.
_PARITIES: Final = ((1, 1), (0, 1), (1, 0), (0, 0))
_MIRRORS: Final = ((False, False, False, False), (False, True, False, True), (False, False, True, True),
                   (False, True, True, False))  # fmt: skip


class DenyList:
    """PDQ values, 256 bits each, as an array of shape (4, n): one 64-bit word for each class of bits."""

    def __init__(self, values: Sequence[bytes] = ()) -> None:
        #: As they are in the file, each once.
        self.values: Final = tuple(dict.fromkeys(values))
        self._entries = _class_words(_as_grids(self.values))
        #: SHA-256 of the entries, whatever their order.
        self.digest: Final = sha256(b"".join(sorted(self.values))).digest()

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file of lines that end in 64 hexadecimal digits. Empty lines and # comments are ignored.

        Raise ConfigError.
        """
        if not path.exists():
            return cls()
        try:
            lines = [line.split("#")[0].split() for line in decode_text(path.read_bytes()).splitlines()]
            values = [bytes.fromhex(line[-1]) for line in lines if line]
        except UnicodeError:
            raise ConfigError("The deny list is not in UTF-8.", hint=SAVE_AS_UTF8) from None
        except (OSError, ValueError):
            values = [b""]
        if any(len(value) * 2 != _DIGITS for value in values):
            raise ConfigError(
                "The deny list is not valid.", hint="Each line must end in one PDQ value of 64 hexadecimal digits."
            )
        return cls(values)

    def __len__(self) -> int:
        return len(self._entries[0])

    def remove_denied(self, signals: list[Signal]) -> list[Signal]:
        """Return the signals that no denied picture would match; none if the picture itself is denied."""
        pdqs = [signal.value for signal in signals if signal.name == "pdq"]
        if not len(self) or not pdqs:
            return signals
        met = {value for value, denied in zip(pdqs, self.find_near(pdqs), strict=True) if denied}
        if any(signal.classes & IMAGE for signal in signals if signal.value in met):
            return []
        return [signal for signal in signals if signal.value not in met]

    def find_near(self, values: Sequence[bytes]) -> list[bool]:
        """Return for each PDQ value whether it is within the radius of an entry, whichever way either is turned."""
        if len(self) >= len(values):
            return [near.size > 0 for near in self._find_entries_near(values)]
        # The turns are a group, so it is the same the other way round, which takes fewer steps.
        found = [False] * len(values)
        for near in DenyList(values)._find_entries_near(self.values):
            for place in near:
                found[place] = True
        return found

    def _find_entries_near(self, values: Sequence[bytes]) -> Iterator[NDArray[np.intp]]:
        """Return for each value the places of the entries within the radius; some may be named twice."""
        grids = _as_grids(values)
        ways = _class_words(grids), _class_words(grids.transpose(0, 2, 1))
        space = np.empty(len(self), dtype=np.uint64)
        for n in range(len(values)):
            yield np.concatenate([self._find_entries_near_mirrors(words[:, n], space) for words in ways])

    def _find_entries_near_mirrors(self, words: NDArray[np.uint64], space: NDArray[np.uint64]) -> NDArray[np.intp]:
        """Return the places of the entries within the radius of a mirroring of a value. ``space`` is written over."""
        # A class counts at least as its distance or as that of its complement. The three classes that are looked at
        # first rule out nearly all entries.
        least = np.bitwise_count(np.bitwise_xor(self._entries[0], words[0], out=space))
        for number in (1, 2):
            apart = np.bitwise_count(np.bitwise_xor(self._entries[number], words[number], out=space))
            least += np.minimum(apart, _OF_CLASS - apart)
        close = np.flatnonzero(least <= RADIUS)
        if not close.size:
            return close
        apart = np.bitwise_count(self._entries[:, close] ^ words[:, None]).astype(np.int64)
        turned = [np.where(np.array(mirror)[:, None], _OF_CLASS - apart, apart).sum(axis=0) for mirror in _MIRRORS]
        return close[(np.array(turned) <= RADIUS).any(axis=0)]


def _as_grids(values: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return the bits of PDQ values, shape (n, 16, 16), from the lowest frequencies on."""
    bits = np.unpackbits(np.frombuffer(b"".join(values), dtype=np.uint8)).reshape(-1, _SIDE, _SIDE)
    return bits[:, ::-1, ::-1]


def _class_words(grids: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the bits of each class as one word: shape (4, n)."""
    classes = [grids[:, row::2, column::2].reshape(-1, _OF_CLASS) for row, column in _PARITIES]
    return np.stack([np.ascontiguousarray(np.packbits(bits, axis=1)).view(np.uint64).reshape(-1) for bits in classes])
