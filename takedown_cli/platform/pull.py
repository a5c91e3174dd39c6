"""Brings a local list up to date with the intake's feed: what changed since the last time, or all of it.

Every page is verified before it is used, and the old list stays in force until the last page is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from takedown_cli.core.errors import UnreachableError, UntrustedIntakeError
from takedown_cli.platform.feed_reader import FeedReader, StaleCursor
from takedown_cli.platform.home import Settings
from takedown_cli.platform.local_list import CLOCK_SLACK, ListState, ListWriter, LocalList

OnRecords = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did. ``refused``: the intake could not continue from the old cursor, so everything was fetched.

    ``clips`` counts the clips that are active; None if they are not kept.
    """

    kind: Literal["snapshot", "delta"]
    refused: bool
    changed: int
    removed: int
    active: int
    made: int
    clips: int | None = None


def pull(
    reader: FeedReader, settings: Settings, local: LocalList, *, afresh: bool = False,
    on_records: OnRecords = lambda _: None, now: Callable[[], float] = time.time,
) -> Pulled:  # fmt: skip
    """Pull into a local list. ``on_records`` is called with the number of records so far.

    Raise ConfigError if the intake refuses the token or the selection, UnreachableError, OutputError,
    UntrustedIntakeError for a page that is forged, cut, or older than what is here.
    """
    key = reader.fetch_signing_key()
    state = local.state()
    usable = state is not None and state.source == settings.source()
    held = state if usable else None
    if held is None or afresh:
        return _Pull(reader, settings, local, key, held, on_records, now).run(None, refused=False)
    try:
        return _Pull(reader, settings, local, key, held, on_records, now).run(held.cursor, refused=False)
    except StaleCursor:
        return _Pull(reader, settings, local, key, held, on_records, now).run(None, refused=True)


@dataclass(frozen=True, slots=True)
class _Pull:
    reader: FeedReader
    settings: Settings
    local: LocalList
    key: bytes
    held: ListState | None
    on_records: OnRecords
    now: Callable[[], float]

    def run(self, cursor: str | None, *, refused: bool) -> Pulled:
        """Follow the pages from a cursor, or from the beginning, in one transaction. Raise StaleCursor for a cursor."""
        seen = 0
        last = "" if cursor is None else cursor
        made = 0
        with self.local.changing(afresh=cursor is None) as writer:
            try:
                for page in self.reader.pages(cursor, self.settings.selection, self.key):
                    self._check_time(page.made)
                    writer.apply(page.records)
                    seen += len(page.records)
                    last, made = page.cursor, max(made, page.made)
                    self.on_records(seen)
            except StaleCursor:
                if cursor is not None:
                    raise
                raise _replaced() from None
            clips = self._pull_clips(writer, None if cursor is None or self.held is None else self.held.clips)
            writer.finish(ListState(self.settings.source(), last, made, int(self.now()), clips))
        kind: Literal["snapshot", "delta"] = "snapshot" if cursor is None else "delta"
        active = None if clips is None else self.local.count_clips()
        return Pulled(kind, refused, writer.changed, writer.removed, self.local.count(), made, active)

    def _pull_clips(self, writer: ListWriter, cursor: str | None) -> str | None:
        """Follow the feed of clips from a cursor. Return the one after it; None, and no clips, if they are not kept."""
        if not self.settings.clips:
            writer.drop_clips()
            return None
        if cursor is None:
            writer.drop_clips()
        try:
            for page in self.reader.clip_pages(cursor or None, self.settings.selection, self.key):
                self._check_time(page.made)
                writer.apply_clips(page.records)
                cursor = page.cursor
        except StaleCursor:
            if not cursor or self.held is None or cursor != self.held.clips:
                raise _replaced() from None
            return self._pull_clips(writer, None)
        return cursor or ""

    def _check_time(self, made: int) -> None:
        """Raise UntrustedIntakeError for a page from the past, with which withdrawn hashes would come back.

        Also for one from the future: a list of that day would never be too old, and no later page would be taken.
        """
        if made > self.now() + CLOCK_SLACK:
            raise UntrustedIntakeError(
                "The intake answered with a page that is dated later than this computer's clock.",
                hint="One of the two clocks is wrong. If it is the intake's, ask its operator. The old list stays in "
                "force.",
            )
        if self.held is not None and made < self.held.made - CLOCK_SLACK:
            raise UntrustedIntakeError(
                "The intake answered with a page that is older than the local list.",
                hint="Somebody may be replaying old answers, or the intake's clock is wrong. Ask its operator. "
                "The old list stays in force.",
            )
        if self.now() - made > self.settings.max_age_days * 86_400:
            raise UntrustedIntakeError(
                f"The intake answered with a page that is more than {self.settings.max_age_days} days old.",
                hint="Compare this computer's clock with the intake's. If both are right, somebody may be replaying "
                "old answers. The old list stays in force.",
            )


def _replaced() -> UnreachableError:
    return UnreachableError(
        "The intake's lists were replaced while they were fetched.", hint="Run the same command again."
    )
