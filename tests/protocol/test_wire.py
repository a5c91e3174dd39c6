"""Documents of the wire: what is not one is refused."""

from __future__ import annotations

import pytest

from takedown_cli.core.errors import (
    BundleError,
)
from takedown_cli.protocol.wire import Receipt, decode, encode


@pytest.mark.parametrize("day", ["2026-02-30", "2027-02-29", "2026-04-31"])
def test_a_day_that_no_calendar_has_is_no_document(day: str) -> None:
    """It would be in a helpline's ledger for good, and no report could be made of it."""
    receipt = Receipt(message="0" * 64, day="2026-02-28", expires="2028-02-29")
    with pytest.raises(BundleError):
        decode(Receipt, encode(receipt).replace(b"2026-02-28", day.encode()))
