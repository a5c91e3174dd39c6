"""The OpenAPI document of the intake: every route, what it takes and what it answers, from the models that read it.

A test compares its operations with the intake's routes, in both directions. The intake does not serve the document:
a scanner would learn from it, and a person who writes a client finds it in the documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from takedown_cli.core.variants import COPY_KINDS
from takedown_cli.intake.feeds import native, ncmec, stopncii
from takedown_cli.intake.feeds.cursor import MAX_PAGE
from takedown_cli.protocol.bundle.seal import BUCKETS
from takedown_cli.protocol.feed import SIGNATURE_HEADER, ClipPage, FeedPage, Verdicts
from takedown_cli.protocol.wire import Refusal

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
_HTML: Final[Content] = ("text/html", _text())
_SCRIPT: Final[Content] = ("text/javascript", _text())
_JSON: Final[Content] = ("application/json", {"type": "object"})
_STYLE: Final[Content] = ("text/css", _text())
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
_LIST_STATES: Final = _text(enum=["Active", "Withdrawn"])
_HASH_RECORD: Final = _record(
    lastModtimestamp=_number(),
    signalType=_text(enum=list(stopncii.SIGNAL_TYPES.values())),
    hashValue=_text(pattern="^([0-9a-f]{32}|[0-9a-f]{64})$"),
    hashStatus=_LIST_STATES,
    # A pseudonym of each case, for this participant alone.
    caseNumbers={
        "type": "object",
        "propertyNames": {"pattern": "^[0-9a-f]{32}$"},
        "additionalProperties": _LIST_STATES,
    },
    hashRegions={"type": "array", "items": _text()},
    CSPFeedbacks={
        "type": "array",
        "items": _record(
            source=_text(),
            feedbackValue=_text(enum=list(get_args(stopncii.FeedbackValue))),
            tags={"type": "array", "items": _text()},
        ),
    },
)
_PAGE: Final[Content] = (
    "application/json",
    _record(
        count=_number(maximum=MAX_PAGE),
        nextPageToken={"type": ["string", "null"]},
        nextSetTimestamp=_number(),
        hasMoreRecords={"type": "boolean"},
        hashRecords={"type": "array", "maxItems": MAX_PAGE, "items": _HASH_RECORD},
    ),
)
_FEED_PAGE: Final[Content] = ("application/json", _ref(FeedPage))
_CLIP_PAGE: Final[Content] = ("application/json", _ref(ClipPage))
_DENIED: Final[Content] = ("application/json", _record(statusCode={"const": 401}, message=_text()))

#: UTC; empty is as none.
_TIME: Final = _text(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z)?$")
_PLACE: Final = _text(pattern="^[0-9]{1,18}$")
_CURSOR: Final = _text(pattern="^[A-Za-z0-9.]{1,160}$")
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
    headers: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)  # of an answer, by status

    def as_json(self) -> Json:
        """Return the operation object of the specification."""
        answers = {**self.answers, "400": self.answers.get("400", _REFUSAL)}
        operation: Json = {
            "summary": self.summary,
            "responses": {
                **{
                    status: _response(status, content, self.headers.get(status, {}))
                    for status, content in sorted(answers.items())
                },
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


def _response(status: str, content: Content | None, headers: Mapping[str, Json]) -> Json:
    words = {
        "200": "Done.",
        "204": "Done.",
        "304": "As it was.",
        "400": "Not what this route takes.",
        "401": "Not with these keys.",
    }
    response: Json = {"description": words.get(status, "Refused, with the reason.")}
    if headers:
        response["headers"] = {name: {"required": True, "schema": schema} for name, schema in headers.items()}
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


def _native(path: str, summary: str, page: Content = _FEED_PAGE, /, **query: Json) -> Operation:
    return Operation(
        "get",
        f"/v1/feed{path}",
        summary,
        {"200": page, "304": None, "401": _DENIED, "409": _REFUSAL},
        query=tuple(query.items()),
        security=("token",),
        headers={
            "200": {SIGNATURE_HEADER: _text(pattern="^[A-Za-z0-9+/]{86}==$"), "etag": _text()},
            "304": {"etag": _text()},
        },
    )


def _names(*allowed: str) -> Json:
    """Return the schema of one or more of these names, separated by commas."""
    one = f"({'|'.join(allowed)})"
    return _text(pattern=f"^{one}(,{one})*$")


def _ncmec(path: str, summary: str, **more: Any) -> Operation:
    answers: dict[str, Content | None] = {"200": _XML, "401": _XML}
    return Operation("get", _NCMEC + path, summary, answers, security=("basic",), **more)


OPERATIONS: Final = (
    Operation("get", "/", "What this server is, for somebody who opened its address in a browser.", {"200": _HTML}),
    Operation("get", "/healthz", "Whether it serves.", {"200": _PLAIN}),
    Operation("get", "/metrics", "Counters, for the operator's bearer token.", {"200": _PLAIN, "404": _REFUSAL}),
    Operation("get", "/case", "The page for callers.", {"200": _HTML, "404": _HTML}),
    Operation("get", "/case/page.js", "Its script.", {"200": _SCRIPT, "404": _HTML}),
    Operation("get", "/case/page.css", "Its style sheet.", {"200": _STYLE, "404": _HTML}),
    Operation(
        "get", "/case/{language}.json", "Its sentences in one language.", {"200": _JSON, "404": _HTML},
        places=(("language", _text(pattern="^[a-z]{2,3}(-[A-Z][a-z]{3})?$")),),
    ),
    Operation("get", "/v1/page", "The signed digest of the page.", {"200": _SIGNED, "404": _REFUSAL}),
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
    _native(
        "",
        "A page of the native feed: a snapshot to start from, then what changed after a cursor.",
        cursor=_CURSOR,
        lists=_names("under-18", "adult"),
        tiers=_names(*native.TIERS),
        classes=_names("original", *COPY_KINDS, "other"),
    ),
    _native(
        "/clips",
        "A page of the native feed's clips: which hashes are the frames of one video.",
        _CLIP_PAGE,
        cursor=_CURSOR,
        lists=_names("under-18", "adult"),
        tiers=_names(*native.TIERS),
    ),
    _native("/negative", "A page of the negative list: what no platform should match.", cursor=_CURSOR),
    Operation(
        "post", "/v1/feed/verdicts", "What a platform decided about records; count is of those it was given.",
        {"200": _COUNT, "401": _DENIED, "413": _REFUSAL}, ("application/json", _ref(Verdicts)), security=("token",),
    ),
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


_MODELS: Final = (Refusal, stopncii.Feedbacks, stopncii.Hashes, FeedPage, ClipPage, Verdicts)


def openapi_document() -> Json:
    """Return the document, by version 3.1.0 of the specification."""
    models: Any = [(model, "validation") for model in _MODELS]
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = operation.as_json()
    keys = ("FetchHashes", "SubmitFeedback", "SubmitHashes")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "takedown reference intake",
            "version": "1",
            "description": "What is sealed and signed is in docs/schemas, and how in docs/reference/bundle-format.md.",
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
                "token": {"type": "http", "scheme": "bearer"},
                "subscription": {"type": "apiKey", "in": "header", "name": "Ocp-Apim-Subscription-Key"},
                **{key: {"type": "apiKey", "in": "header", "name": "x-functions-key"} for key in keys},
            },
        },
    }
