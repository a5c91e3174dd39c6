"""What holds for every request: headers, limits, no server error, and overload."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from sqlalchemy import func, select

from takedown_cli.intake.http.server import Running
from takedown_cli.intake.store.tables import cases
from tests.campaigns import overload
from tests.intake.person import HTTP, Person, balanced, picture, reason
from tests.intake.served import intake_with
from tests.intake.sockets import connected, not_reading


def test_every_answer_carries_the_careful_headers_and_none_of_the_telling_ones(intake: Running) -> None:
    for method, path in [
        ("GET", "/healthz"), ("GET", "/v1/keys"), ("POST", "/v1/submit"), ("GET", "/v1/FetchHashes"),
        ("GET", "/nowhere"), ("PUT", "/v1/status"), ("POST", "/v1/status"),
    ]:  # fmt: skip
        response = HTTP.request(method, intake.origin + path)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"].startswith("default-src 'none'")
        assert not {"server", "date", "set-cookie", "x-powered-by"} & set(response.headers)


@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/redoc", "/v1", "/v1/", "/v1/submit/"])
def test_there_is_nothing_else(path: str, intake: Running) -> None:
    response = HTTP.get(intake.origin + path)
    assert response.status_code in {404, 405}
    assert reason(response) == "invalid"


@pytest.mark.parametrize("also", [b"", b"Content-Length: 5\r\n"], ids=["chunked", "with two lengths"])
def test_a_body_in_chunks_is_refused_and_the_connection_ends(also: bytes, intake: Running) -> None:
    """Chunks of a byte cost a thousand times what they cost to send, and two lengths have two readings."""
    for path in (b"POST /v1/status", b"GET /healthz"):
        with connected(intake) as connection:
            head = path + b" HTTP/1.1\r\nHost: x\r\n" + also + b"Transfer-Encoding: chunked\r\n\r\n"
            connection.sendall(head + b"1\r\nx\r\n0\r\n\r\nGET /v1/keys HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b"".join(iter(lambda: connection.recv(10_000), b""))
        assert answer.startswith(b"HTTP/1.1 400")
        assert answer.count(b"HTTP/1.1") == 1


def test_who_does_not_read_takes_nobodys_place(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MAX_CONCURRENT", 2)
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(not_reading(intake))
        assert HTTP.get(f"{intake.origin}/healthz").status_code == 200


def test_a_request_too_many_is_answered_with_a_time_to_retry(intake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MAX_CONCURRENT", 0)
    response = HTTP.post(f"{intake.origin}/v1/submit", content=b"x")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert reason(response) == "busy"
    monkeypatch.undo()
    assert HTTP.get(f"{intake.origin}/healthz").status_code == 200


def _flood(intake: Running) -> None:
    people = [Person(intake.origin, intake.card) for _ in range(40)]
    bodies = [person.message(person.bundle(picture(balanced(n)))) for n, person in enumerate(people)]
    port = int(intake.origin.rpartition(":")[2])
    statuses: set[int] = set()
    while not statuses >= {200, 503}:  # some are served, and some have to come back
        met = asyncio.run(overload.flood(port, bodies, clients=60, seconds=2))
        assert (met.silent, met.cut) == (0, 0)
        statuses |= set(met.statuses)
    assert statuses == {200, 503}
    kept = intake.intake.read(lambda connection: connection.scalar(select(func.count()).select_from(cases)))
    assert kept is not None
    assert 1 < kept <= len(people) + 1  # the decoy
    for person, body in zip(people, bodies, strict=True):  # whoever was refused comes back, and is one case like all
        assert person.post("submit", body).status_code == 200
        assert person.status().known
    assert intake.intake.read(lambda c: c.scalar(select(func.count()).select_from(cases))) == len(people) + 1


def test_too_many_at_once_are_asked_to_come_back(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("takedown_cli.intake.http.request_bodies.MAX_CONCURRENT", 4)
    with intake_with(home, proof_of_work="never") as intake:
        _flood(intake)
