"""JSON from outside is read with one meaning or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from takedown_cli.intake.feeds.stopncii import Feedbacks
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.http.strict_json import MAX_DEPTH, read_json
from takedown_cli.intake.refusal import Refused
from takedown_cli.protocol.bundle.seal import BUCKETS
from tests.intake.person import HTTP, Platform, reason
from tests.intake.steps import paid


@pytest.mark.usefixtures("easy_work")
def test_hostile_json_is_refused_everywhere(
    intake: Running, shared: Path, new_platform: Callable[..., Platform]
) -> None:
    platform = new_platform("Hostile")
    for file in sorted((shared / "corpus" / "json" / "test_parsing").glob("n_*")):
        body = file.read_bytes()
        for path, headers in [("submit", {}), ("SubmitFeedback", platform.headers("feedback"))]:
            response = paid(HTTP.post(f"{intake.origin}/v1/{path}", content=body, headers=headers))
            assert response.status_code == 400, file.name
            assert reason(response) == "invalid"
        response = HTTP.post(f"{intake.origin}/v1/status", content=body)
        assert (response.status_code, len(response.content)) == (200, 12 + BUCKETS[0] + 16)


VALID = b'{"count":1,"hashFeedbacks":[{"tags":[],"feedbackValue":"Blocked","hashValue":"' + b"0" * 64 + b'"}]}'


def test_feedback_is_read_strictly() -> None:
    assert len(read_json(Feedbacks, VALID).opinions()) == 1
    for broken in [
        VALID.replace(b'"count":1', b'"count":1,"count":1'),
        VALID.replace(b'"count":1', b'"count":1.0'),
        VALID.replace(b'"count":1', b'"count":NaN'),
        VALID.replace(b'"count":1', b'"count":' + b"1" * 5000),
        VALID.replace(b'"count":1', b'"count":true'),
        VALID.replace(b'"count":1', b'"count":2'),
        VALID.replace(b'"tags":[]', b'"tags":' + b"[" * 20 + b"]" * 20),
        VALID.replace(b'"tags":[]', b'"tags":["\xff"]'),
        VALID.replace(b"Blocked", b"Censored"),
        VALID.replace(b"0" * 64, b"g" * 64),
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xef\xbb\xbf" + VALID,
    ]:
        with pytest.raises(Refused):
            read_json(Feedbacks, broken).opinions()


class _Anything(BaseModel):
    value: Any


def nested(depth: int) -> bytes:
    """A document whose lists and objects are nested this deep."""
    return b'{"value":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def test_nesting_is_bounded_exactly() -> None:
    read_json(_Anything, nested(MAX_DEPTH))
    with pytest.raises(Refused):
        read_json(_Anything, nested(MAX_DEPTH + 1))


def test_brackets_in_strings_do_not_count() -> None:
    assert read_json(_Anything, b'{"value":"' + b"[" * 900_000 + b'"}').value == "[" * 900_000


@pytest.mark.parametrize(
    "body",
    [b"[" * 900_000, b'{"a":' * 180_000, b"[" * 450_000 + b"]" * 450_000, b'{"value":' + b"[{}," * 225_000],
    ids=["lists", "objects", "closed", "mixed"],
)
def test_nearly_a_megabyte_of_brackets_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        read_json(_Anything, body)
