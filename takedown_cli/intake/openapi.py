"""The OpenAPI document of the intake: every route, what it takes and what it answers, from the models that read it.

It guarantees that an operation in it is one of the intake's routes, and the other way round: a test compares them.
It must never be served: who writes a client finds it in the documentation, and a scanner finds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from takedown_cli.bundle.seal import BUCKETS
from takedown_cli.intake.feeds import ncmec, stopncii
from takedown_cli.intake.feeds.cursor import MAX_PAGE
from takedown_cli.wire import Refusal

Json = dict[str, Any]
Content = tuple[str, Json]  # media type and schema

_REF: Final = "#/components/schemas/{model}"
_NCMEC: Final = "/hashsharing/v2"


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def _text(**limits: Any) -> Json:
    return {"type": "string", **limits}


def _number(**limits: Any) -> Json:
    return {"type": "integer", "minimum": 0, **limits}


def _record(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


_SEALED: Final[Content] = ("application/octet-stream", _text(format="binary"))
_PLAIN: Final[Content] = ("text/plain", _text())
_XML: Final[Content] = ("application/xml", _text())
#: A DSSE envelope; its payload is one of the published documents.
_SIGNED: Final[Content] = (
    "application/json",
    _record(
        payload=_text(),
        payloadType=_text(),
        signatures={"type": "array", "minItems": 1, "items": _record(keyid=_text(), sig=_text())},
    ),
)
_REFUSAL: Final[Content] = ("application/json", _ref(Refusal))
_EITHER: Final[Content] = ("application/json", {"anyOf": [_ref(Refusal), _SIGNED[1]]})
_COUNT: Final[Content] = ("application/json", _record(count=_number()))
_PAGE: Final[Content] = (
    "application/json",
    _record(
        count=_number(maximum=MAX_PAGE),
        nextPageToken={"type": ["string", "null"]},
        nextSetTimestamp=_number(),
        hasMoreRecords={"type": "boolean"},
        hashRecords={"type": "array", "maxItems": MAX_PAGE, "items": {"type": "object"}},
    ),
)
_DENIED: Final[Content] = ("application/json", _record(statusCode={"const": 401}, message=_text()))

#: UTC; empty is as none.
_TIME: Final = _text(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z)?$")
_PLACE: Final = _text(pattern="^[0-9]{1,18}$")
_KIND: Final = _text(enum=list(ncmec.FEEDBACK_TYPES))
_ANSWER_LENGTHS: Final = f"Sealed: {12 + BUCKETS[0] + 16:,} bytes, of what is unknown too; more for a large case."


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path; ``answers`` by status, without those of the door."""

    method: Literal["get", "post", "put"]
    path: str
    summary: str
    answers: dict[str, Content | None]
    body: Content | None = None
    query: tuple[tuple[str, Json], ...] = ()
    places: tuple[tuple[str, Json], ...] = ()
    security: tuple[str, ...] = ()
    refuses: bool = True  # a body that is none; otherwise it is answered like any other

    def as_json(self) -> Json:
        """The operation object of the specification."""
        answers = {**self.answers, "400": self.answers.get("400", _REFUSAL)}
        operation: Json = {
            "summary": self.summary,
            "responses": {
                **{status: _response(status, content) for status, content in sorted(answers.items())},
                "503": {"$ref": "#/components/responses/busy"},
            },
        }
        if self.body:
            kind, schema = self.body
            operation["requestBody"] = {"required": self.refuses, "content": {kind: {"schema": schema}}}
        parameters = [
            *({"in": "path", "name": name, "required": True, "schema": schema} for name, schema in self.places),
            *({"in": "query", "name": name, "schema": schema} for name, schema in self.query),
        ]
        if parameters:
            operation["parameters"] = parameters
        if self.security:
            operation["security"] = [{name: [] for name in self.security}]
        return operation


def _response(status: str, content: Content | None) -> Json:
    words = {"200": "Done.", "204": "Done.", "400": "Not what this route takes.", "401": "Not with these keys."}
    response: Json = {"description": words.get(status, "Refused, with the reason.")}
    if content:
        response["content"] = {content[0]: {"schema": content[1]}}
    if status == "400":  # what is no HTTP at all is refused before anything knows of JSON
        response["content"]["text/plain"] = {"schema": _text()}
    return response


