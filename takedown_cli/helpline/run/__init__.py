"""The run over a caseload: callers are claimed, hashed by one pool, and sent while others are still hashed.

It guarantees that a case's number and bundle are in the ledger, on the disk, before anything of it is sent, so that
whatever ends a run, the next one sends neither twice nor less. It must never show or keep anything of a caller itself.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from takedown_cli.bundle import seal
from takedown_cli.bundle.file import is_sealed, open_signed
from takedown_cli.errors import BundleError
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.ledger.locks import Session
from takedown_cli.helpline.run.folder import Folder, Part
from takedown_cli.helpline.run.outbox import Connect, Letter, Outbox, Taken
from takedown_cli.helpline.run.rota import Rota
from takedown_cli.reasons import SENTENCES, Reason

if TYPE_CHECKING:
    from takedown_cli.cluster.spread import Cluster
    from takedown_cli.helpline.keys.organisation import OrganisationKey
    from takedown_cli.model import Failed, Found, Hasher, Outcome, Recipe, Skipped
    from takedown_cli.pool import Pool
    from takedown_cli.wire import IntakeCard

#: Callers claimed in one turn, and seconds after which what is ready is written down at the latest.
CLAIM: Final = 4
_SECONDS: Final = 0.5
_READY: Final = 16
_SET_ASIDE: Final = "Too many of its files stopped the decoder; the rest is tried in the next run."
_NOT_READ: Final = "The bundle cannot be read."
_NO_BUNDLE: Final = "The file is no valid bundle."


#: Gives the hasher for a recipe, for as long as the block lasts.
Hashers = Callable[["Recipe"], "AbstractContextManager[Hasher]"]


class AtOnce:
    """A hasher whose outcomes come as soon as they are known, so that one slow file holds up no caller."""

    def __init__(self, pool: Pool | Cluster) -> None:
        self._pool = pool

    def outcomes(self, found: Iterable[Found | Skipped | Failed]) -> Iterator[Outcome]:
        return self._pool.outcomes(found, in_order=False)


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with: how to hash (a pool for a recipe), how to reach an intake, and the cards of all of them.

    ``watch`` is told of every outcome; it must be quick.
    """

    key: OrganisationKey
    recipe: Recipe
    hashers: Hashers
    connect: Connect
    cards: dict[str, IntakeCard]
    day: str
    senders: int = 4
    watch: Callable[[Outcome], None] = field(default=lambda _: None)


