"""The client of an organisation's own HMA server: put a hash into a bank, find its entry, remove it again.

Only hashes and a random label are sent. An entry is removed only if it has that label. Sending a hash is never repeated
automatically, because HMA would store it twice.

Source: facebook/ThreatExchange, ``hasher-matcher-actioner``, blueprints ``curation`` and ``matching``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode

from takedown_cli.client.retries import USUAL, Retries, exchange_with_retries
from takedown_cli.client.transport import Reply, Transport
from takedown_cli.client.waiting import Exchange
from takedown_cli.core.errors import RefusedError, UnreachableError, UntrustedIntakeError
from takedown_cli.protocol.addresses import BankAddress

#: A kind of hash by HMA's own name (``pdq``, ``video_md5``), and its value in lower-case hexadecimal.
Signal = tuple[str, str]

_GO_ON: Final = "Run the same command again with the same receipt. Hashes that have arrived are not sent twice."
_ASK: Final = "Ask the operator of the HMA server. With the same receipt the command continues where it stopped."


class BankClient:
    """One bank of one HMA server. Every method raises RefusedError and UnreachableError."""

    def __init__(self, transport: Transport, address: BankAddress, retries: Retries = USUAL) -> None:
        self._transport = transport
        self._path = f"/c/bank/{address.bank}"
        self._bank = address.bank
        self._retries = retries

    def has_bank(self) -> bool:
        """Return whether the server has this bank."""
        return _json_field(self._get(self._path), "name") == self._bank

    def fetch_signal_types(self) -> frozenset[str]:
        """Return the kinds of hash that the server takes. Raise RefusedError when it has no such bank."""
        if not self.has_bank():
            raise RefusedError("No such bank at this address.", hint="Check --to: HOST, then the bank's name.")
        kinds = _json_value(self._get("/c/signal_type"))
        if not isinstance(kinds, list):
            raise RefusedError("This is not an HMA server that accepts hashes.", hint=_ASK)
        return frozenset(str(one["name"]) for one in kinds if isinstance(one, dict) and one.get("enabled_ratio"))

    def add_signal(self, signal: Signal, label: str) -> int:
        """Put one hash into the bank, and return the number of its entry.

        After UnreachableError nobody knows whether it arrived: HMA would bank it a second time.
        """
        kind, value = signal
        body = json.dumps({kind: value, "note": label}).encode()
        reply = self._ask(
            lambda exchange: self._transport.post(f"{self._path}/signal", body, "application/json", exchange),
            repeatable=False,
        )
        number = _json_field(reply, "id")
        if reply.status not in {200, 201} or not isinstance(number, int) or isinstance(number, bool):
            raise RefusedError("The HMA server did not accept a hash. It may be too old to store a label.", hint=_ASK)
        return number

    def find_entries(self, signal: Signal, label: str) -> list[int] | None:
        """Return the entries with this hash and label; None if the server has not indexed them, or cannot match."""
        kind, value = signal
        query = urlencode({"signal_type": kind, "signal": value, "banks": self._bank})
        found = _json_field(self._get(f"/m/raw_lookup?{query}"), "matches")
        if not isinstance(found, list):
            return None
        ours = [number for number in found if isinstance(number, int) and self._is_ours(number, label, signal)]
        if ours:
            return ours
        state = _json_field(self._get("/c/signal_type/index"), kind)
        return [] if isinstance(state, dict) and state.get("index_out_of_date") is False else None

    def remove_entry(self, number: int, label: str) -> bool:
        """Delete an entry if it is there and bears this label. Return whether it was."""
        if not self._is_ours(number, label):
            return False
        reply = self._ask(lambda exchange: self._transport.delete(f"{self._path}/content/{number}", exchange))
        if reply.status != 200:
            raise RefusedError("The HMA server did not delete an entry.", hint=_ASK)
        return True

    def fetch_record_keys(self, number: int) -> list[str] | None:
        """Return the keys under which exchanges gave an entry; none if it is gone, or came from no exchange.

        Return None if the server has no such bank.
        """
        reply = self._get(f"{self._path}/content/{number}")
        if reply.status == 404:
            return [] if self.has_bank() else None
        if reply.status != 200:
            raise RefusedError("The HMA server did not show an entry.", hint="Check the address of the bank.")
        metadata = _json_field(reply, "metadata")
        exchanges = metadata.get("collab") if isinstance(metadata, dict) else None
        keys = exchanges.values() if isinstance(exchanges, dict) else ()
        return [str(key) for some in keys if isinstance(some, list) for key in some]

    def _is_ours(self, number: int, label: str, signal: Signal | None = None) -> bool:
        reply = self._get(f"{self._path}/content/{number}?include_signals=true")
        if reply.status == 404:
            return False
        entry = _json_value(reply)
        if reply.status != 200 or not isinstance(entry, dict):
            raise RefusedError("The HMA server did not show an entry.", hint=_ASK)
        bank, signals = entry.get("bank"), entry.get("signals")
        mine = isinstance(bank, dict) and bank.get("name") == self._bank and entry.get("note") == label
        return mine and (signal is None or (isinstance(signals, dict) and signals.get(signal[0]) == signal[1]))

    def _get(self, path: str) -> Reply:
        return self._ask(lambda exchange: self._transport.get(path, exchange))

    def _ask(self, request: Callable[[Exchange], Reply], *, repeatable: bool = True) -> Reply:
        try:
            return exchange_with_retries(self._transport, request, self._retries, repeatable=repeatable)
        except UnreachableError as error:
            error.hint = f"{error.hint}\n{_GO_ON}"
            raise
        except UntrustedIntakeError:
            raise RefusedError("The answer does not come from an HMA server.", hint="Check --to.") from None


def _json_value(reply: Reply) -> object:
    """Return the JSON value of an answer, None when it is not JSON."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _json_field(reply: Reply, name: str) -> object:
    document = _json_value(reply)
    return document.get(name) if isinstance(document, dict) else None
