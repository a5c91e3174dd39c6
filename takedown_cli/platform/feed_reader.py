"""Reads an intake's native feed, page by page, and sends verdicts.

A page is used only if the pinned intake signed it, if it answers the cursor that was asked for, and if it is of the
lists, tiers and classes that were asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self, TypeVar
from urllib.parse import urlencode

from takedown_cli.client.client import IntakeClient
from takedown_cli.client.retries import USUAL, Retries, exchange_with_retries
from takedown_cli.client.transport import Reply, Transport
from takedown_cli.client.waiting import Exchange, OnWaiting
from takedown_cli.core.errors import BundleError, ConfigError, UntrustedIntakeError
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.feed import (
    MAX_VERDICTS,
    PAGE_BYTES,
    SIGNATURE_HEADER,
    ClipPage,
    FeedPage,
    Verdict,
    Verdicts,
    read_page,
)
from takedown_cli.protocol.wire import encode

#: A page before compression: its records, and what stands around them.
_MAX_PAGE: Final = PAGE_BYTES + (64 << 10)
_LONGEST_COUNT: Final = 9
NEGATIVE: Final = "negative"
_ORIGINAL: Final = "original"
P = TypeVar("P", FeedPage, ClipPage)


class StaleCursor(Exception):  # noqa: N818 - an answer, not a fault
    """The intake cannot continue from this cursor. Start from a snapshot, and drop what is not in it."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to pull of what the platform subscribed to; nothing named means all of it.

    ``lists`` may be ``negative`` alone, which is the intake's negative list.
    """

    lists: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def is_negative(self) -> bool:
        """Whether this is the negative list. Raise ConfigError if it is mixed with others."""
        if NEGATIVE in self.lists and len(self.lists) > 1:
            raise ConfigError("The negative list is an exchange of its own.", hint="Name no other list with it.")
        return NEGATIVE in self.lists

    def query(self) -> dict[str, str]:
        """Return the parameters of a request."""
        if self.is_negative:
            return {}
        named = {"lists": self.lists, "tiers": self.tiers, "classes": self.classes}
        return {name: ",".join(names) for name, names in named.items() if names}

    @property
    def has_clips(self) -> bool:
        """Whether clips are of this part of the lists: those have frames as they were, and no predicted copies."""
        return not self.is_negative and (not self.classes or _ORIGINAL in self.classes)

    def has(self, page: FeedPage | ClipPage) -> bool:
        """Return whether a page holds nothing else."""
        given = page.selection
        if self.is_negative:
            return given.lists == (NEGATIVE,)
        pairs: list[tuple[tuple[str, ...], tuple[str, ...]]] = [(self.lists, given.lists), (self.tiers, given.tiers)]
        if isinstance(page, FeedPage):
            pairs.append((self.classes, page.selection.classes))
        return NEGATIVE not in given.lists and all(not wanted or {*found} <= {*wanted} for wanted, found in pairs)


class FeedReader:
    """One participant at one intake, as a context manager. ``token`` is that of the native feed.

    Raises ConfigError for an address without the key that must answer there.
    """

    def __init__(
        self,
        address: IntakeAddress,
        token: str,
        proxy: str | None = None,
        retries: Retries = USUAL,
        *,
        ca: Path | None = None,
        on_waiting: OnWaiting = lambda _: None,
    ) -> None:
        if address.pin is None:
            raise ConfigError(
                "The intake's address has no key id.", hint="Give it with the 40 digits after '#', as its operator did."
            )
        if not (token.isascii() and token.isprintable() and token):
            raise ConfigError("The token is not valid.", hint="Copy it again from 'participant add'.")
        headers = {"authorization": f"Bearer {token}", "accept-encoding": "gzip"}
        self._open = partial(Transport, address, proxy, ca=ca, on_waiting=on_waiting)
        self._headers, self._address, self._retries = headers, address, retries
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._transport = self._stack.enter_context(self._open(headers=self._headers))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _ask(self, request: Callable[[Exchange], Reply]) -> Reply:
        return exchange_with_retries(self._transport, request, self._retries)

    def fetch_signing_key(self) -> bytes:
        """Return the intake's signing key, from its card under the pinned key. Raise UntrustedIntakeError."""
        # The card comes over a connection without the token: it is not sent before the intake has shown its key.
        with self._open() as plain:
            card = IntakeClient(plain, self._address, self._retries).fetch_card()
        return bytes.fromhex(card.signing_key)

    def page_after(self, cursor: str | None, selection: Selection, signing_key: bytes) -> FeedPage:
        """Return the page after a cursor, or the first one of a snapshot.

        Raise StaleCursor; ConfigError if the intake refuses the token or the selection; UnreachableError;
        UntrustedIntakeError for a page that is not from the intake, or not the one that was asked for.
        """
        reply = self._get("/v1/feed/negative" if selection.is_negative else "/v1/feed", selection.query(), cursor)
        return _verified(FeedPage, reply, cursor, selection, signing_key)

    def pages(self, cursor: str | None, selection: Selection, signing_key: bytes) -> Iterator[FeedPage]:
        """Yield all pages after a cursor. Raise what ``page_after`` does."""
        return _follow(partial(self.page_after, selection=selection, signing_key=signing_key), cursor)

    def clip_page_after(self, cursor: str | None, selection: Selection, signing_key: bytes) -> ClipPage | None:
        """Return the page of clips after a cursor, as ``page_after`` does; None from an intake that has no clips."""
        query = {name: names for name, names in selection.query().items() if name != "classes"}
        reply = self._get("/v1/feed/clips", query, cursor)
        if reply.status == 404:
            return None
        return _verified(ClipPage, reply, cursor, selection, signing_key)

    def clip_pages(self, cursor: str | None, selection: Selection, signing_key: bytes) -> Iterator[ClipPage]:
        """Yield all pages of clips after a cursor; none where there are no clips. Raise what ``page_after`` does."""
        if selection.has_clips:
            yield from _follow(partial(self.clip_page_after, selection=selection, signing_key=signing_key), cursor)

    def _get(self, path: str, query: dict[str, str], cursor: str | None) -> Reply:
        asked = query if cursor is None else {**query, "cursor": cursor}
        where = f"{path}?{urlencode(asked)}" if asked else path
        reply = self._ask(lambda exchange: self._transport.get(where, exchange))
        if reply.status == 409 or (reply.status == 400 and cursor is not None):
            raise StaleCursor
        return reply

    def send_verdicts(self, verdicts: Sequence[Verdict]) -> int:
        """Send verdicts; sending them again changes nothing. Return how many met a record that was given.

        Raise ConfigError, UnreachableError, UntrustedIntakeError.
        """
        met = 0
        for begin in range(0, len(verdicts), MAX_VERDICTS):
            some = verdicts[begin : begin + MAX_VERDICTS]
            send = partial(
                self._transport.post, "/v1/feed/verdicts", encode(Verdicts(verdicts=list(some))), "application/json"
            )
            reply = self._ask(send)
            if reply.status == 413 and len(some) > 1:  # a verdict on a clip counts as many times as it has frames
                middle = len(some) // 2
                met += self.send_verdicts(some[:middle]) + self.send_verdicts(some[middle:])
                continue
            _check_status(reply)
            met += _read_count(_decompress(reply))
        return met


