"""An intake's native feed as an exchange of python-threatexchange and HMA."""
# No "from __future__ import annotations" here: both read the types of these dataclasses' fields as they are.

import sys
import time
import typing as t
from dataclasses import dataclass, field, replace

from threatexchange.exchanges import auth
from threatexchange.exchanges import fetch_state as state
from threatexchange.exchanges.collab_config import CollaborationConfigBase, CollaborationConfigWithDefaults
from threatexchange.exchanges.signal_exchange_api import SignalExchangeAPI
from threatexchange.signal_type import signal_base
from threatexchange.signal_type.md5 import VideoMD5Signal
from threatexchange.signal_type.pdq.signal import PdqSignal

from takedown_cli.core.errors import ConfigError
from takedown_cli.platform.feed_reader import FeedReader, Selection, StaleCursor
from takedown_cli.platform.threatexchange.signal_types import PdqClipSignal, PdqReadingsSignal, all_values
from takedown_cli.protocol.addresses import IntakeAddress
from takedown_cli.protocol.feed import REMOVAL_DAYS, ActiveClip, ActiveRecord, ClipRecord, FeedRecord, Verdict

#: A checkpoint this old is started again from a snapshot: three months before the intake forgets removals.
STALE_SECONDS: t.Final = (REMOVAL_DAYS - 90) * 86_400
#: Keys in one delta of removals; HMA stores as many at a time.
_KEYS: t.Final = 5000


@dataclass
class TakedownConfig(CollaborationConfigWithDefaults):
    """What to pull from which intake. Make several exchanges to act differently on tiers or lists."""

    intake: str = field(
        default="", metadata={"help": "The intake's address with its key: https://intake.example.org#40-digits."}
    )
    tier: str = field(
        default="all",
        metadata={
            "help": "all, confirmed or provisional. Confirmed: signed by a helpline, listed by a platform, or blocked "
            "by two. To act differently on each tier, make an exchange for each."
        },
    )
    lists: str = field(
        default="",
        metadata={
            "help": "adult, under-18, or negative (pictures that must not be acted on: an exchange of its own). "
            "Empty: every list of your subscription."
        },
    )
    classes: str = field(
        default="",
        metadata={
            "help": "What hashes are of: original, or predicted copies (flips, screens, crops, borders, captions, "
            "tilts, other), with commas between them. Empty: everything."
        },
    )

    def selection(self) -> Selection:
        """Return what to pull. Raise ConfigError."""
        if self.tier not in {"all", "confirmed", "provisional"}:
            raise ConfigError("The tier must be all, confirmed or provisional.")
        tiers = () if self.tier == "all" else (self.tier,)
        selection = Selection(_names(self.lists), tiers, _names(self.classes))
        _ = selection.is_negative
        return selection


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@dataclass
class TakedownCredentials(auth.CredentialHelper):
    """The token of the native feed."""

    ENV_VARIABLE: t.ClassVar[str] = "TX_TAKEDOWN_TOKEN"
    FILE_NAME: t.ClassVar[str] = "~/.tx_takedown_token"

    token: str = field(
        default="", metadata={"help": "The token of the native feed, as 'takedown intake participant add' shows it."}
    )

    @classmethod
    def _from_str(cls, s: str) -> "TakedownCredentials":
        return cls(s.strip())

    def _are_valid(self) -> bool:
        return bool(self.token)


@dataclass
class TakedownCheckpoint(state.FetchCheckpointBase):
    """A cursor, and when it was given (Unix seconds).

    ``refused``: the intake cannot continue from it, so everything is fetched again. ``replaces``: a snapshot is being
    fetched over records that are held already, and those that are not in it must go. ``clips`` is the cursor of the
    feed of clips, which comes after the hashes.
    """

    cursor: str
    at: int
    refused: bool = False
    replaces: bool = False
    clips: str = ""

    def is_stale(self) -> bool:
        return self.refused or time.time() - self.at > STALE_SECONDS

    def get_progress_timestamp(self) -> int:
        return self.at


@dataclass
class TakedownMetadata(state.FetchedSignalMetadata):
    """What is known of a record."""

    tier: str
    list_name: str
    classes: list[str]

    def get_as_opinions(self) -> list[state.SignalOpinion]:
        """Return the intake's opinion. A provisional hash may need a person to look; a negative one is no match."""
        category = state.SignalOpinionCategory.POSITIVE_CLASS
        if self.tier == "provisional":
            category = state.SignalOpinionCategory.INVESTIGATION_SEED
        if self.list_name == "negative":
            category = state.SignalOpinionCategory.NEGATIVE_CLASS
        return [state.SignalOpinion(False, category, {self.tier, self.list_name, *self.classes})]


