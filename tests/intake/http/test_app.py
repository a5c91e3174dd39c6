"""The OpenAPI document against the intake: schemathesis makes right and wrong requests from it.

Nothing may be a server error, nothing that the document forbids may be accepted, and every answer is as documented.
``FUZZ=long`` makes many more.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.core.parameters import ParameterLocation
from starlette.routing import Route

from docs.tools.openapi import OPERATIONS, openapi_document
from takedown_cli.intake.cases.participants import SCOPES
from takedown_cli.intake.http.admission_gate import AdmissionGate
from takedown_cli.intake.http.app import Handlers, make_routes
from takedown_cli.intake.http.feed_routes import VOTE_LIMIT
from takedown_cli.intake.http.gauges import Gauges
from takedown_cli.intake.http.metrics import Metrics
from takedown_cli.intake.http.request_bodies import OpenRequests, RequestBodies
from takedown_cli.intake.http.server import Running
from takedown_cli.intake.messages.unsealers import ThreadUnsealers
from takedown_cli.intake.runtime.thread_pool import ThreadPool
from tests.intake.person import HTTP, reason
from tests.intake.steps import paid


def test_the_document_has_every_route_and_no_other(intake: Running) -> None:
    pool = ThreadPool(1)
    unsealers = ThreadUnsealers(pool, intake.intake.identity, intake.intake.denied)
    gate = AdmissionGate(intake.intake, unsealers, pool, lambda _: 0.0)
    bodies = RequestBodies(OpenRequests())
    gauges = Gauges(intake.intake, pool, lambda _: 0.0)
    handlers = Handlers(intake.intake, pool, bodies, unsealers, gate, Metrics("token"), gauges)
    served = {
        (method.lower(), route.path)
        for route in make_routes(handlers, intake.intake, pool, bodies)
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert served == {(operation.method, operation.path) for operation in OPERATIONS}


_EXAMPLES = (
    int(os.environ.get("EX", "12")) if os.environ.get("EX") else 2000 if os.environ.get("FUZZ") == "long" else 12
)


_FUNCTIONS = {"FetchHashes": "fetch", "SubmitFeedback": "feedback", "SubmitHashes": "submit"}


_DOCUMENT = openapi_document()


def _refused_if_forbidden(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> bool | None:
    """Check that wrong data is refused. Of a bound of thousands of items schemathesis may draw a body that keeps it."""
    parts = case.meta.components if case.meta else {}
    wrong = {place for place, part in parts.items() if part.mode.is_negative}
    if response.status_code == 413:  # a body of too many items is larger than is read
        return None
    if wrong == {ParameterLocation.BODY} and case.media_type is not None and _is_allowed_body(case):
        return None
    return cast("bool | None", checks.negative_data_rejection(context, response, case))


def _is_allowed_body(case: schemathesis.Case[Any]) -> bool:
    content = _DOCUMENT["paths"][case.operation.path][case.method.lower()]["requestBody"]["content"]
    schema = {**content[case.media_type]["schema"], "components": _DOCUMENT["components"]}
    try:
        return bool(jsonschema_rs.is_valid(schema, case.body))
    except ValueError:  # bytes, which are no JSON
        return False


_CHECKS = [
    checks.not_a_server_error,
    _refused_if_forbidden,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.ignored_auth,
    checks.unsupported_method,
]


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
        if operation.security == ("token",):
            opened[operation.path] = {"Authorization": f"Bearer {drawn.endpoints['feed']}"}
    opened["/metrics"] = {"Authorization": f"Bearer {intake.intake.metrics_token}"}
    return opened


@schemathesis.openapi.from_dict(_DOCUMENT).parametrize()
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
    b'"\xed\xa0\x80"', b'"\\ud800"', b"[" * 5000, b"[" * 100_000, b'{"a":' * 5000, b"[1]\x00",
    b"//\n[]", b"'a'", b"\xff\xfe[\x00]\x00",
    b'{"count":1e0,"hashFeedbacks":[]}', b'{"count":0,"hashFeedbacks":[],"count":0}', b'{"count":0,"hashFeedbacks":{}}',
)  # fmt: skip


def _refused_everywhere(intake: Running, keys: dict[str, dict[str, str]], body: bytes) -> None:
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        path = operation.path.format(member="1", entry="1", kind="PDQ")
        response = paid(
            HTTP.request(operation.method, intake.origin + path, content=body, headers=keys.get(operation.path, {}))
        )
        if operation.path in {"/v1/status", "/v1/withdraw"}:  # which tell nobody that they could not read it
            assert response.status_code == 200
            continue
        refused = (response.status_code, reason(response))
        assert refused == (
            (413, "too-large") if len(body) > VOTE_LIMIT and operation.method == "put" else (400, "invalid")
        )


@pytest.mark.usefixtures("easy_work")
def test_odd_json_is_refused_by_every_route_that_takes_any(intake: Running, keys: dict[str, dict[str, str]]) -> None:
    for body in ODD:
        _refused_everywhere(intake, keys, body)


@pytest.mark.usefixtures("easy_work")
def test_the_corpus_of_broken_json_is_refused_by_every_route_that_takes_any(
    intake: Running, keys: dict[str, dict[str, str]], shared: Path
) -> None:
    for file in sorted((shared / "corpus" / "json" / "test_parsing").glob("n_*")):
        _refused_everywhere(intake, keys, file.read_bytes())
