"""The toll: when an anonymous submission has to work first, how much, and whether it did.

It guarantees that a challenge needs no memory of ours, that a solution is good for its message, until its time, once
in this process, and that checking costs one try for each challenge, a few at once. It must never ask a client for more
than clients give, nor keep an address: what is kept of one is an HMAC, in memory, under a key that lasts an hour.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from takedown_cli.intake.policy import Policy
from takedown_cli.intake.settings import Settings
from takedown_cli.wire import Challenge, Work
from takedown_cli.work import MOST_BITS

#: Bits when little is asked, some 256 tries: a second or two. A step more doubles that; four seconds' worth of steps.
EASY: Final = 8
STEPS: Final = 4
assert EASY + STEPS <= MOST_BITS
#: Load (1.0 is all that the intake takes) from which work is asked, whatever came before.
LOADED: Final = 0.5
_SECONDS: Final = 1800
_HOUR: Final = 3600.0
#: Solutions and addresses that are remembered at most.
_MOST: Final = 100_000


class Toll:
    """Used in the loop's thread only. ``load`` tells how much of what the intake can take it has, from 0 to 1."""

    def __init__(self, settings: Settings, policy: Policy, key: bytes, load: Callable[[], float]) -> None:
        self._mode = settings.proof_of_work
        self._budget = settings.anonymous_per_hour
        self._flood = max(settings.flood_per_hour, settings.anonymous_per_hour + STEPS)
        self._policy = policy
        self._key = key
        self._load = load
        self._spent: dict[str, int] = {}
        self._callers = Callers(settings.address_per_hour)

    def bits(self, address: str | None) -> int:
        """How many zero bits a submission from this address has to find now; 0 when none."""
        insistent = self._callers.more_than_fair(address)
        if self._mode == "never":
            return 0
        load = self._load()
        steps = [
            sum(self._policy.more_than(self._budget + (self._flood - self._budget) * n // STEPS) for n in range(STEPS)),
            0 if load < LOADED else 1 + int((load - LOADED) / (1 - LOADED) * (STEPS - 1)),
            1 if insistent or self._mode == "always" else 0,
        ]
        step = min(max(steps), STEPS)
        return EASY + step - 1 if step else 0

    def challenge(self, message: bytes, bits: int) -> Challenge:
        """A challenge for a message (its SHA-256)."""
        salt, until = secrets.token_bytes(16), int(time.time()) + _SECONDS
        token = self._token(message, salt, bits, until)
        return Challenge(message=message.hex(), salt=salt.hex(), bits=bits, until=until, token=token)

    def _token(self, message: bytes, salt: bytes, bits: int, until: int) -> str:
        return hmac.digest(self._key, message + salt + b"%d %d" % (bits, until), "sha256").hex()

    def take(self, work: Work, message: bytes) -> bool:
        """Whether the work is of a challenge of ours, for this message, in time, and here for the first time.

        It counts as spent from then on, whether or not it turns out to hold: one challenge makes us try once.
        """
        asked, now = work.challenge, int(time.time())
        salt = bytes.fromhex(asked.salt)
        genuine = hmac.compare_digest(asked.token, self._token(message, salt, asked.bits, asked.until))
        if not genuine or asked.message != message.hex() or asked.until <= now or asked.salt in self._spent:
            return False
        if len(self._spent) >= _MOST:
            self._spent = {salt: until for salt, until in self._spent.items() if until > now}
            if len(self._spent) >= _MOST:
                return False
        self._spent[asked.salt] = asked.until
        return True

    def give_back(self, work: Work) -> None:
        """The message could not be taken in, for reasons of ours: its work still counts."""
        self._spent.pop(work.challenge.salt, None)


class Callers:
    """How often an address came within the hour, for an intake that sees addresses at all (``allowed`` is not 0)."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._key, self._since = secrets.token_bytes(32), time.monotonic()
        self._came: Counter[bytes] = Counter()

    def more_than_fair(self, address: str | None) -> bool:
        """Count one more from this address, and whether that is more than is allowed in an hour."""
        if not self._allowed or address is None:
            return False
        if time.monotonic() - self._since > _HOUR or len(self._came) >= _MOST:
            self._key, self._since = secrets.token_bytes(32), time.monotonic()
            self._came.clear()
        bucket = hmac.digest(self._key, address.encode(), "sha256")[:16]
        self._came[bucket] += 1
        return self._came[bucket] > self._allowed
