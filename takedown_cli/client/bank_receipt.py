"""The receipt of a submission to an HMA bank: which hash has which entry there, so that it can be removed again.

A hash is written down before it is sent, and its entry before the next hash, so that a power cut loses neither.
"""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

from takedown_cli.client.hma import Signal
from takedown_cli.core.append_only_file import AppendOnlyFile
from takedown_cli.core.errors import BundleError, ConfigError, UsageError
from takedown_cli.protocol.addresses import BankAddress

_SCHEMA: Final = {"schema": "takedown.bank-receipt", "version": 1}
_BEGINNING: Final = json.dumps(_SCHEMA).encode()[:-1]
_LARGEST: Final = 64 << 20


class BankReceipt:
    """An open receipt, as a context manager: JSON lines in a file that only grows.

    ``entries`` are the hashes in the bank. Each hash in ``doubtful`` may have an entry whose number never arrived.
    Without ``address`` the receipt must exist. Raises OutputError, BundleError for a file that is not a receipt, and
    UsageError for a receipt of another bank.
    """

    def __init__(self, path: Path, address: BankAddress | None = None) -> None:
        if address is None and not path.is_file():
            raise UsageError("No such receipt.", hint="Name the file that was written with --receipt.")
        self.entries: dict[Signal, int] = {}
        self.doubtful: set[Signal] = set()
        self._sent: set[Signal] = set()
        #: The first line of a new receipt, until there is a second.
        self._unwritten: dict[str, object] | None = None
        with ExitStack() as on_failure:
            self._file = on_failure.enter_context(AppendOnlyFile(path, "receipt", "--receipt"))
            data = self._file.read(0, _LARGEST)
            if data[: len(_BEGINNING)] != _BEGINNING[: len(data)] or len(data) == _LARGEST:
                raise self._file.foreign_error()
            *lines, torn = data.split(b"\n")
            self.address, self.label = self._read_head(lines, address)
            for line in lines[1:]:
                self._read_line(line)
            self.doubtful |= self._sent
            # A line without an end was cut short by a crash. Nothing was sent after it.
            self._file.truncate(len(data) - len(torn))
            on_failure.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _read_head(self, lines: list[bytes], address: BankAddress | None) -> tuple[BankAddress, str]:
        if not lines and address is not None:
            label = f"takedown {secrets.token_hex(16)}"
            self._unwritten = {**_SCHEMA, "to": str(address), "label": label}
            return address, label
        try:
            head = json.loads(lines[0])
            if any(head[name] != value for name, value in _SCHEMA.items()):
                raise ValueError
            # Whether plain HTTP may be used was decided when the receipt was begun.
            kept, label = BankAddress.parse(head["to"], plain=True), str(head["label"])
        except (ValueError, LookupError, TypeError, AttributeError, ConfigError):
            raise self._file.foreign_error() from None
        if address not in {None, kept}:
            raise UsageError("The receipt belongs to another bank.", hint="Use one receipt for each bank.")
        return kept, label

    def _read_line(self, line: bytes) -> None:
        try:
            noted = json.loads(line)
            signal, entry = (str(noted["signal"][0]), str(noted["signal"][1])), noted.get("entry")
        except (ValueError, LookupError, TypeError, AttributeError):
            raise BundleError("The receipt is damaged.", hint="Restore it from a copy.") from None
        self._take_note(signal, entry if isinstance(entry, int) else None, removed=noted.get("gone") is True)

    def _take_note(self, signal: Signal, entry: int | None, *, removed: bool) -> None:
        if removed:
            self.entries.pop(signal, None)
            self.doubtful.discard(signal)
        elif entry is not None:
            self.entries[signal] = entry
        elif signal in self._sent:  # sent again, so there may be two
            self.doubtful.add(signal)
        self._sent.discard(signal)
        if entry is None and not removed:
            self._sent.add(signal)

    def note_sending(self, signal: Signal) -> None:
        """Record, before it is sent, that this hash may soon be in the bank. Raise OutputError."""
        self._write_note(signal)

    def note_banked(self, signal: Signal, entry: int) -> None:
        """Record the entry of a hash. Raise OutputError."""
        self._write_note(signal, entry=entry)

    def note_removed(self, signal: Signal) -> None:
        """Record that the bank no longer has our entry of this hash. Raise OutputError."""
        self._write_note(signal, gone=True)

    def _write_note(self, signal: Signal, **note: int) -> None:
        document: dict[str, object] = {"signal": list(signal), **note}
        lines = [document] if self._unwritten is None else [self._unwritten, document]
        self._file.append("".join(f"{json.dumps(line)}\n" for line in lines).encode())
        self._unwritten = None
        self._take_note(signal, note.get("entry"), removed="gone" in note)
