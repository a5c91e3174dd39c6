"""An intake as a person's side meets it: submit a bundle, ask about the case, withdraw it.

The command line reaches intakes with it too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, Self

from takedown_cli.api.bundle import Bundle
from takedown_cli.core.errors import ConfigError, NothingToDoError
from takedown_cli.core.given_text import decode_text

if TYPE_CHECKING:
    from takedown_cli.api.run import StrPath
    from takedown_cli.client.waiting import Notice
    from takedown_cli.core.model import Hashed
    from takedown_cli.protocol.addresses import IntakeAddress
    from takedown_cli.protocol.case_number import CaseNumber
    from takedown_cli.protocol.wire import CaseStatus, Copies, IntakeCard, Receipt

P = ParamSpec("P")

_LARGEST_CARD: Final = 1 << 16
_CHECK_CARD: Final = "Check its name. 'takedown intake init' writes the file, and the intake's operator gives it out."


class Intake:
    """One intake, reached over one connection; a context manager. Use it in one thread.

    ``address`` is what the intake's operator gives out: ``https://intake.example#KEY``. With the key id after ``#`` the
    server has to prove that it is the intake. ``proxy`` is a URL such as ``socks5h://127.0.0.1:9050`` for Tor. ``ca``
    is a file (PEM) with the only authorities to trust, of an intake that has its own.

    A busy or silent intake is asked up to ``attempts`` times, which together end after ``timeout`` seconds without
    progress. Or give ``patience``: it is then asked as often as fits into that many seconds, and ``timeout`` is for
    each time. ``on_waiting`` is called meanwhile with whom it waits for and how long. If it is crowded it asks for some
    work first, and ``on_work`` is called with tries done and tries needed on average.

    With ``card``, which another connection returned or ``read_card`` read, no card is fetched.

    Nothing is contacted before the first request. Environment variables and settings files change nothing.

    Raise ConfigError for an unusable address or proxy. Every request may raise UnreachableError (try again later) and
    UntrustedIntakeError (stop).
    """

    def __init__(
        self,
        address: str | IntakeAddress,
        *,
        proxy: str | None = None,
        ca: StrPath | None = None,
        attempts: int | None = None,
        timeout: float | None = None,
        patience: float | None = None,
        on_work: Callable[[int, int], object] | None = None,
        on_waiting: Callable[[Notice], object] | None = None,
        card: IntakeCard | None = None,
    ) -> None:
        from takedown_cli.client.client import IntakeClient
        from takedown_cli.client.retries import USUAL, Retries
        from takedown_cli.client.transport import Transport
        from takedown_cli.protocol.addresses import IntakeAddress

        if attempts is not None and patience is not None:
            raise ValueError("attempts cannot be combined with patience")
        parsed = IntakeAddress.parse(address) if isinstance(address, str) else address
        self._open = ExitStack()
        transport = self._open.enter_context(
            Transport(parsed, proxy, ca=None if ca is None else Path(ca), on_waiting=_or_nothing(on_waiting))
        )
        retries = replace(USUAL, attempts=attempts or USUAL.attempts, timeout=timeout or USUAL.timeout)
        if patience is not None:
            retries = Retries.within(patience, retries.timeout)
        self._client = IntakeClient(transport, parsed, retries, _or_nothing(on_work), card)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._open.close()

    @staticmethod
    def read_card(path: StrPath, address: str | IntakeAddress | None = None) -> IntakeCard:
        """Return the card in a file, so that bundles can be sealed without a network.

        Raise UntrustedIntakeError if it is not valid, or not the card of the intake at ``address``; ConfigError if the
        file cannot be read.
        """
        from takedown_cli.protocol.addresses import IntakeAddress
        from takedown_cli.protocol.bundle.card import read_card

        try:
            with Path(path).open("rb") as stream:
                data = decode_text(stream.read(_LARGEST_CARD)).encode("utf-8")
        except UnicodeError:
            raise ConfigError("The file with the intake's card is damaged.", hint=_CHECK_CARD) from None
        except (OSError, ValueError):
            raise ConfigError("The file with the intake's card cannot be read.", hint=_CHECK_CARD) from None
        return read_card(data, IntakeAddress.parse(address) if isinstance(address, str) else address)

    def card(self) -> IntakeCard:
        """Return the intake's verified card, with which bundles are sealed. It is fetched once."""
        return self._client.fetch_card()

    def page_digest(self) -> str | None:
        """Return the digest of the page for callers, as the intake signed it, or None if it has no such page."""
        return self._client.fetch_page_digest()

    def submit(self, bundle: Bundle | bytes) -> Receipt:
        """Send a bundle, sealed for this intake, and return the receipt (``day`` and ``expires``, YYYY-MM-DD).

        Show ``bundle.case`` first, or nobody can find the case again. Sending a bundle again gives the same receipt and
        never makes a second case. The bytes of a bundle file will do too.

        Raise RefusedError if nothing was registered, for good. After UnreachableError or UntrustedIntakeError nobody
        knows whether it arrived: send the same bundle again. For bytes, raise what ``Bundle.parse`` raises.
        """
        if isinstance(bundle, bytes):
            bundle = Bundle.parse(bundle)
        return self._client.submit(bundle.sealed_for(self.card()).data)

    def status(self, case: CaseNumber) -> CaseStatus:
        """Return the state of a case, with each item and what platforms said of it. Raise NoSuchCaseError."""
        return self._client.status(case)

    def withdraw(
        self,
        case: CaseNumber,
        *,
        shown_by: Hashed | None = None,
        copies: Collection[Copies] = (),
        items: Sequence[int] = (),
    ) -> CaseStatus:
        """Withdraw a whole case, or only the items that the file ``shown_by`` shows. Return the case afterwards.

        With ``copies`` only the hashes of these kinds of predicted copies are withdrawn. ``items`` are numbers of items
        as the status shows them, at most 2,000; give them alone. ``withdrawn`` in the answer counts the items that
        were meant. Raise NoSuchCaseError, NothingToDoError if the file has no hash that could be in a case, and
        RefusedError if the intake is too old for numbers or for a kind of copies.
        """
        if items:
            if shown_by is not None or copies:
                raise ValueError("items cannot be combined with shown_by or copies")
            return self._client.withdraw(case, items=items)
        values: tuple[str, ...] = ()
        if shown_by is not None:
            values = own_hashes(shown_by)
            if not values:
                raise NothingToDoError("This file has no hash that could be in the case.")
        return self._client.withdraw(case, values, tuple(copies))


def _or_nothing(call: Callable[P, object] | None) -> Callable[P, None]:
    def called(*given: P.args, **named: P.kwargs) -> None:
        if call is not None:
            call(*given, **named)

    return called


def own_hashes(file: Hashed) -> tuple[str, ...]:
    """Return the hashes by which an intake finds this file: a picture's own, the MD5 of a video or of a clip inside.

    Hashes of copies and frames are not among them: another item may have them too.
    """
    from takedown_cli.core.variants import FINDS_PICTURE
    from takedown_cli.protocol.bundle.document import items_of

    finds = {None, *FINDS_PICTURE}
    return tuple(
        f.value
        for item in items_of(file, "unsure")
        for f in item.fingerprints
        if f.kind == ("md5" if item.media == "video" else "pdq") and f.variant in finds and f.method != "512nn"
    )
