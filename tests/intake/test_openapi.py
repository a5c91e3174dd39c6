"""The OpenAPI document against the intake: schemathesis makes requests of all kinds from it, right and wrong ones.

Nothing may be a server error, nothing that the document forbids may be accepted, and every answer is as documented.
``FUZZ=long`` makes many more.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.core.parameters import ParameterLocation
from starlette.routing import Route

from takedown_cli.intake.app import Desk, routes
from takedown_cli.intake.gate import Gate
from takedown_cli.intake.metrics import Metrics
from takedown_cli.intake.openapi import OPERATIONS, document
from takedown_cli.intake.openers import InThreads
from takedown_cli.intake.participants import SCOPES
from takedown_cli.intake.platforms import VOTE_LIMIT
from takedown_cli.intake.server import Running
from takedown_cli.intake.workers import Workers
from tests.intake.person import HTTP, reason

_EXAMPLES = 2000 if os.environ.get("FUZZ") == "long" else 12
_FUNCTIONS = {"FetchHashes": "fetch", "SubmitFeedback": "feedback", "SubmitHashes": "submit"}
_CHECKS = [
    checks.not_a_server_error,
    checks.negative_data_rejection,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
    checks.unsupported_method,
]


def test_the_document_has_every_route_and_no_other(intake: Running) -> None:
    workers = Workers(1)
    openers = InThreads(workers, intake.intake.identity, intake.intake.denied)
    gate = Gate(intake.intake, openers, workers, lambda: 0.0)
    desk = Desk(intake.intake, workers, openers, gate, Metrics("token"))
    served = {
        (method.lower(), route.path)
        for route in routes(desk, intake.intake, workers)
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {(operation.method, operation.path) for operation in OPERATIONS}


@pytest.fixture(scope="module")
def keys(intake: Running) -> dict[str, dict[str, str]]:
    """What opens each path, if it needs anything."""
    drawn = intake.add_participant("Schemathesis", "both", SCOPES)
    opened = {
        f"/v1/{function}": {
            "x-functions-key": drawn.endpoints[scope],
            "Ocp-Apim-Subscription-Key": drawn.subscription,
        }
        for function, scope in _FUNCTIONS.items()
    }
    basic = base64.b64encode(f"{drawn.username}:{drawn.endpoints['ncmec']}".encode()).decode()
    for operation in OPERATIONS:
        if operation.security == ("basic",):
            opened[operation.path] = {"Authorization": f"Basic {basic}"}
    opened["/metrics"] = {"Authorization": f"Bearer {intake.intake.metrics_token}"}
    return opened


@schemathesis.openapi.from_dict(document()).parametrize()
@settings(max_examples=_EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_no_request_is_a_server_error_or_accepted_against_the_document(
    case: schemathesis.Case[Any], intake: Running, keys: dict[str, dict[str, str]]
) -> None:
    headers = case.meta.components.get(ParameterLocation.HEADER) if case.meta else None
    wrong = headers is not None and headers.mode.is_negative  # then right keys would put right what is to be refused
    case.call_and_validate(
        base_url=intake.origin, headers={} if wrong else keys.get(case.operation.path), checks=_CHECKS
    )


#: Of the kinds that JSON readers are known to take differently, some of our own.
ODD = (
    b"", b"\xef\xbb\xbf{}", b"{", b"[1,]", b"[1e400]", b"[-0]", b"[01]", b'{"a":1,"a":2}', b"nul", b"NaN", b"-Infinity",
    b'"\xed\xa0\x80"', b'"\\ud800"', b"[" * 5000, b'{"a":' * 5000, b"[1]\x00", b"//\n[]", b"'a'", b"\xff\xfe[\x00]\x00",
    b'{"count":1e0,"hashFeedbacks":[]}', b'{"count":0,"hashFeedbacks":[],"count":0}', b'{"count":0,"hashFeedbacks":{}}',
)  # fmt: skip


def test_odd_json_is_refused_by_every_route_that_takes_any(intake: Running, keys: dict[str, dict[str, str]]) -> None:
    for body in ODD:
        _refused_everywhere(intake, keys, body)


def test_the_corpus_of_broken_json_is_refused_by_every_route_that_takes_any(
    intake: Running, keys: dict[str, dict[str, str]], shared: Path
) -> None:
    for file in sorted((shared / "corpus" / "json" / "test_parsing").glob("n_*")):
        _refused_everywhere(intake, keys, file.read_bytes())


def _refused_everywhere(intake: Running, keys: dict[str, dict[str, str]], body: bytes) -> None:
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        path = operation.path.format(member="1", entry="1", kind="PDQ")
        response = HTTP.request(
            operation.method, intake.origin + path, content=body, headers=keys.get(operation.path, {})
        )
        if operation.path in {"/v1/status", "/v1/withdraw"}:  # which tell nobody that they could not read it
            assert response.status_code == 200
            continue
        refused = (response.status_code, reason(response))
        assert refused == (
            (413, "too-large") if len(body) > VOTE_LIMIT and operation.method == "put" else (400, "invalid")
        )
