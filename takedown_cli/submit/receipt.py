"""The receipt of a submission to an HMA bank: which hash has which entry there, so that it can be taken out again.

It guarantees that a hash is written down before it is sent and its entry before the next one, through power cuts.
It must never hold anything about a picture or a person but the hashes, nor change a file that is no receipt.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from takedown_cli.address import BankAddress
from takedown_cli.errors import BundleError, ConfigError, UsageError
from takedown_cli.growing import append, foreign, read_at, reading_in
from takedown_cli.submit.hma import Signal

_SCHEMA: Final = {"schema": "takedown.bank-receipt", "version": 1}
_BEGINNING: Final = json.dumps(_SCHEMA).encode()[:-1]
_NOUN: Final = "receipt"
_LARGEST: Final = 64 << 20
_OPTION: Final = "--receipt"


class Receipt:
    """An open receipt, as a context manager: JSON lines in a file that only grows.

    ``entries`` is what is in the bank; of what is in ``doubtful`` there may be an entry whose number never arrived.
    Without ``address`` there must be one already. Raises OutputError, BundleError for a file that is no receipt,
    UsageError for that of another bank.
    """

    def __init__(self, path: Path, address: BankAddress | None = None) -> None:
        if address is None and not path.is_file():
            raise UsageError("There is no such receipt.", hint="Name the file that 'submit --receipt' wrote.")
        self.entries: dict[Signal, int] = {}
        self.doubtful: set[Signal] = set()
        self._sent: set[Signal] = set()
        #: The first line of a new receipt, until there is a second.
        self._unwritten: dict[str, object] | None = None
        with reading_in(path, _NOUN, _OPTION) as self._descriptor:
            data = read_at(self._descriptor, 0, _LARGEST)
            if data[: len(_BEGINNING)] != _BEGINNING[: len(data)] or len(data) == _LARGEST:
                raise foreign(_NOUN, _OPTION)
            *lines, torn = data.split(b"\n")
            self.address, self.label = self._head(lines, address)
            for line in lines[1:]:
                self._read(line)
            self.doubtful |= self._sent
            # What has no end of line was cut short by a crash; nothing was sent after it.
            os.ftruncate(self._descriptor, len(data) - len(torn))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def _head(self, lines: list[bytes], address: BankAddress | None) -> tuple[BankAddress, str]:
        if not lines and address is not None:
            label = f"takedown {secrets.token_hex(16)}"
            self._unwritten = {**_SCHEMA, "to": str(address), "label": label}
            return address, label
        try:
            head = json.loads(lines[0])
            told = {name: head[name] for name in _SCHEMA}
            # Whether plain HTTP may be used was decided when the receipt was begun.
            kept, label = BankAddress.parse(head["to"], plain=True), str(head["label"])
        except (ValueError, LookupError, TypeError, AttributeError, ConfigError):
            told = {}
        if told != _SCHEMA:
            raise foreign(_NOUN, _OPTION)
        if address not in {None, kept}:
            raise UsageError("The receipt is of another bank.", hint="Use one receipt for each bank.")
        return kept, label

    def _read(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            signal, entry = (str(said["signal"][0]), str(said["signal"][1])), said.get("entry")
        except (ValueError, LookupError, TypeError, AttributeError):
            raise BundleError("The receipt is damaged.", hint="Restore it from a copy.") from None
        self._note(signal, entry if isinstance(entry, int) else None, gone=said.get("gone") is True)

    def _note(self, signal: Signal, entry: int | None, *, gone: bool) -> None:
        if gone:
            self.entries.pop(signal, None)
            self.doubtful.discard(signal)
        elif entry is not None:
            self.entries[signal] = entry
        elif signal in self._sent:  # sent again, so there may be two
            self.doubtful.add(signal)
        self._sent.discard(signal)
        if entry is None and not gone:
            self._sent.add(signal)

    def sending(self, signal: Signal) -> None:
        """Write down, before it is sent, that this hash may soon be in the bank. Raises OutputError."""
        self._add(signal)

    def banked(self, signal: Signal, entry: int) -> None:
        """Write down the entry of a hash. Raises OutputError."""
        self._add(signal, entry=entry)

    def gone(self, signal: Signal) -> None:
        """Write down that the bank does not have this hash from here any more. Raises OutputError."""
        self._add(signal, gone=True)

    def _add(self, signal: Signal, *, entry: int | None = None, gone: bool = False) -> None:
        said: dict[str, object] = {"signal": list(signal)}
        if entry is not None:
            said["entry"] = entry
        if gone:
            said["gone"] = True
        self._write(said)
        self._note(signal, entry, gone=gone)

    def _write(self, document: dict[str, object]) -> None:
        lines = [document] if self._unwritten is None else [self._unwritten, document]
        append(self._descriptor, "".join(f"{json.dumps(line)}\n" for line in lines).encode(), _NOUN)
        self._unwritten = None
