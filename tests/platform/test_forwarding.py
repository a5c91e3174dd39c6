"""What a relay was told is handed on: one entry that cannot be looked up, or one bug, does not hold up the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from takedown_cli.core.errors import RefusedError, TakedownError, UnreachableError
from takedown_cli.platform.feedback.callbacks import Decision, Word
from takedown_cli.platform.feedback.relay import Forwarder
from takedown_cli.platform.feedback.relay_queue import RelayQueue
from takedown_cli.platform.home import Home
from takedown_cli.protocol.feed import Verdict
from tests.waiting import PATIENCE

RECORDS = {1: "aa" * 16, 2: "bb" * 16, 3: "cc" * 16}


class Servers:
    """An intake and an HMA server: what was sent and asked, and the entries that HMA fails to show."""

    def __init__(self) -> None:
        self.sent: list[tuple[str | None, str]] = []
        self.asked: list[int] = []
        self.failing: dict[int, type[TakedownError]] = {}
        self.has_bank = True

    def fetch_signing_key(self) -> bytes:
        return b""

    def send_verdicts(self, verdicts: Sequence[Verdict]) -> int:
        self.sent += [(one.id, one.verdict) for one in verdicts]
        return len(verdicts)

    def fetch_record_keys(self, number: int) -> list[str] | None:
        self.asked.append(number)
        if not self.has_bank:
            return None
        if number in self.failing:
            raise self.failing[number]
        return [RECORDS[number]]

    @contextmanager
    def open(self, *_: object) -> Iterator[Any]:
        yield self


@pytest.fixture
def servers() -> Servers:
    return Servers()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture
def forwarder(home: Home, servers: Servers) -> Forwarder:
    return Forwarder(home, servers.open, servers.open)


def told(home: Home, *decisions: Decision) -> None:
    with RelayQueue(home.relay_file) as queue:
        for number, decision in enumerate(decisions):
            assert queue.take(repr((decision, number)).encode(), decision)


def entry(number: int, verdict: Word = "Blocked") -> Decision:
    return Decision(verdict, None, None, number)


def waiting(home: Home) -> list[Decision]:
    with RelayQueue(home.relay_file) as queue:
        return [decision for _, decision in queue.waiting()]


@pytest.mark.parametrize("fault", [RefusedError, UnreachableError])
def test_an_entry_that_hma_does_not_show_holds_up_no_verdict(
    home: Home, servers: Servers, forwarder: Forwarder, fault: type[TakedownError]
) -> None:
    told(home, entry(1), entry(2), Decision("NotBlocked", "dd" * 16))
    servers.failing[1] = fault
    for _ in range(2):
        with pytest.raises(fault):
            forwarder.forward()
    assert sorted(servers.sent) == [("bb" * 16, "Blocked"), ("dd" * 16, "NotBlocked")]
    assert waiting(home) == [entry(1)]
    servers.failing.clear()
    assert forwarder.forward() == 1
    assert servers.sent[-1] == ("aa" * 16, "Blocked")
    assert waiting(home) == []


def test_verdicts_on_a_bank_that_is_not_there_wait_and_the_log_says_so(
    home: Home, servers: Servers, forwarder: Forwarder, caplog: pytest.LogCaptureFixture
) -> None:
    told(home, entry(1), entry(2), Decision("NotBlocked", "dd" * 16))
    servers.has_bank = False
    assert forwarder.forward() == 1
    assert forwarder.forward() == 0
    assert servers.sent == [("dd" * 16, "NotBlocked")]
    assert waiting(home) == [entry(1), entry(2)]
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == ["relay-no-such-bank"] * 2
    servers.has_bank = True
    assert forwarder.forward() == 2
    assert waiting(home) == []


def test_several_entries_that_fail_starve_nobody(home: Home, servers: Servers, forwarder: Forwarder) -> None:
    told(home, entry(1), entry(2), entry(3))
    servers.failing = {1: UnreachableError, 2: UnreachableError}
    for _ in range(3):
        with pytest.raises(UnreachableError):
            forwarder.forward()
    assert servers.sent == [("cc" * 16, "Blocked")]
    assert set(servers.asked) == {1, 2, 3}


def test_the_decisions_on_an_entry_stay_in_their_order(home: Home, servers: Servers, forwarder: Forwarder) -> None:
    told(home, entry(1), Decision("PendingReview", "dd" * 16), entry(1, "NotBlocked"))
    servers.failing[1] = RefusedError
    with pytest.raises(RefusedError):
        forwarder.forward()
    assert len(waiting(home)) == 2
    servers.failing.clear()
    forwarder.forward()
    assert servers.sent == [("dd" * 16, "PendingReview"), ("aa" * 16, "NotBlocked")], "the last word counts"


def test_a_bug_does_not_end_the_thread(home: Home, servers: Servers) -> None:
    failed, done = threading.Event(), threading.Event()

    def open_reader() -> AbstractContextManager[Any]:
        if not failed.is_set():
            failed.set()
            raise ValueError
        done.set()
        return servers.open()

    told(home, Decision("Blocked", "dd" * 16))
    forwarder = Forwarder(home, open_reader)
    forwarder.start()
    try:
        assert failed.wait(PATIENCE)
        forwarder.wake()
        assert done.wait(PATIENCE)
    finally:
        forwarder.stop()
    assert servers.sent == [("dd" * 16, "Blocked")]