def _sealed(path: str, summary: str) -> Operation:
    return Operation(
        "post", path, f"{summary} {_ANSWER_LENGTHS}", {"200": _SEALED, "413": _REFUSAL}, body=_SEALED, refuses=False
    )


def _feed(path: str, summary: str, scope: str, answer: Content, body: Content | None = None, **more: Any) -> Operation:
    answers: dict[str, Content | None] = {"200": answer, "401": _DENIED}
    if body:
        answers["413"] = _REFUSAL
    return Operation(
        "post" if body else "get", f"/v1/{path}", summary, answers, body, security=("subscription", scope), **more
    )


def _ncmec(path: str, summary: str, **more: Any) -> Operation:
    answers: dict[str, Content | None] = {"200": _XML, "401": _XML}
    return Operation("get", _NCMEC + path, summary, answers, security=("basic",), **more)


OPERATIONS: Final = (
    Operation("get", "/healthz", "Whether it serves.", {"200": _PLAIN}),
    Operation("get", "/metrics", "Counters, for the operator's bearer token.", {"200": _PLAIN, "404": _REFUSAL}),
    Operation("get", "/v1/keys", "The intake's card, signed by the key to pin.", {"200": _SIGNED}),
    Operation(
        "post",
        "/v1/submit",
        "A sealed bundle; any number of repetitions are one case with one receipt.",
        {**dict.fromkeys(("200", "403", "404", "409", "422", "429"), _SIGNED), "400": _EITHER, "413": _REFUSAL},
        body=_SEALED,
    ),
    _sealed("/v1/status", "A sealed request for the status of a case."),
    _sealed("/v1/withdraw", "A sealed request to withdraw a case or a part of it."),
    _feed(
        "FetchHashes",
        "A page of the hash lists.",
        "FetchHashes",
        _PAGE,
        query=(
            ("startTimestamp", _number(maximum=2**40)),
            ("pageSize", _number(maximum=2**31, default=stopncii.DEFAULT_PAGE)),
            ("nextPageToken", _text()),
        ),
    ),
    _feed(
        "SubmitFeedback", "What a platform decided about hashes; count is their number.",
        "SubmitFeedback", _COUNT, ("application/json", _ref(stopncii.Feedbacks)),
    ),
    _feed(
        "SubmitHashes", "Hashes of a platform's own; count is their number.",
        "SubmitHashes", _COUNT, ("application/json", _ref(stopncii.Hashes)),
    ),
    _ncmec("/status", "Who is asking."),
    _ncmec("/members", "The platforms."),
    _ncmec(
        "/entries", "A page of the entries that changed in a stretch of time.",
        query=(("from", _TIME), ("to", _TIME), ("start", _PLACE), ("size", _text()), ("max", _text())),
    ),
    _ncmec("/feedback/{kind}/reasons", "The reasons of a negative vote.", places=(("kind", _KIND),)),
    Operation(
        "put", _NCMEC + "/entries/{member}/{entry}/{kind}/feedback", "A vote on an entry.",
        {"204": None, "401": _XML, "404": _REFUSAL, "413": _REFUSAL}, body=_XML, security=("basic",),
        places=(("member", _PLACE), ("entry", _PLACE), ("kind", _KIND)),
    ),
)  # fmt: skip


def document() -> Json:
    """The document, version 3.1.0 of the specification."""
    models: Any = [(model, "validation") for model in (Refusal, stopncii.Feedbacks, stopncii.Hashes)]
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation.as_json()
    keys = ("FetchHashes", "SubmitFeedback", "SubmitHashes")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "takedown reference intake",
            "version": "1",
            "description": "What is sealed and signed is in docs/schemas, and how in docs/bundle-format.md.",
        },
        "paths": paths,
        "components": {
            "schemas": models_json_schema(models, ref_template=_REF)[1]["$defs"],
            "responses": {
                "busy": {
                    "description": "Busy; nothing was done.",
                    "headers": {"Retry-After": {"description": "seconds", "schema": _number(), "required": True}},
                    "content": {_REFUSAL[0]: {"schema": _REFUSAL[1]}},
                }
            },
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "subscription": {"type": "apiKey", "in": "header", "name": "Ocp-Apim-Subscription-Key"},
                **{key: {"type": "apiKey", "in": "header", "name": "x-functions-key"} for key in keys},
            },
        },
    }