class Run:
    """One run. ``go`` works until nothing is left that this run may do; ``touched`` are the cases it worked on."""

    def __init__(self, ledger: Ledger, session: Session, means: Means) -> None:
        self._ledger, self._session, self._means = ledger, session, means
        self._outbox = Outbox(means.connect, means.senders)
        self._parts: list[Part] = []
        self._ended: list[tuple[Act, int, dict[str, Any]]] = []
        self._since = 0.0
        self._refused: set[int] = set()
        self._candidates: deque[int] = deque()
        self.touched: set[int] = set()

    def go(self) -> None:
        """Raises UnreachableError when an intake stays away, UntrustedIntakeError, OutputError, DecoderStartError.

        Whatever it raises, what was done so far is in the ledger.
        """
        with self._outbox:
            try:
                while self._pass():
                    pass
                self._deliver()
            finally:
                self._write()

    def _pass(self) -> bool:
        """Work on all that can be claimed now; whether that was anything. A dead run's callers come in the next."""
        before = len(self.touched)
        groups: dict[frozenset[str], deque[int]] = {}
        for entry in self._ledger.state().entries.values():
            if entry.open and entry.item not in self.touched:
                groups.setdefault(frozenset(entry.copies), deque()).append(entry.item)
        for copies, items in sorted(groups.items(), key=lambda group: sorted(group[0])):
            self._candidates = items
            self._hash(replace(self._means.recipe, copies=copies))
        return len(self.touched) > before

    def _hash(self, recipe: Recipe) -> None:
        """Hash and hand over everything of the candidates; a pool is started only if there is a folder among them."""
        rota = Rota(lambda: self._begin(recipe), self._finish, self._step_back)
        files = rota.files()
        first = next(files, None)
        if first is None:
            return
        with self._means.hashers(recipe) as hasher:
            for outcome in hasher.outcomes(chain((first,), files)):
                self._means.watch(outcome)
                folder = rota.owner(outcome)
                folder.take(outcome)
                if folder.done:
                    self._finish(folder)
                elif folder.full:
                    self._keep(folder.part(last=False))
                self._check()
                if self._due():
                    self._write()

    # ----------------------------------------------------------------------------------------------------- callers

    def _begin(self, recipe: Recipe) -> list[Folder]:
        """Claim some callers; those with a folder to hash are given back, the others go straight to the outbox."""
        while self._candidates:
            self._check()
            claimed = self._write(claim=True)
            begun = []
            for entry in claimed:
                self.touched.add(entry.item)
                self._post_pending(entry)
                if entry.ready_made and not entry.contacted:
                    self._take_bundle(entry)
                elif not entry.ready_made and not entry.finished:
                    card = self._means.cards[entry.intake]
                    begun.append(Folder(entry, recipe.limits, card, self._means.key, self._means.day))
            if begun:
                return begun
        return []

    def _post_pending(self, entry: Entry) -> None:
        for number, bundle in enumerate(entry.pending, start=entry.acknowledged):
            self._outbox.put(Letter(entry.item, number, entry.intake, bundle))

    def _finish(self, folder: Folder) -> None:
        if folder.unreadable is not None:
            self._end(Act.FAILED, folder.item, SENTENCES[folder.unreadable])
            return
        aside = folder.set_aside and not folder.walked
        self._keep(folder.part(last=not aside))
        if aside:
            self._end(Act.FAILED, folder.item, _SET_ASIDE)

    def _step_back(self, folder: Folder) -> None:
        """Close what was gathered of a folder that waits now until the others are done: a kill would lose it."""
        if folder.begun:
            self._keep(folder.part(last=False))

    def _take_bundle(self, entry: Entry) -> None:
        """A bundle made elsewhere: countersigned where it is not sealed, and sent without knowing its number."""
        if entry.path.is_symlink():  # since the manifest was read; it may lead to another caller's bundle
            self._end(Act.FAILED, entry.item, SENTENCES[Reason.SYMLINK])
            return
        try:
            with entry.path.open("rb") as stream:
                data = stream.read(seal.BUCKETS[-1] + (1 << 16))
        except (OSError, ValueError):
            self._end(Act.FAILED, entry.item, _NOT_READ)
            return
        try:
            items = 0
            if is_sealed(data):
                seal.parse(data)
            else:
                opened = open_signed(data)
                items = len(opened.bundle.items)
                data = data if opened.countersigners else self._means.key.countersign(data)
        except BundleError:
            self._end(Act.REFUSED, entry.item, _NO_BUNDLE)
            return
        bundle = data.decode("latin-1")
        values = {
            "bundle": bundle, "items": items, "unprotected": 0, "twice": 0, "reasons": {},
            "last": True, "covered": [], "seen": [],
        }  # fmt: skip
        self._keep(Part(entry.item, bundle, values))

    # ------------------------------------------------------------------------------------------- ledger and outbox

    def _keep(self, part: Part) -> None:
        if part.item not in self._refused:
            self._since = self._since or time.monotonic()
            self._parts.append(part)

    def _end(self, act: Act, item: int, why: str) -> None:
        self._since = self._since or time.monotonic()
        self._ended.append((act, item, {"why": why}))

    def _due(self) -> bool:
        return len(self._parts) >= _READY or (self._since > 0 and time.monotonic() - self._since > _SECONDS)

    def _write(self, *, claim: bool = False) -> list[Entry]:
        """One turn at the ledger for all that came together meanwhile; what is written down then is on its way.

        Gives the callers that were claimed, if any were to be.
        """
        parts, self._parts = self._parts, []
        ended, self._ended = self._ended, []
        results = self._outbox.results()
        self._since = 0.0
        letters: list[Letter] = []
        with self._ledger.turn() as turn:
            counted: Counter[int] = Counter()
            for part in parts:
                entry = turn.state.entries.get(part.item)
                if entry is None or entry.claim != self._session.id:
                    continue  # forgotten or withdrawn meanwhile
                turn.add(Act.HASHED, part.item, **part.values)
                if part.bundle is not None:
                    number = entry.acknowledged + len(entry.pending) + counted[part.item]
                    counted[part.item] += 1
                    letters.append(Letter(part.item, number, entry.intake, part.bundle))
            for result in results:
                if isinstance(result, Taken):
                    turn.add(Act.SENT, result.item, part=result.part, received=result.received, expires=result.expires)
                else:
                    self._refused.add(result.item)
                    turn.add(Act.REFUSED, result.item, why=result.why)
            for act, item, values in ended:
                turn.add(act, item, **values)
            claimed = self._ledger.claim(turn, self._session, self._candidates, CLAIM) if claim else []
        for letter in letters:
            if letter.item not in self._refused:
                self._outbox.put(letter)
        return claimed

    def _deliver(self) -> None:
        """Wait until everything is sent. Raises what stopped the sending."""
        self._write()
        while not self._outbox.idle:
            self._outbox.wait(1.0)
            self._check()
            self._write()

    def _check(self) -> None:
        if self._outbox.error is not None:
            raise self._outbox.error
