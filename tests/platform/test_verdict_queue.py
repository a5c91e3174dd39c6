"""The queue of verdicts: the last word on a record, in order, over crashes and while the intake is away."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from takedown_cli.core.errors import ListError, UnreachableError, UsageError
from takedown_cli.intake.http.server import Running
from takedown_cli.platform.feedback.verdict_queue import VerdictQueue, read_verdicts
from takedown_cli.protocol.feed import Verdict
from tests.intake.person import Person, balanced, picture
from tests.platform.conftest import Site


def verdict(record: str, word: str = "Blocked") -> Verdict:
    return Verdict.model_validate({"id": record * 16, "verdict": word, "tags": []})


class _Reader:
    """Notes what is sent, and fails on demand."""

    def __init__(self, before: Callable[[], None] = lambda: None) -> None:
        self.sent: list[tuple[str | None, str]] = []
        self._before = before

    def send_verdicts(self, verdicts: Sequence[Verdict]) -> int:
        self._before()
        self.sent += [(one.id, one.verdict) for one in verdicts]
        return len(verdicts)


def test_the_last_verdict_on_a_record_is_sent_and_in_its_place(tmp_path: Path) -> None:
    with VerdictQueue(tmp_path / "verdicts.db") as queue:
        queue.add([verdict("aa"), verdict("bb")])
        queue.add([verdict("aa", "NotBlocked"), verdict("cc"), verdict("cc", "PendingReview")])
        assert len(queue) == 3
        reader = _Reader()
        assert queue.send(reader).verdicts == 3  # type: ignore[arg-type]
        assert reader.sent == [("bb" * 16, "Blocked"), ("aa" * 16, "NotBlocked"), ("cc" * 16, "PendingReview")]
        assert len(queue) == 0


def test_what_was_not_sent_waits_for_the_next_time(tmp_path: Path) -> None:
    def away() -> None:
        raise UnreachableError

    with VerdictQueue(tmp_path / "verdicts.db") as queue:
        queue.add([verdict("aa")])
        with pytest.raises(UnreachableError):
            queue.send(_Reader(away))  # type: ignore[arg-type]
    with VerdictQueue(tmp_path / "verdicts.db") as queue:
        assert len(queue) == 1
        reader = _Reader()
        queue.send(reader)  # type: ignore[arg-type]
        assert reader.sent == [("aa" * 16, "Blocked")]
    if sys.platform != "win32":
        assert (tmp_path / "verdicts.db").stat().st_mode & 0o777 == 0o600


def test_a_verdict_that_comes_while_another_is_sent_stays(tmp_path: Path) -> None:
    with VerdictQueue(tmp_path / "verdicts.db") as queue, VerdictQueue(tmp_path / "verdicts.db") as other:
        queue.add([verdict("aa")])
        news = [verdict("aa", "NotBlocked")]

        def meanwhile() -> None:
            other.add([news.pop()] if news else [])

        reader = _Reader(meanwhile)
        queue.send(reader)  # type: ignore[arg-type]
        assert reader.sent == [("aa" * 16, "Blocked"), ("aa" * 16, "NotBlocked")]


def test_the_intake_learns_it_and_learns_it_once(person: Person, site: Site, intake: Running) -> None:
    value = balanced("a verdict on it")
    person.submit(picture(value))
    site.pull()
    record = site.held()[value]
    with VerdictQueue(site.home.verdicts_file) as queue, site.reader() as reader:
        for _ in range(2):
            queue.add([Verdict.model_validate({"id": record, "verdict": "Blocked", "tags": []})])
            sent = queue.send(reader)
            assert (sent.verdicts, sent.met) == (1, 1)
            assert {*person.answers().values()} == {"blocked"}
        queue.add([verdict("0f")])
        assert queue.send(reader).met == 0, "a record that nobody was given"


def test_lines_are_read_strictly() -> None:
    good = b'{"id": "' + b"ab" * 16 + b'", "verdict": "Blocked"}\n'
    assert [one.verdict for one in read_verdicts([b"\xef\xbb\xbf" + good, b"\n", good.replace(b"Bl", b"NotBl")])] == [
        "Blocked", "NotBlocked",
    ]  # fmt: skip
    for bad in (
        b"{}", b"[]", b"no JSON", b'{"id": "x", "verdict": "Blocked"}', good.replace(b"Blocked", b"blocked"),
        good.replace(b"}", b', "uploader": "somebody"}'), good.replace(b"}", b" " * 20_000 + b"}"), b"\xff\xfe{",
    ):  # fmt: skip
        with pytest.raises(UsageError, match="Line 2"):
            read_verdicts([good, bad])


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "verdicts.db").write_bytes(b"damaged" * 999)
    with pytest.raises(ListError, match="verdicts"):
        VerdictQueue(tmp_path / "verdicts.db")