#: Signal name, value, and metadata.
_Value = tuple[str, str, TakedownMetadata]
#: The signal types for each signal of the feed; others are of no use here.
_TYPES: t.Final = {
    "pdq": (PdqSignal.get_name(), PdqReadingsSignal.get_name()),
    "video-md5": (VideoMD5Signal.get_name(),),
    "clip": (PdqClipSignal.get_name(),),
}


class TakedownExchangeAPI(
    auth.SignalExchangeWithAuth[TakedownConfig, TakedownCredentials],
    SignalExchangeAPI[TakedownConfig, TakedownCheckpoint, TakedownMetadata, str, _Value],
):
    """An intake's native feed. A record's key is its random id, so that a withdrawal needs no hash."""

    def __init__(self, collab: TakedownConfig, token: str) -> None:
        super().__init__()
        self._collab, self._token = collab, token

    @classmethod
    def get_name(cls) -> str:
        return "takedown"

    @staticmethod
    def get_config_cls() -> type[TakedownConfig]:
        return TakedownConfig

    @staticmethod
    def get_checkpoint_cls() -> type[TakedownCheckpoint]:
        return TakedownCheckpoint

    @staticmethod
    def get_record_cls() -> type[TakedownMetadata]:
        return TakedownMetadata

    @staticmethod
    def get_credential_cls() -> type[TakedownCredentials]:
        return TakedownCredentials

    @classmethod
    def for_collab(
        cls, collab: TakedownConfig, credentials: TakedownCredentials | None = None
    ) -> "TakedownExchangeAPI":
        credentials = credentials or TakedownCredentials.get(cls)
        return cls(collab, credentials.token)

    def _reader(self) -> FeedReader:
        return FeedReader(IntakeAddress.parse(self._collab.intake), self._token)

    def fetch_iter(
        self, supported_signal_types: t.Sequence[type[signal_base.SignalType]], checkpoint: TakedownCheckpoint | None
    ) -> t.Iterator[state.FetchDelta[str, _Value, TakedownCheckpoint]]:
        """Yield what changed since a checkpoint, or everything. A removed record is None."""
        supported = {one.get_name() for one in supported_signal_types}
        selection = self._collab.selection()
        at = checkpoint.at if checkpoint else 0
        replaces = checkpoint.replaces if checkpoint else bool(next(_keys_in_hma(self._collab), None))
        with self._reader() as reader:
            key = reader.fetch_signing_key()
            cursor = checkpoint.cursor if checkpoint else None
            clips = checkpoint.clips if checkpoint else ""
            with_clips = PdqClipSignal.get_name() in supported
            while True:
                try:
                    page = reader.page_after(cursor, selection, key)
                except StaleCursor:
                    # The next fetch finds a stale checkpoint. Then tx drops what it holds, and HMA gets the removals.
                    yield state.FetchDelta({}, TakedownCheckpoint("", at, refused=True))
                    return
                cursor, at = page.cursor, max(at, page.made)
                in_snapshot = page.kind == "snapshot" and page.more
                if replaces and not in_snapshot:
                    yield from self._removals(
                        reader, selection, key, TakedownCheckpoint(cursor, at, replaces=True), with_clips=with_clips
                    )
                    replaces = False
                updates = {record.id: _value_of(record, supported) for record in page.records}
                yield state.FetchDelta(updates, TakedownCheckpoint(cursor, at, replaces=replaces, clips=clips))
                if not page.more:
                    break
            if with_clips:
                yield from self._fetch_clips(reader, selection, key, TakedownCheckpoint(cursor, at, clips=clips))

    def _fetch_clips(
        self, reader: FeedReader, selection: Selection, key: bytes, checkpoint: TakedownCheckpoint
    ) -> t.Iterator[state.FetchDelta[str, _Value, TakedownCheckpoint]]:
        """Yield what changed among the clips since a checkpoint, or all of them."""
        try:
            for page in reader.clip_pages(checkpoint.clips or None, selection, key):
                updates = {record.id: _clip_value(record) for record in page.records}
                checkpoint = replace(checkpoint, clips=page.cursor)
                yield state.FetchDelta(updates, checkpoint)
        except StaleCursor:
            yield state.FetchDelta({}, TakedownCheckpoint("", checkpoint.at, refused=True))

    def _removals(
        self, reader: FeedReader, selection: Selection, key: bytes, checkpoint: TakedownCheckpoint, *, with_clips: bool
    ) -> t.Iterator[state.FetchDelta[str, _Value, TakedownCheckpoint]]:
        """Yield the removal of every record that HMA holds and that the intake has not: HMA itself deletes nothing.

        The snapshot is read once more, for its ids alone: it may have come in several fetches.
        """
        listed: set[bytes] = set()
        for page in reader.pages(None, selection, key):
            listed.update(bytes.fromhex(record.id) for record in page.records if isinstance(record, ActiveRecord))
        for clips in reader.clip_pages(None, selection, key) if with_clips else ():
            listed.update(bytes.fromhex(record.id) for record in clips.records if isinstance(record, ActiveClip))
        gone = [held for held in _keys_in_hma(self._collab) if _raw_id(held) not in listed]
        for begin in range(0, len(gone), _KEYS):
            yield state.FetchDelta(dict.fromkeys(gone[begin : begin + _KEYS]), checkpoint)

    @classmethod
    def naive_convert_to_signal_type(
        cls,
        signal_types: t.Sequence[type[signal_base.SignalType]],
        collab: CollaborationConfigBase,
        fetched: t.Mapping[str, _Value | None],
    ) -> dict[type[signal_base.SignalType], dict[str, TakedownMetadata]]:
        """Return each record's one value for the signal types that can use it."""
        found: dict[type[signal_base.SignalType], dict[str, TakedownMetadata]] = {}
        by_name = {one.get_name(): one for one in signal_types}
        for value in fetched.values():
            if value is not None:
                signal, shown, metadata = value
                for name in _TYPES[signal]:
                    if name in by_name:
                        found.setdefault(by_name[name], {})[shown] = metadata
        return found

    def report_opinion(self, s_type: type[signal_base.SignalType], signal: str, opinion: state.SignalOpinion) -> None:
        """Send a verdict on a hash: what ``tx label`` does. Raise ConfigError when it is on none of your lists."""
        verdict: t.Literal["Blocked", "NotBlocked", "PendingReview"] = "PendingReview"
        if opinion.category == state.SignalOpinionCategory.POSITIVE_CLASS:
            verdict = "Blocked"
        elif opinion.category == state.SignalOpinionCategory.NEGATIVE_CLASS:
            verdict = "NotBlocked"
        tags = sorted(str(tag)[:100] for tag in opinion.tags)[:20]
        with self._reader() as reader:
            reader.fetch_signing_key()  # the token goes to no server before it has shown the right key
            met = reader.send_verdicts(
                [Verdict(value=value, verdict=verdict, tags=tags) for value in all_values(signal)]
            )
        if not met:
            raise ConfigError("The intake gave you no record with this hash.", hint="Fetch first, then label.")


