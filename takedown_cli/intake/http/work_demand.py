"""Decides when an anonymous submission must show proof of work, and how much, and checks the work.

The intake does not need to remember a challenge. A solution is valid once in this process, for one message, until its
time ends or the price rises. Of an address, only an HMAC is kept, in memory, under a key that lasts an hour.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import Counter
from collections.abc import Callable
from typing import Final

from takedown_cli.intake.cases.holds import HoldPolicy, RecentCount
from takedown_cli.intake.messages.unsealers import SMALL_MESSAGE
from takedown_cli.intake.settings import Settings
from takedown_cli.protocol.proof_of_work import MOST_BITS
from takedown_cli.protocol.wire import Challenge, SolvedChallenge

#: Bits for a light load: about 256 tries, a second or two. Each step doubles that. The steps up to a flood, those for
#: twice and four times as much, and the highest price: a slow computer must be able to pay it while a challenge lives.
EASY: Final = 8
STEPS: Final = 4
_BEYOND: Final = (2, 4)
_MOST: Final = 13
assert _MOST <= MOST_BITS
#: Each of these sizes (bytes) that a message exceeds is one more step. They are just above the sealed buckets.
_SIZES: Final = tuple((kib + 4) << 10 for kib in (64, 256, 1024, 2048, 4096))
#: The load (1.0 is all that the intake can take) from which on work is asked, however few submissions came before.
LOADED: Final = 0.5
#: A challenge's life. The price is looked up again when it comes back, so that nobody can collect cheap ones.
_SECONDS: Final = 300
_HOUR: Final = 3600.0
#: How many solutions, and how many addresses, are remembered at most.
_MAX_REMEMBERED: Final = 100_000


class WorkDemand:
    """Used in the loop's thread only. ``load`` returns how much of what the intake can take it has, from 0 to 1.

    ``load`` is called with whether a large message is meant. Attempts with small and with large messages are counted
    apart: those with large ones do not raise the price of small ones.
    """

    def __init__(self, settings: Settings, policy: HoldPolicy, key: bytes, load: Callable[[bool], float]) -> None:
        self._mode = settings.proof_of_work
        budget = settings.anonymous_per_hour
        flood = max(settings.flood_per_hour, budget + STEPS)
        self._thresholds = [budget + (flood - budget) * step // STEPS for step in range(STEPS)]
        self._thresholds += [flood * times for times in _BEYOND]
        self._policy = policy
        self._key = key
        self._load = load
        self._spent: dict[str, int] = {}
        self._callers = CallerCounts(settings.address_per_hour)
        self._attempts = {False: RecentCount(), True: RecentCount()}

    def required_bits(self, address: str | None, size: int = 0, day: str = "") -> int:
        """Return how many zero bits a submission of ``size`` bytes from this address has to find now, or 0.

        Four things ask for more: how far the last hour's attempts are from the budget (step 1) to the flood (step 4)
        and beyond, the present load, a day that had its share, and an address that comes too often. The highest of them
        counts. A large message needs some steps more.
        """
        insistent = self._callers.count_and_compare(address)
        if self._mode == "never":
            return 0
        large = size > SMALL_MESSAGE
        load, attempts = self._load(large), self._attempts[large].total
        steps = [
            sum(attempts > threshold for threshold in self._thresholds),
            0 if load < LOADED else 1 + int((load - LOADED) / (1 - LOADED) * (STEPS - 1)),
            STEPS if self._policy.exceeds_day(day) else 0,
            1 if insistent or self._mode == "always" else 0,
        ]
        step = max(steps) + sum(size > limit for limit in _SIZES)
        return min(EASY + step - 1, _MOST) if step else 0

    def count_attempt(self, size: int, units: int) -> None:
        """Count an anonymous message of ``size`` bytes that is opened, whatever comes of it.

        Negative ``units`` take back what was counted for one that turned out not to be anonymous.
        """
        self._attempts[size > SMALL_MESSAGE].add(units)

    def make_challenge(self, message: bytes, bits: int) -> Challenge:
        """Return a challenge for a message (its SHA-256)."""
        salt, until = secrets.token_bytes(16), int(time.time()) + _SECONDS
        token = self._challenge_token(message, salt, bits, until)
        return Challenge(message=message.hex(), salt=salt.hex(), bits=bits, until=until, token=token)

    def _challenge_token(self, message: bytes, salt: bytes, bits: int, until: int) -> str:
        return hmac.digest(self._key, message + salt + b"%d %d" % (bits, until), "sha256").hex()

    def accept_solution(
        self, work: SolvedChallenge, message: bytes, bits: int = 0, arrived: float | None = None
    ) -> bool:
        """Return whether the work answers a challenge of ours, for this message, in time and for the first time.

        It must be as hard as ``bits``, the present price; ``arrived`` is when its message began to arrive, which may be
        minutes ago (default: now). From now on it counts as spent, even if it is wrong: so one challenge costs us only
        one try.
        """
        challenge, now = work.challenge, int(time.time())
        salt = bytes.fromhex(challenge.salt)
        token = self._challenge_token(message, salt, challenge.bits, challenge.until)
        genuine = hmac.compare_digest(challenge.token, token)
        late = challenge.until <= (now if arrived is None else arrived)
        if not genuine or challenge.message != message.hex() or late or challenge.salt in self._spent:
            return False
        if challenge.bits < bits:
            return False
        if len(self._spent) >= _MAX_REMEMBERED:
            self._spent = {salt: until for salt, until in self._spent.items() if until > now}
            if len(self._spent) >= _MAX_REMEMBERED:
                return False
        self._spent[challenge.salt] = challenge.until
        return True

    def return_solution(self, work: SolvedChallenge) -> None:
        """Make the work valid again: the intake could not store its message, and that is not the sender's fault."""
        self._spent.pop(work.challenge.salt, None)


class CallerCounts:
    """How often each address came within the hour. Nothing is counted when ``allowed`` is 0."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._key, self._since = secrets.token_bytes(32), time.monotonic()
        self._came: Counter[bytes] = Counter()

    def count_and_compare(self, address: str | None) -> bool:
        """Count one more from this address, and return whether that is more than is allowed in an hour."""
        if not self._allowed or address is None:
            return False
        if time.monotonic() - self._since > _HOUR or len(self._came) >= _MAX_REMEMBERED:
            self._key, self._since = secrets.token_bytes(32), time.monotonic()
            self._came.clear()
        bucket = hmac.digest(self._key, address.encode(), "sha256")[:16]
        self._came[bucket] += 1
        return self._came[bucket] > self._allowed
