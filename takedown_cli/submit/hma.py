"""What an organisation's own HMA server is asked: to bank a hash, to say whether it has it, to take it out again.

It guarantees that nothing is taken out but what bears the label it was put in with, and that banking, which HMA would
do twice, is never repeated by itself. It must never send anything but hashes and that label, which is drawn at random.

Source: facebook/ThreatExchange, ``hasher-matcher-actioner``, blueprints ``curation`` and ``matching``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from takedown_cli.address import BankAddress
from takedown_cli.errors import RefusedError, UnreachableError, UntrustedIntakeError
from takedown_cli.submit.patience import ATTEMPTS, patiently
from takedown_cli.submit.transport import Door, Reply

#: A kind of hash by HMA's own name (``pdq``, ``video_md5``), and its value in lower-case hexadecimal.
Signal = tuple[str, str]

_GO_ON: Final = "Run the same command again, with the same receipt: what has arrived is not sent twice."
_ASK: Final = "Ask whoever runs the HMA server; with the same receipt the command goes on where it ended."


class BankClient:
    """Talks to one bank of one HMA server through a door. Every method raises RefusedError and UnreachableError."""

    def __init__(self, door: Door, address: BankAddress, attempts: int = ATTEMPTS) -> None:
        self._door = door
        self._path = f"/c/bank/{address.bank}"
        self._bank = address.bank
        self._attempts = attempts

    def signal_types(self) -> frozenset[str]:
        """The kinds of hash that the server takes; refuses when it has no such bank."""
        bank = self._ask(lambda: self._door.get(self._path))
        if _field(bank, "name") != self._bank:
            raise RefusedError("There is no such bank at this address.", hint="Check --to: HOST, then the bank's name.")
        kinds = _document(self._ask(lambda: self._door.get("/c/signal_type")))
        if not isinstance(kinds, list):
            raise RefusedError("This is no HMA server that takes hashes.", hint=_ASK)
        return frozenset(str(one["name"]) for one in kinds if isinstance(one, dict) and one.get("enabled_ratio"))

    def bank(self, signal: Signal, label: str) -> int:
        """Put one hash into the bank; gives the number of its entry.

        UnreachableError means that nobody knows whether it arrived: HMA would bank it a second time.
        """
        kind, value = signal
        body = json.dumps({kind: value, "note": label}).encode()
        reply = self._ask(lambda: self._door.post(f"{self._path}/signal", body, "application/json"), repeatable=False)
        number = _field(reply, "id")
        if reply.status not in {200, 201} or not isinstance(number, int) or isinstance(number, bool):
            raise RefusedError("The HMA server did not take a hash; it may be too old to keep a note.", hint=_ASK)
        return number

    def entries_of(self, signal: Signal, label: str) -> list[int] | None:
        """The entries with this hash and label; None where the server does not match, or has not indexed them yet."""
        kind, value = signal
        query = urlencode({"signal_type": kind, "signal": value, "banks": self._bank})
        found = _field(self._ask(lambda: self._door.get(f"/m/raw_lookup?{query}")), "matches")
        if not isinstance(found, list):
            return None
        ours = [number for number in found if isinstance(number, int) and self._is_ours(number, label, signal)]
        return ours if ours or self._has_indexed(kind) else None

    def _has_indexed(self, kind: str) -> bool:
        state = _field(self._ask(lambda: self._door.get("/c/signal_type/index")), kind)
        return isinstance(state, dict) and state.get("index_out_of_date") is False

    def take_out(self, number: int, label: str) -> bool:
        """Delete an entry, if it is there and bears this label; False when there is none such."""
        if not self._is_ours(number, label):
            return False
        reply = self._ask(lambda: self._door.delete(f"{self._path}/content/{number}"))
        if reply.status != 200:
            raise RefusedError("The HMA server did not delete an entry.", hint=_ASK)
        return True

    def _is_ours(self, number: int, label: str, signal: Signal | None = None) -> bool:
        reply = self._ask(lambda: self._door.get(f"{self._path}/content/{number}?include_signals=true"))
        if reply.status == 404:
            return False
        entry = _document(reply)
        if reply.status != 200 or not isinstance(entry, dict):
            raise RefusedError("The HMA server did not show an entry.", hint=_ASK)
        bank, signals = entry.get("bank"), entry.get("signals")
        mine = isinstance(bank, dict) and bank.get("name") == self._bank and entry.get("note") == label
        return mine and (signal is None or (isinstance(signals, dict) and signals.get(signal[0]) == signal[1]))

    def _ask(self, exchange: Callable[[], Reply], *, repeatable: bool = True) -> Reply:
        try:
            return patiently(exchange, self._attempts, repeatable=repeatable)
        except UnreachableError:
            raise UnreachableError("The HMA server cannot be reached, or is busy.", hint=_GO_ON) from None
        except UntrustedIntakeError:
            raise RefusedError("The answer is not that of an HMA server.", hint="Check --to.") from None


def _document(reply: Reply) -> object:
    """The JSON of an answer; None for what is none."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _field(reply: Reply, name: str) -> object:
    document = _document(reply)
    return document.get(name) if isinstance(document, dict) else None
