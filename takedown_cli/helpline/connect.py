"""What a caseload needs of an intake. Whoever runs the caseload says how an intake is reached: with the Python API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from takedown_cli.protocol.case_number import CaseNumber
    from takedown_cli.protocol.wire import CaseStatus, IntakeCard, Receipt


class Intake(Protocol):
    """One intake over a connection of its own, for one thread. ``takedown_cli.api.Intake`` is one.

    Every call may raise UnreachableError (try again later) and UntrustedIntakeError (stop).
    """

    def card(self) -> IntakeCard:
        """Return the intake's verified card."""

    def submit(self, bundle: bytes, /) -> Receipt:
        """Send a sealed bundle. Sending it again gives the same receipt. Raise RefusedError if it is not accepted."""

    def status(self, case: CaseNumber, /) -> CaseStatus:
        """Return the state of a case. Raise NoSuchCaseError."""

    def withdraw(self, case: CaseNumber, /) -> CaseStatus:
        """Withdraw a whole case, and return it afterwards. Raise NoSuchCaseError."""


#: Opens a connection of its own to the intake at an address, for one thread.
Connect = Callable[[str], AbstractContextManager[Intake]]
