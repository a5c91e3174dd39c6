"""The outbox: how its caller waits."""

from __future__ import annotations

import threading
from typing import NoReturn

import pytest

from takedown_cli.helpline.run import outbox
from takedown_cli.helpline.run.outbox import Delivery, Outbox


def connect(_intake: str) -> NoReturn:
    raise AssertionError("nothing is sent here")


def test_ctrl_c_is_heard_on_windows_while_a_full_outbox_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    usual = threading.Condition.wait

    def wait(condition: threading.Condition, timeout: float | None = None) -> bool:
        waits.append(timeout)
        if len(waits) == 2:
            box.error = ConnectionError()
        return usual(condition, 0)

    monkeypatch.setattr(outbox, "MOST_WAITING", 0)
    with Outbox(connect, 0) as box:
        monkeypatch.setattr(threading.Condition, "wait", wait)
        box.put(Delivery(1, 0, "https://intake.example", "bundle"))
    assert len(waits) == 2
    assert all(timeout is not None and timeout <= 0.25 for timeout in waits)