def _value_of(record: FeedRecord, supported: set[str]) -> _Value | None:
    """Return a record as it is stored; None if it was removed, or if no installed type can use it."""
    if not isinstance(record, ActiveRecord) or not supported & {*_TYPES.get(record.signal, ())}:
        return None
    return record.signal, record.value, TakedownMetadata(record.tier, record.list, list(record.classes))


def _clip_value(record: ClipRecord) -> _Value | None:
    """Return a clip as it is stored; None if it was removed."""
    if not isinstance(record, ActiveClip):
        return None
    return "clip", ",".join(record.frames), TakedownMetadata(record.tier, record.list, ["original"])


def _raw_id(key: str) -> bytes:
    """Return a record id as bytes. A key that is none stands for nothing that the intake has."""
    try:
        return bytes.fromhex(key)
    except ValueError:
        return b""


def _keys_in_hma(collab: CollaborationConfigBase) -> t.Iterator[str]:
    """Yield the keys that HMA holds for an exchange; nothing outside of HMA.

    When a checkpoint is stale, HMA fetches again without deleting (fetcher.py, 1.1.7). Nothing in its interface for
    extensions lists what it holds, so its tables are read.
    """
    if "OpenMediaMatch.app" not in sys.modules and "OpenMediaMatch.persistence" not in sys.modules:
        return
    from OpenMediaMatch.storage.postgres import database
    from sqlalchemy import select

    exchange = select(database.ExchangeConfig.id).where(database.ExchangeConfig.name == collab.name)
    query = select(database.ExchangeData.fetch_id).where(database.ExchangeData.collab_id.in_(exchange))
    yield from database.db.session.execute(query.execution_options(yield_per=_KEYS)).scalars()
