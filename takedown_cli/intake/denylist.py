"""The deny-list: well-known pictures that somebody may want censored, which are never listed.

It guarantees that a value within the platforms' matching distance of a denied one is not listed either.
It must never say which of them was met.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from takedown_cli.errors import ConfigError
from takedown_cli.intake.signals import Signal
from takedown_cli.model import MATCH_DISTANCE

_DIGITS: Final = 64
_WORDS: Final = 4


class DenyList:
    """PDQ values, 256 bits each, as an array of shape (n, 4) of 64-bit words."""

    def __init__(self, values: Sequence[bytes] = ()) -> None:
        self._values = _words(values)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file with 64 hexadecimal digits at the beginning of each line; empty and # lines are let pass.

        Raises ConfigError.
        """
        if not path.exists():
            return cls()
        try:
            lines = [line.split("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines()]
            values = [bytes.fromhex(line[-1]) for line in lines if line]
        except (OSError, ValueError):
            values = [b""]
        if any(len(value) * 2 != _DIGITS for value in values):
            raise ConfigError("The deny-list cannot be used.", hint="It has one PDQ value, 64 digits, in a line.")
        return cls(values)

    def __len__(self) -> int:
        return len(self._values)

    def without(self, signals: list[Signal]) -> list[Signal]:
        """The signals that no denied picture would match."""
        pdqs = [signal.value for signal in signals if signal.name == "pdq"]
        if not len(self) or not pdqs:
            return signals
        met = {value for value in pdqs if self._meets(value)}
        return [signal for signal in signals if signal.value not in met]

    def _meets(self, value: bytes) -> bool:
        distances = np.bitwise_count(self._values ^ _words([value])).sum(axis=1)
        return bool((distances <= MATCH_DISTANCE).any())


def _words(values: Sequence[bytes]) -> NDArray[np.uint64]:
    return np.frombuffer(b"".join(values), dtype=np.uint64).reshape(-1, _WORDS)
