"""The platforms' counter: the feeds and the answers to them, between HTTP and the service.

It guarantees that nothing is read of a body before the keys were found good, and one answer for all that are not.
It must never tell which part of a key was wrong.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Collection
from functools import partial, wraps
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from takedown_cli.intake import strictjson
from takedown_cli.intake.bodies import read_body
from takedown_cli.intake.feeds import cursor, ncmec, stopncii
from takedown_cli.intake.participants import Participant
from takedown_cli.intake.refusal import Refused
from takedown_cli.intake.service import Intake
from takedown_cli.intake.workers import Workers

FEEDBACK_LIMIT: Final = 1 << 20
VOTE_LIMIT: Final = 64 * 1024
#: Seconds by which a platform's clock may be ahead of ours without its missing what is dated meanwhile. What comes
#: after such a pull is dated after it, so others may see it so much later.
AHEAD: Final = 30

Handler = Callable[[Request], Awaitable[Response]]
Visited = Callable[[Request, Participant], Awaitable[Response]]


def routes(intake: Intake, workers: Workers) -> list[BaseRoute]:
    """The routes of both feeds."""
    stop, ncm = StopNcii(intake, workers), Ncmec(intake, workers)
    return [*stop.routes(), *ncm.routes()]


class StopNcii:
    """The StopNCII API, version 1: JSON, a subscription key and a key for each endpoint."""

    def __init__(self, intake: Intake, workers: Workers) -> None:
        self._intake = intake
        self._workers = workers

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/v1/FetchHashes", self._entered("fetch", self._fetch), methods=["GET"]),
            Route("/v1/SubmitFeedback", self._entered("feedback", self._feedback), methods=["POST"]),
            Route("/v1/SubmitHashes", self._entered("submit", self._hashes), methods=["POST"]),
        ]

    def _entered(self, scope: str, visited: Visited) -> Handler:
        @wraps(visited)
        async def enter(request: Request) -> Response:
            endpoint_key = request.headers.get("x-functions-key", "")
            subscription_key = request.headers.get("ocp-apim-subscription-key", "")
            who = await self._workers.run(partial(self._intake.participant, scope, endpoint_key, subscription_key))
            if who is None:
                return Response(b'{"statusCode":401,"message":"Access denied."}', 401, media_type="application/json")
            return await visited(request, who)

        return enter

    async def _fetch(self, request: Request, reader: Participant) -> Response:
        query = _query(request, stopncii.PARAMETERS)
        since = _number(query.get("startTimestamp", "0"), 2**40)
        size = max(1, min(_number(query.get("pageSize", str(stopncii.DEFAULT_PAGE)), 2**31), cursor.MAX_PAGE))
        answer, pulled = await self._workers.run(
            partial(self._intake.fetch_hashes, reader, since, size, query.get("nextPageToken"))
        )
        if pulled is not None:
            await self._workers.committed(pulled)
        return Response(answer, media_type="application/json")

    async def _feedback(self, request: Request, speaker: Participant) -> Response:
        body = await read_body(request, FEEDBACK_LIMIT)
        opinions = await self._workers.run(lambda: strictjson.read(stopncii.Feedbacks, body).opinions())
        met = await self._workers.committed(self._intake.take_opinions(speaker, opinions))
        return Response(b'{"count":%d}' % met, media_type="application/json")

    async def _hashes(self, request: Request, speaker: Participant) -> Response:
        body = await read_body(request, FEEDBACK_LIMIT)
        offered = await self._workers.run(lambda: strictjson.read(stopncii.Hashes, body).contributions())
        taken = await self._workers.committed(self._intake.take_contributions(speaker, offered))
        return Response(b'{"count":%d}' % taken, media_type="application/json")


class Ncmec:
    """The NCMEC Hash Sharing API, version 2: XML and HTTP Basic."""

    def __init__(self, intake: Intake, workers: Workers) -> None:
        self._intake = intake
        self._workers = workers

    def routes(self) -> list[BaseRoute]:
        base = "/hashsharing/v2"
        return [
            Route(f"{base}/status", self._entered(self._status), methods=["GET"]),
            Route(f"{base}/members", self._entered(self._members), methods=["GET"]),
            Route(f"{base}/entries", self._entered(self._entries), methods=["GET"]),
            Route(f"{base}/feedback/{{kind}}/reasons", self._entered(self._reasons), methods=["GET"]),
            Route(f"{base}/entries/{{member}}/{{entry}}/{{kind}}/feedback", self._entered(self._vote), methods=["PUT"]),
        ]

    def _entered(self, visited: Visited) -> Handler:
        @wraps(visited)
        async def enter(request: Request) -> Response:
            user, password = _basic(request.headers.get("authorization", ""))
            who = await self._workers.run(partial(self._intake.participant_by_name, user, password))
            if who is None:
                headers = {"www-authenticate": 'Basic realm="hashsharing"'}
                return Response(b"<error/>", 401, headers, "application/xml")
            return await visited(request, who)

        return enter

    async def _status(self, request: Request, reader: Participant) -> Response:
        return _xml(ncmec.status(reader, _basic(request.headers["authorization"])[0]))

    async def _members(self, _: Request, __: Participant) -> Response:
        return _xml(ncmec.members(self._intake.settings.name, await self._workers.run(self._intake.participants)))

    async def _reasons(self, request: Request, _: Participant) -> Response:
        return _xml(ncmec.reasons(request.path_params["kind"]))

    async def _entries(self, request: Request, reader: Participant) -> Response:
        now = int(self._intake.clock.seconds())
        asked = ncmec.Range.parse(_query(request, ncmec.PARAMETERS), now)
        if asked.start is None:  # from now on nothing is dated before the end of this range
            await self._workers.committed(self._intake.promise(min(asked.until, now + AHEAD)))
        answer, pulled = await self._workers.run(partial(self._intake.entries, reader, asked))
        if pulled is not None:
            await self._workers.committed(pulled)
        return _xml(answer)

    async def _vote(self, request: Request, speaker: Participant) -> Response:
        value = ncmec.vote(await read_body(request, VOTE_LIMIT))
        path = request.path_params
        await self._workers.committed(
            await self._workers.run(
                partial(self._intake.vote, speaker, path["member"], path["entry"], path["kind"], value)
            )
        )
        return Response(status_code=204)


def _xml(document: bytes) -> Response:
    return Response(document, media_type="application/xml")


def _basic(header: str) -> tuple[str, str]:
    """User name and password (RFC 7617); empty ones when there are none."""
    scheme, _, encoded = header.partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (user, password) if scheme.lower() == "basic" else ("", "")


def _query(request: Request, names: Collection[str]) -> dict[str, str]:
    """The parameters of these names, each at most once; of what has a second meaning none is taken. Raises Refused."""
    pairs = request.query_params.multi_items()
    found = dict(pairs)
    if len(found) != len(pairs) or not found.keys() <= set(names):
        raise Refused("invalid")
    return found


def _number(text: str, limit: int) -> int:
    """A whole number from a query. Raises Refused."""
    if not (text.isascii() and text.isdigit()) or len(text) > 13 or int(text) > limit:
        raise Refused("invalid")
    return int(text)
