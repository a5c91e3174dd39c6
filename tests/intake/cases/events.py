"""Everything that can happen to a hash, in any order, against a real database; and what should be stored afterwards.

The expected state is kept here in a second way: as sets of Python values, by the sentences of the documentation.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule
from sqlalchemy import Connection, Engine, delete, insert, select, update

from takedown_cli.core.clock import SYSTEM
from takedown_cli.intake.cases import bars, hash_state, organisations, participants, review
from takedown_cli.intake.cases import cases as case_store
from takedown_cli.intake.cases.holds import HoldPolicy
from takedown_cli.intake.cases.participants import Participant
from takedown_cli.intake.feeds.contribution import Contribution, take_contributions
from takedown_cli.intake.feeds.opinion import Opinion, take_opinions
from takedown_cli.intake.messages.admission import Inquiry, Part, Submission
from takedown_cli.intake.messages.deny_list import DenyList
from takedown_cli.intake.messages.signals import EVERY_CLASS, Signal
from takedown_cli.intake.operations.retention import purge_expired
from takedown_cli.intake.settings import Settings
from takedown_cli.intake.store import tables
from takedown_cli.intake.store.engine import inserted_id
from takedown_cli.intake.store.writer import WriteTransaction
from tests.intake.person import balanced

VALUES: Final = [bytes.fromhex(balanced(("event", n))) for n in range(3)]
PLATFORMS: Final = ["A", "B", "C"]
HELPLINES: Final = {"H": b"h" * 32, "I": b"i" * 32}
WORDS: Final = ["Blocked", "NotBlocked", "None", "PendingReview"]
_VALUE = st.integers(0, len(VALUES) - 1)


@dataclass
class SentItem:
    """One item as the test knows it: what it has, and who countersigned it."""

    values: set[int]
    held: bool
    withdrawn: bool = False
    signed: set[str] = field(default_factory=set)


@dataclass
class Sent:
    """One submission of a case."""

    submission: Submission
    items: list[SentItem]


@dataclass
class Case:
    """A case as the test knows it."""

    lookup: bytes
    sent: list[Sent]


def _day(later: int) -> str:
    return (date.fromisoformat(SYSTEM.day()) + timedelta(days=later)).isoformat()


def policy(*, flood: bool) -> HoldPolicy:
    limit = 0 if flood else 1_000_000
    return HoldPolicy(Settings(name="Test", test=True, flood_per_hour=limit, anonymous_per_day=1_000_000))


class Events(RuleBasedStateMachine):
    """One database for each sequence of events: a transaction that is never committed."""

    engine: Engine

    def __init__(self) -> None:
        super().__init__()
        self.connection: Connection = self.engine.connect()
        self.outer = self.connection.begin()
        self.open: list[Case] = []
        self.votes: dict[tuple[int, str], str] = {}
        self.own: set[tuple[int, str]] = set()
        self.blocked: set[int] = set()
        self.denied: set[int] = set()
        self.overruled: set[tuple[int, str]] = set()
        self.gone: set[str] = set()

    cases = Bundle("cases")

    def teardown(self) -> None:
        self.outer.rollback()
        self.connection.close()

    def act(self, order: Callable[[WriteTransaction], object]) -> None:
        transaction = WriteTransaction(self.connection)
        order(transaction)
        transaction.close()

    @initialize()
    def take_in(self) -> None:
        self.platforms: dict[str, Participant] = {}
        day = SYSTEM.day()
        for name, key in HELPLINES.items():
            self.connection.execute(insert(tables.organisations).values(name=name, key=key, quota=10**6, since=day))
        for name in PLATFORMS:
            row = {"name": name, "lists": "adult", "classes": EVERY_CLASS, "confirmed": False, "joined": 0}
            made = self.connection.execute(insert(tables.participants).values(**row, since=day))
            self.platforms[name] = Participant(
                inserted_id(made), name, ("adult",), EVERY_CLASS, False, 0, day, None
            )  # fmt: skip

    def _send(self, case: Case, pictures: list[set[int]], helpline: str | None, *, flood: bool, adds: bool) -> None:
        submission = Submission(
            adds=adds,
            behalf="self",
            authority=None,
            items=tuple(Part("image", "adult") for _ in pictures),
            message=secrets.token_bytes(32),
            digest=secrets.token_bytes(32),
            lookup=case.lookup,
            key=b"k" * 32,
            organisation=HELPLINES[helpline] if helpline else None,
            signals=tuple([Signal("pdq", VALUES[n], 1) for n in sorted(picture)] for picture in pictures),
        )
        self.act(lambda t: case_store.accept_submission(t, submission, policy(flood=flood)))
        counts = helpline is not None and helpline not in self.gone
        had = [item.values for sent in case.sent for item in sent.items if not item.withdrawn]
        if helpline is None:  # what the case has already is left out of an addition
            pictures = [picture for picture in pictures if not any(picture <= values for values in had)]
        items = [SentItem(picture, held=flood and not counts) for picture in pictures]
        for item in items:
            item.signed |= {helpline} if helpline and counts else set()
        case.sent.append(Sent(submission, items))

    @rule(
        target=cases,
        pictures=st.lists(st.sets(_VALUE, min_size=1), min_size=1, max_size=2),
        helpline=st.sampled_from([None, None, *HELPLINES]),
        flood=st.booleans(),
    )
    def submit(self, pictures: list[set[int]], helpline: str | None, flood: bool) -> Case:
        case = Case(secrets.token_bytes(32), [])
        self._send(case, pictures, helpline, flood=flood, adds=False)
        self.open.append(case)
        return case

    @rule(case=cases, picture=st.sets(_VALUE, min_size=1), flood=st.booleans())
    def add(self, case: Case, picture: set[int], flood: bool) -> None:
        self._send(case, [picture], None, flood=flood, adds=True)

    @rule(case=cases, helpline=st.sampled_from([None, *HELPLINES]), flood=st.booleans())
    def repeat(self, case: Case, helpline: str | None, flood: bool) -> None:
        """Send the first submission again, perhaps with a helpline's signature."""
        sent = case.sent[0]
        old = sent.submission
        again = Submission(
            **{name: getattr(old, name) for name in Submission.__dataclass_fields__ if name != "organisation"},
            organisation=HELPLINES[helpline] if helpline else None,
        )
        self.act(lambda t: case_store.accept_submission(t, again, policy(flood=flood)))
        if helpline and helpline not in self.gone:
            fresh = not any(helpline in item.signed for item in sent.items)
            for item in sent.items:
                if fresh and not item.withdrawn:
                    item.signed.add(helpline)
                    item.held = False

    @rule(case=cases, values=st.sets(_VALUE))
    def withdraw(self, case: Case, values: set[int]) -> None:
        found = case_store.find_case(self.connection, case.lookup)
        assert found is not None
        inquiry = Inquiry(case.lookup, b"k" * 32, secrets.token_hex(16), tuple(VALUES[n].hex() for n in values), None)
        self.act(lambda t: case_store.withdraw_from_case(t, found, inquiry))
        for item in (item for sent in case.sent for item in sent.items):
            if not values or values & item.values:
                item.withdrawn = True

    @rule(case=consumes(cases))
    def expire(self, case: Case) -> None:
        mine = tables.cases.c.lookup == case.lookup
        yesterday = _day(-1)
        self.connection.execute(update(tables.cases).where(mine).values(expires=yesterday))
        self.act(purge_expired)
        self.open.remove(case)

    @rule(value=_VALUE, platform=st.sampled_from(PLATFORMS), word=st.sampled_from(WORDS))
    def vote(self, value: int, platform: str, word: str) -> None:
        if platform in self.gone:
            return
        shown = self.connection.scalar(select(tables.hashes.c.shown).where(tables.hashes.c.value == VALUES[value]))
        self.connection.execute(delete(tables.pulls))
        row = {"participant_id": self.platforms[platform].id, "day": SYSTEM.day(), "upto": 2**40, "records": 0}
        self.connection.execute(insert(tables.pulls).values(row))
        self.act(lambda t: take_opinions(t, self.platforms[platform], [Opinion(VALUES[value], word)]))
        if shown:
            self.votes[value, platform] = word
            self.overruled.discard((value, platform))

    @rule(value=_VALUE, platform=st.sampled_from(PLATFORMS), word=st.sampled_from(["None", "Withdrawn"]))
    def contribute(self, value: int, platform: str, word: str) -> None:
        if platform in self.gone:
            return
        offered = [Contribution("pdq", VALUES[value], word, ())]
        self.act(lambda t: take_contributions(t, self.platforms[platform], offered, DenyList()))
        key = (value, platform)
        self.own = self.own | {key} if word == "None" else self.own - {key}
        if self.connection.scalar(select(tables.hashes.c.shown).where(tables.hashes.c.value == VALUES[value])):
            self.votes[key] = word
            self.overruled.discard(key)

    @rule(name=st.sampled_from([*PLATFORMS, *HELPLINES]), since=st.sampled_from([None, 0, 1]))
    def revoke(self, name: str, since: int | None) -> None:
        """``since`` is in days from today: whatever happens in this test happens today."""
        if name in self.gone:
            return
        day = None if since is None else _day(since)
        if name in PLATFORMS:
            self.act(lambda t: participants.revoke_participant(t, name, day))
        else:
            self.act(lambda t: organisations.revoke_organisation(t, name, day))
        self.gone.add(name)
        if since == 1:
            return
        self.votes = {key: word for key, word in self.votes.items() if key[1] != name}
        self.own = {key for key in self.own if key[1] != name}
        for sent in (sent for case in self.open for sent in case.sent):
            for item in sent.items:
                if since == 0 and item.signed == {name} and not item.withdrawn:
                    item.held = True
                item.signed.discard(name)

    @rule(case=cases)
    def release(self, case: Case) -> None:
        number = self._number(case)
        items = [item for sent in case.sent for item in sent.items if not item.withdrawn]
        for item in items:
            item.held = False
        stuck = [item.values for item in items if all(self.expected(value) != "active" for value in item.values)]
        disputed = {v for values in stuck for v in values if self.expected(v) == "disputed"}
        self.act(lambda t: review.release_held(t, [number]))
        for value in disputed:
            self.overruled |= {(value, platform) for platform in PLATFORMS}

    @rule(case=cases)
    def drop(self, case: Case) -> None:
        number = self._number(case)
        self.act(lambda t: review.drop_held(t, [number]))
        for item in (item for sent in case.sent for item in sent.items):
            item.withdrawn = item.withdrawn or item.held

    @rule(value=_VALUE)
    def block(self, value: int) -> None:
        entry = ("pdq", VALUES[value])
        self.act(lambda t: bars.add_blocks(t, [entry], "why"))
        self._change(bars.find_records_to_block(self.connection, bars.Bars.of([entry])))
        self.blocked.add(value)

    @rule(value=_VALUE)
    def unblock(self, value: int) -> None:
        self.act(lambda t: bars.remove_blocks(t, [("pdq", VALUES[value])], "why"))
        self._change(bars.find_records_to_unblock(self.connection, self._deny_list(self.denied)))
        self.blocked.discard(value)

    @rule(values=st.sets(_VALUE))
    def deny(self, values: set[int]) -> None:
        """Apply another deny-list to what is there. What comes later is kept away from the database elsewhere."""
        stored = {bytes(value) for value in self.connection.scalars(select(tables.hashes.c.value))}
        self.denied = {value for value in values if VALUES[value] in stored}
        self._change(bars.find_records_to_deny(self.connection, self._deny_list(self.denied)))

    def _deny_list(self, values: set[int]) -> bars.Bars:
        return bars.Bars(DenyList([VALUES[value] for value in values]))

    def _change(self, changes: Iterator[bars.Change]) -> None:
        found = dict(changes)
        if found:
            self.act(lambda t: bars.set_bars(t, found))

    def _number(self, case: Case) -> int:
        found = case_store.find_case(self.connection, case.lookup)
        assert found is not None
        return found.id

    def expected(self, value: int) -> str:
        """The state by the sentences: barred, nobody, only held, disputed, else active."""
        items = [item for case in self.open for sent in case.sent for item in sent.items]
        having = [item for item in items if value in item.values and not item.withdrawn]
        if value in self.blocked | self.denied:
            return "blocked"
        if all(item.held for item in having) and not any(own == value for own, _ in self.own):
            return "held" if having else "withdrawn"
        return "disputed" if self._is_disputed(value) else "active"

    def _is_disputed(self, value: int) -> bool:
        said = {platform: word for (about, platform), word in self.votes.items() if about == value}
        blocked = sum(word == "Blocked" for word in said.values())
        against = [p for p, word in said.items() if word == "NotBlocked" and (value, p) not in self.overruled]
        return len(against) >= 2 and len(against) > blocked

    def _is_confirmed(self, value: int) -> bool:
        items = [item for case in self.open for sent in case.sent for item in sent.items]
        vouched = any(value in item.values and item.signed and not item.withdrawn and not item.held for item in items)
        blocked = sum(word == "Blocked" for (about, _), word in self.votes.items() if about == value)
        return vouched or blocked >= 2 or any(own == value for own, _ in self.own)

    @invariant()
    def the_stored_state_is_the_computed_one(self) -> None:
        assert list(hash_state.find_differences(self.connection)) == []
        assert list(bars.find_unbarred(self.connection)) == []
        columns = tables.hashes.c["value", "state", "standing"]
        stored = {bytes(row.value): row for row in self.connection.execute(select(*columns))}
        for number, value in enumerate(VALUES):
            if value in stored:
                state = self.expected(number)
                assert stored[value].state == state
                confirmed = state == "active" and self._is_confirmed(number)
                assert (stored[value].standing == "confirmed") == confirmed
            else:
                self.votes = {key: word for key, word in self.votes.items() if key[0] != number}
                self.denied.discard(number)

    @invariant()
    def a_case_shows_what_its_hashes_are(self) -> None:
        for case in self.open:
            wanted = [self._item_state(item) for sent in case.sent for item in sent.items]
            number = self._number(case)
            query = select(tables.items.c.state).where(tables.items.c.case_id == number)
            assert list(self.connection.scalars(query.order_by(tables.items.c.number))) == wanted

    def _item_state(self, item: SentItem) -> str:
        if item.withdrawn or item.held:
            return "withdrawn" if item.withdrawn else "held"
        return "listed" if any(self.expected(value) == "active" for value in item.values) else "held"