def _follow(page_after: Callable[[str | None], P | None], cursor: str | None) -> Iterator[P]:
    """Yield each page after a cursor, from one to the next, until there is no more."""
    while (page := page_after(cursor)) is not None:
        if page.more and page.cursor == cursor:
            raise UntrustedIntakeError("The feed leads back to where it was.")
        cursor = page.cursor
        yield page
        if not page.more:
            return


def _verified(kind: type[P], reply: Reply, cursor: str | None, selection: Selection, signing_key: bytes) -> P:
    """Return the page that an intake answered with, once it is certain that it is the right one."""
    _check_status(reply)
    try:
        page = read_page(kind, _decompress(reply), reply.headers.get(SIGNATURE_HEADER, ""), signing_key)
    except BundleError:
        raise UntrustedIntakeError("A page of the feed is damaged, or is not from the intake.") from None
    if page.start != cursor or (cursor is None and page.kind != "snapshot") or not selection.has(page):
        raise UntrustedIntakeError("The intake answered with another page than the one that was asked for.")
    return page


def _check_status(reply: Reply) -> None:
    if reply.status == 401:
        raise ConfigError(
            "The intake does not accept this token.", hint="Ask its operator for a new one: 'participant rotate'."
        )
    if reply.status == 400:
        raise ConfigError(
            "The intake has nothing for this choice of lists, tiers and classes.",
            hint="Choose what the intake's operator subscribed you to.",
        )
    if reply.status != 200:
        raise UntrustedIntakeError("There is no native feed at this address.")


def _decompress(reply: Reply) -> bytes:
    """Return the body. Raise UntrustedIntakeError for one that is not whole, or larger than a page can be."""
    if reply.headers.get("content-encoding", "identity") == "identity":
        return reply.body
    inflating = zlib.decompressobj(wbits=31)
    try:
        body = inflating.decompress(reply.body, _MAX_PAGE)
    except zlib.error:
        body = b""
    if not inflating.eof or inflating.unused_data:
        raise UntrustedIntakeError("A page of the feed is damaged or too large.")
    return body


def _read_count(body: bytes) -> int:
    digits = body.removeprefix(b'{"count":').removesuffix(b"}")
    if not digits.isdigit() or len(digits) > _LONGEST_COUNT:
        raise UntrustedIntakeError("The intake's answer to verdicts cannot be read.")
    return int(digits)
