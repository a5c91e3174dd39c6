"""The run over a caseload: it claims callers, hashes their files in one pool, and sends while it hashes others.

A case's number and bundle are in the ledger, on the disk, before anything of it is sent. So after an interruption the
next run sends nothing twice and leaves nothing out.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import TYPE_CHECKING, Final

from takedown_cli.core.errors import BundleError
from takedown_cli.core.file_kind import is_in_cloud, is_link_at
from takedown_cli.core.file_names import literal_path
from takedown_cli.core.reasons import Reason
from takedown_cli.helpline.connect import Connect
from takedown_cli.helpline.ledger import Ledger
from takedown_cli.helpline.ledger.entry import Act, Entry
from takedown_cli.helpline.ledger.locks import Session
from takedown_cli.helpline.run.fair_queue import FairQueue
from takedown_cli.helpline.run.folder import Folder, Part
from takedown_cli.helpline.run.outbox import Accepted, Delivery, Outbox
from takedown_cli.protocol.bundle import seal
from takedown_cli.protocol.bundle.file import is_sealed, open_signed

if TYPE_CHECKING:
    from takedown_cli.core.model import Outcome, Recipe
    from takedown_cli.hashing.cluster.scheduler import Cluster
    from takedown_cli.hashing.pool.supervisor import Pool
    from takedown_cli.helpline.keys import OrganisationKey
    from takedown_cli.protocol.wire import IntakeCard

#: Callers claimed in one transaction, and the most seconds until finished work is written to the ledger.
CLAIM: Final = 4
_SECONDS: Final = 0.5
_READY: Final = 16
_SET_ASIDE: Final = "Too many of its files stopped the decoder. The next run tries the rest."
_NOT_READ: Final = "The bundle could not be read."
_NO_BUNDLE: Final = "The file is not a valid bundle."


@dataclass(frozen=True, slots=True)
class RunContext:
    """The key, the way to hash, the way to reach an intake, and the cards of all intakes, for one run.

    ``watch`` is called with every outcome, so it must be quick.
    """

    key: OrganisationKey
    recipe: Recipe
    start_hasher: Callable[[Recipe], AbstractContextManager[Pool | Cluster]]
    connect: Connect
    cards: dict[str, IntakeCard]
    day: str
    senders: int = 4
    watch: Callable[[Outcome], None] = field(default=lambda _: None)


class Run:
    """One run. ``go`` works until this run can do nothing more. ``touched`` are the cases it worked on."""

    def __init__(self, ledger: Ledger, session: Session, context: RunContext) -> None:
        self._ledger, self._session, self._context = ledger, session, context
        self._outbox = Outbox(context.connect, context.senders)
        self._parts: list[Part] = []
        self._ended: list[tuple[Act, int, str]] = []
        self._since = 0.0
        self._refused: set[int] = set()
        self._candidates: deque[int] = deque()
        self.touched: set[int] = set()

    def go(self) -> None:
        """Work until everything is done.

        Raises UnreachableError when an intake stays away, UntrustedIntakeError, OutputError, DecoderStartError. What
        was done before is in the ledger.
        """
        with self._outbox:
            try:
                while self._pass():
                    pass
                self._write()
                while not self._outbox.idle:
                    self._outbox.wait(1.0)
                    self._check()
                    self._write()
            finally:
                self._write()

    def _pass(self) -> bool:
        """Work on everything that can be claimed now, and return whether there was any.

        The next pass takes the callers of a run that has died.
        """
        before = len(self.touched)
        groups: dict[frozenset[str], deque[int]] = {}
        for entry in self._ledger.cases():
            if entry.open and entry.item not in self.touched:
                groups.setdefault(frozenset(entry.copies), deque()).append(entry.item)
        for copies, items in sorted(groups.items(), key=lambda group: sorted(group[0])):
            self._candidates = items
            self._hash(replace(self._context.recipe, copies=copies))
        return len(self.touched) > before

    def _hash(self, recipe: Recipe) -> None:
        """Hash and send the files of all candidates. A pool is started only if there is a folder among them."""
        rota = FairQueue(lambda: self._begin(recipe), self._finish, self._step_back)
        files = rota.files()
        first = next(files, None)
        if first is None:
            return
        with self._context.start_hasher(recipe) as hasher:
            for outcome in hasher.outcomes(chain((first,), files), in_order=False):
                self._context.watch(outcome)
                folder = rota.owner(outcome)
                folder.take(outcome)
                if folder.is_finished:
                    self._finish(folder)
                elif folder.full:
                    self._keep(folder.part(last=False))
                self._check()
                waited = self._since > 0 and time.monotonic() - self._since > _SECONDS
                if waited or len(self._parts) >= _READY:
                    self._write()

    # ----------------------------------------------------------------------------------------------------- callers

    def _begin(self, recipe: Recipe) -> list[Folder]:
        """Claim some callers. Return those with a folder to hash, and pass the others to the outbox."""
        while self._candidates:
            self._check()
            claimed = self._write(claim=True)
            begun = []
            for entry in claimed:
                self.touched.add(entry.item)
                for number, bundle in enumerate(entry.pending, start=entry.acknowledged):
                    self._outbox.put(Delivery(entry.item, number, entry.intake, bundle))
                if entry.ready_made and not entry.contacted:
                    self._take_bundle(entry)
                elif not entry.ready_made and not entry.finished:
                    card = self._context.cards[entry.intake]
                    begun.append(Folder(entry, recipe.limits, card, self._context.key, self._context.day))
            if begun:
                return begun
        return []

    def _finish(self, folder: Folder) -> None:
        if folder.unreadable is not None:
            self._end(Act.FAILED, folder.item, folder.unreadable.sentence)
            return
        aside = folder.set_aside and not folder.walked
        self._keep(folder.part(last=not aside))
        if aside:
            self._end(Act.FAILED, folder.item, _SET_ASIDE)

    def _step_back(self, folder: Folder) -> None:
        """Close a part of a folder that now waits behind the others, so that it survives if the run is killed."""
        if folder.begun:
            self._keep(folder.part(last=False))

    def _take_bundle(self, entry: Entry) -> None:
        """Queue a bundle made elsewhere. It is countersigned unless it is sealed, and sent without its number."""
        if is_link_at(literal_path(entry.path)):  # since the manifest was read; it may lead to another caller's bundle
            self._end(Act.FAILED, entry.item, Reason.SYMLINK.sentence)
            return
        try:
            with literal_path(entry.path).open("rb") as stream:
                if is_in_cloud(os.fstat(stream.fileno())):
                    self._end(Act.FAILED, entry.item, Reason.IN_CLOUD.sentence)
                    return
                data = stream.read(seal.BUCKETS[-1] + (1 << 16))
        except (OSError, ValueError):
            self._end(Act.FAILED, entry.item, _NOT_READ)
            return
        try:
            items = 0
            if is_sealed(data):
                if seal.parse(data).kind != "bundle":
                    raise BundleError
            else:
                opened = open_signed(data)
                items = len(opened.bundle.items)
                data = data if opened.countersigners else self._context.key.countersign(data)
        except BundleError:
            self._end(Act.REFUSED, entry.item, _NO_BUNDLE)
            return
        self._keep(Part(entry.item, data.decode("latin-1"), items, last=True))

    # ------------------------------------------------------------------------------------------- ledger and outbox

    def _keep(self, part: Part) -> None:
        if part.item not in self._refused:
            self._since = self._since or time.monotonic()
            self._parts.append(part)

    def _end(self, act: Act, item: int, why: str) -> None:
        self._since = self._since or time.monotonic()
        self._ended.append((act, item, why))

    def _write(self, *, claim: bool = False) -> list[Entry]:
        """Write all gathered records in one transaction, then pass the finished parts to the outbox.

        With ``claim``, return the callers that were claimed.
        """
        parts, self._parts = self._parts, []
        ended, self._ended = self._ended, []
        results = self._outbox.results()
        self._since = 0.0
        letters: list[Delivery] = []
        with self._ledger.transaction() as transaction:
            counted: Counter[int] = Counter()
            for part in parts:
                entry = transaction.state.entries.get(part.item)
                if entry is None or entry.claim != self._session.id:
                    continue  # forgotten or withdrawn meanwhile
                transaction.add(Act.HASHED, **vars(part))
                if part.bundle is not None:
                    number = entry.acknowledged + len(entry.pending) + counted[part.item]
                    counted[part.item] += 1
                    letters.append(Delivery(part.item, number, entry.intake, part.bundle))
            for result in results:
                if isinstance(result, Accepted):
                    transaction.add(
                        Act.SENT, result.item, part=result.part, received=result.received, expires=result.expires
                    )
                else:
                    self._refused.add(result.item)
                    transaction.add(Act.REFUSED, result.item, why=result.why)
            for act, item, why in ended:
                transaction.add(act, item, why=why)
            claimed = self._ledger.claim(transaction, self._session, self._candidates, CLAIM) if claim else []
        for letter in letters:
            if letter.item not in self._refused:
                self._outbox.put(letter)
        return claimed

    def _check(self) -> None:
        if self._outbox.error is not None:
            raise self._outbox.error
